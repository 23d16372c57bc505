package otlphttpexporter

import (
	"slices"

	"go.opentelemetry.io/collector/component"
	upstream "go.opentelemetry.io/collector/exporter/otlphttpexporter"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/retryafter/exporters"
)

// Config is the exporter's. Keys that upstream's exporter has mean what they mean there.
type Config struct {
	Upstream   upstream.Config  `mapstructure:",squash"`
	RetryAfter exporters.Config `mapstructure:",squash"`
}

func createDefaultConfig() component.Config {
	return &Config{
		Upstream:   *upstream.NewFactory().CreateDefaultConfig().(*upstream.Config),
		RetryAfter: exporters.NewDefaultConfig(),
	}
}

// split implements exporters.Exporter.
func split(c component.Config) (component.Config, exporters.Config) {
	theirs := c.(*Config).Upstream // a copy
	client := &theirs.ClientConfig
	client.Middlewares = append(slices.Clone(client.Middlewares), exporters.Middleware)
	return &theirs, c.(*Config).RetryAfter
}
