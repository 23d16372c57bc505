package statsdreceiver

import (
	"errors"
	"fmt"

	upstream "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver"
	"go.opentelemetry.io/collector/component"
)

// Config is the receiver's. Keys that upstream's receiver has mean what they mean there.
type Config struct {
	upstream.Config `mapstructure:",squash"`
	// Limits bound what senders can take of this process.
	Limits Limits `mapstructure:"limits"`
}

// Limits bound memory and connections.
type Limits struct {
	// MaxBytes is the memory of what came in an interval, as it is estimated. Half of it is for series that did not come in
	// the interval before. As much again is taken while an interval is sent. Default: 16 MiB.
	MaxBytes int `mapstructure:"max_bytes"`
	// MaxConnections is how many there are at once by TCP. Default: 256.
	MaxConnections int `mapstructure:"max_connections"`
}

const (
	defaultMaxBytes       = 16 << 20
	defaultMaxConnections = 256
	minBytes              = 64 << 10
)

func createDefaultConfig() component.Config {
	return &Config{
		Config: *upstream.NewFactory().CreateDefaultConfig().(*upstream.Config),
		Limits: Limits{MaxBytes: defaultMaxBytes, MaxConnections: defaultMaxConnections},
	}
}

// Validate returns every mistake.
func (c *Config) Validate() error {
	errs := []error{c.Config.Validate()}
	if c.Limits.MaxBytes < minBytes {
		errs = append(errs, fmt.Errorf("limits::max_bytes: %d is too little; use %d or more, or leave it out for %d", c.Limits.MaxBytes, minBytes, defaultMaxBytes))
	}
	if c.Limits.MaxConnections < 1 {
		errs = append(errs, fmt.Errorf("limits::max_connections: %d: use 1 or more, or leave it out for %d", c.Limits.MaxConnections, defaultMaxConnections))
	}
	return errors.Join(errs...)
}
