package tail

import (
	"path/filepath"
	"strings"
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
	e := h.tailer.engine
	hung := func() (n int) {
		e.do(func() { n = e.hanging })
		return n
	}
	// The clock goes faster for those that wait.
	require.Eventually(t, func() bool {
		e.do(func() {
			for r := range e.readers {
				if a := r.ask.Load(); a != nil && strings.HasPrefix(filepath.Base(a.path), "hangs-") && time.Since(a.since) < hangTime {
					r.ask.CompareAndSwap(a, &ask{a.path, a.since.Add(-hangTime), a.held})
				}
			}
		})
		return hung() == 3
	}, eventually, tick)
	h.append("app.log", lines(1, 2000))
	h.await("app.log", wanted(1, 2000)...)
	assert.ErrorContains(t, e.hangs(time.Now().Add(2*lateAfter)), "3 files do not answer, such as ")
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
	tailer.engine.loops.Wait()
	tailer.watches.Wait()
	tailer.watch.looker.Close()
}
