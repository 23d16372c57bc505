package tail

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/schedule"
)

func TestLinesArriveOnce(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", lines(1, 3))
	h.start()
	h.await("app.log", wanted(1, 3)...)
	h.append("app.log", lines(4, 5))
	h.await("app.log", wanted(1, 5)...)
	h.settle()
	h.stop()
	h.append("app.log", lines(6, 7))
	h.start()
	h.await("app.log", wanted(1, 7)...)
}

func TestAPartialLineWaitsForItsEnd(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Flush = records.Waits{}
	h.append("app.log", "line 1\nline")
	h.start()
	h.await("app.log", "line 1")
	h.stop()
	h.start()
	h.append("app.log", " 2\n")
	h.await("app.log", "line 1", "line 2")
}

func TestAPartialLineIsTakenAfterItsTime(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", "line 1\nprompt>")
	h.start()
	h.await("app.log", "line 1", "prompt>")
	h.append("app.log", " more\n")
	h.await("app.log", "line 1", "prompt>", " more")
}

func TestRenamedAndRecreated(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", lines(1, 3))
	h.start()
	h.await("app.log", wanted(1, 3)...)
	h.append("app.log", lines(4, 4))
	h.rename("app.log", "app.log.1")
	h.append("app.log.1", lines(5, 5))
	h.append("app.log", lines(6, 7))
	h.await("app.log", wanted(1, 7)...)
	h.settle()
	assert.Empty(t, h.records(h.path("app.log.1")), "what was rotated keeps its name")
	h.stop()
	h.start()
	h.append("app.log", lines(8, 8))
	h.await("app.log", wanted(1, 8)...)
}

func TestSeveralRotationsBetweenTwoLooks(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", lines(1, 2))
	h.start()
	h.await("app.log", wanted(1, 2)...)
	h.stop()
	h.append("app.log", lines(3, 3))
	h.rename("app.log", "app.log.1")
	h.append("app.log", lines(4, 4))
	h.rename("app.log.1", "app.log.2")
	h.rename("app.log", "app.log.1")
	h.append("app.log", lines(5, 5))
	h.start()
	h.settle()
	assert.ElementsMatch(t, wanted(1, 5), append(h.records(h.path("app.log")), h.records(h.path("app.log.1"))...))
}

func TestCopiedAndTruncated(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", lines(1, 3))
	h.start()
	h.await("app.log", wanted(1, 3)...)
	h.stop() // nobody reads what comes now before it is copied
	h.append("app.log", lines(4, 6))
	h.copy("app.log", "app.log.1")
	h.truncate("app.log")
	h.append("app.log", lines(7, 8))
	h.start()
	h.settle()
	h.await("app.log", wanted(1, 8)...)
	assert.EqualValues(t, 1, h.truncated)
	h.stop()
	h.start()
	h.settle()
	h.await("app.log", wanted(1, 8)...)
}

func TestACopyWaitsForTheTruncation(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", lines(1, 300))
	h.start()
	h.await("app.log", wanted(1, 300)...)
	h.copy("app.log", "app.log.1")
	h.settleHeld()
	h.append("app.log", lines(301, 301))
	h.await("app.log", wanted(1, 301)...)
	h.copy("app.log", "app.log.1")
	h.truncate("app.log")
	h.append("app.log", lines(302, 303))
	h.await("app.log", wanted(1, 303)...)
	h.settle()
	h.await("app.log", wanted(1, 303)...)
	assert.Empty(t, h.records(h.path("app.log.1")))
}

func (h *host) settleHeld() {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		return slices.ContainsFunc(h.schedule(), func(f schedule.File) bool { why, _ := f.Held(); return why == schedule.MaybeCopy })
	}, eventually, tick)
}

func TestTruncatedAndGrownBeyondTheOffset(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", lines(1, 3))
	h.start()
	h.await("app.log", wanted(1, 3)...)
	h.settle()
	require.NoError(t, os.WriteFile(h.path("app.log"), []byte(lines(4, 20)), 0o600)) // truncates
	h.await("app.log", wanted(1, 20)...)
}

func TestRecreatedWithTheSameFirstBytes(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	const head = "#Fields: date time\n"
	h.append("app.log", head+lines(1, 3))
	h.start()
	h.await("app.log", append([]string{"#Fields: date time"}, wanted(1, 3)...)...)
	h.settle()
	require.NoError(t, os.Remove(h.path("app.log")))
	h.append("app.log", head+lines(4, 20))
	h.await("app.log", append(append([]string{"#Fields: date time"}, wanted(1, 3)...), append([]string{"#Fields: date time"}, wanted(4, 20)...)...)...)
}

func TestDeletedWhileItIsRead(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("app.log", lines(1, 3))
	h.start()
	h.await("app.log", wanted(1, 3)...)
	f, err := os.OpenFile(h.path("app.log"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	require.NoError(t, os.Remove(h.path("app.log")))
	_, err = f.WriteString(lines(4, 5))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	h.await("app.log", wanted(1, 5)...)
	require.Eventually(t, func() bool { return h.tailer.Stats().Open == 0 }, eventually, tick, "nobody can write to it any more")
	assert.Empty(t, h.tailer.o.Store.All())
}

func TestRotatedToANameThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Finder.Include = []string{h.path("*.log")}
	h.append("app.log", lines(1, 3))
	h.start()
	h.await("app.log", wanted(1, 3)...)
	h.stop()
	h.append("app.log", lines(4, 4))
	h.rename("app.log", "app.old")
	h.append("app.log", lines(5, 6))
	h.start()
	h.await("app.log", wanted(1, 6)...)
}
