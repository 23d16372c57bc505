package ssmprovider

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

// retrieveTimeout bounds one retrieval: throttling and outages are waited for that long. Whoever starts the
// collector then decides; a fleet that starts at once may share 40 reads a second.
const retrieveTimeout = 15 * time.Second

// Open makes a store for a way to AWS, and what ends it.
type Open func(ctx context.Context, c awsconfig.Config) (store *ssmstore.Store, end func(), err error)

// NewFactory makes the provider's factory. Its calls take the route table and the credentials of
// internal/awsaccess.
func NewFactory() confmap.ProviderFactory { return NewFactoryWith(nil) }

// NewFactoryWith makes a factory whose providers open their stores in another way.
func NewFactoryWith(open Open) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(s confmap.ProviderSettings) confmap.Provider {
		p := &provider{open: open, logger: s.Logger, sources: map[access]*source{}}
		if p.logger == nil {
			p.logger = zap.NewNop()
		}
		if p.open == nil {
			p.open = openSession(p.logger)
		}
		return p
	})
}

type provider struct {
	open   Open
	logger *zap.Logger

	mu      sync.Mutex
	sources map[access]*source
	secure  map[string]bool // by URI: it is a SecureString
	closed  bool
}

var (
	_ layers.Provider     = (*provider)(nil)
	_ layers.SecretSource = (*provider)(nil)
)

// IsSecret implements layers.SecretSource: SecureStrings are secrets, other parameters are not.
func (p *provider) IsSecret(uri string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.secure[uri]
}

// Scheme implements confmap.Provider.
func (*provider) Scheme() string { return ssmstore.Scheme }

// Retrieve implements confmap.Provider.
func (p *provider) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	a, err := p.ask(ctx, uri)
	if err != nil {
		return nil, err
	}
	end := p.watch(a, watcher)
	r, err := a.retrieved(confmap.WithRetrievedClose(end))
	if err != nil {
		return nil, errors.Join(err, end(ctx))
	}
	return r, nil
}

// RetrieveLayers implements layers.Provider: a path gives a layer for each parameter below it.
func (p *provider) RetrieveLayers(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*layers.Retrieved, error) {
	a, err := p.ask(ctx, uri)
	if err != nil {
		return nil, err
	}
	all, err := a.layers()
	if err != nil {
		return nil, err
	}
	return &layers.Retrieved{Layers: all, Close: p.watch(a, watcher)}, nil
}

// Shutdown implements confmap.Provider.
func (p *provider) Shutdown(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for _, s := range p.sources {
		errs = append(errs, s.poller.shutdown(ctx))
		s.end()
	}
	clear(p.sources)
	return errors.Join(errs...)
}

// ask reads what a URI stands for now.
func (p *provider) ask(ctx context.Context, text string) (*answer, error) {
	u, err := ssmstore.ParseURI(text)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, retrieveTimeout)
	defer cancel()
	s, err := p.source(ctx, u)
	if err != nil {
		return nil, err
	}
	mayMiss := u.Optional || u.HasDefault
	snap, ok := s.poller.handOver(u.Ref)
	if !ok || len(snap.Documents) == 0 && !mayMiss {
		snap, err = s.store.Read(ctx, u.Ref)
	}
	if err == nil && u.Version > 0 {
		s.poller.pin(u.Ref, snap)
	}
	if ssmstore.IsKind(err, ssmstore.NotFound) && mayMiss {
		snap, err = ssmstore.Snapshot{}, nil
	}
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.secure == nil {
		p.secure = map[string]bool{}
	}
	p.secure[text] = slices.ContainsFunc(snap.Documents, func(d ssmstore.Document) bool { return d.Secure })
	return &answer{uri: u, snapshot: snap, source: s}, nil
}

// watch begins to look for changes of what was read.
func (p *provider) watch(a *answer, watcher confmap.WatcherFunc) confmap.CloseFunc {
	u := a.uri
	if watcher == nil || u.Poll == ssmstore.NeverPoll || !u.Watchable() {
		return func(context.Context) error { return nil }
	}
	interval := u.Poll
	if interval == 0 {
		interval = ssmstore.DefaultPoll
	}
	return a.source.poller.add(&watch{
		ref: u.Ref, interval: interval, last: a.snapshot, digest: a.digest(), notify: watcher,
		digestOf: func(s ssmstore.Snapshot) string { return (&answer{uri: u, snapshot: s}).digest() },
		turn:     make(chan struct{}, 1),
	})
}
