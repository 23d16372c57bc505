package awsaccess

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// base is the way to AWS for what runs before, or without, the extension.
var base struct {
	sync.Mutex
	config *Config // nil: the SDK's own ways
}

// SetBase makes a configuration the way to AWS of NewSession, for the whole process. What it returns
// puts back what was there.
func SetBase(c Config) (restore func()) {
	base.Lock()
	defer base.Unlock()
	before := base.config
	base.config = &c
	return func() {
		base.Lock()
		defer base.Unlock()
		base.config = before
	}
}

// NewSession makes a session of what runs before, or without, the extension: fetching configuration, and
// our subcommands. It takes the route table and the credentials of SetBase. c's region wins over the
// table's, and its credentials, where it names any, over the configured ones; its roles are assumed on top.
func NewSession(ctx context.Context, c awsconfig.Config, o awsconfig.Options) (*awsconfig.Session, error) {
	base.Lock()
	config := base.config
	base.Unlock()
	if config == nil {
		return awsconfig.Load(ctx, c, o)
	}
	logger := o.Logger
	if logger == nil {
		logger = zap.NewNop()
	}
	table, err := awsroute.New(config.Config, awsroute.Options{Logger: logger})
	if err != nil {
		return nil, err
	}
	o.Router, o.DefaultRegion, o.Endpoints = table, config.Region, table.Endpoints()
	return awsconfig.Load(ctx, withCredentials(c, *config), o)
}
