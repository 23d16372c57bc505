package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func packed(t *testing.T, files ...string) (dist, said string) {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	dist = t.TempDir()
	for _, f := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dist, f), []byte("package "+f), 0o600))
	}
	var out bytes.Buffer
	require.NoError(t, run([]string{"-version", "1.2.3", "-dist", dist, "-scripts", "../distributor"}, &out))
	return dist, out.String()
}

var all = []string{
	"otelcol-cloudwatch_1.2.3_amd64.deb", "otelcol-cloudwatch_1.2.3_arm64.deb", "otelcol-cloudwatch-1.2.3-1.x86_64.rpm",
	"otelcol-cloudwatch-1.2.3.aarch64.rpm", "otelcol-cloudwatch-1.2.3-windows-amd64.msi",
}

func TestManifestHasEveryPlatformAndTheChecksumsOfItsFiles(t *testing.T) {
	dist, said := packed(t, all...)
	assert.Empty(t, said)
	text, err := os.ReadFile(filepath.Join(dist, "otelcol-cloudwatch_1.2.3_distributor_manifest.json"))
	require.NoError(t, err)
	var m manifest
	require.NoError(t, json.Unmarshal(text, &m))
	assert.Equal(t, "2.0", m.SchemaVersion)
	assert.Equal(t, "1.2.3", m.Version)
	assert.Len(t, m.Files, 5)
	for _, platform := range append(append(append([]string{}, debians...), redHats...), windows...) {
		of := m.Packages[platform][anyVersion]
		require.Contains(t, of, "x86_64", platform)
		for _, f := range of {
			raw, err := os.ReadFile(filepath.Join(dist, f.File))
			require.NoError(t, err)
			sum := sha256.Sum256(raw)
			assert.Equal(t, hex.EncodeToString(sum[:]), m.Files[f.File]["checksums"]["sha256"])
			z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
			require.NoError(t, err)
			suffix := ".sh"
			if platform == "windows" {
				suffix = ".ps1"
			}
			modes := map[string]string{}
			for _, e := range z.File {
				modes[e.Name] = e.Mode().String()
			}
			require.Len(t, modes, 4, "the package and three scripts at the root")
			for _, script := range []string{"install", "uninstall", "update"} {
				assert.Contains(t, modes, script+suffix)
				if suffix == ".sh" {
					assert.Equal(t, "-rwxr-xr-x", modes[script+suffix])
				}
			}
		}
	}
}

func TestTheSamePackagesGiveTheSameBytes(t *testing.T) {
	first, _ := packed(t, all...)
	second, _ := packed(t, all...)
	entries, err := os.ReadDir(first)
	require.NoError(t, err)
	require.Len(t, entries, len(all)+6)
	for _, e := range entries {
		a, err := os.ReadFile(filepath.Join(first, e.Name()))
		require.NoError(t, err)
		b, err := os.ReadFile(filepath.Join(second, e.Name()))
		require.NoError(t, err)
		assert.Equal(t, a, b, e.Name())
	}
}

func TestWhatIsNotThereIsLeftOutAndSaid(t *testing.T) {
	dist, said := packed(t, all[0])
	assert.Contains(t, said, "windows_amd64 is left out: otelcol-cloudwatch_1.2.3_windows_amd64.msi is not in")
	assert.FileExists(t, filepath.Join(dist, "otelcol-cloudwatch_1.2.3_distributor_linux_amd64_deb.zip"))
	dist, said = packed(t)
	assert.Contains(t, said, "nothing to pack")
	entries, err := os.ReadDir(dist)
	require.NoError(t, err)
	assert.Empty(t, entries)
}
