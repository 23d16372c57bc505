package tail

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/inorder"
)

const (
	// firstWindow is what a file may have in flight before anything of it was delivered, in bytes, so that one whose
	// lines are refused takes little room.
	firstWindow = 64 << 10
	// patience is how long a delivery takes before its file has to do with that window, and before its bytes no
	// longer count among those that all files share.
	patience = 10 * time.Second
	// mostStuck is how much of that there may be beside, in bytes.
	mostStuck = 8 << 20
	// between is the time between two saves where there is no hurry.
	between = 100 * time.Millisecond
)

// acquire waits until so much may be in flight. It says no at the end.
func (t *Tailer) acquire(bytes int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting++
	for t.used > 0 && t.used+bytes > t.room.limit && !t.ending {
		t.room.pressed = true
		t.hasten()
		t.work.Wait()
	}
	t.waiting--
	if t.ending {
		return false
	}
	t.used += bytes
	return true
}

// release gives back what was acquired. The lock is held.
func (t *Tailer) release(bytes int64) {
	t.used -= bytes
	t.work.Broadcast()
}

// begin delivers what was read of a file, whose acquired bytes become the chunk's.
func (t *Tailer) begin(f *file, c Chunk, end position, bytes int64) {
	now := time.Now()
	t.mu.Lock()
	if t.abandoned { // what was read stays undelivered, and is read again after the next start
		t.release(bytes)
		t.mu.Unlock()
		return
	}
	t.sends.Add(1) // with the lock: a stop begins to wait when no reader can add any more
	l := f.line
	l.stamp = max(now.UnixMilli(), l.stamp+1)
	l.turn = inorder.After(l.turn)
	c.Read, c.Turn, c.Labels = time.UnixMilli(l.stamp), l.turn, &f.labels
	k := &chunk{file: f, end: end, bytes: bytes, begun: now}
	f.pending = append(f.pending, k)
	f.inFlight += bytes
	f.read, f.lastChunk = end, now
	t.mu.Unlock()

	t.o.Events.Read(len(c.Raw), len(c.Spans))
	deliver := t.o.Begin(&c)
	turn := c.Turn
	if deliver == nil {
		turn.Begun()
		t.delivered(k)
		t.sends.Done()
		return
	}
	go func() {
		defer t.sends.Done()
		defer turn.Begun()
		if err := deliver(inorder.With(t.sending, turn)); err != nil {
			return // the end: it is read again after the next start
		}
		t.delivered(k)
	}()
}

// delivered takes in that a chunk needs not be read again.
func (t *Tailer) delivered(k *chunk) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := k.file
	k.done = true
	n := 0
	bytes := int64(0)
	for n < len(f.pending) && f.pending[n].done {
		first := f.pending[n]
		f.pending[n] = nil
		n++
		bytes += first.end.offset - f.acked.offset
		f.acked = first.end
		f.inFlight -= first.bytes
		if first.stalled {
			t.unsavedStuck += first.bytes
		} else {
			t.unsaved += first.bytes
		}
	}
	if n == 0 {
		return // what is before it is not delivered yet
	}
	if f.line != nil {
		f.line.proven = true
	}
	t.tried(f)
	if f.pending = f.pending[n:]; len(f.pending) == 0 {
		f.pending = nil
	}
	f.window = min(2*f.window, max(t.o.MaxInFlight, int64(t.o.ChunkBytes)))
	if f.behind = time.Now(); f.lag() == 0 {
		f.behind = time.Time{}
	}
	t.o.Store.Set(f.checkpoint())
	t.o.Events.Acknowledged(bytes)
	t.room.delivered(bytes, time.Now())
	t.wantSave()
	t.hasten()
	if f.again {
		f.again = false
		t.enqueue(f, time.Now())
	}
}

// watchDelivery deals with a file whose oldest chunk takes long.
func (t *Tailer) watchDelivery(f *file, now time.Time) {
	for i, k := range f.pending {
		if k.stalled || now.Sub(k.begun) < patience {
			break
		}
		if i == 0 {
			f.window = firstWindow
		}
		t.room.reset() // an outage needs no more
		if t.stuck+k.bytes > min(mostStuck, t.o.MaxInFlight) {
			break
		}
		k.stalled = true
		t.stuck += k.bytes
		t.release(k.bytes)
	}
}

func (t *Tailer) wantSave() {
	select {
	case t.save <- struct{}{}:
	default:
	}
}

// hasten has the saver make no pause where a reader waits for room and there is enough to be had: a save for every
// small chunk would cost too much. The lock is held.
func (t *Tailer) hasten() {
	if t.waiting == 0 || t.unsaved == 0 || t.unsaved < min(t.room.limit/8, int64(t.o.ChunkBytes)/2) && t.unsaved < t.used {
		return
	}
	select {
	case t.hurry <- struct{}{}:
	default:
	}
}

// saver saves what was delivered. Only then are its bytes no longer in flight.
func (t *Tailer) saver() {
	for {
		select {
		case <-t.save:
		case <-t.sending.Done():
			return
		}
		t.saveNow()
		select {
		case <-time.After(between):
		case <-t.hurry:
			t.wantSave()
		case <-t.sending.Done():
			return
		}
	}
}

func (t *Tailer) saveNow() {
	t.mu.Lock()
	bytes, stuck := t.unsaved, t.unsavedStuck
	t.unsaved, t.unsavedStuck = 0, 0
	t.mu.Unlock()
	err := t.o.Store.Save(context.WithoutCancel(t.sending))
	t.mu.Lock()
	t.stuck -= stuck
	t.release(bytes)
	failed := t.saveFailed
	t.saveFailed = err != nil
	t.mu.Unlock()
	switch {
	case err != nil && !failed:
		t.o.Logger.Error("How far files were delivered cannot be saved: reading goes on, and a crash would send again what came since. Make room, or let the collector write there", zap.Error(err))
	case err == nil && failed:
		t.o.Logger.Info("How far files were delivered is saved again")
	}
	if err != nil {
		time.AfterFunc(time.Second, t.wantSave)
	}
}
