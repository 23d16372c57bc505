package names

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestWhatCloudWatchRefusesBecomesAnUnderscore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind       Kind
		name, want string
	}{
		{Group, "/a-b_c.D#9", "/a-b_c.D#9"},
		{Group, "a b:c", "a_b_c"},
		{Group, "größe", "gr__e"},
		{Group, "a\xffb", "a_b"},
		{Group, "aws/x", "aws_x"},
		{Group, "aws/" + strings.Repeat("x", 508), "aws_" + strings.Repeat("x", 508)},
		{Group, "/aws/x", "/aws/x"},
		{Stream, "a:b*c\x00d\x7fe\u0085", "a_b_c_d_e_"},
		{Stream, "größe [x] {y} \uFFFD", "größe [x] {y} \uFFFD"},
		{Stream, "a\xffb", "a_b"},
		{Stream, "aws/x", "aws/x"},
		{Stream, "", ""},
	} {
		assert.Equal(t, c.want, Clean(c.kind, c.name), "%q", c.name)
	}
}

func TestLongNamesAreCutAndStayDifferent(t *testing.T) {
	t.Parallel()
	exact := strings.Repeat("a", MaxLength)
	assert.Equal(t, exact, Clean(Stream, exact))
	one, two := Clean(Stream, exact+"1"), Clean(Stream, exact+"2")
	assert.Len(t, one, MaxLength)
	assert.NotEqual(t, one, two)
	assert.Equal(t, one, Clean(Stream, exact+"1"))
	assert.Regexp(t, `^a{495}-[0-9a-f]{16}$`, one)

	wide := Clean(Stream, strings.Repeat("ö", 300)) // 495 is inside of a character
	assert.True(t, utf8.ValidString(wide))
	assert.Len(t, wide, MaxLength-1)
	assert.Equal(t, strings.Repeat("_", 300), Clean(Group, strings.Repeat("ö", 300)))
	assert.Len(t, Clean(Group, strings.Repeat("\U0001F600", 1<<16)), MaxLength)
	assert.NotEqual(t, Clean(Group, strings.Repeat("ä", 600)), Clean(Group, strings.Repeat("ö", 600)))
}

var (
	goodGroup = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	badStream = regexp.MustCompile(`[:*\x00-\x1f]`)
)

const exampleKey = "key"

// accepted tells what the service model and its documentation ask of a name.
func accepted(kind Kind, name string) bool {
	if kind == Group {
		return goodGroup.MatchString(name) && !strings.HasPrefix(name, "aws/")
	}
	n := utf8.RuneCountInString(name)
	return utf8.ValidString(name) && n >= 1 && n <= 512 && !badStream.MatchString(name) && strings.IndexFunc(name, unicode.IsControl) < 0
}

func FuzzNamesAreAccepted(f *testing.F) {
	f.Add(true, "a", "b")
	f.Add(false, "aws/é:", "*\n\xff")
	f.Add(false, strings.Repeat("\U0001F600", 200), "")
	f.Add(true, strings.Repeat("é", 300), "x")
	template, err := Parse(Stream, exampleKey, `{record:a|env:E}{resource:b|""}`, nil)
	require.NoError(f, err)
	group, err := Parse(Group, exampleKey, `{record:a|env:E}{resource:b|""}`, nil)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, isGroup bool, a, b string) {
		kind, parsed := Stream, template
		if isGroup {
			kind, parsed = Group, group
		}
		s := &Source{Record: pcommon.NewMap(), Resource: pcommon.NewMap()}
		s.Record.PutStr("a", a)
		s.Resource.PutStr("b", b)
		n := parsed.Bind(Host{})
		name, _ := n.Name(s)
		if !accepted(kind, name) {
			t.Fatalf("%q and %q made %q", a, b, name)
		}
		if again, _ := n.Name(s); again != name {
			t.Fatalf("%q, and then %q", name, again)
		}
		if Clean(kind, name) != name {
			t.Fatalf("%q is not clean", name)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"a", "{ServiceName}", `{resource:"a\"|"|env:X|"z"}`, "{date:%Y-%j}", "{{x}}", "{host:a", "{\x00}", "}"} {
		f.Add(false, text)
		f.Add(true, text)
	}
	f.Fuzz(func(t *testing.T, isGroup bool, text string) {
		kind := Stream
		if isGroup {
			kind = Group
		}
		template, err := Parse(kind, exampleKey, text, nil)
		if err != nil {
			if !strings.HasPrefix(err.Error(), exampleKey+" \"") || !strings.Contains(err.Error(), ": character ") {
				t.Fatalf("an error without its place: %v", err)
			}
			return
		}
		s := source1()
		if name, _ := template.Bind(host).Name(s); !accepted(kind, name) {
			t.Fatalf("%q made %q", text, name)
		}
	})
}
