package names

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

var longText = strings.Repeat("x", 600)

// host is a host with a name, an id and a variable.
var host = Host{
	Fact: func(name string) string {
		return map[string]string{"fqdn": "web-1.example.com", "instance_id": "mi-0123", "region": "eu-central-1"}[name]
	},
	LookupEnv: func(name string) (string, bool) {
		value, ok := map[string]string{"STAGE": "prod", "EMPTY": "", "ODD": "a:b c"}[name]
		return value, ok
	},
}

func bound(t testing.TB, kind Kind, text string, h Host) *Namer {
	t.Helper()
	template, err := Parse(kind, "key", text, nil)
	require.NoError(t, err)
	return template.Bind(h)
}

// day is 2026-01-02 03:04:05.006 UTC.
var day = time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC).UnixMilli()

func source1() *Source {
	s := &Source{Resource: pcommon.NewMap(), Scope: pcommon.NewInstrumentationScope(), Record: pcommon.NewMap(), Time: day}
	_ = s.Resource.FromRaw(map[string]any{
		"service.name": "shop", "PodName": "mine", "pod": "theirs", "ClusterName": "", "aws.ecs.cluster.name": "main",
		"n": 7, "ok": true, "f": 1.5, "list": []any{"a", 1}, "nothing": nil, "a|b": "bar", `q"}`: "quote", " s ": "spaces",
	})
	s.Scope.SetName("lib")
	s.Scope.SetVersion("1.2")
	s.Scope.Attributes().PutStr("team", "blue")
	s.Record.PutStr("log.file.name", "app.log")
	return s
}

func TestNamesAreMadeOfTheirSources(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"text", "plain", "plain"},
		{"upstream's", "{ServiceName}", "shop"},
		{"upstream's own name first", "{PodName}", "mine"},
		{"an empty value is none", "{ClusterName}", "main"},
		{"upstream's undefined", "a-{TaskId}-b", "a-undefined-b"},
		{"resource", "{resource:service.name}", "shop"},
		{"number", "{resource:n}", "7"},
		{"boolean", "{resource:ok}", "true"},
		{"fraction", "{resource:f}", "1.5"},
		{"list", "{resource:list}", `["a",1]`},
		{"value that is nothing", "{resource:nothing}", "undefined"},
		{"scope", "{scope:name}@{scope:version}/{scope:team}", "lib@1.2/blue"},
		{"record", "{record:log.file.name}", "app.log"},
		{"first that is there", `{resource:x|record:y|scope:name|"z"}`, "lib"},
		{"text as the last", `{resource:x | "z z"}`, "z z"},
		{"nothing as the last", `a{resource:x|""}b`, "ab"},
		{"nothing at all", `{resource:x|""}`, "undefined"},
		{"upstream's as one of several", `{TaskId|ServiceName}`, "shop"},
		{"quoted key", `{resource:"a|b"}{resource:"q\"}"}{resource:" s "}`, "barquotespaces"},
		{"braces", `{"{"}{ServiceName}{"}"}`, "{shop}"},
		{"date", "{date}", "2026-01-02"},
		{"date with a format", "{date:%Y%m%d-%H%M.%j %b %y %G-W%V-%u %%}", "20260102-0304.002 Jan 26 2026-W01-5 %"},
		{"fact", "{host:region}", "eu-central-1"},
		{"agent's", "{instance_id}/{hostname}", "mi-0123/web-1.example.com"},
		{"fact that is not known", `{account_id|host:image_id|"none"}`, "none"},
		{"environment", "{env:STAGE}{env:EMPTY|env:MISSING}", "produndefined"},
		{"environment that no stream may have", "{env:ODD}", "a_b c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := bound(t, Stream, c.text, host)
			got, whole := n.Name(source1())
			assert.Equal(t, c.want, got)
			assert.Equal(t, !strings.Contains(c.want, "undefined") || strings.Contains(c.text, `""`), whole)
			again, _ := n.Name(source1())
			assert.Equal(t, got, again)
		})
	}
}

func TestDependsOnWhatIsLookedAt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Depends{
		"x":                          0,
		"{hostname}{env:STAGE}":      0,
		"{env:MISSING}":              0,
		"{env:STAGE|resource:a}":     0,
		"{env:MISSING|resource:a}":   OnResource,
		"{ServiceName}":              OnResource,
		"{scope:name}":               OnScope,
		"{record:a|scope:version}":   OnRecord | OnScope,
		"{date:%H}-{resource:a}":     OnDate | OnResource,
		`{record:a|"x"}{scope:attr}`: OnRecord | OnScope,
	} {
		n := bound(t, Stream, text, host)
		assert.Equal(t, want, n.Depends(), text)
		if want == 0 {
			name, _ := n.Name(&Source{}) // nothing of it is looked at
			assert.NotEmpty(t, name)
		}
	}
}

func TestUndefinedIsTheOperatorsWord(t *testing.T) {
	t.Parallel()
	name, whole := bound(t, Group, "/a/{TaskId}", Host{Undefined: "no ne"}).Name(source1())
	assert.Equal(t, "/a/no_ne", name)
	assert.False(t, whole)
}

func TestValuesThatLookLikePlaceholdersAreNotExpanded(t *testing.T) {
	t.Parallel()
	s := source1()
	s.Record.PutStr("a", "{ServiceName}")
	name, _ := bound(t, Stream, "{record:a}", host).Name(s)
	assert.Equal(t, "{ServiceName}", name)
}

func TestAnotherDayIsAnotherName(t *testing.T) {
	t.Parallel()
	n, s := bound(t, Stream, "{date}", host), source1()
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 12, 31, 23, 59, 59, 999e6, time.UTC), "2026-12-31"},
		{time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), "2027-01-01"},
		{time.Date(2027, 1, 1, 1, 0, 0, 0, time.FixedZone("", 2*60*60)), "2026-12-31"},
		{time.UnixMilli(-1), "1969-12-31"},
	} {
		s.Time = c.at.UnixMilli()
		name, _ := n.Name(s)
		assert.Equal(t, c.want, name)
	}
}

func TestMoreNamesThanAreRememberedAreRight(t *testing.T) {
	t.Parallel()
	n := bound(t, Stream, "{record:k}", host)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s := &Source{Record: pcommon.NewMap()}
			for i := range 3 * remembered {
				want := fmt.Sprint("s-", i%(remembered+200))
				s.Record.PutStr("k", want)
				if got, _ := n.Name(s); got != want {
					t.Errorf("%q instead of %q", got, want)
				}
			}
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, len(n.known.young), remembered)
	assert.LessOrEqual(t, len(n.known.older), remembered)
}

func TestHugeValuesAreNotRemembered(t *testing.T) {
	t.Parallel()
	n, s := bound(t, Stream, "{record:k}", host), source1()
	s.Record.PutStr("k", strings.Repeat("x", 1<<20))
	name, _ := n.Name(s)
	assert.Len(t, name, MaxLength)
	assert.Empty(t, n.known.young)
}

func TestAKnownNameCostsNoAllocation(t *testing.T) {
	n, s := bound(t, Stream, "/{ServiceName}/{record:log.file.name}/{date}/{resource:n}", host), source1()
	assert.Zero(t, testing.AllocsPerRun(100, func() { n.Name(s) }))
}

func BenchmarkKnownName(b *testing.B) {
	n, s := bound(b, Stream, "{ServiceName}/{record:log.file.name}", host), source1()
	b.ReportAllocs()
	for b.Loop() {
		n.Name(s)
	}
}

func BenchmarkKnownNameWithDate(b *testing.B) {
	n, s := bound(b, Stream, "{ServiceName}/{date}", host), source1()
	b.ReportAllocs()
	for b.Loop() {
		n.Name(s)
	}
}
