package notices

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

const moment = time.Millisecond

// watching are the notices of a folder with one file, of which all is known.
func watching(t *testing.T) (*Notices, *files.Finder, string) {
	t.Helper()
	folder := t.TempDir()
	if !notifies(folder) {
		t.Skip("the folder for temporary files is on a file system whose notices are not trusted")
	}
	path := filepath.Join(folder, "a.log")
	require.NoError(t, os.WriteFile(path, []byte("a\n"), 0o600))
	finder := &files.Finder{Include: []string{filepath.Join(folder, "*.log")}}
	n := New(finder.Include, zap.NewNop())
	t.Cleanup(n.Close)
	look(n, finder) // the watch begins after it
	_, complete := n.Changed()
	require.True(t, complete, "before it something may have changed")
	look(n, finder)
	paths, complete := n.Changed()
	require.False(t, complete)
	require.Empty(t, paths)
	return n, finder, path
}

func look(n *Notices, finder *files.Finder) {
	found, _ := finder.Find(time.Now())
	n.Keep(found)
}

func TestWhatWasWrittenToIsNamed(t *testing.T) {
	t.Parallel()
	n, finder, path := watching(t)
	require.NoError(t, os.WriteFile(path, []byte("b\n"), 0o600))
	require.True(t, n.Wait(t.Context(), moment, true))
	paths, complete := n.Changed()
	assert.Equal(t, []string{path}, paths)
	assert.False(t, complete)

	require.NoError(t, os.WriteFile(path+".new.log", nil, 0o600))
	require.True(t, n.Wait(t.Context(), moment, true))
	_, complete = n.Changed()
	assert.True(t, complete, "there is another file")
	look(n, finder)

	require.NoError(t, os.Rename(path, path+".1"))
	require.True(t, n.Wait(t.Context(), moment, true))
	_, complete = n.Changed()
	assert.True(t, complete, "one is away")
}

// TestALinkIsPolled leads to what changes elsewhere.
func TestALinkIsPolled(t *testing.T) {
	t.Parallel()
	n, finder, path := watching(t)
	require.NoError(t, os.Remove(path))
	target := filepath.Join(t.TempDir(), "c")
	require.NoError(t, os.WriteFile(target, nil, 0o600))
	require.NoError(t, os.Symlink(target, path))
	look(n, finder)
	_, complete := n.Changed()
	assert.True(t, complete)
	look(n, finder)
	_, complete = n.Changed()
	assert.True(t, complete, "each time")
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	n, _, _ := watching(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan bool)
	go func() { done <- n.Wait(ctx, moment, false) }()
	cancel()
	assert.False(t, <-done)
}
