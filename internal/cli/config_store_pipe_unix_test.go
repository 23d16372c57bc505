//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// /dev/null, as root, is such a file.
func TestPullWritesIntoWhatIsNoFileAndLeavesItWhatItIs(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.ok(t, "push", "--yes", s.file(t, "a.yaml", "x: 1"), "ssm:/a")
	pipe := filepath.Join(s.dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0) // so that nobody waits for a reader
	require.NoError(t, err)
	defer func() { assert.NoError(t, reader.Close()) }()
	s.ok(t, "pull", "ssm:/a", "-o", pipe)
	info, err := os.Lstat(pipe)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeNamedPipe)
	got := make([]byte, 4)
	_, err = reader.Read(got)
	require.NoError(t, err)
	assert.Equal(t, "x: 1", string(got))
}
