package inventory

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// settled is what is decided of a copy once it has waited.
func (h *host) settled(t *testing.T, path string) Decision {
	t.Helper()
	d := h.look()[path]
	assert.True(t, d.Wait, d.Reason)
	assert.Equal(t, Copy, d.Kind)
	return h.after(path, copyTime+time.Second)
}

// after is what is decided of a file that waits, some time later.
func (h *host) after(path string, wait time.Duration) Decision {
	i := len(h.known)
	h.known = append(h.known, Known{ID: h.ids[path], Path: path, Now: path, Size: int64(len(h.texts[path])), Unjudged: true, Waits: now})
	h.o.Now = now.Add(wait)
	d := h.look()[path]
	h.known = h.known[:i]
	h.o.Now = now
	return d
}

func TestACopyIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/l/app.log.bak", "/l/app.log~", "/l/copy-of-app.log", "/l/app-copy.log", "/l/app.log-20261128", "/l/old/app.log", "/l/old/app.log.1", "/old/app.log.1"} {
		h := newHost(t)
		h.write("/l/app.log", lines("a", 1, 100))
		k := h.readsAll("/l/app.log")
		h.write(path, lines("a", 1, 100))
		h.write("/l/app.log", lines("a", 1, 101))
		d := h.settled(t, path)
		assert.Equal(t, Copy, d.Kind, path)
		assert.False(t, d.Wait, path)
		assert.Equal(t, k, d.Of)
		assert.Equal(t, path, d.Path, "what is appended to it is its own")
		assert.EqualValues(t, len(h.texts[path]), d.At.Offset)
	}
}

func TestWhatIsAppendedToACopyIsSent(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 100))
	h.readsAll("/l/app.log")
	h.write("/l/app.log.bak", lines("a", 1, 100)+"mine\n")
	d := h.settled(t, "/l/app.log.bak")
	assert.Equal(t, Copy, d.Kind)
	assert.EqualValues(t, len(lines("a", 1, 100)), d.At.Offset)
}

func TestACopyOfAnEarlierMomentIsKnown(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 100))
	h.readsAll("/l/app.log")
	h.write("/l/app.log.bak", lines("a", 1, 60))
	d := h.settled(t, "/l/app.log.bak")
	assert.Equal(t, Copy, d.Kind)
	assert.EqualValues(t, len(lines("a", 1, 60)), d.At.Offset)
}

func TestACopyWaitsForWhatItsOriginalHasNotDelivered(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 100))
	h.reads("/l/app.log", len(lines("a", 1, 50)))
	h.write("/l/app.log.bak", lines("a", 1, 100))
	d := h.settled(t, "/l/app.log.bak")
	assert.True(t, d.Wait)
	assert.Contains(t, d.Reason, "not delivered yet")
	h.known = h.known[:0]
	k := h.readsAll("/l/app.log")
	d = h.after("/l/app.log.bak", time.Hour)
	assert.False(t, d.Wait)
	assert.Equal(t, k, d.Of)
}

func TestAFileThatBeginsAsAnUnrelatedOneIsNew(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	for _, path := range []string{"/l/kern.log", "/pods/a/0.log"} {
		h.write(path, lines("k", 1, 100))
		h.readsAll(path)
	}
	for _, path := range []string{"/l/messages.log", "/pods/b/0.log"} {
		h.write(path, lines("k", 1, 100)+"more\n")
	}
	assert.Equal(t, New, h.look()["/l/messages.log"].Kind)
	d := h.settled(t, "/pods/b/0.log") // it may be on its way to there
	assert.Equal(t, Same, d.Kind, "the one that waited")
	assert.Equal(t, len(h.known), d.Of)
}

func TestASiblingWithTheSameFewLinesIsNew(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"started\nready\n", strings.Repeat("heartbeat OK\n", 100)} {
		h := newHost(t)
		h.write("/l/worker.log", text)
		h.readsAll("/l/worker.log")
		h.write("/l/worker-2.log", text)
		d := h.settled(t, "/l/worker-2.log")
		assert.Equal(t, Same, d.Kind, "the one that waited")
		assert.Equal(t, 1, d.Of)
		h.write("/l/worker-2.log", text+"mine\n")
		h.write("/l/worker.log", text+"yours\n")
		h.known = h.known[:0]
		h.readsAll("/l/worker.log")
		assert.Equal(t, New, h.look()["/l/worker-2.log"].Kind, "as soon as they differ, nothing waits")
	}
}

func TestAnEditorsNewFileGoesOnBesideItsBackup(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 100))
	h.readsAll("/l/app.log")
	h.rename("/l/app.log", "/l/app.log~")
	h.write("/l/app.log", lines("a", 1, 101))
	all := h.look()
	assert.Equal(t, Rotated, all["/l/app.log~"].Kind)
	d := all["/l/app.log"]
	assert.Equal(t, Copy, d.Kind)
	assert.False(t, d.Wait)
	assert.EqualValues(t, len(lines("a", 1, 100)), d.At.Offset)
}

func TestALogThatBeginsAsItsLastGenerationDoesNotWait(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", "#Fields: date time\n"+lines("a", 1, 100))
	h.readsAll("/l/app.log")
	h.rename("/l/app.log", "/l/app.log.1")
	h.write("/l/app.log", "#Fields: date time\n")
	d := h.look()["/l/app.log"]
	assert.Equal(t, New, d.Kind)
	assert.False(t, d.Wait)
}

func TestACopyElsewhereWaitsForItsOriginalToGo(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 20))
	k := h.readsAll("/l/app.log")
	h.write("/m/app.log", lines("a", 1, 20))
	assert.True(t, h.look()["/m/app.log"].Wait)
	h.remove("/l/app.log")
	d := h.after("/m/app.log", time.Second)
	assert.Equal(t, Rotated, d.Kind)
	assert.Equal(t, k, d.Of)
}

// After a kill the offset of the original may not be saved: then it is read again, and the copy is not read beside it.
func TestACopyWaitsForAnOriginalOfWhichNothingIsKnown(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 100))
	k := h.reads("/l/app.log", 0)
	h.known[k].Unjudged, h.known[k].Now, h.known[k].Was, h.known[k].Size = true, "", "/l/app.log", 0 // as it is loaded
	h.write("/l/app.log.bak", lines("a", 1, 100))
	all := h.look()
	assert.Equal(t, Same, all["/l/app.log"].Kind)
	assert.False(t, all["/l/app.log"].Wait)
	assert.True(t, all["/l/app.log.bak"].Wait)
}

func TestACopyOfWhatWasReplacedAtThatMomentIsOne(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 100))
	h.readsAll("/l/app.log")
	h.write("/l/app.log.1", lines("a", 1, 100))
	h.remove("/l/app.log")
	h.write("/l/app.log", lines("a", 1, 120)) // rsync
	d := h.after("/l/app.log.1", copyTime+time.Second)
	assert.Equal(t, Copy, d.Kind)
}
