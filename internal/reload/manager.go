package reload

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
)

// Manager has the configuration of the process.
type Manager struct {
	options Options
	sources *sources
	memory  memory
	logger  atomic.Pointer[zap.Logger]

	// work is held while the sources are asked: a provider is never asked twice at once.
	work sync.Mutex
	wake chan struct{} // a source has changed
	hups chan struct{} // an operator wants a look
	stop context.CancelFunc
	loop sync.WaitGroup

	mu       sync.Mutex
	running  *snapshot           // what the collector has, or gets next
	previous *snapshot           // what it ran before
	pending  *snapshot           // what was tried and waits for the collector
	notify   confmap.WatcherFunc // tells the collector to come and get it; nil: it has been told, or is not there
	blocked  map[string]bool     // by hash: they were tried, and could not run
	started  bool                // the collector runs what it has
	sick     string              // a component that has failed for good
	fatal    error               // what ends the process
	retry    time.Duration       // wait before the next fetch, after one that failed; 0: none failed
	healthy  *time.Timer
	status   Status
	watchers map[int]func(Status)
	nextID   int
}

// current is the process's, which the extension finds.
var current atomic.Pointer[Manager]

// Current is the manager of this process, or nil.
func Current() *Manager { return current.Load() }

// New makes the process's manager. Nothing is fetched before the collector asks.
func New(o Options) (*Manager, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	m := &Manager{
		options: o, wake: make(chan struct{}, 1), hups: make(chan struct{}, 1),
		blocked: map[string]bool{}, watchers: map[int]func(Status){},
		status: Status{Counts: map[Outcome]int64{}},
	}
	m.logger.Store(zap.NewNop())
	if !o.Once {
		m.memory = newMemory(o.StateDir, o.URIs)
	}
	settings := confmap.ProviderSettings{Logger: zap.New(&following{to: &m.logger})}
	m.sources = newSources(o.Providers, o.DefaultScheme, settings, m.changed)
	m.sources.allRemote, m.sources.trusted, m.sources.stateDir = o.AllRemote, o.Trust, stateOf(o.StateDir)
	if err := m.sources.checkURIs(o.URIs); err != nil {
		return nil, err
	}
	current.Store(m)
	return m, nil
}

// ResolverSettings are those of the collector: its configuration comes from this manager.
func (m *Manager) ResolverSettings() confmap.ResolverSettings {
	settings := confmap.ResolverSettings{URIs: []string{layered + ":"}, DefaultScheme: m.options.DefaultScheme}
	settings.ProviderFactories = append(settings.ProviderFactories, factoryOf(func(s confmap.ProviderSettings) confmap.Provider {
		if s.Logger != nil {
			m.logger.Store(s.Logger)
		}
		return &view{scheme: layered, retrieve: m.serve}
	}))
	return m.sources.withValues(settings, m.now, neverSeen)
}

// Layers fetches and merges the layers of any URIs, and nothing of what their placeholders stand for.
func (m *Manager) Layers(ctx context.Context, uris []string) (*layers.Merged, error) {
	all, err := m.fetchAll(ctx, uris)
	if err != nil {
		return nil, err
	}
	return layers.Merge(all)
}

// Part is Layers for some of a configuration's layers: what they name need not be in them.
func (m *Manager) Part(ctx context.Context, uris []string) (*layers.Merged, error) {
	all, err := m.fetchAll(ctx, uris)
	if err != nil {
		return nil, err
	}
	return layers.MergePart(all)
}

func (m *Manager) fetchAll(ctx context.Context, uris []string) ([]layers.Layer, error) {
	ctx, cancel := context.WithTimeout(ctx, m.options.Timeout)
	defer cancel()
	m.work.Lock()
	defer m.work.Unlock()
	var all []layers.Layer
	for _, uri := range uris {
		got, err := m.sources.layersOf(ctx, uri)
		if err != nil {
			return nil, err
		}
		all = append(all, got.Layers...)
		if got.Close != nil {
			_ = got.Close(ctx) // it only stops watching
		}
	}
	return all, nil
}

// now is the configuration that the collector has, or gets next.
func (m *Manager) now() *snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.running
}

// serve gives the collector its configuration.
func (m *Manager) serve(ctx context.Context, _ string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	if m.now() == nil {
		first, err := m.first(ctx)
		if err != nil {
			return nil, err
		}
		m.mu.Lock()
		m.running = first
		m.mu.Unlock()
		if !m.options.Once {
			m.begin()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if next := m.pending; next != nil {
		if m.started {
			m.previous = m.running
		}
		m.running, m.pending = next, nil
		m.remembered(m.memory.starting(next.hash))
	}
	m.started, m.sick = false, ""
	m.notify = watcher
	return confmap.NewRetrieved(m.running.conf(), confmap.WithRetrievedClose(func(context.Context) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.notify = nil
		return nil
	}))
}

func (m *Manager) remembered(_ int, err error) {
	if err != nil {
		m.log().Warn("the start of a configuration could not be noted: if it ends the process, the next start will not know", zap.Error(err))
	}
}

// first finds the configuration to start with.
func (m *Manager) first(ctx context.Context) (*snapshot, error) {
	m.work.Lock()
	defer m.work.Unlock()
	ctx, cancel := context.WithTimeout(ctx, m.options.Timeout)
	defer cancel()
	snap, err := m.sources.fetch(ctx, m.options.URIs)
	if m.options.Once {
		return snap, m.located(snap, err)
	}
	outcome := outcomeOf(err)
	good, saved := m.good(ctx, snap)
	if err == nil && good != nil && good.hash != snap.hash { // else the collector's own check is as good
		if err = m.check(ctx, snap); err != nil {
			outcome = Invalid
		}
	}
	m.mu.Lock()
	m.status.LastKnownGood = saved
	m.mu.Unlock()
	if err != nil {
		if good == nil {
			if local := m.withoutRemote(ctx, snap, err); local != nil {
				m.refuse(outcome, snap, err)
				return local, nil
			}
			return nil, m.located(snap, err)
		}
		m.refuse(outcome, snap, err)
		m.backOff(outcome == Unreachable)
		m.sayOld(good, saved)
		return good, nil
	}
	ended, err := m.memory.starting(snap.hash)
	m.remembered(ended, err)
	if ended >= crashes && good != nil && good.hash != snap.hash {
		m.block(snap.hash)
		m.refuse(Failed, snap, fmt.Errorf("it has ended the process %d times in its first %s", ended, m.options.HealthyAfter))
		m.sayOld(good, saved)
		return good, nil
	}
	return snap, nil
}

func (m *Manager) sayOld(good *snapshot, saved time.Time) {
	m.log().Error("starting with the last known good configuration, because the newest one cannot be used",
		zap.Time("saved", saved), zap.String("hash", good.short()), zap.Strings("layers", good.merged.Layers()))
}

// good is the last known good configuration, ready to run; nil where there is none. What it has of fetched layers is held to
// what the local layers of the newest configuration allow, where they can be read.
func (m *Manager) good(ctx context.Context, newest *snapshot) (*snapshot, time.Time) {
	good, saved, err := m.memory.recall(m.options.URIs)
	if err == nil && good != nil {
		// The environment is asked again; the rest is on the disk.
		ctx, live := context.WithoutCancel(ctx), m.sources.again(good)
		if err = m.sources.trustAgain(ctx, good, newest, live); err == nil {
			err = m.sources.expand(ctx, good, live)
		}
		good.seal()
	}
	if err != nil {
		m.log().Warn("the last known good configuration cannot be used", zap.Error(err))
		return nil, time.Time{}
	}
	return good, saved
}

// check tries a snapshot without starting anything.
func (m *Manager) check(ctx context.Context, snap *snapshot) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a component panics when it is made: %v", p)
		}
	}()
	settings := m.sources.views(func() *snapshot { return snap }, neverSeen)
	settings.URIs = []string{layered + ":"}
	return m.options.Check(ctx, settings)
}

func outcomeOf(err error) Outcome {
	var unreachable *FetchError
	if errors.As(err, &unreachable) {
		return Unreachable
	}
	return Invalid
}

// located adds the layers and lines to an error, and takes values out of it.
func (m *Manager) located(snap *snapshot, err error) error {
	if err == nil {
		return nil
	}
	text, where := explain(snap, err)
	for _, place := range where {
		text += "\n  at " + place
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

// mostPlaces is how many places are named for an error, the likeliest first.
const mostPlaces = 3

// explain is an error without values, and the places that it points to.
func explain(snap *snapshot, err error) (text string, where []string) {
	text = snap.scrub(err.Error())
	var merge *layers.MergeError
	var refused *trust.Error
	if errors.As(err, &refused) {
		return text, refused.Where()
	}
	if snap == nil || snap.merged == nil || errors.As(err, &merge) {
		return text, nil
	}
	for _, origin := range snap.merged.Locate(text) {
		if len(where) < mostPlaces {
			where = append(where, origin.String())
		}
	}
	return text, where
}

func (m *Manager) log() *zap.Logger { return m.logger.Load() }

// Explained adds the layers and lines that an error of the collector points to.
func (m *Manager) Explained(err error) error { return m.located(m.now(), err) }

// Redacted is a configuration that the collector prints without secrets, of which it knows but some.
func (m *Manager) Redacted(text string) string { return m.now().scrub(layers.RedactDocument(text)) }
