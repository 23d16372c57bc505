package layers

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), got)
}

const site = `exporters:
  awsemf:
    region: eu-central-1
    headers: {authorization: Bearer abc, x-b: "Bearer ${env:T}", x-d: "${env:X:-hunter2}"}
    password: ${ssm:/db/password}
    endpoint: https://user:hunter2@example.com/x
    note: |
      two # lines
      of text
  debug:
extensions:
  pprof: {}
  basicauth/client: {client_auth: {username: u, password: 12345}}
processors:
  batch: {send_batch_size: 100, list: [{a: 1, b: {c: 2}}, [x, y]], 1: one}
service:
  extensions: [pprof, basicauth/client]
  pipelines:
    metrics:
      exporters: [debug]
`

func TestExplainNamesTheLayerOfEachKey(t *testing.T) {
	t.Parallel()
	base := strings.Replace(whole, "service:\n", "extensions: {zpages: }\nservice:\n  extensions: [zpages]\n", 1)
	merged, err := Merge([]Layer{{Name: "base.yaml", Text: []byte(base)}, {Name: "site.yaml", Text: []byte(site)}})
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, Explain(&b, merged, nil))
	golden(t, "explain.golden.yaml", b.String())
	assert.NotContains(t, b.String(), "hunter2")
	assert.NotContains(t, b.String(), "12345")

	b.Reset()
	require.NoError(t, Explain(&b, merged, func([]string, any) bool { return false }))
	var again map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(b.String()), &again))
	want := merged.Map()
	set := func(m map[string]any) { m["exporters"].(map[string]any)["awsemf"].(map[string]any)["endpoint"] = "" }
	set(want)
	set(again)
	assert.Equal(t, want, again, "what is printed is the configuration, but for the password in a URL")
}

func TestExplainOfNothingIsAnEmptyMap(t *testing.T) {
	t.Parallel()
	merged, err := Merge(nil)
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, Explain(&b, merged, nil))
	assert.Equal(t, "{}\n", b.String())
	assert.Empty(t, merged.Entries(nil))
}

func TestShippedConfigurationsAreExplainedAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, text := range shipped(t) {
		merged, err := MergePart([]Layer{{Name: name, Text: text}})
		require.NoError(t, err)
		var b strings.Builder
		require.NoError(t, Explain(&b, merged, func([]string, any) bool { return false }))
		var again map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(b.String()), &again))
		assert.Equal(t, merged.Map(), again)
		assert.Empty(t, DiffText(string(text), b.String()))
	}
}

func TestEntriesAreTheValues(t *testing.T) {
	t.Parallel()
	merged, err := MergePart(stack("a: {b: [1, {c: x}], token: y, d: {}, e: [], f: }", "a: {b: [2]}"))
	require.NoError(t, err)
	assert.Equal(t, []Entry{
		{[]string{"a", "b", "0"}, 2, Origin{"b", 1}},
		{[]string{"a", "token"}, Redacted, Origin{"a", 1}},
		{[]string{"a", "d"}, map[string]any{}, Origin{"a", 1}},
		{[]string{"a", "e"}, []any{}, Origin{"a", 1}},
		{[]string{"a", "f"}, nil, Origin{"a", 1}},
	}, merged.Entries(nil))
}
