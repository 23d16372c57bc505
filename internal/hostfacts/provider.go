package hostfacts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
)

// Scheme is that of the provider.
const Scheme = "host"

// NewFactory makes the confmap provider of ${host:FACT} and ${host:FACT:-DEFAULT}. All providers of a
// process share what was found. Facts and defaults are text, whatever they look like: an account's number
// keeps its zeros. An empty default is allowed. Facts do not change, so there is nothing to watch.
func NewFactory() confmap.ProviderFactory { return newFactory(Process) }

func newFactory(finder func() *Finder) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(s confmap.ProviderSettings) confmap.Provider {
		p := &provider{finder: finder, logger: s.Logger, told: map[string]bool{}}
		if p.logger == nil {
			p.logger = zap.NewNop()
		}
		return p
	})
}

type provider struct {
	finder func() *Finder
	logger *zap.Logger
	told   map[string]bool // facts whose default was logged; confmap never calls Retrieve concurrently
}

func (p *provider) Retrieve(ctx context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	name, fallback, hasDefault, err := parse(uri)
	if err != nil {
		return nil, err
	}
	value, err := p.finder().Fact(ctx, name)
	var notKnown *NotKnownError
	switch {
	case errors.As(err, &notKnown) && hasDefault:
		if !p.told[name] {
			p.told[name] = true
			p.logger.Info("A host fact is not known; its default is used.",
				zap.String("fact", name), zap.String("default", fallback), zap.Strings("tried", notKnown.Tried))
		}
		value = fallback
	case err != nil:
		return nil, err
	}
	return confmap.NewRetrieved(value)
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

func (*provider) Shutdown(context.Context) error { return nil }
