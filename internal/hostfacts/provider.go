package hostfacts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
)

// Scheme is that of the provider.
const Scheme = "host"

// Pauses between two looks at facts that are not known. A network that comes up after the collector is found within
// seconds; a host that never has the fact costs next to nothing. Finder bounds how often metadata services are asked.
const (
	firstLookAgain = 5 * time.Second
	lastLookAgain  = time.Minute
)

// NewFactory makes the confmap provider of ${host:FACT} and ${host:FACT:-DEFAULT}. All providers of a
// process share what was found. Facts and defaults are text, whatever they look like: an account's number
// keeps its zeros. An empty default is allowed. Facts that are known do not change. One whose default is used is looked for
// again, and its watcher is called when it becomes known.
func NewFactory() confmap.ProviderFactory { return newFactory(Process, firstLookAgain) }

func newFactory(finder func() *Finder, firstPause time.Duration) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(s confmap.ProviderSettings) confmap.Provider {
		p := &provider{finder: finder, logger: s.Logger, told: map[string]bool{}, firstPause: firstPause, watches: map[*watch]bool{}}
		if p.logger == nil {
			p.logger = zap.NewNop()
		}
		p.ctx, p.cancel = context.WithCancel(context.Background())
		return p
	})
}

type provider struct {
	finder     func() *Finder
	logger     *zap.Logger
	told       map[string]bool // facts whose default was logged; confmap never calls Retrieve concurrently
	firstPause time.Duration

	ctx    context.Context // ends with Shutdown
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	watches map[*watch]bool
	looking bool // a goroutine serves watches
}

// watch is a value that is a default for now.
type watch struct {
	fact    string
	watcher confmap.WatcherFunc
}

func (p *provider) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	name, fallback, hasDefault, err := parse(uri)
	if err != nil {
		return nil, err
	}
	value, err := p.finder().Fact(ctx, name)
	var notKnown *NotKnownError
	if errors.As(err, &notKnown) && hasDefault {
		if !p.told[name] {
			p.told[name] = true
			p.logger.Info("A host fact is not known; its default is used until it is.",
				zap.String("fact", name), zap.String("default", fallback), zap.Strings("tried", notKnown.Tried))
		}
		return confmap.NewRetrieved(fallback, confmap.WithRetrievedClose(p.watch(name, watcher)))
	}
	if err != nil {
		return nil, err
	}
	return confmap.NewRetrieved(value)
}

// watch calls watcher once when a fact becomes known. It returns what ends that, or nil where there is nobody to call.
func (p *provider) watch(fact string, watcher confmap.WatcherFunc) confmap.CloseFunc {
	if watcher == nil || p.ctx.Err() != nil {
		return nil
	}
	w := &watch{fact, watcher}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watches[w] = true
	if !p.looking {
		p.looking = true
		p.done.Go(p.look)
	}
	return func(context.Context) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.watches, w)
		return nil
	}
}

// look serves the watches until there are none, or the provider is shut down.
func (p *provider) look() {
	for pause := p.firstPause; ; pause = min(2*pause, lastLookAgain) {
		select {
		case <-time.After(pause):
		case <-p.ctx.Done():
			return
		}
		for _, w := range p.waiting() {
			if _, err := p.finder().Fact(p.ctx, w.fact); err == nil && p.take(w) {
				p.logger.Info("A host fact is known now.", zap.String("fact", w.fact))
				w.watcher(&confmap.ChangeEvent{})
			}
		}
		if p.idle() {
			return
		}
	}
}

func (p *provider) waiting() (all []*watch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.watches {
		all = append(all, w)
	}
	return all
}

// take removes a watch, and reports whether it was still there.
func (p *provider) take(w *watch) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	there := p.watches[w]
	delete(p.watches, w)
	return there
}

// idle reports whether nothing is watched, in which case the calling goroutine has to end.
func (p *provider) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looking = len(p.watches) > 0
	return !p.looking
}

// parse takes host:FACT and host:FACT:-DEFAULT apart.
func parse(uri string) (name, fallback string, hasDefault bool, err error) {
	opaque, ok := strings.CutPrefix(uri, Scheme+":")
	if !ok {
		return "", "", false, fmt.Errorf("%q is not of the scheme %s: write host:FACT or host:FACT:-DEFAULT", uri, Scheme)
	}
	name, fallback, hasDefault = strings.Cut(opaque, ":-")
	return name, fallback, hasDefault, nil
}

func (*provider) Scheme() string { return Scheme }

// Shutdown ends all watches, and waits for the goroutine that serves them.
func (p *provider) Shutdown(context.Context) error {
	p.cancel()
	p.done.Wait()
	return nil
}
