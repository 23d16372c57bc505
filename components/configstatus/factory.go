package configstatus

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/configstatus/internal/metadata"
)

// Config is empty: nothing is to be chosen.
type Config struct{}

// NewFactory makes the extension's factory.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, func() component.Config { return &Config{} }, create, metadata.ExtensionStability)
}

func create(_ context.Context, set extension.Settings, _ component.Config) (extension.Extension, error) {
	return newExtension(set), nil
}
