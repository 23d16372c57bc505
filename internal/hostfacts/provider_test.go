package hostfacts

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func resolve(t *testing.T, f *Finder, text string) (map[string]any, error) {
	t.Helper()
	r, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{"yaml:" + text},
		ProviderFactories: []confmap.ProviderFactory{newFactory(func() *Finder { return f }, time.Millisecond), envprovider.NewFactory(), yamlprovider.NewFactory()},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Shutdown(t.Context())) }()
	conf, err := r.Resolve(t.Context())
	if err != nil {
		return nil, err
	}
	return conf.ToStringMap(), nil
}

func TestFactsStandInAnyValueAsText(t *testing.T) {
	f := inAWS(t, awslocal.Options{EC2: true, Account: "000000000017"})
	got, err := resolve(t, f, `{a: "${host:account_id}", b: "/hosts/${host:name}/${host:instance_id}", c: "${host:pod_name:-}",
  d: "${host:pod_name:-007}", e: ["${host:node_name:-${host:name}}"], f: "${host:region:-eu-west-1}", g: "$${host:name}"}`)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"a": "000000000017", "b": "/hosts/web-1/i-0abcdef1234567890", "c": "", "d": "007", "e": []any{"web-1"}, "f": "us-east-1", "g": "${host:name}",
	}, got)
}

func TestAFactWithoutADefaultStopsTheStart(t *testing.T) {
	f := bare(t)
	_, err := resolve(t, f, `{a: "${host:instance_id}"}`)
	require.ErrorContains(t, err, `host fact "instance_id" is not known`)
	_, err = resolve(t, f, `{a: "${host:instance-id:-x}"}`)
	require.ErrorContains(t, err, `there is no host fact "instance-id"`, "a default does not hide a mistake")
}

func TestADefaultThatIsUsedIsLoggedOnce(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	f := bare(t)
	p := newFactory(func() *Finder { return f }, time.Millisecond).Create(confmap.ProviderSettings{Logger: zap.New(core)})
	for range 3 {
		_, err := p.Retrieve(t.Context(), "host:instance_id:-none", nil)
		require.NoError(t, err)
	}
	require.Equal(t, 1, logs.Len())
	assert.Equal(t, "instance_id", logs.All()[0].ContextMap()["fact"])
	require.NoError(t, p.Shutdown(t.Context()))
}

func TestAFactThatBecomesKnownIsAChange(t *testing.T) {
	f := bare(t)
	names := make(chan string, 1)
	names <- "" // at boot there is none yet
	f.fullName = func() (string, error) {
		name := <-names
		names <- name
		return name, nil
	}
	p := newFactory(func() *Finder { return f }, time.Millisecond).Create(confmap.ProviderSettings{})
	changes := make(chan struct{}, 10)
	watcher := func(e *confmap.ChangeEvent) {
		assert.NoError(t, e.Error)
		changes <- struct{}{}
	}
	got, err := p.Retrieve(t.Context(), "host:name:-none", watcher)
	require.NoError(t, err)
	value, err := got.AsString()
	require.NoError(t, err)
	assert.Equal(t, "none", value)
	closed, err := p.Retrieve(t.Context(), "host:name:-none", watcher)
	require.NoError(t, err)
	require.NoError(t, closed.Close(t.Context()), "a watch that has ended is not served")

	<-names
	names <- "web-1"
	<-changes
	got, err = p.Retrieve(t.Context(), "host:name:-none", watcher)
	require.NoError(t, err)
	value, err = got.AsString()
	require.NoError(t, err)
	assert.Equal(t, "web-1", value)
	require.NoError(t, p.Shutdown(t.Context()))
	assert.Empty(t, changes, "it is told once")
}

func TestTheProviderIsOfItsScheme(t *testing.T) {
	p := NewFactory().Create(confmap.ProviderSettings{})
	assert.Equal(t, "host", p.Scheme())
	_, err := p.Retrieve(t.Context(), "env:name", nil)
	require.ErrorContains(t, err, "not of the scheme host")
	got, err := p.Retrieve(t.Context(), "host:os", nil)
	require.NoError(t, err)
	s, err := got.AsString()
	require.NoError(t, err)
	assert.NotEmpty(t, s)
	require.NoError(t, p.Shutdown(t.Context()))
}

func FuzzURIs(f *testing.F) {
	for _, seed := range []string{"host:name", "host:name:-", "host:a:-b:-c", "host:", "name", "host::-", "host:\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		name, fallback, hasDefault, err := parse(uri)
		switch {
		case err != nil:
			return
		case hasDefault:
			assert.Equal(t, uri, "host:"+name+":-"+fallback)
		default:
			assert.Equal(t, uri, "host:"+name)
		}
		assert.NotContains(t, name, ":-")
	})
}
