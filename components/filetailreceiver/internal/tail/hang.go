package tail

import (
	"fmt"
	"time"

	"go.uber.org/zap"
)

const (
	// hangTime is how long a file may take to be opened and read before another reader does the work of its reader: the server of
	// its file system may be away.
	hangTime = 10 * time.Second
	// mostHanging is how many readers may wait so. Each is a thread of the system.
	mostHanging = 32
)

// reader is one of those that read files.
type reader struct {
	file  *file     // that is being read
	since time.Time // zero: it waits for nothing of the system
	held  int64     // bytes that it acquired
	// replaced says that another one does its work.
	replaced bool
}

// asks notes that a reader asks the system for something. What it has acquired is its own until it is answered.
func (t *Tailer) asks(r *reader, f *file, held int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.file, r.since, r.held = f, time.Now(), held
}

// answered notes that it was answered.
func (t *Tailer) answered(r *reader) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.replaced && !r.since.IsZero() {
		t.used += r.held // that was given back meanwhile
		t.hanging--
		t.o.Logger.Info("A file answers again", zap.String("path", r.file.now))
	}
	r.since = time.Time{}
}

// replaceHanging has other readers do the work of those that wait for a file for long. The lock is held.
func (t *Tailer) replaceHanging(now time.Time) {
	for r := range t.readers {
		if r.since.IsZero() || r.replaced || now.Sub(r.since) < hangTime || t.hanging >= mostHanging || t.ending {
			continue
		}
		r.replaced = true
		t.hanging++
		t.release(r.held)
		t.tried(r.file)
		t.o.Logger.Warn("A file does not answer; others are read on", zap.String("path", r.file.now))
		t.loops.Go(t.read)
	}
}

// hangs says which files do not answer, one of them by name.
func (t *Tailer) hangs(now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for r := range t.readers {
		if r.replaced && !r.since.IsZero() && now.Sub(r.since) > lateAfter {
			return fmt.Errorf("%d files do not answer, such as %s", t.hanging, r.file.now)
		}
	}
	return nil
}
