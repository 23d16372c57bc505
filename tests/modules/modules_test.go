// Package modules checks that builder-config.yaml and go.mod name the same versions: ocb writes the
// wiring from the one, the Go command builds from the other.
package modules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/modfile"
)

const root = "../.."

type component struct {
	GoMod string `yaml:"gomod"`
}

type builderConfig struct {
	Receivers, Processors, Exporters, Extensions, Connectors, Providers []component
	Replaces                                                            []string
}

func read(t *testing.T) (builderConfig, *modfile.File) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "builder-config.yaml"))
	require.NoError(t, err)
	var config builderConfig
	require.NoError(t, yaml.Unmarshal(text, &config))
	text, err = os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	file, err := modfile.Parse("go.mod", text, nil)
	require.NoError(t, err)
	return config, file
}

func TestComponentsHaveTheVersionsThatGoModRequires(t *testing.T) {
	config, file := read(t)
	required := map[string]string{file.Module.Mod.Path: "v0.0.0"}
	for _, r := range file.Require {
		required[r.Mod.Path] = r.Mod.Version
	}
	var components []component
	for _, list := range [][]component{config.Receivers, config.Processors, config.Exporters, config.Extensions, config.Connectors, config.Providers} {
		require.NotEmpty(t, list)
		components = append(components, list...)
	}
	for _, c := range components {
		module, version, ok := strings.Cut(c.GoMod, " ")
		require.True(t, ok, "builder-config.yaml: gomod %q is not MODULE VERSION", c.GoMod)
		assert.Equal(t, version, required[module], "builder-config.yaml and go.mod differ on %s: make them equal and run 'make generate'", module)
	}
}

func TestReplacementsAreTheSameInBothFiles(t *testing.T) {
	config, file := read(t)
	var replaces []string
	for _, r := range file.Replace {
		replaces = append(replaces, r.Old.Path+" => "+r.New.Path+" "+r.New.Version)
	}
	assert.ElementsMatch(t, config.Replaces, replaces, "builder-config.yaml (left) and go.mod (right)")
}
