package tail

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/flow"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
)

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// TestCompressedFiles grow by further members, and are read again from their beginning after a start: nothing is sent
// twice.
func TestCompressedFiles(t *testing.T) {
	t.Parallel()
	for _, which := range []source.Compression{source.Auto, source.Always} {
		h := newHost(t)
		h.options.Compression, h.options.Flush = which, records.Waits{}
		first := zipped(t, lines(1, 2000))
		h.append("app.log.gz", first[:len(first)/2]) // it is written to at this moment
		if which == source.Auto {
			h.append("plain.log", lines(1, 3))
		}
		h.start()
		h.settle()
		h.append("app.log.gz", first[len(first)/2:])
		h.await("app.log.gz", wanted(1, 2000)...)
		h.append("app.log.gz", zipped(t, lines(2001, 2100)))
		h.await("app.log.gz", wanted(1, 2100)...)
		h.settle()
		h.stop()
		h.append("app.log.gz", zipped(t, lines(2101, 2102)))
		h.start()
		h.await("app.log.gz", wanted(1, 2102)...)
		if which == source.Auto {
			h.await("plain.log", wanted(1, 3)...)
		}
		h.settle()
		h.stop()
	}
}

func TestWhatIsNotCompressedIsTold(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	core, logs := observer.New(zap.WarnLevel)
	h.logger = zap.New(core)
	h.options.Compression = source.Always
	h.append("app.log", lines(1, 20))
	h.start()
	require.Eventually(t, func() bool { return h.tailer.Stats().Unreadable == 1 }, eventually, tick)
	assert.Contains(t, logs.All()[0].ContextMap()["error"], "gzip: invalid header")
}

// TestLongestLines has lines of 100 MB and 10 MB, with others between them.
func TestLongestLines(t *testing.T) {
	t.Parallel()
	const size, second, most = 100 << 20, 10 << 20, 1 << 20
	for _, truncate := range []bool{false, true} {
		h := newHost(t)
		h.options.ChunkBytes, h.options.MaxRecordBytes, h.options.MaxInFlight = 1<<20, most, 8<<20
		var err error
		h.options.Splitter, err = records.New(records.Options{MaxBytes: most, Truncate: truncate})
		require.NoError(t, err)
		var lengths sync.Map
		h.deliver = func(_ context.Context, s *sent) error {
			for i, r := range s.records { // texts of 100 MB are not kept
				if len(r) > 100 {
					assert.Equal(t, len(r), strings.Count(r, "x"))
					s.records[i] = "x"
					n, _ := lengths.LoadOrStore("x", new(atomic.Int64))
					n.(*atomic.Int64).Add(int64(len(r)))
				}
			}
			return nil
		}
		h.append("app.log", "first\n")
		h.append("app.log", strings.Repeat("x", size)+"\nbetween\n"+strings.Repeat("x", second/2))
		h.start()
		h.append("app.log", strings.Repeat("x", second/2)+"\nlast\n")
		h.settle()
		got := h.records(h.path("app.log"))
		all := strings.Join(got, " ")
		total, _ := lengths.Load("x")
		if truncate {
			assert.Equal(t, "first x between x last", all)
			assert.EqualValues(t, 2*most, total.(*atomic.Int64).Load())
		} else {
			assert.Equal(t, "first"+strings.Repeat(" x", size/most)+" between"+strings.Repeat(" x", second/most)+" last", all)
			assert.EqualValues(t, size+second, total.(*atomic.Int64).Load())
		}
		h.stop()
	}
}

func TestOddBytes(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", "\xEF\xBB\xBFcr\r\n\r\n\n\x00nul\x00\nbad\xff\xfe\n \t indented\nlast\x00")
	h.start()
	h.await("app.log", "cr", "\x00nul\x00", "bad\uFFFD\uFFFD", " \t indented", "last\x00")
	h.append("empty.log", "")
	h.append("sparse.log", "a\n")
	require.NoError(t, os.Truncate(h.path("sparse.log"), 5000)) // a hole, as a writer without O_APPEND leaves one
	h.append("sparse.log", "\nb\n")
	h.await("sparse.log", "a", "b")
	h.settle()
	assert.Empty(t, h.records(h.path("empty.log")))
}

// TestFullDiskStopsNobody lets the offsets be written only later.
func TestFullDiskStopsNobody(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	core, logs := observer.New(zap.InfoLevel)
	h.logger = zap.New(core)
	h.disk.full = errors.New("no space left on device")
	const n = 20000 // more than may be in flight
	h.append("app.log", lines(1, n))
	h.start()
	h.await("app.log", wanted(1, n)...)
	h.settle()
	messages := func() (all []string) {
		for _, l := range logs.All() {
			all = append(all, l.Message)
		}
		return all
	}
	require.Eventually(t, func() bool { return len(messages()) > 0 }, eventually, tick)
	require.Len(t, messages(), 1)
	assert.Contains(t, messages()[0], "cannot be saved: reading goes on, and a crash would send again what came since. Make room")
	h.disk.mu.Lock()
	h.disk.full = nil
	h.disk.mu.Unlock()
	require.Eventually(t, func() bool { return len(messages()) == 2 }, eventually, tick)
	assert.Equal(t, "How far files were delivered is saved again", messages()[1])
	h.crash()
	h.start()
	h.append("app.log", lines(n+1, n+1))
	h.await("app.log", wanted(1, n+1)...)
}

// TestWhatIsRefusedHoldsNoOther has a file whose lines nobody takes, with more of them than may be in flight.
func TestWhatIsRefusedHoldsNoOther(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	free := make(chan struct{})
	h.deliver = func(ctx context.Context, s *sent) error {
		if s.path != h.path("bad.log") {
			return nil
		}
		select {
		case <-free:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	h.append("bad.log", lines(1, 50000))
	h.start()
	require.Eventually(t, func() bool { return h.tailer.Stats().InFlight > 0 }, eventually, tick)
	h.append("good.log", lines(1, 20000))
	h.await("good.log", wanted(1, 20000)...)
	require.Eventually(t, func() bool { return h.tailer.Stats().InFlight <= flow.FirstWindow+4<<10 }, eventually, tick, "who delivers nothing takes little room")
	close(free)
	h.await("bad.log", wanted(1, 50000)...)
}

func TestStrictOrderHasOneChunkInFlight(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Strict = true
	var now, most, last atomic.Int64
	h.deliver = func(_ context.Context, s *sent) error {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		assert.Greater(t, s.number, last.Swap(s.number))
		time.Sleep(time.Millisecond)
		now.Add(-1)
		return nil
	}
	h.append("app.log", lines(1, 10000))
	h.start()
	h.await("app.log", wanted(1, 10000)...)
	assert.EqualValues(t, 1, most.Load())
}

// TestParallelChunksHaveTimesOfTheirOwn has chunks of a file overtake each other: their times tell the order.
func TestParallelChunksHaveTimesOfTheirOwn(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	var n, most atomic.Int64
	h.deliver = func(context.Context, *sent) error {
		most.Store(max(most.Load(), n.Add(1)))
		time.Sleep(time.Duration(n.Load()%3) * time.Millisecond)
		n.Add(-1)
		return nil
	}
	h.append("app.log", lines(1, 20000))
	h.start()
	h.settle()
	assert.Greater(t, most.Load(), int64(1))
	h.mu.Lock()
	defer h.mu.Unlock()
	next := map[time.Time]*sent{}
	for _, s := range h.sent {
		assert.Nil(t, next[s.read], "no two chunks of one millisecond")
		next[s.read] = s
	}
	byNumber := map[int64]*sent{}
	for _, s := range h.sent {
		byNumber[s.number] = s
	}
	var before time.Time
	for number := int64(1); number <= 20000; {
		s := byNumber[number]
		require.NotNil(t, s, number)
		assert.True(t, s.read.After(before))
		for i, r := range s.records {
			assert.Equal(t, fmt.Sprintf("line %d", number+int64(i)), r)
		}
		before = s.read
		number += int64(len(s.records))
	}
}

func TestDeliveredFilesAreRemoved(t *testing.T) {
	t.Parallel()
	for name, all := range map[string]bool{"all": true, "but the newest": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.options.Remove, h.options.RemoveOld = all, !all
			a, b, c, d, fresh := "a.log", "b.log", "c.log", "d.log", "fresh.log"
			if !all { // generations
				a, b, c, d, fresh = "app.log.4", "app.log.3", "app.log.2", "app.log.1", "app.log"
			}
			free := make(chan struct{})
			h.deliver = func(ctx context.Context, s *sent) error {
				if s.path == h.path(c) {
					<-free
				}
				return nil
			}
			for i, file := range []string{a, b, c, d} {
				h.append(file, lines(1, 3))
				old := time.Now().Add(time.Duration(i-10) * time.Minute)
				require.NoError(t, os.Chtimes(h.path(file), old, old))
			}
			h.append(fresh, "")
			h.start()
			gone := func(file string) bool { _, err := os.Stat(h.path(file)); return errors.Is(err, os.ErrNotExist) }
			require.Eventually(t, func() bool { return gone(a) && gone(b) && gone(d) }, eventually, tick)
			assert.False(t, gone(c), "it is not delivered")
			close(free)
			require.Eventually(t, func() bool { return gone(c) }, eventually, tick)
			assert.False(t, gone(fresh))
			for _, file := range []string{a, b, c, d} {
				h.await(file, wanted(1, 3)...)
			}
		})
	}
}

// TestOnlyWhatWasReadIsRemoved has files that were never the newest, so that nobody has their lines.
func TestOnlyWhatWasReadIsRemoved(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.RemoveOld, h.options.Finder.NewestOnly = true, true
	for i, file := range []string{"a.log", "b.log"} {
		h.append(file, lines(1, 3))
		old := time.Now().Add(time.Duration(i-10) * time.Minute)
		require.NoError(t, os.Chtimes(h.path(file), old, old))
	}
	h.start()
	h.await("b.log", wanted(1, 3)...)
	h.append("c.log", lines(1, 3))
	h.await("c.log", wanted(1, 3)...)
	gone := func(file string) bool { _, err := os.Stat(h.path(file)); return errors.Is(err, os.ErrNotExist) }
	require.Eventually(t, func() bool { return gone("b.log") }, eventually, tick)
	assert.False(t, gone("a.log"))
	assert.False(t, gone("c.log"))
}

// TestDeletedFileIsReleased frees the disk's room of a file that cannot be delivered for now.
func TestDeletedFileIsReleased(t *testing.T) {
	t.Parallel()
	for _, release := range []bool{true, false} {
		h := newHost(t)
		h.logger = zap.NewNop()
		h.options.ReleaseDeleted = release
		free := make(chan struct{})
		h.deliver = func(ctx context.Context, s *sent) error {
			select {
			case <-free:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		const n = 50000
		h.append("app.log", lines(1, n))
		h.start()
		require.Eventually(t, func() bool { return h.tailer.Stats().InFlight >= flow.FirstWindow }, eventually, tick)
		require.NoError(t, os.Remove(h.path("app.log")))
		h.append("other.log", "x\n")
		if release {
			require.Eventually(t, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.released > 0 }, eventually, tick)
		}
		close(free)
		h.await("other.log", "x")
		require.Eventually(t, func() bool { return h.tailer.Stats().Open == 1 }, eventually, tick)
		got := len(h.records(h.path("app.log")))
		if release {
			assert.Less(t, got, n)
			assert.Positive(t, got)
		} else {
			assert.Equal(t, n, got)
		}
		h.stop()
	}
}

// Lines of a byte or two take many times their size until they are delivered: a chunk has few of them, and each counts as
// more than it has.
func TestShortLinesCountAsMoreThanTheyHave(t *testing.T) {
	h := newHost(t)
	h.options.ChunkBytes, h.options.MaxInFlight = 64<<10, 256<<10
	var most, inFlight, together int
	var mu sync.Mutex
	h.deliver = func(_ context.Context, s *sent) error {
		mu.Lock()
		most, inFlight = max(most, len(s.records)), inFlight+len(s.records)
		together = max(together, inFlight)
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		inFlight -= len(s.records)
		return nil
	}
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "%c\n", 'a'+i%26)
	}
	text.WriteString(strings.Repeat("y", 900) + "\n")
	h.append("app.log", text.String())
	h.start()
	h.await("app.log", strings.Fields(text.String())...)
	h.stop()
	assert.LessOrEqual(t, most, (64<<10)/recordBytes)
	assert.LessOrEqual(t, together, (256<<10)/recordBytes+(64<<10)/recordBytes)
}
