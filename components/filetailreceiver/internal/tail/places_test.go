package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFoldersThatAppearLater(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Finder.Include = []string{h.path("pods/**/*.log")}
	h.start()
	for _, pod := range []string{"pods/a", "pods/b/c"} {
		require.NoError(t, os.MkdirAll(h.path(pod), 0o700))
		h.append(pod+"/0.log", lines(1, 2))
		h.await(pod+"/0.log", wanted(1, 2)...)
		h.append(pod+"/0.log", lines(3, 3))
		h.await(pod+"/0.log", wanted(1, 3)...)
	}
	require.NoError(t, os.RemoveAll(h.path("pods")))
	require.Eventually(t, func() bool { s := h.tailer.Stats(); return s.Files == 0 && s.Open == 0 }, eventually, tick)
	require.NoError(t, os.MkdirAll(h.path("pods/a"), 0o700))
	h.append("pods/a/0.log", lines(4, 5))
	h.await("pods/a/0.log", wanted(1, 5)...)
}

func TestManyFilesUnderOnePattern(t *testing.T) {
	t.Parallel()
	const n = 10000
	h := newHost(t)
	h.options.MaxOpen, h.options.Poll, h.options.Linger = 64, 100*time.Millisecond, 100*time.Millisecond
	h.options.MaxInFlight = 8 << 20
	all := func(count int) {
		t.Helper()
		require.Eventually(t, func() bool {
			h.mu.Lock()
			defer h.mu.Unlock()
			return len(h.sent) == count
		}, eventually, 100*time.Millisecond)
	}
	for i := range n {
		h.append(fmt.Sprintf("%05d.log", i), "first\n")
	}
	h.start()
	all(n)
	for i := range n {
		h.append(fmt.Sprintf("%05d.log", i), "second\n")
	}
	all(2 * n)
	assert.LessOrEqual(t, h.tailer.Stats().Open, 64)
	texts := map[string]string{}
	h.mu.Lock()
	for _, s := range h.sent {
		texts[s.path] += strings.Join(s.records, " ") + " "
	}
	h.mu.Unlock()
	assert.Len(t, texts, n)
	for path, text := range texts {
		require.Equal(t, "first second ", text, path)
	}
	h.stop()
	h.start()
	h.append("00000.log", "third\n")
	h.await("00000.log", "first", "second", "third")
	assert.Len(t, h.tailer.o.Store.All(), n)
}

func TestFilesAreBegunAtTheirEnd(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.FromEnd = true
	h.append("old.log", lines(1, 3))
	h.start()
	h.settle()
	h.append("old.log", lines(4, 4))
	h.append("new.log", lines(1, 2))
	h.await("old.log", "line 4")
	h.await("new.log", wanted(1, 2)...)
	h.stop()
	h.append("later.log", lines(1, 1))
	h.append("old.log", lines(5, 5))
	h.start()
	h.await("later.log", "line 1") // it came while nobody looked
	h.await("old.log", "line 4", "line 5")
	h.settle()
	h.stop()
	require.NoError(t, os.Mkdir(h.path("more"), 0o700))
	h.append("more/long-there.log", lines(1, 9))
	h.append("last.log", lines(1, 1))
	h.options.Finder.Include = append(h.options.Finder.Include, h.path("more/*")) // a new pattern begins as start_at says
	h.start()
	h.await("last.log", "line 1")
	h.settle()
	h.append("more/long-there.log", lines(10, 10))
	h.await("more/long-there.log", "line 10")
}

func TestTruncatedFileGoesOnAtItsNewEnd(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.AfterTruncation = true
	h.append("app.log", lines(1, 30))
	h.start()
	h.await("app.log", wanted(1, 30)...)
	h.settle()
	require.NoError(t, os.Truncate(h.path("app.log"), int64(len("line 1\n"))))
	require.Eventually(t, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.truncated == 1 }, eventually, tick)
	h.settle()
	h.append("app.log", "new\n")
	h.await("app.log", append(wanted(1, 30), "new")...)
}

// TestOnlyTheNewest follows a service that begins a file for each day.
func TestOnlyTheNewest(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Finder.NewestOnly = true
	h.append("app-1.log", lines(1, 2))
	h.start()
	h.await("app-1.log", wanted(1, 2)...)
	h.append("app-2.log", lines(3, 4))
	h.await("app-2.log", wanted(3, 4)...)
	h.append("app-2.log", lines(5, 5))
	h.await("app-2.log", wanted(3, 5)...)
	assert.Len(t, h.records(h.path("app-1.log")), 2)
}

// TestPathsWithWhatPathsHave has names that are no patterns, and text that is none.
func TestPathsWithWhatPathsHave(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	for _, name := range []string{"with space.log", "ünïcödé.log", "-.log", "a[1].log", strings.Repeat("n", 250) + ".log"} {
		h.append(name, "text\n")
	}
	h.options.Finder.Include = []string{filepath.Join(h.folder, "*.log")}
	h.start()
	for _, name := range []string{"with space.log", "ünïcödé.log", "-.log", "a[1].log", strings.Repeat("n", 250) + ".log"} {
		h.await(name, "text")
	}
}
