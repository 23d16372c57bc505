package files

import (
	"time"
)

// DefaultInterval is how often files are looked at.
const DefaultInterval = 5 * time.Second

// Limits of what is read. A configuration is far below; they keep the memory of a host that was given the
// wrong path.
const (
	// MaxSize is the largest file, and the most that all files of a folder may have together, in bytes.
	MaxSize = 16 << 20
	// MaxFiles is how many files of a folder are read.
	MaxFiles = 1000
)

// Option changes a provider.
type Option func(*options)

type options struct {
	interval time.Duration
	now      func() time.Time
	ticks    func(time.Duration) (<-chan time.Time, func())
}

// WithInterval sets how often files are looked at, in place of DefaultInterval. Zero or less is never.
func WithInterval(d time.Duration) Option {
	return func(o *options) { o.interval = d }
}

func newOptions(set []Option) options {
	o := options{interval: DefaultInterval, now: time.Now, ticks: func(d time.Duration) (<-chan time.Time, func()) {
		t := time.NewTicker(d)
		return t.C, t.Stop
	}}
	for _, option := range set {
		option(&o)
	}
	return o
}
