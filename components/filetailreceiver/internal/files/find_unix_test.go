//go:build unix

package files

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOneFileWithSeveralNames has hard and symbolic links: the file is read once, under its own name.
func TestOneFileWithSeveralNames(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	own := write(t, filepath.Join(d, "m.log"))
	hard := filepath.Join(d, "n.log")
	require.NoError(t, os.Link(own, hard))
	link := filepath.Join(d, "a.log")
	require.NoError(t, os.Symlink(own, link))
	require.NoError(t, os.Symlink(filepath.Join(d, "nothing"), filepath.Join(d, "b.log")))
	found, problems := (&Finder{Include: []string{filepath.Join(d, "*.log")}}).Find(time.Now())
	assert.Empty(t, problems, "a link to nothing may lead to something later")
	assert.Equal(t, []string{own}, paths(found))
	require.NoError(t, os.Remove(own))
	require.NoError(t, os.Remove(link))
	require.NoError(t, os.Symlink(hard, link))
	found, _ = (&Finder{Include: []string{link}}).Find(time.Now())
	assert.Equal(t, []string{link}, paths(found), "who asks for the link gets it")
	assert.True(t, found[0].Link)
}

// TestWhatIsNoFileIsRefused must not wait for a writer of the pipe.
func TestWhatIsNoFileIsRefused(t *testing.T) {
	t.Parallel()
	d, err := os.MkdirTemp("", "f") // a socket's path must be short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(d) })
	pipe, socket, link := filepath.Join(d, "pipe"), filepath.Join(d, "socket"), filepath.Join(d, "stick")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	require.NoError(t, os.Symlink("/dev/null", link))
	found, problems := (&Finder{Include: []string{filepath.Join(d, "*")}}).Find(time.Now())
	assert.Empty(t, found)
	require.Len(t, problems, 3)
	for i, want := range []string{"a named pipe", "a socket", "a device"} {
		assert.ErrorContains(t, problems[i].Err, want)
		assert.ErrorContains(t, problems[i].Err, "write to a file, or exclude it")
		_, err := new(Finder).Open(problems[i].Path)
		assert.ErrorContains(t, err, want)
	}
}

func TestOwnerIsNamed(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "a"))
	require.NoError(t, os.Chmod(path, 0o640))
	f, err := new(Finder).Open(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	owner, group, permissions := Owner(f.Info)
	assert.NotEmpty(t, owner)
	assert.NotEmpty(t, group)
	assert.Equal(t, "0640", permissions)
}

func TestRemovedFileIsNotLinked(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "a"))
	f, err := new(Finder).Open(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	require.NoError(t, os.Remove(path))
	assert.False(t, Linked(f))
}
