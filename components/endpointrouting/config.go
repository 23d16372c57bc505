package endpointrouting

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/xconfmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
)

// Config is what runs before the extension reads as well, from the same file.
type Config = awsaccess.Config

var (
	_ component.Config   = (*Config)(nil)
	_ xconfmap.Validator = (*Config)(nil)
)

func createDefaultConfig() component.Config {
	c := awsaccess.NewDefaultConfig()
	return &c
}
