package tail

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/schedule"
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
	assert.LessOrEqual(t, most.Load(), schedule.MaxNew*(1+int64(time.Since(began)/schedule.TryingTime)))
	close(free)
	h.settle()
	for i := range flood {
		h.await(fmt.Sprintf("x%dy.log", i), "spam")
	}
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
	retired := slices.DeleteFunc(h.schedule(), func(f schedule.File) bool { return !f.Retired })
	assert.LessOrEqual(t, len(retired), mostRetired+1)
}
