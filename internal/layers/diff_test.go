package layers

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func diffOf(t *testing.T, a, b string) []Change {
	t.Helper()
	old, err := MergePart([]Layer{{Name: "base.yaml", Text: []byte(a)}})
	require.NoError(t, err)
	changed, err := MergePart([]Layer{{Name: "site.yaml", Text: []byte(b)}})
	require.NoError(t, err)
	return Diff(old, changed)
}

func TestDiffIsByKey(t *testing.T) {
	t.Parallel()
	changes := diffOf(t, "a: {b: 1, c: 2, gone: {x: 1}}\nlist: [1, 2]\nsame: {x: [1]}", "same: {x: [1]}\nlist: [2, 3]\na: {c: 2, b: one, new: {y: {z: ~}}}")
	for i := range changes {
		changes[i].old, changes[i].new = nil, nil
	}
	base, over := Origin{"base.yaml", 1}, Origin{"site.yaml", 3}
	assert.Equal(t, []Change{
		{Path: []string{"a", "b"}, Old: 1, New: "one", InOld: true, InNew: true, OldOrigin: base, NewOrigin: over},
		{Path: []string{"a", "gone"}, Old: map[string]any{"x": 1}, InOld: true, OldOrigin: base},
		{Path: []string{"a", "new"}, New: map[string]any{"y": map[string]any{"z": nil}}, InNew: true, NewOrigin: over},
		{Path: []string{"list"}, Old: []any{1, 2}, New: []any{2, 3}, InOld: true, InNew: true, OldOrigin: Origin{"base.yaml", 2}, NewOrigin: Origin{"site.yaml", 2}},
	}, changes)
	assert.Empty(t, diffOf(t, "a: {b: 1, c: .nan}", "a::c: .nan\na::b: 1 # x"))
	assert.Empty(t, diffOf(t, "a: 0x10", "a: 16"))
	assert.Len(t, diffOf(t, "a: 16", "a: '16'"), 1)
	assert.Len(t, diffOf(t, "a: {}", "a: {b: {c: 1}}"), 1)
	assert.Len(t, diffOf(t, "a: {b: 1}", "a: {}"), 1)
	assert.Len(t, diffOf(t, "a: null", "a: {}"), 1)
	assert.Len(t, diffOf(t, "a: [{b: 1}, {b: 2}]", "a: [{b: 1}, {b: 3}, {b: 4}]"), 2)
	assert.Len(t, diffOf(t, "password: a", "password: b"), 1, "secrets are compared")
}

func TestRenderedDiffReadsWell(t *testing.T) {
	t.Parallel()
	changes := diffOf(t, `exporters:
  awsemf:
    region: eu-west-1
    headers: {authorization: one}
    token: 1
    long: a value that is so long that no place remains behind it for the name of its layer
service:
  extensions: [file_storage, healthcheckv2]
  order: [a, b]
  type: 16
  list: [{name: a, password: x}]
`, `exporters:
  awsemf:
    region: eu-central-1
    headers: {authorization: two}
    long: another value that is so long that no place remains behind it for the name of its layer
  debug:
    verbosity: detailed
    auth: {password: "x", user: "${env:U}"}
    list: [a, b]
service:
  extensions: [file_storage, pprof]
  order: [b, a]
  type: "16"
  list: [{name: b, password: y}]
`)
	var b strings.Builder
	require.NoError(t, Render(&b, changes))
	golden(t, "diff.golden.txt", b.String())
	b.Reset()
	require.NoError(t, Render(&b, nil))
	assert.Empty(t, b.String())
}

func TestTextsAreComparedByKeyOrElseByLine(t *testing.T) {
	t.Parallel()
	assert.Empty(t, DiffText("a: 1\nb: 2\n", "# reordered\nb: 2\na: 1\n"))
	assert.Equal(t, "a\n  - 1  # old:1\n  + 2  # new:1\n", DiffText("a: 1", "a: 2"))
	assert.Equal(t, "a\n  + 2  # new:1\n", DiffText("", "a: 2"))
	assert.Contains(t, DiffText("a: {b: 1}", "a: {b: hunter2}", func([]string, any) bool { return true }), Redacted)

	got := DiffText(`a: 1
region: x
auth:
  password: hunter2
  bearer_token: |
    hunter3
    hunter4
  {token: hunter5, a: b}
tls:
  key: |
    -----BEGIN PRIVATE KEY-----
    hunter6
    -----END PRIVATE KEY-----
  after: shown
headers:
  - x-anything: hunter7
url: https://u:hunter8@host
from: {password: "${env:P}"}
`, "a: [\nregion: y\n")
	assert.NotContains(t, got, "hunter")
	for _, want := range []string{"-region: x\n", "+region: y\n", "-  password: [REDACTED]\n", "-  after: shown\n", "-url: https://u:[REDACTED]@host\n", "${env:P}"} {
		assert.Contains(t, got, want)
	}
}

func FuzzRedactLines(f *testing.F) {
	f.Add("a: {b: hunter2}\n- c: [\n  password: x\n")
	f.Fuzz(func(t *testing.T, text string) {
		got := redactLines("password: hunter2 " + strings.ReplaceAll(text, "$", "") + "\n")
		assert.NotContains(t, strings.SplitN(got, "\n", 2)[0], "hunter2")
	})
}
