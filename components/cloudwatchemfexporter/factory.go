package cloudwatchemfexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/metadata"
)

// NewFactory makes the exporter's factory.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(metadata.Type, createDefaultConfig, exporter.WithMetrics(create, metadata.MetricsStability))
}

func create(ctx context.Context, set exporter.Settings, c component.Config) (exporter.Metrics, error) {
	return newExporter(ctx, set, c.(*Config))
}
