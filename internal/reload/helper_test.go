package reload

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	deadline = 2 * time.Minute
	tick     = 5 * time.Millisecond
)

// source is one whose content a test changes: scheme mem.
type source struct {
	mu       sync.Mutex
	text     map[string]string
	down     bool
	watchers map[int]confmap.WatcherFunc
	next     int
	asked    int
}

func newSource() *source {
	return &source{text: map[string]string{}, watchers: map[int]confmap.WatcherFunc{}}
}

func (s *source) set(name, text string) {
	s.mu.Lock()
	s.text[name] = text
	watchers := make([]confmap.WatcherFunc, 0, len(s.watchers))
	for _, w := range s.watchers {
		watchers = append(watchers, w)
	}
	s.mu.Unlock()
	for _, w := range watchers {
		w(&confmap.ChangeEvent{})
	}
}

func (s *source) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *source) watched() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.watchers)
}

func (s *source) factory() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return s })
}

func (s *source) Scheme() string                 { return "mem" }
func (s *source) Shutdown(context.Context) error { return nil }

func (s *source) Retrieve(_ context.Context, uri string, w confmap.WatcherFunc) (*confmap.Retrieved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.down {
		return nil, errors.New("no connection")
	}
	text, ok := s.text[strings.TrimPrefix(uri, "mem:")]
	if !ok {
		return nil, errors.New("there is no such text")
	}
	id := s.next
	s.next++
	s.watchers[id] = w
	return confmap.NewRetrievedFromYAML([]byte(text), confmap.WithRetrievedClose(func(context.Context) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, id)
		return nil
	}))
}

// process is a collector as far as the manager sees it.
type process struct {
	t        *testing.T
	m        *Manager
	resolver *confmap.Resolver
}

// valid refuses what has the key "bad", as the collector refuses what it does not know.
func valid(ctx context.Context, settings confmap.ResolverSettings) error {
	r, err := confmap.NewResolver(settings)
	if err != nil {
		return err
	}
	conf, err := r.Resolve(ctx)
	if err != nil {
		return err
	}
	if v := conf.Get("receivers::nop::bad"); v != nil {
		return fmt.Errorf("'receivers' error reading configuration for %q: 'bad' has invalid value %v", "nop", v)
	}
	return r.Shutdown(ctx)
}

func options(t *testing.T, s *source, uris ...string) Options {
	return Options{
		URIs: uris, Providers: []confmap.ProviderFactory{s.factory(), envprovider.NewFactory(), yamlprovider.NewFactory()},
		Check: valid, StateDir: filepath.Join(t.TempDir(), "config"), HealthyAfter: time.Hour, Timeout: deadline, Build: "test",
	}
}

func start(t *testing.T, o Options) (*process, map[string]any, error) {
	t.Helper()
	m, err := New(o)
	require.NoError(t, err)
	p := &process{t: t, m: m}
	got, err := p.collect()
	return p, got, err
}

// collect is what a collector does first: a new resolver, and its configuration.
func (p *process) collect() (map[string]any, error) {
	var err error
	p.resolver, err = confmap.NewResolver(p.m.ResolverSettings())
	require.NoError(p.t, err)
	return p.resolve()
}

func (p *process) resolve() (map[string]any, error) {
	conf, err := p.resolver.Resolve(p.t.Context())
	if err != nil {
		return nil, err
	}
	return conf.ToStringMap(), nil
}

// run is start with a component that runs.
func run(t *testing.T, o Options) (*process, map[string]any) {
	t.Helper()
	p, got, err := start(t, o)
	require.NoError(t, err)
	p.m.Started()
	return p, got
}

// reload waits for the manager's call, and takes the new configuration.
func (p *process) reload() map[string]any {
	p.t.Helper()
	select {
	case err := <-p.resolver.Watch():
		require.NoError(p.t, err)
	case <-time.After(deadline):
		require.Fail(p.t, "no new configuration", "%+v", p.m.Status())
	}
	p.m.Stopping()
	got, err := p.resolve()
	require.NoError(p.t, err)
	return got
}

// end ends the process: it is told to, or a component makes it.
func (p *process) end(orderly bool) {
	require.NoError(p.t, p.resolver.Shutdown(context.Background()))
	var err error
	if orderly {
		p.m.End()
	} else {
		err = errors.New("a component failed")
	}
	require.NoError(p.t, p.m.Close(context.Background(), err))
}

func (p *process) refused(outcome Outcome) Refusal {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		r := p.m.Status().Refused
		return r != nil && r.Outcome == outcome
	}, deadline, tick)
	return *p.m.Status().Refused
}

// key is one key of what the collector got.
func key(m map[string]any, path string) any { return confmap.NewFromStringMap(m).Get(path) }

// kill ends a process that cannot say why.
func (p *process) kill() {
	p.m.mu.Lock()
	p.m.begun = ""
	p.m.mu.Unlock()
	p.end(true)
}
