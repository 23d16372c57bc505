package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func release(t *testing.T, names ...string) options {
	dist := t.TempDir()
	for _, name := range names {
		require.NoError(t, os.WriteFile(filepath.Join(dist, name), []byte("x"), 0o600))
	}
	return options{version: "1.2.3", commit: strings.Repeat("0a", 20), builder: "https://ci.example.com/1", dist: dist, root: "../.."}
}

func TestEveryReleasedFileIsASubjectWithItsHash(t *testing.T) {
	o := release(t, "b.rpm", "a.deb", "SHA256SUMS", "SHA256SUMS.asc", "otelcol-cloudwatch_1.2.3.provenance.json")
	var out bytes.Buffer
	require.NoError(t, run(&out, o))
	var s statement
	require.NoError(t, json.Unmarshal(out.Bytes(), &s))
	const sumOfX = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
	assert.Equal(t, []artifact{
		{Name: "a.deb", Digest: map[string]string{"sha256": sumOfX}}, {Name: "b.rpm", Digest: map[string]string{"sha256": sumOfX}},
	}, s.Subject)
	assert.Equal(t, "https://slsa.dev/provenance/v1", s.PredicateType)
	assert.Equal(t, o.commit, s.Predicate.BuildDefinition.ResolvedDependencies[0].Digest["gitCommit"])
	assert.Equal(t, o.builder, s.Predicate.RunDetails.Builder.ID)
	assert.NotContains(t, out.String(), "modified")
	o.modified = true
	require.NoError(t, run(&out, o))
	assert.Contains(t, out.String(), `"modified": "true"`, "a commit with changes on top is not that commit")
}

func TestStatementThatWouldSayTooLittleIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*options)
		want   string
	}{
		"no version": {func(o *options) { o.version = "" }, "-version is needed"},
		"no commit":  {func(o *options) { o.commit = "HEAD" }, `-commit "HEAD" is not a commit`},
		"no builder": {func(o *options) { o.builder = "" }, "-builder is needed"},
		"no files":   {func(o *options) { o.dist = t.TempDir() }, "has no files"},
	} {
		t.Run(name, func(t *testing.T) {
			o := release(t, "a.deb")
			c.change(&o)
			assert.ErrorContains(t, run(&bytes.Buffer{}, o), c.want)
		})
	}
}
