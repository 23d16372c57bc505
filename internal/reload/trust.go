package reload

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	remote "github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
)

// trust checks what fetched layers set, and gets what the placeholders stand for on the way: none is asked that a fetched layer
// may not ask.
func (s *sources) trust(ctx context.Context, snap *snapshot, live retrieve) error {
	policy, err := s.policy(snap.merged)
	if err != nil {
		return err
	}
	s.level = Trust{Policy: policy}
	for _, l := range snap.layers {
		if l.Remote {
			s.level.Fetched = append(s.level.Fetched, l.Name)
		}
	}
	host := remote.Host{StateDir: s.stateDir}
	return remote.Check(ctx, snap.layers, snap.merged, policy, host, s.expander(snap, live))
}

// Trust is what fetched layers may do.
type Trust struct {
	// Fetched are the layers that were fetched.
	Fetched []string
	// Policy is what local layers, or a command, allow them.
	Policy remote.Policy
}

// Trust is that of the configuration that was fetched last.
func (m *Manager) Trust() Trust {
	m.work.Lock()
	defer m.work.Unlock()
	return m.sources.level
}

// Judge fetches a configuration, and gives an *remote.Error where fetched layers have what they may not have. What else is wrong
// with it is said by others.
func (m *Manager) Judge(ctx context.Context) (Trust, error) {
	m.work.Lock()
	defer m.work.Unlock()
	ctx, cancel := context.WithTimeout(ctx, m.options.Timeout)
	defer cancel()
	_, err := m.sources.fetch(ctx, m.options.URIs)
	var refused *remote.Error
	if !errors.As(err, &refused) {
		return m.sources.level, nil
	}
	return m.sources.level, refused
}

// again answers for a snapshot from the disk: the environment is asked, and the rest is in it.
func (s *sources) again(snap *snapshot) retrieve {
	return func(ctx context.Context, uri string) (*confmap.Retrieved, error) {
		if v, ok := snap.values[uri]; ok {
			return v.retrieved()
		}
		r, err := s.retrieve(ctx, "env", uri, nil)
		if err != nil {
			return nil, err
		}
		v, err := valueOf(r)
		if err != nil {
			return nil, err
		}
		v = snap.exact(uri, v)
		snap.values[uri] = v
		return v.retrieved()
	}
}

// trustAgain is trust for a snapshot from the disk, by the local layers of the newest configuration where there is one.
func (s *sources) trustAgain(ctx context.Context, snap, newest *snapshot, live retrieve) error {
	from := snap.merged
	if newest != nil && newest.merged != nil {
		from = newest.merged
	}
	policy, err := s.policy(from)
	if err != nil {
		return err
	}
	return remote.Check(ctx, snap.layers, snap.merged, policy, remote.Host{StateDir: s.stateDir}, s.expander(snap, live))
}

// stillTrusted is the last known good configuration, or nil where it has what the local layers of the newest one do not allow.
func (m *Manager) stillTrusted(ctx context.Context, good *ready, newest *snapshot) *ready {
	if good == nil || newest == nil || newest.merged == nil {
		return good
	}
	if err := m.sources.trustAgain(context.WithoutCancel(ctx), good.snapshot, newest, m.sources.again(good.snapshot)); err != nil {
		m.log().Warn("the last known good configuration has what the layers of this host do not allow now", zap.String("reason", good.scrub(err.Error())))
		return nil
	}
	return good
}

// withoutRemote is what the local layers make alone, where a fetched one was refused and there is nothing else to start with;
// nil where they make nothing that runs.
func (m *Manager) withoutRemote(ctx context.Context, refused *snapshot, err error) *snapshot {
	var untrusted *remote.Error
	if !errors.As(err, &untrusted) || refused == nil {
		return nil
	}
	local := &snapshot{values: map[string]value{}, remembered: true}
	for _, l := range refused.layers {
		if !l.Remote {
			local.layers = append(local.layers, l)
		}
	}
	if len(local.layers) == 0 {
		return nil
	}
	live := func(ctx context.Context, uri string) (*confmap.Retrieved, error) {
		if v, ok := refused.values[uri]; ok {
			local.values[uri] = v
			return v.retrieved()
		}
		scheme, _, _ := strings.Cut(uri, ":")
		r, err := m.sources.retrieve(ctx, scheme, uri, nil)
		if err != nil {
			return nil, err
		}
		v, err := valueOf(r)
		local.values[uri] = v
		return r, err
	}
	if local.merged, err = layers.Merge(local.layers); err == nil {
		if err = m.sources.trust(ctx, local, live); err == nil {
			_, err = m.sources.expand(ctx, local, live)
		}
	}
	local.seal()
	if err == nil {
		err = m.check(ctx, local)
	}
	if err != nil {
		m.log().Warn("the layers of this host make no configuration by themselves", zap.String("reason", local.scrub(err.Error())))
		return nil
	}
	m.log().Error("starting with the layers of this host alone, because a fetched layer is refused and no earlier configuration is known",
		zap.Strings("layers", local.merged.Layers()))
	return local
}

// policy is what local layers allow, or what a command was given instead.
func (s *sources) policy(m *layers.Merged) (remote.Policy, error) {
	if s.trusted != nil {
		return *s.trusted, nil
	}
	return remote.Of(m)
}

// expander resolves one text as the collector resolves it in its place.
func (s *sources) expander(snap *snapshot, live retrieve) remote.Expand {
	const key = "value"
	return func(ctx context.Context, text string, before func(uri string) error) (any, string, error) {
		asking := func(ctx context.Context, uri string) (*confmap.Retrieved, error) {
			if err := before(uri); err != nil {
				return nil, err
			}
			return live(ctx, uri)
		}
		settings := confmap.ResolverSettings{URIs: []string{layered + ":"}, DefaultScheme: s.defaultScheme}
		settings.ProviderFactories = append(settings.ProviderFactories, factoryOf(func(confmap.ProviderSettings) confmap.Provider {
			return &view{scheme: layered, retrieve: func(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
				return confmap.NewRetrieved(map[string]any{key: text})
			}}
		}))
		none := func() *snapshot { return nil } // so that every placeholder is seen; live answers from the snapshot
		r, err := confmap.NewResolver(s.withValues(settings, none, asking))
		if err != nil {
			return nil, "", err
		}
		defer func() { _ = r.Shutdown(ctx) }() // it watches nothing
		conf, err := r.Resolve(ctx)
		if err != nil {
			return nil, "", err
		}
		var as struct {
			Value string `mapstructure:"value"`
		}
		if err := conf.Unmarshal(&as); err != nil {
			as.Value = "" // no field that is a string takes it
		}
		return conf.ToStringMap()[key], as.Value, nil
	}
}

// stateOf is the folder that the collector's state is in, of which a manager has the folder "config".
func stateOf(configDir string) string {
	if configDir == "" {
		configDir = DefaultStateDir()
	}
	return filepath.Dir(configDir)
}
