package admission

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// of makes an Admission for templates, and a function that asks it where a record of a source goes.
func of(t *testing.T, group, stream string, o Options) (*Admission, func(source uint64, resource, record string) (string, Reason)) {
	t.Helper()
	bind := func(kind names.Kind, text string, slashes bool) *names.Namer {
		template, err := names.Parse(kind, "k", text, nil)
		require.NoError(t, err)
		return template.Bind(names.Host{Slashes: slashes})
	}
	g, s := bind(names.Group, group, !o.Groups.Empty()), bind(names.Stream, stream, !o.Streams.Empty())
	o.GroupDepends, o.StreamDepends = g.Depends(), s.Depends()
	o.Reduce = func(src *names.Source, of names.Depends) cwlogs.Target {
		return cwlogs.Target{Group: g.Reduced(src, of), Stream: s.Reduced(src, of)}
	}
	a := New(o)
	return a, func(source uint64, resource, record string) (string, Reason) {
		src := &names.Source{Resource: pcommon.NewMap(), Record: pcommon.NewMap()}
		src.Resource.PutStr("r", resource)
		src.Record.PutStr("x", record)
		var to cwlogs.Target
		to.Group, _ = g.Name(src)
		to.Stream, _ = s.Name(src)
		to, reason := a.Template(to, src, func() uint64 { return source })
		return to.Group + " " + to.Stream, reason
	}
}

func patterns(t *testing.T, texts ...string) names.Patterns {
	t.Helper()
	p, err := names.ParsePatterns(names.Stream, "k", texts)
	require.NoError(t, err)
	return p
}

func TestASourceNamesAsManyTargetsAsItMayAndOthersAreNotHarmed(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	_, ask := of(t, "/g", "{resource:r}/{record:x}", Options{Limits: Limits{PerSource: 3, Streams: 100}, Now: func() time.Time { return now }})
	for i := range 10 {
		to, reason := ask(1, "hostile", fmt.Sprint(i))
		if i < 3 {
			assert.Equal(t, fmt.Sprint("/g hostile/", i), to)
			assert.Empty(t, reason)
		} else {
			assert.Equal(t, "/g hostile/overflow", to)
			assert.Equal(t, TooMany, reason)
		}
	}
	to, reason := ask(1, "hostile", "0")
	assert.Equal(t, "/g hostile/0", to, "it was named before")
	assert.Empty(t, reason)
	to, _ = ask(2, "honest", "a")
	assert.Equal(t, "/g honest/a", to)
	now = now.Add(time.Hour)
	to, _ = ask(1, "hostile", "11")
	assert.Equal(t, "/g hostile/11", to, "an hour later")
}

func TestAllSourcesTogetherNameNoMoreThanTheLimits(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	for name, tt := range map[string]struct {
		group, stream string
		limits        Limits
		overflow      string
	}{
		"streams": {"/g", "{resource:r}", Limits{Streams: 5}, "/g overflow"},
		"groups":  {"/g/{resource:r}", "s", Limits{Groups: 5}, "/g/overflow s"},
	} {
		t.Run(name, func(t *testing.T) {
			_, ask := of(t, tt.group, tt.stream, Options{Limits: tt.limits, Now: func() time.Time { return now }})
			for i := range 1000 {
				to, reason := ask(uint64(i), fmt.Sprint(i), "")
				assert.Equal(t, i >= 5, reason == TooMany)
				assert.Equal(t, i >= 5, to == tt.overflow, to)
			}
			now = now.Add(remembered)
			_, reason := ask(7, "new", "")
			assert.Empty(t, reason)
		})
	}
}

// Streams that are beyond the limit stay in their group, which each sender of it can have.
func TestTheOverflowStaysInItsGroup(t *testing.T) {
	t.Parallel()
	_, ask := of(t, "/ecs/{resource:r}", "{record:x}", Options{Limits: Limits{Streams: 2, Groups: 2}})
	for _, c := range [][3]string{
		{"a", "1", "/ecs/a 1"}, {"a", "2", "/ecs/a 2"}, {"a", "3", "/ecs/a overflow"}, {"b", "1", "/ecs/b overflow"}, {"c", "1", "/ecs/overflow overflow"},
	} {
		to, _ := ask(1, c[0], c[1])
		assert.Equal(t, c[2], to)
	}
}

func TestNamesThatNoPatternHasAreReduced(t *testing.T) {
	t.Parallel()
	a, ask := of(t, "{resource:r}/{record:x}", "s", Options{Groups: patterns(t, "/app/*")})
	for _, c := range []struct{ resource, record, want string }{
		{"/app/shop", "a/b", "/app/shop/a/b s"},
		{"/audit", "a", "overflow/overflow s"},
		{"/app/../audit", "a", "/app/../audit/a s"}, // dots are dots
	} {
		to, reason := ask(1, c.resource, c.record)
		assert.Equal(t, c.want, to)
		assert.Equal(t, c.resource == "/audit", reason == NotAllowed)
	}
	src := &names.Source{Resource: pcommon.NewMap(), Record: pcommon.NewMap()}
	src.Resource.PutStr("r", "/app/shop")
	assert.Equal(t, cwlogs.Target{Group: "/app/shop/overflow", Stream: "s"}, *a.Fallback(cwlogs.Target{Group: "/app/shop/a", Stream: "s"}, src))

	a, ask = of(t, "/fixed", "s", Options{Groups: patterns(t, "/app/*")})
	to, reason := ask(1, "x", "y")
	assert.Equal(t, "/fixed s", to, "the operator's own name needs no pattern")
	assert.Empty(t, reason)
	assert.Nil(t, a.Fallback(cwlogs.Target{Group: "/fixed", Stream: "s"}, src))
}

func TestDocumentsNameOnlyWhatIsListed(t *testing.T) {
	t.Parallel()
	r, err := RedirectConfig{Groups: []string{"/app/*", "/one"}, Except: []string{"/app/audit*"}, Streams: []string{"web-*"}}.Parse()
	require.NoError(t, err)
	own := cwlogs.Target{Group: "/own", Stream: "own"}
	for _, c := range []struct {
		group, stream string
		want          cwlogs.Target
	}{
		{"/app/a", "web-1", cwlogs.Target{Group: "/app/a", Stream: "web-1"}},
		{"/one", "", cwlogs.Target{Group: "/one", Stream: "own"}},
		{"/app/a", "web:1", own}, {"/app/a", "db", own}, {"/app/audit", "web-1", own}, {"/app/audit/x", "", own}, {"/other", "", own}, {"/one/x", "", own},
		{"/app/a b", "", cwlogs.Target{Group: "/app/a_b", Stream: "own"}},
	} {
		to, reason := r.Target(c.group, c.stream, own)
		assert.Equal(t, c.want, to, c.group)
		assert.Equal(t, c.want == own, reason == NotAllowed)
	}
	none, err := RedirectConfig{}.Parse()
	require.NoError(t, err)
	assert.False(t, none.On())
	for _, c := range []RedirectConfig{{Groups: []string{""}}, {Streams: []string{"a"}}, {Except: []string{"a"}}} {
		_, err := c.Parse()
		assert.ErrorContains(t, err, "redirect")
	}
}

func BenchmarkKnownTarget(b *testing.B) {
	a := New(Options{StreamDepends: names.OnResource, Limits: DefaultLimits()})
	to := cwlogs.Target{Group: "/g", Stream: "s"}
	for b.Loop() {
		a.Template(to, nil, nil)
	}
}
