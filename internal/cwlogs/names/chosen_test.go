package names

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestAValueStaysInItsPlace(t *testing.T) {
	t.Parallel()
	s := &Source{Resource: pcommon.NewMap(), Scope: pcommon.NewInstrumentationScope(), Record: pcommon.NewMap()}
	s.Resource.PutStr("service.name", "../audit/db1")
	s.Resource.PutStr("log.file.path", "/var/log/a.log")
	s.Resource.PutEmptySlice("list").AppendEmpty().SetStr("a/b")
	s.Record.PutStr("x", "a/b")
	s.Scope.SetName("lib/x")
	for text, want := range map[string]string{
		"/app/{ServiceName}":                   "/app/.._audit_db1",
		"/app/{record:x}/{scope:name}":         "/app/a_b/lib_x",
		"/app/{resource:list}":                 "/app/__a_b__",
		"/app/{resource:log.file.path}":        "/app/_var_log_a.log",
		`/app/{record:none|resource:none|"/"}`: "/app//",
	} {
		name, _ := bound(t, Group, text, Host{}).Name(s)
		assert.Equal(t, want, name, text)
	}
	name, _ := bound(t, Stream, "h{resource:log.file.path}{record:x}", Host{}).Name(s)
	assert.Equal(t, "h/var/log/a.loga_b", name)
	name, _ = bound(t, Group, "{ServiceName}", Host{Slashes: true}).Name(s)
	assert.Equal(t, "../audit/db1", name)
	name, _ = bound(t, Group, "{hostname}", Host{Fact: func(string) string { return "a/b" }}).Name(s)
	assert.Equal(t, "a/b", name, "the host's own")
}

func TestALongValuePushesNothingOut(t *testing.T) {
	t.Parallel()
	s := &Source{Resource: pcommon.NewMap(), Record: pcommon.NewMap()}
	s.Resource.PutStr("service.name", strings.Repeat("x", 2000))
	s.Record.PutStr("x", strings.Repeat("ä", 2000))
	n := bound(t, Group, "/ecs/{ServiceName}/performance", Host{})
	one, _ := n.Name(s)
	assert.Regexp(t, `^/ecs/x+-[0-9a-f]{16}/performance$`, one)
	assert.Len(t, one, MaxLength)
	s.Resource.PutStr("service.name", strings.Repeat("x", 2001))
	two, _ := n.Name(s)
	assert.NotEqual(t, one, two)

	both, _ := bound(t, Stream, "a/{ServiceName}/b/{record:x}/c", Host{}).Name(s)
	assert.Regexp(t, `^a/x+-[0-9a-f]{16}/b/ä+-[0-9a-f]{16}/c$`, both)
	assert.LessOrEqual(t, len(both), MaxLength)
}

func TestReducedNamesAreOneForAllValues(t *testing.T) {
	t.Parallel()
	s := source1()
	for _, c := range []struct {
		text string
		of   Depends
		want string
	}{
		{"/a/{ServiceName}/{record:log.file.name}", OnRecord, "/a/shop/overflow"},
		{"/a/{ServiceName}/{record:log.file.name}", OnRecord | OnResource, "/a/overflow/overflow"},
		{"{ServiceName}{record:log.file.name}", OnRecord | OnResource, "overflow"},
		{`{hostname}/{record:x|"none"}`, OnRecord, "web-1.example.com/overflow"},
		{"/a/{date:%H}", OnDate, "/a/overflow"},
		{"/a/{ServiceName}", OnRecord, "/a/shop"},
		{"/a", OnRecord, "/a"},
	} {
		assert.Equal(t, c.want, bound(t, Stream, c.text, host).Reduced(s, c.of), c.text)
	}
}

func TestAnAnchoredNameBeginsWithTheOperatorsText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"/app": true, "/app/{ServiceName}": true, "{hostname}/{ServiceName}": true, "/{env:STAGE}-{record:a}": true, `{"app"}{ServiceName}`: true,
		"/": true, "{date}": true, "{ServiceName}": false, "/{ServiceName}": false, "{record:a}-logs": false, "/-{scope:name}/x": false,
		`{env:X|record:a}/x`: false, "{date}/{record:a}": true,
	} {
		template, err := Parse(Group, "k", text, nil)
		require.NoError(t, err)
		assert.Equal(t, want, template.Anchored(), text)
	}
}

func TestPatternsMatchAsIAMsDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"/app/*", "/app/", true}, {"/app/*", "/app/a/b", true}, {"/app/*", "/app", false}, {"/app/*", "/apps/a", false}, {"/app/*", "x/app/a", false},
		{"/app", "/app", true}, {"/app", "/app/", false}, {"*", "", true}, {"*", "/anything", true},
		{"/a/*/x", "/a/b/x", true}, {"/a/*/x", "/a/x", false}, {"/a/*/*", "/a/b/c", true}, {"a*b*c", "abbc", true}, {"a*b*c", "acb", false}, {"a**", "ab", true},
		{"a:b", "a_b", true},
	} {
		p, err := ParsePatterns(Stream, "k", []string{"/other", c.pattern})
		require.NoError(t, err)
		assert.Equal(t, c.want, p.Match(c.name), "%s %s", c.pattern, c.name)
	}
	assert.False(t, Patterns{}.Match(""))
	for _, text := range []string{"", strings.Repeat("x", MaxLength+1)} {
		_, err := ParsePatterns(Group, "allowed_groups", []string{"/a", text})
		assert.ErrorContains(t, err, "allowed_groups[1]")
	}
}
