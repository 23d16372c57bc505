package doctor

import (
	"context"
	"net"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

// Options say what is looked at. The zero value looks at CloudWatch Logs and STS with the settings of
// the environment.
type Options struct {
	// Resolve returns the configuration that would run. nil: there is none, only these options.
	Resolve func(context.Context) (map[string]any, error)
	// Sources are where it comes from, as the command line has them.
	Sources []string
	// Running says what a collector with these sources has said of itself. nil: it is not asked.
	Running func() (reload.Status, bool, error)

	// Trust says what the fetched layers of the configuration may do, when it was resolved. nil: nobody asks.
	Trust func() (fetched []string, policy trust.Policy)

	// Access is the route table of the configuration, with the texts that a map has lost, when the configuration was resolved. nil, or
	// false: what Resolve gave is taken.
	Access func() (awsaccess.Config, bool, error)

	// Region is used instead of the configured one.
	Region string
	// Profile is used instead of the configured credentials.
	Profile string
	// Routes is a table to use instead of the configured one: a path, file:path or yaml:text.
	Routes string
	// Services are looked at instead of those that the configuration uses.
	Services []awsnames.Service
	// Timeout is the limit of all checks together. Default: DefaultTimeout.
	Timeout time.Duration

	// Build is the program's version.
	Build string
	// Root is where the host's own files are, such as /sys. Default: /. It is for tests, and for a
	// container that sees its host's file system.
	Root string
	// Resolver answers names. Default: the system's.
	Resolver *net.Resolver
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Root == "" {
		o.Root = "/"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
