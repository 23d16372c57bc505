package trust

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// fixed answers for a scheme.
type fixed struct {
	scheme string
	values map[string]string
	asked  *[]string
}

func (f *fixed) Scheme() string { return f.scheme }
func (f *fixed) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	*f.asked = append(*f.asked, uri)
	text, ok := f.values[uri]
	if !ok {
		return nil, errors.New("not there: " + uri)
	}
	return confmap.NewRetrievedFromYAML([]byte(text))
}
func (f *fixed) Shutdown(context.Context) error { return nil }

// bench checks layers with the collector's own resolver.
type bench struct {
	values map[string]string
	asked  []string
}

func (b *bench) expand(ctx context.Context, text string, before func(string) error) (any, string, error) {
	settings := confmap.ResolverSettings{URIs: []string{"root:"}, DefaultScheme: "env"}
	add := func(scheme string, p confmap.Provider) {
		settings.ProviderFactories = append(settings.ProviderFactories, confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider {
			return &asking{p, scheme, before}
		}))
	}
	settings.ProviderFactories = append(settings.ProviderFactories, confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider {
		return &root{text}
	}))
	add("env", envprovider.NewFactory().Create(confmap.ProviderSettings{Logger: nop}))
	add("yaml", yamlprovider.NewFactory().Create(confmap.ProviderSettings{Logger: nop}))
	for _, scheme := range []string{"ssm", "file", "http", "https", "s3", "secretsmanager", "host"} {
		add(scheme, &fixed{scheme, b.values, &b.asked})
	}
	r, err := confmap.NewResolver(settings)
	if err != nil {
		return nil, "", err
	}
	conf, err := r.Resolve(ctx)
	if err != nil {
		return nil, "", err
	}
	var as struct {
		V string `mapstructure:"v"`
	}
	if conf.Unmarshal(&as) != nil {
		as.V = ""
	}
	return conf.ToStringMap()["v"], as.V, nil
}

type root struct{ text string }

func (r *root) Scheme() string { return "root" }
func (r *root) Retrieve(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
	return confmap.NewRetrieved(map[string]any{"v": r.text})
}
func (r *root) Shutdown(context.Context) error { return nil }

type asking struct {
	confmap.Provider
	scheme string
	before func(string) error
}

func (a *asking) Scheme() string { return a.scheme }
func (a *asking) Retrieve(ctx context.Context, uri string, w confmap.WatcherFunc) (*confmap.Retrieved, error) {
	if err := a.before(uri); err != nil {
		return nil, err
	}
	return a.Provider.Retrieve(ctx, uri, w)
}

// check merges a local layer and a fetched one, and gives the capabilities that the fetched one would need.
func (b *bench) check(t *testing.T, local, remote string) (string, error) {
	t.Helper()
	all := []layers.Layer{{Name: "/etc/host.yaml", Text: []byte(local)}, {Name: "ssm:/fleet/app (version 2)", Text: []byte(remote), Remote: true}}
	merged, err := layers.MergePart(all)
	require.NoError(t, err)
	policy, err := Of(merged)
	require.NoError(t, err)
	err = Check(context.Background(), all, merged, policy, Host{StateDir: "/var/lib/otelcol-cloudwatch", GOOS: "linux"}, b.expand)
	var refused *Error
	if !errors.As(err, &refused) {
		require.NoError(t, err)
		return "", nil
	}
	return strings.ReplaceAll(list(refused.Capabilities()), ", ", " "), err
}
