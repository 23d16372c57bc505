package reload

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

const base = "receivers: {nop: {a: 1}}\nexporters: {nop: }\nservice: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}}\n"

func TestCollectorGetsTheMergedLayersAndTheStatusExtension(t *testing.T) {
	s := newSource()
	t.Setenv("RELOAD_NUMBER", "0123")
	s.set("base", base)
	s.set("more", "receivers: {nop: {number: '${env:RELOAD_NUMBER}', text: 'x${mem:word}$$y'}}\nextensions: {zpages: }\nservice: {extensions: [zpages]}")
	s.set("word", "word")
	p, got := run(t, options(t, s, "mem:base", "mem:more", "yaml:receivers::nop::a: 2"))
	defer p.end(true)
	assert.Equal(t, 2, key(got, "receivers::nop::a"))
	assert.Equal(t, "xword$y", key(got, "receivers::nop::text"))
	assert.Equal(t, []any{"zpages", "config_status"}, key(got, "service::extensions"))
	var text struct {
		Number string `mapstructure:"number"`
	}
	sub, err := p.resolver.Resolve(t.Context())
	require.NoError(t, err)
	sub, err = sub.Sub("receivers::nop")
	require.NoError(t, err)
	require.NoError(t, sub.Unmarshal(&text, confmap.WithIgnoreUnused()))
	assert.Equal(t, "0123", text.Number, "digits stay as they were written where a string is wanted")
	status := p.m.Status()
	assert.Equal(t, int64(1), status.Counts[Applied])
	assert.Nil(t, status.Refused)
}

func TestChangeTakesOverAndNothingElseDoes(t *testing.T) {
	s := newSource()
	s.set("base", base)
	s.set("word", "one")
	p, _ := run(t, options(t, s, "mem:base", "yaml:receivers::nop::text: ${mem:word}"))
	defer p.end(true)

	s.set("word", "two")
	assert.Equal(t, "two", key(p.reload(), "receivers::nop::text"), "a value has changed")
	p.m.Started()
	s.set("base", base+"processors: {batch: }\n")
	assert.Contains(t, p.reload(), "processors", "a layer has changed")
	p.m.Started()

	s.set("base", base+"processors: {batch: }\n")
	require.Eventually(t, func() bool { return p.m.Status().Counts[Unchanged] > 0 }, deadline, tick)
	select {
	case <-p.resolver.Watch():
		assert.Fail(t, "the same text is no change")
	default:
	}
	assert.Equal(t, int64(3), p.m.Status().Counts[Applied])
	assert.Equal(t, 2, s.watched(), "each source is watched once")
}

// The collector also comes by itself, on a SIGHUP, and has then not heard the call before.
func TestCollectorThatComesUncalledIsNotWaitedFor(t *testing.T) {
	s := newSource()
	s.set("base", base)
	p, _ := run(t, options(t, s, "mem:base"))
	for i, text := range []string{"processors: {a: }", "processors: {b: }", "processors: {c: }"} {
		s.set("base", base+text)
		require.Eventually(t, func() bool { // without a look at the resolver's channel
			got, err := p.resolve()
			require.NoError(t, err)
			p.m.Started()
			return got["processors"] != nil && strings.Contains(text, firstKey(got["processors"]))
		}, deadline, tick, "%d", i)
	}
	p.end(true)
}

func firstKey(v any) string {
	for k := range v.(map[string]any) {
		return k + ":"
	}
	return "?"
}

func TestInvalidChangeLeavesWhatRuns(t *testing.T) {
	s := newSource()
	s.set("base", base)
	p, _ := run(t, options(t, s, "mem:base", "mem:base"))
	defer p.end(true)
	for text, want := range map[string]string{
		"receivers: {nop: {\n  bad: 1}}\n" + "exporters: {nop: }\nservice: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}}": "'bad' has invalid value 1",
		"receivers: [": "mem:base",
		"service: {pipelines: {logs: {receivers: [absent]}}}": "absent",
	} {
		s.set("base", text)
		require.Eventually(t, func() bool {
			r := p.m.Status().Refused
			return r != nil && r.Outcome == Invalid && strings.Contains(r.Reason, want)
		}, deadline, tick, "%s: %+v", text, p.m.Status().Refused)
		if want == "'bad' has invalid value 1" {
			assert.Equal(t, []string{"mem:base:2"}, p.m.Status().Refused.Where)
		}
	}
	assert.Equal(t, int64(3), p.m.Status().Counts[Invalid])
	s.set("base", base)
	require.Eventually(t, func() bool { return p.m.Status().Refused == nil }, deadline, tick)
	assert.Equal(t, int64(1), p.m.Status().Counts[Applied], "nothing was restarted")
	said, ok, err := ReadStatus(p.m.options.StateDir, p.m.options.URIs)
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Nil(t, said.Refused)
}

func TestValuesAreNotInReasons(t *testing.T) {
	s := newSource()
	s.set("base", base)
	s.set("secret", "correct horse")
	p, _ := run(t, options(t, s, "mem:base", "yaml:exporters::nop::x: ${mem:secret}"))
	defer p.end(true)
	s.set("base", "receivers: {nop: {bad: '${mem:secret}'}}\nexporters: {nop: }\nservice: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}}\n")
	r := p.refused(Invalid)
	assert.Contains(t, r.Reason, "has invalid value "+"[REDACTED]")
	assert.NotContains(t, r.Reason, "horse")
}

func TestLastKnownGoodIsUsedWhereTheNewestCannotBe(t *testing.T) {
	t.Setenv("RELOAD_WORD", "before")
	s := newSource()
	s.set("base", base)
	s.set("secret", "correct horse")
	o := options(t, s, "mem:base", "yaml:receivers::nop::text: ${mem:secret} ${env:RELOAD_WORD}")
	o.HealthyAfter = time.Nanosecond
	p, _ := run(t, o)
	require.Eventually(t, func() bool { return p.m.Status().Running.Healthy }, deadline, tick)
	p.end(true)
	files, err := filepath.Glob(filepath.Join(o.StateDir, "*"))
	require.NoError(t, err)
	for _, f := range files {
		info, err := os.Stat(f)
		require.NoError(t, err)
		if os.PathSeparator == '/' {
			assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), f)
		}
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "before", "the environment stays off the disk")
	}
	t.Setenv("RELOAD_WORD", "now")

	s.setDown(true)
	p, got := run(t, o)
	assert.Equal(t, "correct horse now", key(got, "receivers::nop::text"))
	assert.Equal(t, Unreachable, p.m.Status().Refused.Outcome)
	assert.True(t, p.m.Status().Running.LastKnownGood)
	s.setDown(false)
	p.m.Look()
	require.Eventually(t, func() bool { return p.m.Status().Refused == nil }, deadline, tick, "the newest is the same")
	assert.False(t, p.m.Status().Running.LastKnownGood)
	p.end(true)

	s.set("base", "receivers: {nop: {bad: 1}}\nexporters: {nop: }\nservice: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}}\n")
	p, got = run(t, o)
	assert.Equal(t, 1, key(got, "receivers::nop::a"))
	assert.Equal(t, Invalid, p.m.Status().Refused.Outcome)
	s.set("base", base+"processors: {batch: }\n")
	assert.Contains(t, p.reload(), "processors", "it is left for a valid newer one")
	p.end(true)

	s.setDown(true)
	other := o
	other.URIs = []string{"mem:base"}
	m, _, err := start(t, other)
	require.ErrorContains(t, err, "mem:base: no connection", "it is that of other sources")
	m.end(false)
}

func TestStartWithoutAnythingFails(t *testing.T) {
	s := newSource()
	p, _, err := start(t, options(t, s, "mem:base"))
	require.ErrorContains(t, err, "there is no such text")
	again, err := p.m.Again(err)
	assert.False(t, again)
	assert.Error(t, err)
	p.end(false)
	_, err = New(options(t, s, "ftp://x"))
	require.ErrorContains(t, err, `unsupported scheme on URI "ftp://x"`)
	_, err = New(options(t, s))
	require.ErrorContains(t, err, "--config")
}

func TestConfigurationThatCrashesTwiceIsLeft(t *testing.T) {
	s := newSource()
	s.set("base", base)
	o := options(t, s, "mem:base")
	o.HealthyAfter = time.Nanosecond
	p, _ := run(t, o)
	require.Eventually(t, func() bool { return p.m.Status().Running.Healthy }, deadline, tick)
	p.end(true)

	o.HealthyAfter = time.Hour
	s.set("base", base+"processors: {batch: }\n")
	for range crashes {
		p, got := run(t, o)
		assert.Contains(t, got, "processors")
		p.end(false)
	}
	p, got := run(t, o)
	assert.NotContains(t, got, "processors")
	assert.Equal(t, Failed, p.m.Status().Refused.Outcome)
	p.m.Look()
	p.end(true)
	p, got = run(t, o)
	assert.NotContains(t, got, "processors", "an orderly end forgives nothing")
	s.set("base", base+"processors: {batch: {a: 1}}\n")
	assert.Contains(t, p.reload(), "processors")
	p.m.Started()
	p.end(true)
	p, got = run(t, o)
	assert.Contains(t, got, "processors", "an orderly end is no crash")
	p.end(true)
}

func TestConfigurationThatCannotStartGivesWay(t *testing.T) {
	s := newSource()
	s.set("base", base)
	p, _ := run(t, options(t, s, "mem:base"))
	s.set("base", base+"processors: {batch: }\n")
	assert.Contains(t, p.reload(), "processors")
	require.NoError(t, p.resolver.Shutdown(t.Context()))
	again, err := p.m.Again(errors.New("address already in use"))
	require.NoError(t, err)
	require.True(t, again)
	got, err := p.collect()
	require.NoError(t, err)
	assert.NotContains(t, got, "processors")
	p.m.Started()
	assert.Contains(t, p.refused(Failed).Reason, "address already in use")
	s.set("base", base+"processors: {batch: }\n")
	p.m.Look()
	s.set("base", base+"processors: {other: }\n")
	assert.Contains(t, key(p.reload(), "processors"), "other", "the one that failed is not tried again")
	again, err = p.m.Again(nil)
	require.NoError(t, err)
	assert.False(t, again, "an orderly end")
	p.end(true)
}

func TestFatalErrorOfAComponentIsAnError(t *testing.T) {
	s := newSource()
	s.set("base", base)
	p, _ := run(t, options(t, s, "mem:base"))
	p.m.Fatal("otlp", errors.New("the listener is gone"))
	again, err := p.m.Again(nil)
	assert.False(t, again)
	require.ErrorContains(t, err, "otlp: the listener is gone")
	p.end(false)
}

func TestSickComponentIsNoGoodConfiguration(t *testing.T) {
	s := newSource()
	s.set("base", base)
	o := options(t, s, "mem:base")
	o.HealthyAfter = 50 * time.Millisecond
	m, err := New(o)
	require.NoError(t, err)
	p := &process{t: t, m: m}
	_, err = p.collect()
	require.NoError(t, err)
	m.Sick("awsemf")
	m.Started()
	time.Sleep(4 * o.HealthyAfter) // nothing may happen
	assert.False(t, m.Status().Running.Healthy)
	p.end(true)
}

func TestStateFolderThatCannotBeWrittenStopsNothing(t *testing.T) {
	s := newSource()
	s.set("base", base)
	o := options(t, s, "mem:base")
	o.StateDir = filepath.Join(t.TempDir(), "file", "config")
	require.NoError(t, os.WriteFile(filepath.Dir(o.StateDir), nil, 0o600))
	o.HealthyAfter = time.Nanosecond
	p, _ := run(t, o)
	require.Eventually(t, func() bool { return p.m.Status().Running.Healthy }, deadline, tick)
	assert.Zero(t, p.m.Status().LastKnownGood)
	p.end(true)
}

func TestDamagedMemoryIsNotUsed(t *testing.T) {
	s := newSource()
	s.set("base", base)
	o := options(t, s, "mem:base")
	require.NoError(t, os.MkdirAll(o.StateDir, 0o700))
	m := newMemory(o.StateDir, "", o.URIs)
	for _, text := range []string{"", "{", `{"version": 99}`, `{"version": 1, "uris": ["mem:base"], "layers": [{"Name": "x", "Text": "Ww=="}]}`} {
		require.NoError(t, os.WriteFile(m.path(m.name("good")), []byte(text), 0o600))
		require.NoError(t, os.WriteFile(m.path(m.name("attempt")), []byte(text), 0o600))
		p, _ := run(t, o)
		p.end(true)
	}
}
