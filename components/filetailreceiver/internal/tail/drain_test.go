package tail

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Where the files are gone with the collector, what was written last must not wait for the next start.
func TestAStopReadsFilesToTheirEnds(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.DrainFiles = true
	h.options.Linger = time.Hour // what fills no chunk would be read then
	h.append("app.log", lines(1, 1))
	h.start()
	h.await("app.log", wanted(1, 1)...)
	h.append("app.log", lines(2, 2000)+"prompt>")
	h.append("late.log", lines(1, 3))
	h.stop()
	h.await("app.log", append(wanted(1, 2000), "prompt>")...)
	h.await("late.log", wanted(1, 3)...)
	h.start()
	h.append("app.log", "\n"+lines(2001, 2001))
	h.stop()
	h.await("app.log", append(append(wanted(1, 2000), "prompt>"), wanted(2001, 2001)...)...)
}

func TestAStopWithoutDrainFilesLeavesWhatIsNotRead(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Linger = time.Hour
	h.append("app.log", lines(1, 1))
	h.start()
	h.await("app.log", wanted(1, 1)...)
	h.append("app.log", lines(2, 3))
	h.stop()
	h.await("app.log", wanted(1, 1)...)
}

func TestAStopReadsNoLongerThanItsTime(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.DrainFiles, h.options.Drain = true, 100*time.Millisecond
	h.deliver = func(ctx context.Context, _ *sent) error { <-ctx.Done(); return ctx.Err() }
	h.append("app.log", lines(1, 1000))
	h.start()
	began := time.Now()
	h.stop()
	assert.Less(t, time.Since(began), time.Minute)
	require.Empty(t, h.records(h.path("app.log")))
	h.deliver = nil
	h.start()
	h.await("app.log", wanted(1, 1000)...)
}
