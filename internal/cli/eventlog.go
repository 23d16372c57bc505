package cli

import (
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

// The numbers of events, which are those of the collector's own service.
const (
	eventInfo    = 1
	eventWarning = 2
	eventError   = 3
)

// maxEvent is how long an event may be: ReportEvent takes 31,839 characters.
const maxEvent = 31_000

// eventLog is the Windows event log.
type eventLog interface {
	Info(id uint32, text string) error
	Warning(id uint32, text string) error
	Error(id uint32, text string) error
	Close() error
}

// withEventLog writes the collector's log to the event log, unless its configuration names a file for it: a
// service has no standard error.
func withEventLog(settings otelcol.CollectorSettings, log eventLog) otelcol.CollectorSettings {
	settings.LoggingOptions = append(settings.LoggingOptions[:len(settings.LoggingOptions):len(settings.LoggingOptions)],
		zap.WrapCore(func(core zapcore.Core) zapcore.Core {
			if m := reload.Current(); m != nil && logsToFile(m.Setting("service", "telemetry", "logs", "output_paths")) {
				return core
			}
			encoding := zap.NewProductionEncoderConfig()
			encoding.EncodeTime = zapcore.ISO8601TimeEncoder
			encoding.LineEnding = "\r\n"
			return &eventCore{LevelEnabler: core, encoder: zapcore.NewConsoleEncoder(encoding), log: log}
		}))
	return settings
}

// logsToFile says whether output_paths names something else than the standard streams.
func logsToFile(paths any) bool {
	list, ok := paths.([]any)
	if !ok {
		return paths != nil // a placeholder, for whatever it stands
	}
	for _, p := range list {
		if p != "stdout" && p != "stderr" {
			return true
		}
	}
	return false
}

// eventCore is a logger's way to the event log.
type eventCore struct {
	zapcore.LevelEnabler
	encoder zapcore.Encoder
	log     eventLog
}

func (c *eventCore) With(fields []zapcore.Field) zapcore.Core {
	with := *c
	with.encoder = c.encoder.Clone()
	for _, f := range fields {
		f.AddTo(with.encoder)
	}
	return &with
}

func (c *eventCore) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return checked.AddCore(e, c)
	}
	return checked
}

func (c *eventCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	b, err := c.encoder.EncodeEntry(e, fields)
	if err != nil {
		return err
	}
	text := eventText(b.String())
	b.Free()
	switch {
	case e.Level >= zapcore.ErrorLevel:
		return c.log.Error(eventError, text)
	case e.Level == zapcore.WarnLevel:
		return c.log.Warning(eventWarning, text)
	}
	return c.log.Info(eventInfo, text)
}

func (c *eventCore) Sync() error { return nil }

// eventText is what the event log takes of a text: not too much of it, and no NUL.
func eventText(text string) string {
	text = strings.ReplaceAll(text, "\x00", "")
	if len(text) <= maxEvent {
		return text
	}
	end := maxEvent
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + " …"
}
