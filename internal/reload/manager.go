package reload

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	remote "github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
)

// Manager has the configuration of the process.
type Manager struct {
	options Options
	sources *sources
	memory  memory
	logger  atomic.Pointer[zap.Logger]
	unlock  func()             // of the state folder
	trouble []error            // with the state folder, until there is a logger to tell
	crash   string             // what the process before has printed when it crashed
	told    context.Context    // ends when the process is told to end
	tell    context.CancelFunc // makes it end

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
	blocked  map[string]trial    // by hash: they were tried, and could not run
	begun    string              // hash of the configuration whose start is noted on the disk
	started  bool                // the collector runs what it has
	sick     string              // a component that has failed for good
	fatal    error               // what ends the process
	retry    time.Duration       // wait before the next fetch, after one that failed; 0: none failed
	healthy  *time.Timer
	status   Status
	watchers map[int]func(Status)
	nextID   int

	informers   []informer         // of the configuration that the collector has, or gets next
	silenced    []informer         // receivers that are left out
	unusable    map[string]LeftOut // by component and address: somebody was faster than the collector
	lost        chan struct{}      // the listeners that are left out are others
	regainAfter time.Duration
}

// trial is a configuration that is left until a time.
type trial struct {
	until time.Time
	times int
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
		blocked: map[string]trial{}, unusable: map[string]LeftOut{}, lost: make(chan struct{}, 1), regainAfter: firstRegain,
		watchers: map[int]func(Status){},
		status:   Status{Counts: map[Outcome]int64{}},
	}
	m.logger.Store(zap.NewNop())
	m.told, m.tell = context.WithCancel(context.Background())
	settings := confmap.ProviderSettings{Logger: zap.New(&following{to: &m.logger})}
	m.sources = newSources(o.Providers, o.DefaultScheme, settings, m.changed)
	m.sources.allRemote, m.sources.trusted, m.sources.stateDir = o.AllRemote, o.Trust, stateOf(o.StateDir)
	if o.Reach != nil {
		m.sources.reach = o.Reach
	}
	if err := m.sources.checkURIs(o.URIs); err != nil {
		return nil, err
	}
	if err := m.openMemory(); err != nil {
		return nil, err
	}
	if !o.Once {
		current.Store(m)
	}
	return m, nil
}

// openMemory locks the state folder. Without one, or where it cannot be used, nothing is remembered; another collector
// in it is an error.
func (m *Manager) openMemory() error {
	m.unlock = func() {}
	if m.options.Once || m.options.StateDir == "" {
		return nil
	}
	memory := newMemory(m.options.StateDir, m.options.Build, m.options.URIs)
	if err := memory.open(); err != nil {
		m.trouble = append(m.trouble, err)
		return nil
	}
	unlock, err := lock(memory.dir, memory.key, lockTimeout)
	var inUse *InUseError
	switch {
	case errors.As(err, &inUse):
		return inUse
	case err != nil:
		m.trouble = append(m.trouble, fmt.Errorf("the state folder cannot be locked: %w", err))
	default:
		m.unlock = unlock
		memory.sweep()
	}
	m.memory = memory
	return nil
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
	if !m.options.Once {
		settings.ConverterFactories = append(settings.ConverterFactories, m.converter())
	}
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

// errTold is what the collector gets instead of a configuration when it is not to start any more.
var errTold = errors.New("the process was told to end before it had its configuration")

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
			m.follow()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	started := m.started
	m.started = false // what ran has been stopped, also where nothing follows it
	if m.told.Err() != nil {
		return nil, errTold
	}
	if next := m.pending; next != nil {
		if started {
			m.previous = m.running
		}
		m.running, m.pending = next, nil
		a, err := m.memory.judge(next.hash, "", time.Now())
		m.begin(a, err)
	}
	m.sick = ""
	m.notify = watcher
	return confmap.NewRetrieved(m.running.conf(), confmap.WithRetrievedClose(func(context.Context) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.notify = nil
		return nil
	}))
}

// begin notes the start of a configuration. The lock is held.
func (m *Manager) begin(a attempt, err error) {
	if m.told.Err() != nil {
		return
	}
	m.begun = a.Hash
	if err = errors.Join(err, m.memory.begin(a)); err != nil {
		m.log().Warn("the start of a configuration could not be noted: if it ends the process, the next start will not know", zap.Error(err))
	}
}

// first finds the configuration to start with.
func (m *Manager) first(ctx context.Context) (*snapshot, error) {
	m.work.Lock()
	defer m.work.Unlock()
	ctx, cancel := context.WithTimeout(ctx, m.options.Timeout)
	defer cancel()
	defer context.AfterFunc(m.told, cancel)()
	for _, err := range m.trouble {
		m.log().Warn("the state folder cannot be used: what happened before is not known, and there may be no last known good configuration", zap.Error(err))
	}
	if m.options.Once {
		snap, err := m.sources.fetch(ctx, m.options.URIs)
		return snap, m.located(snap, err)
	}
	good, saved := m.good(ctx, nil)
	snap, err := m.sources.fetch(ctx, m.options.URIs)
	for good == nil && mayAnswerSoon(err) && pause(ctx, startRetry) { // there is nothing else to run, and the network may come up
		snap, err = m.sources.fetch(ctx, m.options.URIs)
	}
	if m.told.Err() != nil {
		return nil, errTold
	}
	good = m.stillTrusted(ctx, good, snap)
	outcome := outcomeOf(err)
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
		if unfit := m.prepare(ctx, good); unfit != nil {
			return nil, m.located(snap, errors.Join(err, unfit))
		}
		m.refuse(outcome, snap, err)
		m.backOff(outcome == Unreachable)
		m.sayOld(good, saved)
		return good.snapshot, nil
	}
	now := time.Now()
	a, damage := m.memory.judge(snap.hash, m.crash, now)
	if a.Reason != "" {
		m.log().Warn("the process before has ended soon after its start with this configuration", zap.String("reason", snap.scrub(a.Reason)), zap.Int("times", a.Failures))
	}
	if a.condemned(now) && good != nil && good.hash != snap.hash {
		if unfit := m.prepare(ctx, good); unfit == nil {
			m.keepAttempt(a, damage)
			m.block(snap.hash, trial{until: a.Until, times: a.Failures - crashes})
			m.refuse(Failed, snap, a.failedTimes(m.options.HealthyAfter))
			m.sayOld(good, saved)
			return good.snapshot, nil
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.begin(a, damage)
	return snap, nil
}

// mayAnswerSoon reports whether a source says itself that it may have an answer soon.
func mayAnswerSoon(err error) bool {
	var unreachable *FetchError
	var t interface{ Temporary() bool }
	return errors.As(err, &unreachable) && errors.As(unreachable.err, &t) && t.Temporary()
}

// pause waits, and reports whether there is time left.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// keepAttempt writes what is known of a configuration that is not started.
func (m *Manager) keepAttempt(a attempt, damage error) {
	if err := errors.Join(damage, m.memory.save("attempt", a, false)); err != nil {
		m.log().Warn("what became of a configuration could not be noted", zap.Error(err))
	}
}

func (m *Manager) sayOld(good *ready, saved time.Time) {
	m.log().Error("starting with the last known good configuration, because the newest one cannot be used",
		zap.Time("saved", saved), zap.String("hash", good.short()), zap.Strings("layers", good.merged.Layers()))
}

// ready is a last known good configuration with its placeholders resolved.
type ready struct {
	*snapshot
	conf *confmap.Conf
}

// good is the last known good configuration, ready to run; nil where there is none. What it has of fetched layers is held to
// what the local layers of the newest configuration allow, where they can be read.
func (m *Manager) good(ctx context.Context, newest *snapshot) (*ready, time.Time) {
	snap, saved, err := m.memory.recall(m.options.URIs)
	if err != nil {
		m.log().Warn("the last known good configuration is damaged", zap.Bool("used_anyway", snap != nil), zap.Error(err))
	}
	if snap == nil {
		return nil, time.Time{}
	}
	// The environment is asked again; the rest is on the disk.
	ctx, live := context.WithoutCancel(ctx), m.sources.again(snap)
	var conf *confmap.Conf
	if err = m.sources.trustAgain(ctx, snap, newest, live); err == nil {
		conf, err = m.sources.expand(ctx, snap, live)
	}
	snap.seal()
	if err != nil {
		m.log().Warn("the last known good configuration cannot be used", zap.Error(err))
		return nil, time.Time{}
	}
	return &ready{snap, conf}, saved
}

// prepare makes the process ready for the last known good configuration.
func (m *Manager) prepare(ctx context.Context, good *ready) error {
	if m.options.BeforeGood == nil {
		return nil
	}
	if err := m.options.BeforeGood(context.WithoutCancel(ctx), good.conf); err != nil {
		return fmt.Errorf("the last known good configuration cannot be used: %w", err)
	}
	return nil
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
		if !strings.Contains(text, "("+place+")") && !strings.Contains(text+"\n", "\n  at "+place+"\n") { // a refusal names its own
			text += "\n  at " + place
		}
	}
	if text == err.Error() {
		return err
	}
	return &explained{text, err}
}

// explained is an error in other words.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// rawText is an error as it was before it was explained.
func rawText(err error) string {
	var e *explained
	if errors.As(err, &e) {
		return e.err.Error()
	}
	return err.Error()
}

// mostPlaces is how many places are named for an error, the likeliest first.
const mostPlaces = 3

// explain is an error without values, and the places that it points to.
func explain(snap *snapshot, err error) (text string, where []string) {
	text = snap.scrub(err.Error())
	var merge *layers.MergeError
	var refused *remote.Error
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
