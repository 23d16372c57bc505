package cloudwatchlogsexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchlogsexporter/internal/metadata"
)

// NewFactory makes the exporter's factory.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(metadata.Type, createDefaultConfig, exporter.WithLogs(create, metadata.LogsStability))
}

func create(ctx context.Context, set exporter.Settings, c component.Config) (exporter.Logs, error) {
	return newExporter(ctx, set, c.(*Config))
}
