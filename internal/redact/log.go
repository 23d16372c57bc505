package redact

import (
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Core is a log without secrets: errors at every level, as upstream's exporters put whole URLs into them, and all text of
// warnings and above. What is below may be records that the debug exporter shows; these stay as they are.
func Core(core zapcore.Core) zapcore.Core { return logCore{core} }

type logCore struct{ zapcore.Core }

func (c logCore) With(fields []zapcore.Field) zapcore.Core {
	return logCore{c.Core.With(withoutSecrets(fields, zapcore.WarnLevel))}
}

// Check asks the core within, which may take a sample.
func (c logCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Core.Check(entry, nil) == nil {
		return checked
	}
	return checked.AddCore(entry, c)
}

func (c logCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	if entry.Level >= zapcore.WarnLevel {
		entry.Message = Text(entry.Message)
	}
	return c.Core.Write(entry, withoutSecrets(fields, entry.Level))
}

// withoutSecrets copies fields where one has a secret.
func withoutSecrets(fields []zapcore.Field, level zapcore.Level) []zapcore.Field {
	var changed []zapcore.Field
	for i, field := range fields {
		text, ok := textOf(field, level)
		if !ok {
			continue
		}
		shown := Text(text)
		if shown == text {
			continue
		}
		if changed == nil {
			changed = append(changed, fields...)
		}
		changed[i] = zap.String(field.Key, shown)
	}
	if changed != nil {
		return changed
	}
	return fields
}

// textOf is the text of a field that is looked at.
func textOf(field zapcore.Field, level zapcore.Level) (text string, ok bool) {
	defer func() {
		if recover() != nil { // a nil pointer with a method; zap says that of it, too
			ok = false
		}
	}()
	switch field.Type {
	case zapcore.ErrorType:
		if err, isError := field.Interface.(error); isError {
			return err.Error(), true
		}
	case zapcore.StringType:
		return field.String, level >= zapcore.WarnLevel
	case zapcore.StringerType:
		if s, isStringer := field.Interface.(fmt.Stringer); isStringer && level >= zapcore.WarnLevel {
			return s.String(), true
		}
	}
	return "", false
}
