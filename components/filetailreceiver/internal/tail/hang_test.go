package tail

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFilesThatDoNotAnswerHoldNoOther has more of them than there are readers.
func TestFilesThatDoNotAnswerHoldNoOther(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	free := make(chan struct{})
	for _, name := range []string{"hangs-a", "hangs-b", "hangs-c"} {
		h.append(name, lines(1, 3))
	}
	h.opening = func(path string) {
		if path[len(path)-7:len(path)-1] == "hangs-" {
			<-free
		}
	}
	h.start()
	hung := func() int {
		h.tailer.mu.Lock()
		defer h.tailer.mu.Unlock()
		return h.tailer.hanging
	}
	// The clock goes faster for those that wait.
	require.Eventually(t, func() bool {
		h.tailer.mu.Lock()
		for r := range h.tailer.readers {
			if !r.since.IsZero() && r.file != nil && r.file.now != "" && r.file.path[len(r.file.path)-7:len(r.file.path)-1] == "hangs-" && !r.replaced {
				r.since = r.since.Add(-hangTime)
			}
		}
		h.tailer.mu.Unlock()
		return hung() == 3
	}, eventually, tick)
	h.append("app.log", lines(1, 2000))
	h.await("app.log", wanted(1, 2000)...)
	assert.ErrorContains(t, h.tailer.hangs(time.Now().Add(2*lateAfter)), "3 files do not answer, such as ")
	close(free)
	h.await("hangs-b", wanted(1, 3)...)
	require.Eventually(t, func() bool { return hung() == 0 }, eventually, tick)
	h.settle()
	h.stop()
}

// TestAStopDoesNotWaitForAFileThatDoesNotAnswer must end within the time to drain.
func TestAStopDoesNotWaitForAFileThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Drain = 50 * time.Millisecond
	free := make(chan struct{})
	waits := make(chan struct{}, 100)
	h.append("a.log", lines(1, 3))
	h.opening = func(string) { waits <- struct{}{}; <-free }
	h.start()
	tailer := h.tailer
	<-waits
	began := time.Now()
	h.stop()
	assert.Less(t, time.Since(began), eventually/2)
	close(free) // so that no goroutine is left to the test
	tailer.loops.Wait()
	tailer.watches.Wait()
	tailer.looker.Close()
}
