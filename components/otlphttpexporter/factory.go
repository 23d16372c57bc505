package otlphttpexporter

import (
	"go.opentelemetry.io/collector/exporter"
	upstream "go.opentelemetry.io/collector/exporter/otlphttpexporter"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/otlphttpexporter/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/retryafter/exporters"
)

// NewFactory makes the exporter's factory.
func NewFactory() exporter.Factory {
	return exporters.NewFactory(exporters.Exporter{
		Upstream: upstream.NewFactory(), Alias: metadata.DeprecatedType, NewConfig: createDefaultConfig, Split: split,
	})
}
