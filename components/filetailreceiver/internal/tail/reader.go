package tail

import (
	"fmt"
	"sync/atomic"
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

// reader is one of those that read files. Its goroutine owns it, but for what is marked.
type reader struct {
	e       *engine
	next    chan task // capacity 1; closed: there is nothing more to read
	buffers buffers
	asked   *ask
	ask     atomic.Pointer[ask] // what it asks the system for now; nil: nothing, or another one does its work

	file  *file // of the engine: the one that it reads
	stuck *ask  // of the engine: another one does its work because of this
}

// ask is what a reader asks the system for.
type ask struct {
	path  string
	since time.Time
	held  int64 // bytes that it has acquired
}

// addReader begins to read with one reader more.
func (e *engine) addReader() {
	r := &reader{e: e, next: make(chan task, 1), buffers: buffers{bytes: make([]byte, 64<<10)}}
	e.readers[r] = struct{}{}
	e.ready = append(e.ready, r)
	e.loops.Go(r.run)
}

// run reads what the engine gives, until the end.
func (r *reader) run() {
	for t := range r.next {
		if !r.e.finish(r, t, r.read(t)) {
			return
		}
	}
}

// asks notes that the system is asked for something. What was acquired is the reader's own until that is answered.
func (r *reader) asks(path string, held int64) {
	r.asked = &ask{path, time.Now(), held}
	r.ask.Store(r.asked)
}

// answered notes that it was answered.
func (r *reader) answered() {
	if r.asked == nil {
		return
	}
	if r.ask.Swap(nil) == nil { // another one does its work, and what it had was given back
		r.e.flow.Adjust(r.asked.held)
	}
	r.asked = nil
}

// replaceHanging has other readers do the work of those that wait for a file for long.
func (e *engine) replaceHanging(now time.Time) {
	for r := range e.readers {
		a := r.ask.Load()
		if a == nil || r.stuck != nil || now.Sub(a.since) < hangTime || e.hanging >= mostHanging || e.ending || !r.ask.CompareAndSwap(a, nil) {
			continue
		}
		r.stuck = a
		e.hanging++
		e.flow.Adjust(-a.held)
		if r.file != nil {
			e.schedule.Tried(&r.file.File)
		}
		e.o.Logger.Warn("A file does not answer; others are read on", zap.String("path", a.path))
		e.addReader()
	}
}

// hangs says which files do not answer, one of them by name.
func (e *engine) hangs(now time.Time) (err error) {
	e.do(func() {
		for r := range e.readers {
			if r.stuck != nil && now.Sub(r.stuck.since) > lateAfter {
				err = fmt.Errorf("%d files do not answer, such as %s", e.hanging, r.stuck.path)
			}
		}
	})
	return err
}
