package cli

import (
	"context"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/values"
)

// startCheck refuses durations that nobody can have meant at every start. The trial of a new configuration does, but a first
// start, and one with other variables, has no trial.
type startCheck struct {
	factories func() (otelcol.Factories, error)
}

func newStartCheck(factories func() (otelcol.Factories, error)) confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter { return startCheck{factories} })
}

// Convert implements confmap.Converter. It changes nothing.
func (s startCheck) Convert(_ context.Context, conf *confmap.Conf) error {
	factories, err := s.factories()
	if err != nil {
		return err
	}
	return values.CheckDurations(conf.ToStringMap(), factories)
}
