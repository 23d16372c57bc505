package tail

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNewFilesDoNotDelayThoseThatAreKnown has many whose delivery waits, as for log streams that have to be made.
func TestNewFilesDoNotDelayThoseThatAreKnown(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.MaxInFlight = 1 << 20
	var waiting, most atomic.Int64
	free := make(chan struct{})
	h.deliver = func(ctx context.Context, s *sent) error {
		if s.path == h.path("known.log") {
			return nil
		}
		n := waiting.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		defer waiting.Add(-1)
		select {
		case <-free:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	h.append("known.log", lines(1, 1))
	h.start()
	h.await("known.log", wanted(1, 1)...)
	began := time.Now()
	const flood = 500
	for i := range flood {
		h.append(fmt.Sprintf("x%dy.log", i), "spam\n")
	}
	require.Eventually(t, func() bool { return waiting.Load() > 0 }, eventually, tick)
	h.append("known.log", lines(2, 3))
	h.await("known.log", wanted(1, 3)...)
	// On a slow machine places were freed meanwhile.
	assert.LessOrEqual(t, most.Load(), mostNew*(1+int64(time.Since(began)/tryingTime)))
	close(free)
	h.settle()
	for i := range flood {
		h.await(fmt.Sprintf("x%dy.log", i), "spam")
	}
}

func TestEachFolderHasItsTurn(t *testing.T) {
	t.Parallel()
	var q queue
	for i := range 100 {
		q.put(&file{path: fmt.Sprintf("/flood/%d", i)}, true)
	}
	q.put(&file{path: "/quiet/a"}, true)
	q.put(&file{path: "/known/a"}, false)
	q.put(&file{path: "/known/b"}, false)
	var order []string
	for {
		f, isNew := q.take(true)
		if f == nil {
			break
		}
		assert.Equal(t, filepath.Dir(f.path) != "/known", isNew)
		order = append(order, f.path)
	}
	assert.Len(t, order, 103)
	assert.Equal(t, []string{"/known/a", "/known/b", "/flood/0", "/quiet/a", "/flood/1"}, order[:5])
	for range 6 {
		q.put(&file{path: "/known/a"}, false)
	}
	q.put(&file{path: "/new/a"}, true)
	for i := range 7 {
		_, isNew := q.take(true)
		assert.Equal(t, i == knownInTurn, isNew, "who is always there does not shut out new ones")
	}
	q.put(&file{path: "/new/a"}, true)
	f, _ := q.take(false)
	assert.Nil(t, f, "there is no room")
}

// TestFilesNumberedLikeTheirSiblingAreNotTakenForRotatedOnes looks at each once, and not at each with each.
func TestFilesNumberedLikeTheirSiblingAreNotTakenForRotatedOnes(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.MaxInFlight = 8 << 20
	var opened atomic.Int64
	h.opening = func(string) { opened.Add(1) }
	h.append("job.log", "base\n")
	h.start()
	h.await("job.log", "base")
	const n = 400
	for i := range n {
		h.append(fmt.Sprintf("job-%d.log", i), fmt.Sprintf("line of %d\n", i))
	}
	h.settle()
	own := 0
	for i := range n {
		own += len(h.records(h.path(fmt.Sprintf("job-%d.log", i))))
	}
	assert.Equal(t, n+1, own+len(h.records(h.path("job.log"))), "each arrives once, under its name or, for some, its sibling's")
	assert.Less(t, opened.Load(), int64(20*n))
}

// TestContentsThatAreGoneAreForgotten truncates a file again and again.
func TestContentsThatAreGoneAreForgotten(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", lines(1, 2))
	h.start()
	h.await("app.log", wanted(1, 2)...)
	for i := range 3 * mostRetired {
		h.truncate("app.log")
		require.Eventually(t, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.truncated > int64(i) }, eventually, tick)
		h.append("app.log", fmt.Sprintf("content %d\n", i))
		h.settle()
	}
	h.tailer.mu.Lock()
	defer h.tailer.mu.Unlock()
	assert.LessOrEqual(t, len(h.tailer.retired), mostRetired+1)
}
