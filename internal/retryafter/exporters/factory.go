package exporters

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/xexporter"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/retryafter"
)

// name is the extension that an exporter finds its middleware by. No extension of a configuration can have this type.
var name = component.NewID(component.MustNewType("internal_retry_after"))

// Middleware is what the client of an exporter's configuration has to list.
var Middleware = configmiddleware.Config{ID: name}

// Config is what an exporter's configuration has beside upstream's keys.
type Config struct {
	// MaxRetryAfter is how long an answer can make the exporter wait before it tries again, whatever Retry-After, or
	// RetryInfo of gRPC, asks for. More than 0. Default: one minute.
	MaxRetryAfter time.Duration `mapstructure:"max_retry_after"`
}

// NewDefaultConfig returns the configuration that is obeyed unless another is written.
func NewDefaultConfig() Config { return Config{MaxRetryAfter: retryafter.Max} }

// Validate returns a mistake.
func (c Config) Validate() error {
	if c.MaxRetryAfter <= 0 {
		return fmt.Errorf("max_retry_after: %v: use more than 0, or leave it out for %v", c.MaxRetryAfter, retryafter.Max)
	}
	return nil
}

// Exporter is an exporter of upstream's, and what is ours about it.
type Exporter struct {
	Upstream exporter.Factory
	Alias    component.Type // the name that upstream had for it before
	// NewConfig makes the configuration with upstream's defaults.
	NewConfig func() component.Config
	// Split returns upstream's part of a configuration, with Middleware among those of its client, and ours.
	Split func(component.Config) (component.Config, Config)
}

// NewFactory makes the factory of an exporter that obeys answers for as long as its configuration says.
func NewFactory(e Exporter) exporter.Factory {
	upstream, ok := e.Upstream.(xexporter.Factory)
	if !ok {
		panic(errors.New("upstream's factory has no profiles any more"))
	}
	split := func(set exporter.Settings, c component.Config) (component.Config, *middleware) {
		theirs, ours := e.Split(c)
		return theirs, &middleware{limit: ours.MaxRetryAfter, logger: set.Logger}
	}
	return xexporter.NewFactory(upstream.Type(), e.NewConfig,
		xexporter.WithDeprecatedTypeAlias(e.Alias),
		xexporter.WithTraces(func(ctx context.Context, set exporter.Settings, c component.Config) (exporter.Traces, error) {
			c, m := split(set, c)
			x, err := upstream.CreateTraces(ctx, set, c)
			return traces{x, m}, err
		}, upstream.TracesStability()),
		xexporter.WithMetrics(func(ctx context.Context, set exporter.Settings, c component.Config) (exporter.Metrics, error) {
			c, m := split(set, c)
			x, err := upstream.CreateMetrics(ctx, set, c)
			return metrics{x, m}, err
		}, upstream.MetricsStability()),
		xexporter.WithLogs(func(ctx context.Context, set exporter.Settings, c component.Config) (exporter.Logs, error) {
			c, m := split(set, c)
			x, err := upstream.CreateLogs(ctx, set, c)
			return logs{x, m}, err
		}, upstream.LogsStability()),
		xexporter.WithProfiles(func(ctx context.Context, set exporter.Settings, c component.Config) (xexporter.Profiles, error) {
			c, m := split(set, c)
			x, err := upstream.CreateProfiles(ctx, set, c)
			return profiles{x, m}, err
		}, upstream.ProfilesStability()))
}

type traces struct {
	exporter.Traces
	middleware *middleware
}

// Start implements component.Component.
func (x traces) Start(ctx context.Context, h component.Host) error {
	return x.Traces.Start(ctx, host{h, x.middleware})
}

type metrics struct {
	exporter.Metrics
	middleware *middleware
}

// Start implements component.Component.
func (x metrics) Start(ctx context.Context, h component.Host) error {
	return x.Metrics.Start(ctx, host{h, x.middleware})
}

type logs struct {
	exporter.Logs
	middleware *middleware
}

// Start implements component.Component.
func (x logs) Start(ctx context.Context, h component.Host) error {
	return x.Logs.Start(ctx, host{h, x.middleware})
}

type profiles struct {
	xexporter.Profiles
	middleware *middleware
}

// Start implements component.Component.
func (x profiles) Start(ctx context.Context, h component.Host) error {
	return x.Profiles.Start(ctx, host{h, x.middleware})
}

// host is the collector's, with one extension more.
type host struct {
	component.Host
	middleware *middleware
}

var _ componentstatus.Reporter = host{}

// GetExtensions implements component.Host.
func (h host) GetExtensions() map[component.ID]component.Component {
	all := map[component.ID]component.Component{name: h.middleware}
	maps.Copy(all, h.Host.GetExtensions())
	return all
}

// Report implements componentstatus.Reporter.
func (h host) Report(e *componentstatus.Event) { componentstatus.ReportStatus(h.Host, e) }
