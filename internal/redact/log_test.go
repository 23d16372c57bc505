package redact

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestLogIsWithoutSecretsOfErrors(t *testing.T) {
	t.Parallel()
	seen, logs := observer.New(zapcore.InfoLevel)
	log := zap.New(Core(seen)).With(zap.Error(errors.New("http://u:hunter22@h.example:3128")))
	failed := errors.New(`Post "https://h.example/x?api-key=hunter22": dial tcp 10.0.0.1:443: refused`)
	log.Info("Exporting failed", zap.Error(failed), zap.String("body", "password=hunter22"))
	log.Warn("at https://u:hunter22@h.example:1", zap.Error(failed), zap.String("url", "h.example/?token=hunter22"), zap.Int("n", 1))
	log.Error("none", zap.Error(nil), zap.NamedError("typed", (*absent)(nil)))
	log.Debug("not there")
	all := logs.All()
	require.Len(t, all, 3)
	fields := func(i int) map[string]any { return all[i].ContextMap() }
	assert.Equal(t, "password=hunter22", fields(0)["body"], "records that the debug exporter shows stay")
	for i := range 2 {
		assert.Equal(t, `Post "https://h.example/x?api-key=[REDACTED]": dial tcp 10.0.0.1:443: refused`, fields(i)["error"])
	}
	assert.Equal(t, "at https://u:[REDACTED]@h.example:1", all[1].Message)
	assert.Equal(t, "h.example/?token=[REDACTED]", fields(1)["url"])
	assert.EqualValues(t, 1, fields(1)["n"])
}

// A core that takes a sample still does.
func TestLogOfWhichASampleIsTakenStaysOne(t *testing.T) {
	t.Parallel()
	seen, logs := observer.New(zapcore.InfoLevel)
	log := zap.New(Core(zapcore.NewSamplerWithOptions(seen, 1<<40, 2, 0)))
	for range 10 {
		log.Info("the same")
	}
	assert.Equal(t, 2, logs.Len())
}

type absent struct{ text string }

func (a *absent) Error() string { return a.text }
