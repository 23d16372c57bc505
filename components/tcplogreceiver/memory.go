package tcplogreceiver

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// lineCost is what a line takes beside its text: an entry, its attributes, a log record, in bytes.
const lineCost = 1 << 10

// cost is the memory of a line of n bytes: as it was read, and as a log record.
func cost(n int) int64 { return 2*int64(n) + lineCost }

// lineGrace is how long a line may take to come without giving way. Those of programs come within milliseconds.
const lineGrace = time.Second

// unfinished is the memory of lines that have no end yet, beyond the first bytes of each, which every connection has. When it is
// full, readers wait for lines that the pipeline has, and for lines that are just coming; then the longest of those that have taken
// long gives way. So who writes lines without an end loses them, and a line of a program finds room.
type unfinished struct {
	limit int64

	mu     sync.Mutex
	freed  sync.Cond
	used   int64
	of     map[*reader]*holding
	closed bool
}

// holding is what a reader has.
type holding struct {
	bytes int64
	since time.Time
}

func newUnfinished(limit int64) *unfinished {
	u := &unfinished{limit: limit, of: map[*reader]*holding{}}
	u.freed.L = &u.mu
	return u
}

// grow gives a reader n bytes more, and reports whether it got them. It does not where its own line has to give way.
func (u *unfinished) grow(r *reader, n int64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.of[r] == nil {
		u.of[r] = &holding{since: time.Now()}
	}
	for u.used+n > u.limit {
		if u.closed || r.evicted.Load() != "" {
			return false
		}
		longest, leaves, next := u.longest(r, n)
		switch {
		case leaves >= n:
		case longest == r:
			return false
		case longest != nil:
			longest.evict(reasonMemory)
			u.freed.Broadcast() // it may wait here itself
		default:
			t := time.AfterFunc(next, u.wake)
			u.freed.Wait()
			t.Stop()
			continue
		}
		u.freed.Wait()
	}
	u.used += n
	u.of[r].bytes += n
	return true
}

// longest is the longest line that has to give way to n bytes for a reader, which may be its own. leaves are the bytes that are
// going to be free anyhow. next is when there may be another answer.
func (u *unfinished) longest(asks *reader, n int64) (longest *reader, leaves int64, next time.Duration) {
	most := int64(0)
	next = lineGrace
	for r, h := range u.of {
		size, age := h.bytes, time.Since(h.since)
		if r == asks {
			size += n
		}
		switch {
		case r != asks && (r.finished.Load() || r.evicted.Load() != ""):
			leaves += h.bytes
		case age < lineGrace:
			next = min(next, lineGrace-age)
		case size > most:
			longest, most = r, size
		}
	}
	return longest, leaves, next
}

// release takes back all that a reader has.
func (u *unfinished) release(r *reader) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if h := u.of[r]; h != nil {
		u.used -= h.bytes
		delete(u.of, r)
		u.freed.Broadcast()
	}
}

// shrink takes back n bytes.
func (u *unfinished) shrink(r *reader, n int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.used -= n
	u.of[r].bytes -= n
	u.freed.Broadcast()
}

// wake has those that wait look whether they still may.
func (u *unfinished) wake() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.freed.Broadcast()
}

// close lets nobody wait any more.
func (u *unfinished) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	u.freed.Broadcast()
}

func (u *unfinished) size() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.used
}

// inFlight is the memory of lines that the pipeline has not answered. Readers wait for it, and senders for readers.
type inFlight struct {
	limit int64
	left  *semaphore.Weighted

	mu   sync.Mutex
	used int64
}

func newInFlight(limit int64) *inFlight {
	return &inFlight{limit: limit, left: semaphore.NewWeighted(limit)}
}

func (f *inFlight) take(ctx context.Context, n int64) error {
	if err := f.left.Acquire(ctx, n); err != nil {
		return err
	}
	f.add(n)
	return nil
}

func (f *inFlight) give(n int64) {
	f.add(-n)
	f.left.Release(n)
}

func (f *inFlight) add(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.used += n
}

func (f *inFlight) size() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.used
}
