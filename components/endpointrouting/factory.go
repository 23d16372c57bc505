package endpointrouting

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/endpointrouting/internal/metadata"
)

// NewFactory makes the extension's factory.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, create, metadata.ExtensionStability)
}

func create(_ context.Context, set extension.Settings, c component.Config) (extension.Extension, error) {
	return newExtension(set, c.(*Config))
}
