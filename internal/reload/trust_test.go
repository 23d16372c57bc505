package reload

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	remote "github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
)

// held makes mem: a source that is held to what local layers allow.
func held(o Options) Options {
	o.Trust = nil
	return o
}

const (
	localBase = "yaml:{receivers: {nop: {}}, exporters: {nop: {}}, service: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}}}"
	writes    = "exporters: {file: {path: /etc/cron.d/x}}"
)

func TestRefusedLayerLeavesTheLocalOnesWhereNothingElseIsKnown(t *testing.T) {
	s := newSource()
	s.set("base", writes)
	p, got := run(t, held(options(t, s, localBase, "mem:base")))
	defer p.end(true)
	assert.NotContains(t, got["exporters"], "file")
	r := p.refused(Invalid)
	assert.Contains(t, r.Reason, "remote_layers: {allow: [write]}")
	assert.Equal(t, []string{"mem:base:1"}, r.Where)
	s.set("base", "exporters: {nop: {}}")
	p.reload()
}

func TestRefusedLayerAloneEndsTheStart(t *testing.T) {
	s := newSource()
	s.set("base", "receivers: {nop: }\nexporters: {file: {path: /etc/cron.d/x}}\nservice: {pipelines: {logs: {receivers: [nop], exporters: [file]}}}")
	p, _, err := start(t, held(options(t, s, "mem:base")))
	defer p.end(true)
	require.ErrorContains(t, err, "a fetched layer may not have this")
}

func TestWhatALocalLayerAllowsIsRun(t *testing.T) {
	s := newSource()
	s.set("base", writes)
	p, got := run(t, held(options(t, s, localBase, "yaml:remote_layers::allow: [write]", "mem:base")))
	defer p.end(true)
	assert.Contains(t, got["exporters"], "file")
	assert.NotContains(t, got, layers.SectionRemote, "the collector does not see it")
}

// A grant that was taken back holds for the last known good configuration, too.
func TestLastKnownGoodIsHeldToWhatIsAllowedNow(t *testing.T) {
	s := newSource()
	s.set("base", writes)
	merge := func(allow string) *snapshot {
		all := []layers.Layer{{Name: "/etc/a.yaml", Text: []byte("remote_layers: {allow: " + allow + "}\nreceivers: {nop: }")}, {Name: "mem:base", Text: []byte(writes), Remote: true}}
		merged, err := layers.MergePart(all)
		require.NoError(t, err)
		return &snapshot{layers: all, merged: merged, values: map[string]value{}}
	}
	o := held(options(t, s, localBase, "mem:base"))
	m, err := New(o)
	require.NoError(t, err)
	defer m.Close(t.Context(), nil)
	good := merge("[write]")
	require.NoError(t, m.sources.trustAgain(t.Context(), good, nil, m.sources.again(good)))
	var refused *remote.Error
	require.ErrorAs(t, m.sources.trustAgain(t.Context(), good, merge("[]"), m.sources.again(good)), &refused)
	assert.Equal(t, []remote.Capability{remote.Write}, refused.Capabilities())
}

// Errors keep what helps, and lose what is a secret.
func TestErrorsHideSecretsAndNothingElse(t *testing.T) {
	merged, err := layers.MergePart([]layers.Layer{{Name: "a", Text: []byte("receivers: {otlp: {endpoint: '${env:ADDRESS}', password: '${env:PW}', token: literal-token}}\nexporters: {x: {region: '${ssm:/region}', group: '${ssm:/secure}'}}")}})
	require.NoError(t, err)
	s := &snapshot{merged: merged, values: map[string]value{
		"env:ADDRESS": {Text: "127.0.0.1:4317"}, "env:PW": {Text: "correct horse"}, "ssm:/region": {Text: "eu-central-1"},
		"ssm:/secure": {Text: "from-a-securestring", Secret: true}, "env:DB_PASSWORD": {Text: "by-its-name"}, "host:name": {Text: "web-01.example"},
	}}
	for _, shown := range []string{
		"failed to bind to address 127.0.0.1:4317: in use", `unknown region "eu-central-1"`, "host web-01.example", "true", "open /var/log/x: permission denied",
	} {
		assert.Equal(t, shown, s.scrub(shown))
	}
	for said, want := range map[string]string{
		"bad correct horse":                   "bad [REDACTED]",
		`"literal-token"`:                     `"[REDACTED]"`,
		"group from-a-securestring":           "group [REDACTED]",
		"by-its-name":                         "[REDACTED]",
		"proxy u:secret@p:1 refuses":          "proxy u:[REDACTED]@p:1 refuses",
		"Get https://x/?X-Amz-Signature=abc:": "Get https://x/?X-Amz-Signature=[REDACTED]",
	} {
		assert.Equal(t, want, s.scrub(said))
	}
}
