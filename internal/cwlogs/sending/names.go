package sending

import (
	"context"
	"fmt"
	"os"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
)

// CheckName tells what is wrong with the template of a group's or stream's name. Errors name its key.
func CheckName(kind names.Kind, key, text string) error {
	if text == "" {
		return fmt.Errorf("%s is not set; name the %s, such as /fleet/{hostname}", key, kind)
	}
	_, err := names.Parse(kind, key, text, hostfacts.Names())
	return err
}

// Namer binds a template to the facts of this host, and to its environment.
func Namer(ctx context.Context, logger *zap.Logger, kind names.Kind, key, text string) (*names.Namer, error) {
	t, err := names.Parse(kind, key, text, hostfacts.Names())
	if err != nil {
		return nil, err
	}
	return t.Bind(names.Host{LookupEnv: os.LookupEnv, Fact: func(name string) string {
		value, err := hostfacts.Process().Fact(ctx, name)
		if err != nil {
			logger.Warn("A name has no value for a fact of this host; its place says undefined, or what stands after |", zap.String("key", key), zap.Error(err))
		}
		return value
	}}), nil
}
