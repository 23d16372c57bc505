package layerfolder

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const host, route, credentials = "10-host.yaml", "20-route.yaml", "30-credentials.yaml"

var ours = []string{host, route, credentials}

func TestLayersAreForTheirOwnerAndNeverOverwritten(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	first := map[string][]byte{host: []byte("a\n"), route: []byte("b\n"), credentials: []byte("c\n")}
	require.NoError(t, Write(folder, ours, first, false))
	mine := filepath.Join(folder, "40-mine.yaml")
	require.NoError(t, os.WriteFile(mine, nil, 0o600))
	if runtime.GOOS != "windows" {
		info, err := os.Stat(filepath.Join(folder, host))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode())
	}
	second := map[string][]byte{host: []byte("x\n"), route: []byte("y\n")}
	err := Write(folder, ours, second, false)
	require.ErrorContains(t, err, "already has 10-host.yaml, 20-route.yaml, 30-credentials.yaml")
	require.ErrorContains(t, err, "--force")
	assert.Equal(t, "a\n", read(t, folder, host))

	require.NoError(t, Write(folder, ours, second, true))
	assert.Equal(t, "x\n", read(t, folder, host))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	assert.Equal(t, []string{host, route, "40-mine.yaml"}, names, "no old layer of ours, no temporary file, and what is not ours")
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	return string(text)
}

// Two that write at once: one wins, and the other's file is not lost in silence.
func TestAFileThatCameInTheMeantimeStays(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, host)
	require.NoError(t, os.WriteFile(path, []byte("theirs"), 0o600))
	require.ErrorIs(t, writeFile(path, []byte("ours"), false), os.ErrExist)
	assert.Equal(t, "theirs", read(t, folder, host))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
}

func TestAFolderThatCannotBeIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	assert.Error(t, Write(file, ours, map[string][]byte{host: nil}, true))
	assert.Error(t, Write(filepath.Join(file, "below"), ours, map[string][]byte{host: nil}, false))
}
