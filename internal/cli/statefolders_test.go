package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

// Whatever a pattern of log files names, the collector's own state is not among it.
func TestFoldersOfStateAreClosedToWhatReadsLogFiles(t *testing.T) {
	folder, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	t.Setenv("OTELCOL_CLOUDWATCH_STATE_DIR", filepath.Join(folder, "own"))
	conf := confmap.NewFromStringMap(map[string]any{"extensions": map[string]any{
		"file_storage/x": map[string]any{"directory": filepath.Join(folder, "x"), "compaction": map[string]any{"directory": filepath.Join(folder, "y")}},
		"healthcheckv2":  map[string]any{},
	}})
	require.NoError(t, stateFolders{}.Convert(t.Context(), conf))
	for _, name := range []string{"own/config", "x", "y"} {
		require.NoError(t, os.MkdirAll(filepath.Join(folder, name), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name, "file"), []byte("secret"), 0o600))
		_, err := new(safepath.Rules).Open(filepath.Join(folder, name, "file"))
		require.ErrorContains(t, err, "where the collector keeps its state", name)
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "app.log"), []byte("a line"), 0o600))
	f, err := new(safepath.Rules).Open(filepath.Join(folder, "app.log"))
	require.NoError(t, err)
	require.NoError(t, f.Close())
}
