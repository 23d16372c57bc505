//go:build !windows

package cli

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatRootWritesIsTheCollectors(t *testing.T) {
	require.NoError(t, giveToOwner(filepath.Join(t.TempDir(), "absent")))
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "receiver_file_tail_")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	inner := filepath.Join(folder, "receiver_file_tail_.state", "1.log")
	require.NoError(t, os.Mkdir(filepath.Dir(inner), 0o700))
	require.NoError(t, os.WriteFile(inner, nil, 0o600))
	outside := filepath.Join(t.TempDir(), "outside")
	require.NoError(t, os.WriteFile(outside, nil, 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(folder, "link")))
	require.NoError(t, giveToOwner(folder), "root's folder stays root's")
	require.NoError(t, os.Chown(folder, 10001, 10002))
	require.NoError(t, giveToOwner(folder))
	owner := func(path string) []uint32 {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return []uint32{info.Sys().(*syscall.Stat_t).Uid, info.Sys().(*syscall.Stat_t).Gid}
	}
	assert.Equal(t, []uint32{10001, 10002}, owner(path))
	assert.Equal(t, []uint32{10001, 10002}, owner(inner))
	assert.Equal(t, []uint32{0, 0}, owner(outside), "a link leads nowhere")
}
