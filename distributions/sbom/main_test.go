package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/distributions/thirdparty"
)

// A test is a Go program, too.
func TestProgramIsListedWithItsModulesAndGo(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	var first, second bytes.Buffer
	require.NoError(t, run(&first, self, "1.2.3", "1700000000"))
	require.NoError(t, run(&second, self, "1.2.3", "1700000000"))
	assert.Equal(t, first.String(), second.String())

	var b bill
	require.NoError(t, json.Unmarshal(first.Bytes(), &b))
	assert.Equal(t, "CycloneDX", b.Format)
	assert.Equal(t, "2023-11-14T22:13:20Z", b.Metadata.Timestamp)
	assert.Equal(t, "1.2.3", b.Metadata.Component.Version)
	assert.Regexp(t, `^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, b.SerialNumber)
	refs := map[string]bool{}
	for _, c := range b.Components {
		assert.False(t, refs[c.Ref], "twice: %s", c.Ref)
		refs[c.Ref] = true
		assert.NotEmpty(t, c.Licenses, c.Ref)
	}
	assert.ElementsMatch(t, b.Dependencies[0].DependsOn, keys(refs))
	assert.Contains(t, first.String(), "pkg:golang/stdlib@1.")
}

func TestModuleIsTheOneThatReplacedIt(t *testing.T) {
	info := &buildinfo.BuildInfo{Path: "example.com/cmd/tool", Deps: []*debug.Module{
		{Path: "example.com/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/new", Version: "v2.0.0+incompatible", Sum: "h1:x="}},
	}}
	var modules []thirdparty.Licensed
	for _, m := range thirdparty.Modules(info) {
		modules = append(modules, thirdparty.Licensed{Module: m, Licences: []string{"MIT"}})
	}
	got := billOf(info, modules, "", "", make([]byte, 32)).Components[0]
	assert.Equal(t, component{
		Type: "library", Ref: "pkg:golang/example.com/new@v2.0.0%2Bincompatible", Name: "example.com/new", Version: "v2.0.0+incompatible",
		Licenses:   []licence{{licenceID{"MIT"}}},
		PURL:       "pkg:golang/example.com/new@v2.0.0%2Bincompatible",
		Properties: []property{{"go:replaces", "example.com/old@v1.0.0"}, {"go:sum", "h1:x="}},
	}, got)
}

func TestWhatIsNoProgramIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(path, []byte("text"), 0o600))
	assert.ErrorContains(t, run(&bytes.Buffer{}, path, "", ""), "is not a Go program")
	self, err := os.Executable()
	require.NoError(t, err)
	assert.ErrorContains(t, run(&bytes.Buffer{}, self, "", "today"), `"today" is not a number`)
}

func keys(m map[string]bool) (all []string) {
	for k := range m {
		all = append(all, k)
	}
	return all
}
