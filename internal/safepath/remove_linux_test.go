package safepath

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFileThatIsOpenForWritingIsNotRemoved(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	path := write(t, filepath.Join(d, "a.log"))
	r := new(Rules)
	info, err := r.Look(path)
	require.NoError(t, err)
	reader, err := r.Open(path)
	require.NoError(t, err)
	defer func() { _ = reader.Close() }()
	writer, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	yes := func(Info) bool { return true }
	require.ErrorIs(t, r.Remove(d, path, info.ID, yes), ErrInUse)
	assert.FileExists(t, path)
	require.NoError(t, writer.Close())
	require.NoError(t, r.Remove(d, path, info.ID, yes), "that it is open for reading hinders nothing")
	assert.NoFileExists(t, path)
}
