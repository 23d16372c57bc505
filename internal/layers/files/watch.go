package files

import (
	"context"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/confmap"
)

// poller looks at all watched files of one provider, in one goroutine, which the first watch starts.
type poller struct {
	options options

	mu      sync.Mutex
	watches []*watch
	stop    chan struct{} // nil before the first watch
	done    chan struct{}
	closed  bool
}

// watch is one file or folder that someone wants to know of.
type watch struct {
	watcher confmap.WatcherFunc
	target  target // the poller's alone

	mu      sync.Mutex
	closed  bool
	calling chan struct{} // closed when the call is over; nil while there is none
}

// add begins to watch, from what has been read.
func (p *poller) add(t target, watcher confmap.WatcherFunc) confmap.CloseFunc {
	p.mu.Lock()
	defer p.mu.Unlock()
	if watcher == nil || p.options.interval <= 0 || p.closed {
		return nil
	}
	w := &watch{watcher: watcher, target: t}
	p.watches = append(p.watches, w)
	if p.stop == nil {
		p.stop, p.done = make(chan struct{}), make(chan struct{})
		go p.run(p.stop, p.done)
	}
	return func(ctx context.Context) error {
		p.mu.Lock()
		p.watches = slices.DeleteFunc(p.watches, func(other *watch) bool { return other == w })
		p.mu.Unlock()
		return w.close(ctx)
	}
}

func (p *poller) run(stop, done chan struct{}) {
	defer close(done)
	ticks, end := p.options.ticks(p.options.interval)
	defer end()
	for {
		select {
		case <-ticks:
			p.poll(stop)
		case <-stop:
			return
		}
	}
}

// poll looks at every file, and calls one watcher at most: whoever is called fetches all again, and the
// collector's resolver has room for one call. What else has changed is told next time, unless its watch
// has been closed then.
func (p *poller) poll(stop chan struct{}) {
	p.mu.Lock()
	watches := slices.Clone(p.watches)
	p.mu.Unlock()
	told := false
	for _, w := range watches {
		select {
		case <-stop:
			return
		default:
		}
		next, different := w.target.look(p.options.now())
		switch {
		case !different:
			w.target = next
		case !told:
			w.target = next
			told = w.call()
		}
	}
}

// shutdown ends the poller and waits for it.
func (p *poller) shutdown(ctx context.Context) error {
	p.mu.Lock()
	stop, done := p.stop, p.done
	first := !p.closed
	p.closed, p.watches = true, nil
	p.mu.Unlock()
	if stop == nil {
		return nil
	}
	if first {
		close(stop)
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *watch) call() bool {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return false
	}
	over := make(chan struct{})
	w.calling = over
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.calling = nil
		w.mu.Unlock()
		close(over)
	}()
	w.watcher(&confmap.ChangeEvent{})
	return true
}

// close waits for a call that has begun: there is none any more when it returns.
func (w *watch) close(ctx context.Context) error {
	w.mu.Lock()
	w.closed = true
	calling := w.calling
	w.mu.Unlock()
	if calling == nil {
		return nil
	}
	select {
	case <-calling:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
