package tail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/inventory"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

// TestRenamesInAnOutageAreFollowed rotates again and again while nothing is delivered, and no pattern names the generations.
func TestRenamesInAnOutageAreFollowed(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"", `^line`} {
		h := newHost(t)
		var err error
		h.options.Splitter, err = records.New(records.Options{MaxBytes: h.options.MaxRecordBytes, LineStart: pattern})
		require.NoError(t, err)
		h.options.Finder.Include, h.options.MaxOpen = []string{h.path("app.log")}, 2
		var out chan struct{}
		h.deliver = func(ctx context.Context, _ *sent) error {
			select {
			case <-out:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		out = make(chan struct{})
		const each = 8000 // more than may be in flight of a file
		h.append("app.log", lines(1, each))
		h.start()
		require.Eventually(t, func() bool { return h.tailer.Stats().InFlight > 0 }, eventually, tick)
		for n := 1; n <= 4; n++ {
			for k := n - 1; k > 0; k-- {
				h.rename(fmt.Sprintf("app.log.%d", k), fmt.Sprintf("app.log.%d", k+1))
			}
			h.rename("app.log", "app.log.1")
			h.append("app.log", lines(n*each+1, (n+1)*each))
			h.looks(3)
		}
		close(out)
		h.await("app.log", wanted(1, 5*each)...)
		h.append("app.log", lines(5*each+1, 5*each+1))
		h.await("app.log", wanted(1, 5*each+1)...)
		h.stop()
	}
}

// looks waits until all was looked at so often.
func (h *host) looks(n int64) {
	for n += h.tailer.watch.looks.Load(); h.tailer.watch.looks.Load() < n; time.Sleep(tick) {
		h.append("tick~", "")
		_ = os.Remove(h.path("tick~"))
	}
}

// TestSiblingsThatBeginWhileItRunsAreLogsOfTheirOwn has names of every shape that a rotation gives, too.
func TestSiblingsThatBeginWhileItRunsAreLogsOfTheirOwn(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	bases := []string{"worker.log", "server", "app.log", "cron"}
	for _, base := range bases {
		h.append(base, base+" 0\n")
	}
	h.start()
	for _, base := range bases {
		h.await(base, base+" 0")
	}
	siblings := []string{"worker-2.log", "worker.8081.log", "server-error.log", "app.log.err", "app.log-audit", "cron-apt.log", "app.log.3", "worker-2026-11-28.log"}
	for _, name := range siblings {
		h.append(name, name+" 1\n")
	}
	for _, name := range siblings {
		h.await(name, name+" 1")
	}
	for _, name := range append(siblings, bases...) {
		h.append(name, name+" 2\n")
	}
	for _, name := range siblings {
		h.await(name, name+" 1", name+" 2")
	}
	for _, base := range bases {
		h.await(base, base+" 0", base+" 2")
	}
}

// TestAnotherDeviceNumberSendsNothingAgain changes what the offsets say, as a reboot changes what the system says.
func TestAnotherDeviceNumberSendsNothingAgain(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", lines(1, 300))
	h.append("short.log", "x\n")
	h.start()
	h.await("app.log", wanted(1, 300)...)
	h.await("short.log", "x")
	h.settle()
	h.stop()
	store, err := checkpoints.Open(t.Context(), h.disk)
	require.NoError(t, err)
	for _, c := range store.All() {
		store.Remove(c.Key())
		c.Device += 77
		store.Set(c)
	}
	require.NoError(t, store.Save(t.Context()))
	h.append("app.log", lines(301, 301))
	h.append("short.log", "y\n")
	h.start()
	h.await("app.log", wanted(1, 301)...)
	h.await("short.log", "x", "y")
	h.settle()
	assert.Len(t, h.tailer.o.Store.All(), 2, "the old identities are forgotten")
	for _, c := range h.tailer.o.Store.All() {
		assert.Equal(t, "the number of its device has changed", c.Why)
	}
}

// TestANewFileThatIsRenamedOverTheOldOneGoesOn does what rsync and editors do.
func TestANewFileThatIsRenamedOverTheOldOneGoesOn(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Finder.Include = []string{h.path("*.log")}
	h.append("app.log", lines(1, 100))
	h.start()
	h.await("app.log", wanted(1, 100)...)
	for n := 200; n <= 400; n += 100 {
		h.append("app.tmp", lines(1, n))
		h.rename("app.tmp", "app.log")
		h.await("app.log", wanted(1, n)...)
	}
	h.settle()
	h.stop()
	h.append("app.tmp", lines(1, 500))
	h.rename("app.tmp", "app.log")
	h.start()
	h.await("app.log", wanted(1, 500)...)
	h.settle()
	h.await("app.log", wanted(1, 500)...)
}

// TestACopyThatStaysIsNotSentAgain has both written to later.
func TestACopyThatStaysIsNotSentAgain(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", lines(1, 300))
	h.start()
	h.await("app.log", wanted(1, 300)...)
	h.settle()
	h.copy("app.log", "app.log.bak")
	h.settleHeld()
	h.append("app.log", lines(301, 301))
	h.settle() // the copy has waited for the truncation
	h.append("app.log.bak", "mine\n")
	h.await("app.log.bak", "mine")
	h.await("app.log", wanted(1, 301)...)
	h.stop()
	h.append("app.log.bak", "mine, too\n")
	h.start()
	h.await("app.log.bak", "mine", "mine, too")
	h.settle()
	h.await("app.log", wanted(1, 301)...)
}

// TestACopyThatWaitsIsDecidedByTheNextRun stops before that.
func TestACopyThatWaitsIsDecidedByTheNextRun(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", lines(1, 300))
	h.start()
	h.await("app.log", wanted(1, 300)...)
	h.settle()
	h.copy("app.log", "app.log.1")
	h.settleHeld()
	h.stop()
	h.truncate("app.log")
	h.append("app.log", lines(301, 302))
	h.start()
	h.await("app.log", wanted(1, 302)...)
	h.settle()
	assert.Empty(t, h.records(h.path("app.log.1")))
}

// TestAMoveToAnotherFileSystemIsNotSentAgain copies and removes, as mv does there.
func TestAMoveToAnotherFileSystemIsNotSentAgain(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	elsewhere := t.TempDir()
	h.options.Finder.Include = append(h.options.Finder.Include, filepath.Join(elsewhere, "*"))
	h.append("app.log", lines(1, 300))
	h.start()
	h.await("app.log", wanted(1, 300)...)
	h.settle()
	h.append("app.log", lines(301, 320))
	text, err := os.ReadFile(h.path("app.log"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(elsewhere, "app.log.1"), text, 0o600))
	require.NoError(t, os.Remove(h.path("app.log")))
	h.append("app.log", lines(321, 321))
	h.await("app.log", wanted(1, 321)...)
	h.settle()
	h.await("app.log", wanted(1, 321)...)
	assert.Empty(t, h.records(filepath.Join(elsewhere, "app.log.1")))
}

// TestARotatedFileIsReadOnInItsArchive compresses while the collector runs and while it does not, with lines that were not read.
func TestARotatedFileIsReadOnInItsArchive(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]struct {
		compression source.Compression
		exclude     bool
	}{"with compression": {source.Auto, false}, "plain": {source.Plain, false}, "archives are excluded": {source.Plain, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.options.Compression = o.compression
			if o.exclude {
				h.options.Finder.Exclude = []string{h.path("*.gz")}
			}
			pack := func() {
				text, err := os.ReadFile(h.path("app.log.1"))
				require.NoError(t, err)
				h.append("app.log.1.gz", zipped(t, string(text)))
				require.NoError(t, os.Remove(h.path("app.log.1")))
			}
			h.append("app.log", lines(1, 200))
			h.start()
			h.await("app.log", wanted(1, 200)...)
			h.settle()
			h.rename("app.log", "app.log.1")
			h.append("app.log", lines(201, 203))
			h.await("app.log", wanted(1, 203)...)
			pack()
			h.looks(3)
			h.settle2()
			h.await("app.log", wanted(1, 203)...)
			h.stop()

			h.append("app.log", lines(204, 260))
			h.rename("app.log.1.gz", "app.log.2.gz")
			h.rename("app.log", "app.log.1")
			pack()
			h.append("app.log", lines(261, 262))
			h.start()
			h.await("app.log", wanted(1, 262)...)
			h.stop()
			h.start()
			h.looks(3)
			h.settle2()
			h.await("app.log", wanted(1, 262)...)
			for _, archive := range []string{"app.log.1.gz", "app.log.2.gz", "app.log.1"} {
				assert.Empty(t, h.records(h.path(archive)), archive)
			}
			h.stop()
		})
	}
}

// settle2 waits until nothing is in flight or behind.
func (h *host) settle2() {
	h.t.Helper()
	require.Eventually(h.t, func() bool { s := h.tailer.Stats(); return s.LagBytes == 0 && s.InFlight == 0 }, eventually, tick)
}

// TestWhatIsLostWithAFileIsTold removes one that could not be delivered, and keeps no descriptor of it.
func TestWhatIsLostWithAFileIsTold(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.MaxOpen = 1
	out := make(chan struct{})
	h.deliver = func(ctx context.Context, s *sent) error {
		if s.path != h.path("app.log") {
			return nil
		}
		select {
		case <-out:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	h.append("app.log", lines(1, 20_000))
	h.start()
	require.Eventually(t, func() bool { return h.tailer.Stats().InFlight >= 64<<10 }, eventually, tick)
	for n := 0; h.tailer.engineOpen("app.log"); n++ {
		h.append("other.log", fmt.Sprintf("other %d\n", n))
		time.Sleep(5 * tick)
	}
	require.NoError(t, os.Remove(h.path("app.log")))
	require.Eventually(t, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.released > 0 }, eventually, tick)
	close(out)
	h.settle2()
	got := len(strings.Join(h.records(h.path("app.log")), "\n")) + 1
	assert.EqualValues(t, len(lines(1, 20_000)), int64(got)+h.released, "each byte is delivered, or counted as lost")
}

func (t *Tailer) engineOpen(name string) (open bool) {
	t.engine.do(func() {
		for f := range t.engine.files {
			open = open || filepath.Base(f.Path) == name && f.Open
		}
	})
	return open
}

// TestQuietLogsAreNotRemoved has two live logs under one pattern, whose programs open them for each line.
func TestQuietLogsAreNotRemoved(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.RemoveOld = true
	for i, name := range []string{"error.log", "worker-1.log", "access.log.2026-11-26", "access.log.2026-11-27", "worker-2.log", "access.log"} {
		h.append(name, lines(1, 3))
		old := time.Now().Add(time.Duration(i-10) * time.Minute)
		require.NoError(t, os.Chtimes(h.path(name), old, old))
	}
	h.start()
	gone := func(name string) bool { _, err := os.Stat(h.path(name)); return os.IsNotExist(err) }
	require.Eventually(t, func() bool { return gone("access.log.2026-11-26") }, eventually, tick)
	h.looks(5)
	for _, name := range []string{"error.log", "worker-1.log", "worker-2.log", "access.log", "access.log.2026-11-27"} {
		assert.False(t, gone(name), name)
	}
}

// TestNoGenerationIsLostThatWasTheNewestForAMoment rotates between two looks.
func TestNoGenerationIsLostThatWasTheNewestForAMoment(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Finder.NewestOnly = true
	began := time.Now().Add(-100 * time.Second)
	at := func(name string, from, to int, second int) { // as if it was written at that time: it comes with its time
		text, _ := os.ReadFile(h.path(name))
		other := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(other, append(text, lines(from, to)...), 0o600))
		when := began.Add(time.Duration(second) * time.Second)
		require.NoError(t, os.Chtimes(other, when, when))
		require.NoError(t, os.Rename(other, h.path(name)))
	}
	at("app-1.log", 1, 2, 1)
	h.start()
	h.await("app-1.log", wanted(1, 2)...)
	h.settle()
	at("app-2.log", 5, 6, 3)
	at("app-3.log", 7, 8, 4)
	h.await("app-2.log", wanted(5, 6)...)
	h.await("app-3.log", wanted(7, 8)...)
	h.settle2()
	h.stop()
	at("app-4.log", 9, 10, 200)
	at("app-5.log", 11, 12, 201)
	h.start()
	h.await("app-4.log", wanted(9, 10)...)
	h.await("app-5.log", wanted(11, 12)...)
}

// TestIdentityByInodeSendsEachFile has copies that are logs of their own.
func TestIdentityByInodeSendsEachFile(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Identity = inventory.ByInode
	h.append("app.log", lines(1, 300))
	h.start()
	h.await("app.log", wanted(1, 300)...)
	h.copy("app.log", "app.log.bak")
	h.await("app.log.bak", wanted(1, 300)...)
}
