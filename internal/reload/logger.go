package reload

import (
	"sync/atomic"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// following is a core that writes to whichever logger is there when something is said: providers are
// made before the collector's logger is.
type following struct {
	to     *atomic.Pointer[zap.Logger]
	fields []zapcore.Field
}

func (f *following) Enabled(l zapcore.Level) bool { return f.to.Load().Core().Enabled(l) }

func (f *following) With(fields []zapcore.Field) zapcore.Core {
	return &following{to: f.to, fields: append(append([]zapcore.Field(nil), f.fields...), fields...)}
}

func (f *following) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if f.Enabled(e.Level) {
		return checked.AddCore(e, f)
	}
	return checked
}

func (f *following) Write(e zapcore.Entry, fields []zapcore.Field) error {
	return f.to.Load().With(f.fields...).Core().Write(e, fields)
}

func (f *following) Sync() error { return f.to.Load().Sync() }
