package tail

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestALiveLogIsNotRemoved has a program that was quiet for long, and writes on.
func TestALiveLogIsNotRemoved(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Remove = true
	live, err := os.OpenFile(h.path("live.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = live.WriteString(lines(1, 1))
	require.NoError(t, err)
	h.append("done.log", lines(1, 1))
	long := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(h.path("live.log"), long, long))
	require.NoError(t, os.Chtimes(h.path("done.log"), long, long))
	h.start()
	require.Eventually(t, func() bool { _, err := os.Stat(h.path("done.log")); return os.IsNotExist(err) }, eventually, tick)
	_, err = live.WriteString(lines(2, 2))
	require.NoError(t, err)
	h.await("live.log", wanted(1, 2)...)
	assert.FileExists(t, h.path("live.log"))
	require.NoError(t, live.Close())
}

// TestNothingIsRemovedThroughALink has the link of root, or of who runs the test, in a folder that a pattern names.
func TestNothingIsRemovedThroughALink(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Remove = true
	h.options.Finder.Include = []string{h.path("logs/**/*.log")}
	for _, folder := range []string{"logs", "victim"} {
		require.NoError(t, os.Mkdir(h.path(folder), 0o700))
	}
	require.NoError(t, os.Symlink("../victim", h.path("logs/linked")))
	require.NoError(t, os.Symlink("../victim/b.log", h.path("logs/b.log")))
	long := time.Now().Add(-time.Hour)
	for _, name := range []string{"victim/a.log", "victim/b.log", "logs/own.log"} {
		h.append(name, lines(1, 1))
		require.NoError(t, os.Chtimes(h.path(name), long, long))
	}
	h.start()
	h.await("logs/linked/a.log", wanted(1, 1)...)
	require.Eventually(t, func() bool { _, err := os.Stat(h.path("logs/own.log")); return os.IsNotExist(err) }, eventually, tick)
	require.Eventually(t, func() bool { return h.tailer.Stats().Unreadable > 0 }, eventually, tick, "it is told")
	assert.FileExists(t, h.path("victim/a.log"))
	assert.FileExists(t, h.path("victim/b.log"))
}

// TestADeletedFileIsReadAsLongAsItsProgramHasIt has a program that writes on, after its file was read and deleted.
func TestADeletedFileIsReadAsLongAsItsProgramHasIt(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	f, err := os.OpenFile(h.path("app.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	write := func(from, to int) {
		_, err := f.WriteString(lines(from, to))
		require.NoError(t, err)
	}
	write(1, 1)
	h.start()
	h.await("app.log", wanted(1, 1)...)
	require.NoError(t, os.Remove(h.path("app.log")))
	look := func() {
		for looks := h.tailer.watch.looks.Load() + 3; h.tailer.watch.looks.Load() < looks; time.Sleep(tick) {
			h.append("other", "") // everything is looked at when something changes
			require.NoError(t, os.Remove(h.path("other")))
		}
	}
	for n := 2; n <= 4; n++ {
		look()
		write(n, n)
		look()
		h.await("app.log", wanted(1, n)...)
	}
	write(5, 5)
	require.NoError(t, f.Close())
	require.Eventually(t, func() bool { look(); return h.tailer.Stats().Open == 0 }, eventually, tick, "nobody can write to it any more")
	h.await("app.log", wanted(1, 5)...)
	assert.Zero(t, h.abandoned)
}
