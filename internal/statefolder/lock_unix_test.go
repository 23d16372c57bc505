//go:build !windows

package statefolder

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A child that is being started has copies of all that its parent has open, until it runs its program.
func TestALockIsGivenBackWhileAChildIsBeingStarted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	l, err := LockFolder(folder)
	require.NoError(t, err)
	child, err := unix.FcntlInt(l.file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Close(child)) }()
	require.NoError(t, l.Release())
	again, err := LockFolder(folder)
	require.NoError(t, err)
	require.NoError(t, again.Release())
}
