package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const root = "../.."

// TestThePackagesAreWhatTheServiceNeeds looks at their description, without building them.
func TestThePackagesAreWhatTheServiceNeeds(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "distributions/linux/nfpm.yaml"))
	require.NoError(t, err)
	var packed struct {
		Contents []struct {
			Src, Dst, Type string
			FileInfo       struct{ Mode int } `yaml:"file_info"`
		}
		Scripts map[string]string
	}
	require.NoError(t, yaml.Unmarshal(text, &packed))
	there := map[string]string{}
	for _, c := range packed.Contents {
		there[strings.TrimSuffix(c.Dst, "/")] = c.Type
		if c.Src == "" || strings.Contains(c.Src, "${") { // made while packing
			continue
		}
		found, err := filepath.Glob(filepath.Join(root, c.Src))
		require.NoError(t, err)
		assert.NotEmpty(t, found, "%s of nfpm.yaml is not there", c.Src)
		if strings.HasPrefix(c.Dst, "/etc/") {
			assert.Equal(t, "config|noreplace", c.Type, "%s: an upgrade would overwrite what an operator changed", c.Dst)
		}
		if c.Dst == "/etc/otelcol-cloudwatch/environment" {
			assert.Equal(t, 0o600, c.FileInfo.Mode, "it may hold secrets")
		}
	}
	unit, err := os.ReadFile(filepath.Join(root, "distributions/linux/otelcol-cloudwatch.service"))
	require.NoError(t, err)
	for _, path := range []string{"/usr/bin/otelcol-cloudwatch", "/etc/otelcol-cloudwatch/host.yaml", "/etc/otelcol-cloudwatch/config.d", "/etc/otelcol-cloudwatch/environment"} {
		assert.Contains(t, string(unit), path)
		assert.Contains(t, there, path)
	}
	assert.Contains(t, string(unit), "\nRuntimeDirectory=otelcol-cloudwatch\n", "the token of the shipped credentials layers, and of init's, is in it")
	require.Len(t, packed.Scripts, 4)
	for _, script := range packed.Scripts {
		out, err := exec.Command("sh", "-n", filepath.Join(root, script)).CombinedOutput()
		assert.NoError(t, err, "%s", out)
	}
}

// TestTheEnvironmentNamesWhatThereIs compares the file's variables with what the program, its configuration and the unit read.
func TestTheEnvironmentNamesWhatThereIs(t *testing.T) {
	var known strings.Builder
	for _, name := range []string{"config/host.yaml", "distributions/linux/otelcol-cloudwatch.service"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		known.Write(text)
	}
	text, err := os.ReadFile(filepath.Join(root, "distributions/linux/environment"))
	require.NoError(t, err)
	names := regexp.MustCompile(`(?m)^#?([A-Z_]+)=`).FindAllStringSubmatch(string(text), -1)
	assert.Greater(t, len(names), 4)
	for _, match := range names {
		assert.Contains(t, known.String(), match[1])
	}
}
