package reload

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/confmap"
)

// layered is the scheme of the provider that has the merged layers.
const layered = "layered"

// retrieve gets what a placeholder stands for, where a snapshot does not have it.
type retrieve func(ctx context.Context, uri string) (*confmap.Retrieved, error)

// views are resolver settings that answer from a snapshot. Nothing is watched through them.
func (s *sources) views(current func() *snapshot, live retrieve) confmap.ResolverSettings {
	settings := confmap.ResolverSettings{DefaultScheme: s.defaultScheme}
	settings.ProviderFactories = append(settings.ProviderFactories, factoryOf(func(confmap.ProviderSettings) confmap.Provider {
		return &view{scheme: layered, retrieve: func(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
			return confmap.NewRetrieved(current().conf())
		}}
	}))
	return s.withValues(settings, current, live)
}

// withValues adds a view for the scheme of every placeholder.
func (s *sources) withValues(settings confmap.ResolverSettings, current func() *snapshot, live retrieve) confmap.ResolverSettings {
	for scheme := range s.providers {
		settings.ProviderFactories = append(settings.ProviderFactories, factoryOf(func(confmap.ProviderSettings) confmap.Provider {
			return &view{scheme: scheme, retrieve: func(ctx context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
				if snap := current(); snap != nil {
					if v, ok := snap.values[uri]; ok {
						return v.retrieved()
					}
				}
				return live(ctx, uri)
			}}
		}))
	}
	return settings
}

func factoryOf(create confmap.CreateProviderFunc) confmap.ProviderFactory {
	return confmap.NewProviderFactory(create)
}

// view is a provider that ends without ending what is behind it.
type view struct {
	scheme   string
	retrieve func(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error)
}

func (v *view) Scheme() string { return v.scheme }

func (v *view) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	return v.retrieve(ctx, uri, watcher)
}

func (v *view) Shutdown(context.Context) error { return nil }

// neverSeen is what a view answers for a placeholder that was not there when the snapshot was tried.
func neverSeen(context.Context, string) (*confmap.Retrieved, error) {
	return nil, errors.New("the placeholder was not there when the configuration was tried")
}
