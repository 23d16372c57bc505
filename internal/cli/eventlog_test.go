package cli

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"
)

// events is an event log in memory.
type events struct {
	mu   sync.Mutex
	all  []string
	shut bool
}

func (e *events) add(kind string, id uint32, text string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, fmt.Sprintf("%s %d %s", kind, id, text))
	return nil
}

func (e *events) Info(id uint32, text string) error    { return e.add("info", id, text) }
func (e *events) Warning(id uint32, text string) error { return e.add("warning", id, text) }
func (e *events) Error(id uint32, text string) error   { return e.add("error", id, text) }
func (e *events) Close() error                         { e.shut = true; return nil }

func (e *events) list() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.all...)
}

func TestTheCollectorsLogIsWrittenToTheEventLogByLevel(t *testing.T) {
	log := &events{}
	settings := withEventLog(otelcol.CollectorSettings{}, log)
	logger, err := zap.NewProduction(settings.LoggingOptions...)
	require.NoError(t, err)
	logger = logger.With(zap.String("component", "file_tail"))
	logger.Debug("not at this level")
	logger.Info("it runs", zap.Int("files", 3))
	logger.Warn("it waits")
	logger.Error("it failed", zap.Error(errors.New("no route")))

	got := log.list()
	require.Len(t, got, 3)
	for i, want := range [][]string{
		{"info 1 ", "it runs", `"component": "file_tail"`, `"files": 3`},
		{"warning 2 ", "it waits"},
		{"error 3 ", "it failed", "no route"},
	} {
		for _, part := range want {
			assert.Contains(t, got[i], part)
		}
	}
}

func TestALogFileInTheConfigurationIsNotTheEventLog(t *testing.T) {
	for name, of := range map[string]struct {
		paths any
		file  bool
	}{
		"nothing":       {nil, false},
		"standard":      {[]any{"stderr", "stdout"}, false},
		"file":          {[]any{"stderr", `C:\logs\collector.log`}, true},
		"a placeholder": {"${env:LOG_PATHS}", true},
	} {
		assert.Equal(t, of.file, logsToFile(of.paths), name)
	}
}

func TestAnEventIsNotLongerThanWindowsTakes(t *testing.T) {
	text := eventText(strings.Repeat("ü\x00", maxEvent))
	assert.LessOrEqual(t, len(text), maxEvent+len(" …"))
	assert.True(t, utf8.ValidString(text))
	assert.NotContains(t, text, "\x00")
	assert.Equal(t, "short", eventText("short"))
}
