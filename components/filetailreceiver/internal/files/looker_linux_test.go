package files

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

// hangingMount is a folder whose file system answers to nothing until free is called.
func hangingMount(t *testing.T) (folder string, free func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root mounts")
	}
	folder = t.TempDir()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("no FUSE here:", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)
	if err := unix.Mount("test", folder, "fuse.test", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		_ = unix.Close(fd)
		t.Skip("nothing can be mounted here:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(folder, unix.MNT_DETACH) })
	// FUSE_INIT is answered (linux/fuse.h: fuse_in_header, fuse_out_header, fuse_init_out).
	request := make([]byte, 1<<16)
	n, err := unix.Read(fd, request)
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, 48)
	answer := make([]byte, 16+64)
	binary.NativeEndian.PutUint32(answer, uint32(len(answer)))
	copy(answer[8:16], request[8:16])
	copy(answer[16:24], request[40:48]) // the version
	binary.NativeEndian.PutUint32(answer[16+20:], 4096)
	_, err = unix.Write(fd, answer)
	require.NoError(t, err)
	return folder, func() { _ = unix.Close(fd) }
}

func TestAFolderThatDoesNotAnswerHoldsNoOtherPattern(t *testing.T) {
	t.Parallel()
	hung, free := hangingMount(t)
	d := t.TempDir()
	a := write(t, filepath.Join(d, "a.log"))
	l := NewLooker(&Finder{Include: []string{filepath.Join(hung, "**", "*.log"), filepath.Join(d, "*.log")}})
	l.wait = 50 * time.Millisecond
	defer l.Close()
	defer free()
	looked := l.Look(t.Context(), time.Now())
	assert.Equal(t, []string{a}, paths(looked.Found))
	require.Len(t, looked.Late, 1)
	assert.True(t, looked.Late[0].Hangs)
	assert.Equal(t, hung, looked.Late[0].Folder)
	assert.Equal(t, []bool{false, true}, looked.Passed)
	b := write(t, filepath.Join(d, "b.log"))
	looked = l.Look(t.Context(), time.Now())
	assert.Equal(t, []string{a, b}, paths(looked.Found))
}

// TestAPatternOfVeryMuchIsLookedAtInParts keeps what it knows meanwhile.
func TestAPatternOfVeryMuchIsLookedAtInParts(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	for i := range 9 {
		write(t, filepath.Join(d, fmt.Sprint(i), "x.log"))
	}
	l := NewLooker(&Finder{Include: []string{filepath.Join(d, "**", "*.log")}})
	defer l.Close()
	l.budget = safepath.Budget{Entries: 1}
	number, looks := 0, 0
	for passed := false; !passed; looks++ {
		looked := l.Look(t.Context(), time.Now())
		assert.GreaterOrEqual(t, len(looked.Found), number)
		number, passed = len(looked.Found), looked.Passed[0]
		assert.Equal(t, !passed && number > 0, len(looked.Late) > 0)
	}
	assert.Equal(t, 9, number)
	assert.Greater(t, looks, 5)
	require.NoError(t, os.Remove(filepath.Join(d, "3", "x.log")))
	for range 2 * looks {
		looked := l.Look(t.Context(), time.Now())
		number = len(looked.Found)
		assert.GreaterOrEqual(t, number, 8, "what was known stays known while the next look goes on")
	}
	assert.Equal(t, 8, number)
}

func TestTheCollectorsOwnFilesAreKnown(t *testing.T) {
	d := t.TempDir()
	database, err := os.OpenFile(filepath.Join(d, "offsets.log"), os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	defer func() { _ = database.Close() }()
	own, err := os.OpenFile(filepath.Join(d, "own.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(t, err)
	defer func() { _ = own.Close() }()
	l := NewLooker(&Finder{Include: []string{filepath.Join(d, "*.log")}})
	defer l.Close()
	looked := l.Look(t.Context(), time.Now())
	assert.Equal(t, []string{own.Name()}, paths(looked.Found))
	assert.Empty(t, looked.Own)
	l.asked = time.Time{}
	looked = l.Look(t.Context(), time.Now())
	assert.Equal(t, []string{own.Name()}, looked.Own, "it is written to for long")
	require.Len(t, looked.Problems, 1)
	assert.ErrorContains(t, looked.Problems[0].Err, "the collector itself has it open for writing what it knows")
}
