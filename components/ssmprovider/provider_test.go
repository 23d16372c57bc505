package ssmprovider

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

func TestSchemeIsOneThatConfmapTakes(t *testing.T) {
	t.Parallel()
	p := NewFactory().Create(confmap.ProviderSettings{})
	assert.NoError(t, confmaptest.ValidateProviderScheme(p))
	assert.NoError(t, p.Shutdown(t.Context()))
}

// resolve expands a configuration as the collector does.
func (w *world) resolve(t *testing.T, text string) (*confmap.Conf, error) {
	t.Helper()
	r, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{text},
		ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory(), NewFactoryWith(w.open)},
	})
	require.NoError(t, err)
	defer func() { assert.NoError(t, r.Shutdown(context.Background())) }()
	return r.Resolve(t.Context())
}

func TestValuesFitFieldsOfAllTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{IgnoreQuotas: true})
	texts := []string{
		"hunter2", "0123", "1e3", "true", "~", "#comment", "a: b", "1: x", "- a", "[x", `"quoted"`, " spaced ", "2024-01-02",
		"a$$b$c", "${env:HOME}", "x${ssm:/other}y", "-----BEGIN KEY-----\nA: b\n\nxyz\n-----END KEY-----\n", "{a: 'b", "99999999999999999999", "0x1F", "null",
	}
	for _, text := range texts {
		w.put(t, "/value", text, true)
		conf, err := w.resolve(t, "yaml:{text: '${ssm:/value}', inline: '<${ssm:/value}>'}")
		require.NoError(t, err, text)
		var got struct {
			Text   string `mapstructure:"text"`
			Inline string `mapstructure:"inline"`
		}
		require.NoError(t, conf.Unmarshal(&got), text)
		assert.Equal(t, text, got.Text)
		assert.Equal(t, "<"+text+">", got.Inline)
	}
	w.put(t, "/port", "4317")
	w.put(t, "/tls", "true")
	w.put(t, "/list", "[a, b]")
	w.put(t, "/map", "endpoint: ${ssm:/port}") // a piece of configuration: expanded in its turn
	conf, err := w.resolve(t, "yaml:{port: '${ssm:/port}', tls: '${ssm:/tls}', list: '${ssm:/list}', map: '${ssm:/map}', port_text: '${ssm:/port}'}")
	require.NoError(t, err)
	var got struct {
		Port     int               `mapstructure:"port"`
		PortText string            `mapstructure:"port_text"`
		TLS      bool              `mapstructure:"tls"`
		List     []string          `mapstructure:"list"`
		Map      map[string]string `mapstructure:"map"`
	}
	require.NoError(t, conf.Unmarshal(&got))
	assert.Equal(t, 4317, got.Port)
	assert.Equal(t, "4317", got.PortText)
	assert.True(t, got.TLS)
	assert.Equal(t, []string{"a", "b"}, got.List)
	assert.Equal(t, map[string]string{"endpoint": "4317"}, got.Map)
}

func TestKeysOfJSONAndDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{IgnoreQuotas: true})
	w.put(t, "/db", `{"user": "me", "port": 05, "x": 1}`)
	w.put(t, "/json", `{"user": "me", "port": 5432, "deep": {"er": {"a.b": "c: d"}}, "list": [{"n": "0"}], "none": null, "big": 12345678901234567890, "tls": true}`)
	p := w.provider(nil)
	defer shutdown(t, p)
	for uri, want := range map[string]string{
		"ssm:/json#user":                  "me",
		"ssm:/json#port":                  "5432",
		"ssm:/json#deep.er.a.b":           "c: d",
		"ssm:/json#list.0.n":              "0",
		"ssm:/json#tls":                   "true",
		"ssm:/json#big":                   "12345678901234567890",
		"ssm:/json#deep":                  `{"er":{"a.b":"c: d"}}`,
		"ssm:/json#absent:-fallback":      "fallback",
		"ssm:/json#list.1.n:-f":           "f",
		"ssm:/absent:-fallback":           "fallback",
		"ssm:/absent:-":                   "",
		"ssm:/json:9:-old":                "old",
		"ssm:/json:live?poll=off:-0123":   "0123",
		"ssm:/absent#key?optional=true:-": "",
	} {
		r, err := p.Retrieve(t.Context(), uri, nil)
		require.NoError(t, err, uri)
		got, err := r.AsString()
		require.NoError(t, err, uri)
		assert.Equal(t, want, got, uri)
	}
	for uri, want := range map[string]string{
		"ssm:/json#absent": `has no key "absent"`,
		"ssm:/db#user":     "no JSON object",
		"ssm:/absent":      "there is no such parameter",
		"ssm:/json:live":   "or it has no live",
		"ssm:/empty/":      "no parameter below this path",
		"ssm:json/x":       "does not begin with one",
		"env:X":            "not ssm",
	} {
		_, err := p.Retrieve(t.Context(), uri, nil)
		assert.ErrorContains(t, err, want, uri)
	}
	r, err := p.Retrieve(t.Context(), "ssm:/absent?optional=true", nil)
	require.NoError(t, err)
	conf, err := r.AsConf()
	require.NoError(t, err)
	assert.Empty(t, conf.AllKeys())
}

func TestPathIsOneLayerForEachParameter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{IgnoreQuotas: true})
	store := ssmstore.New(w.config, ssmstore.Options{})
	_, err := store.Push(t.Context(), "/fleet/20-big", []byte("b: 1\n"+strings.Repeat("# filler\n", 30_000)), ssmstore.PushOptions{})
	require.NoError(t, err)
	w.put(t, "/fleet/10-base", "a: 1")
	w.put(t, "/fleet/10-base", "a: 2")
	w.put(t, "/fleet/30-secret", "b: 3", true)
	p := w.provider(nil)
	defer shutdown(t, p)
	got, err := p.RetrieveLayers(t.Context(), "ssm:/fleet/", nil)
	require.NoError(t, err)
	var names []string
	for _, l := range got.Layers {
		names = append(names, l.Name)
	}
	assert.Equal(t, []string{"ssm:/fleet/10-base (version 2)", "ssm:/fleet/20-big (version 1)", "ssm:/fleet/30-secret (version 1)"}, names)
	assert.Equal(t, "a: 2", string(got.Layers[0].Text))
	assert.Equal(t, "b: 3", string(got.Layers[2].Text))
	require.NoError(t, got.Close(t.Context()))

	one, err := p.RetrieveLayers(t.Context(), "ssm:/fleet/10-base:1", nil)
	require.NoError(t, err)
	assert.Equal(t, "ssm:/fleet/10-base (version 1)", one.Layers[0].Name)
	none, err := p.RetrieveLayers(t.Context(), "ssm:/none?optional=true", nil)
	require.NoError(t, err)
	assert.Equal(t, "ssm:/none (absent)", none.Layers[0].Name)
	assert.Empty(t, none.Layers[0].Text)

	conf, err := w.resolve(t, "ssm:/fleet/") // as the stock collector does
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"a": 2, "b": 3}, conf.ToStringMap())
}

func TestEachWayToAWSIsOpenedOnceAndEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{IgnoreQuotas: true})
	w.put(t, "/a", "x")
	p := w.provider(nil)
	const role = "?role_arn=arn:aws:iam::123456789012:role/reader"
	for _, uri := range []string{"ssm:/a", "ssm:/a", "ssm:/a?region=us-east-1", "ssm:arn:aws:ssm:us-east-1:123456789012:parameter/a", "ssm:/a" + role, "ssm:/a" + role} {
		_, err := p.Retrieve(t.Context(), uri, func(*confmap.ChangeEvent) {})
		require.NoError(t, err, uri)
	}
	assert.Equal(t, []awsconfig.Config{{}, {Region: "us-east-1"}, {Credentials: awsconfig.Credentials{
		AssumeRole: []awsconfig.AssumeRole{{RoleARN: "arn:aws:iam::123456789012:role/reader"}}}}}, w.opened)
	shutdown(t, p)
	assert.Equal(t, 3, w.ended)
	_, err := p.Retrieve(t.Context(), "ssm:/a", nil)
	assert.ErrorContains(t, err, "shut down")
}

func TestRealSessionTakesTheEnvironment(t *testing.T) {
	awslocal.OutsideAWS(t)
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	for _, v := range s.Env() {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	p := NewFactory().Create(confmap.ProviderSettings{Logger: zap.NewNop()})
	_, err := p.Retrieve(t.Context(), "ssm:/absent", nil)
	assert.ErrorContains(t, err, "GetParameters of /absent (us-east-1")
	assert.NoError(t, p.Shutdown(t.Context()))
}

func FuzzValue(f *testing.F) {
	for _, seed := range []string{`{"a": {"b": 1}}`, "a: b", "$${x", "~", "[1"} {
		f.Add(seed, "a.b")
	}
	f.Fuzz(func(t *testing.T, text, key string) {
		for _, key := range []string{"", key} {
			a := &answer{uri: ssmstore.URI{Ref: ssmstore.Ref{Name: "/a"}, Key: key}, snapshot: ssmstore.Snapshot{Documents: []ssmstore.Document{{Text: []byte(text)}}}}
			if r, err := a.retrieved(); err == nil {
				_, _ = r.AsRaw()
			}
			require.Equal(t, a.digest(), a.digest())
		}
	})
}
