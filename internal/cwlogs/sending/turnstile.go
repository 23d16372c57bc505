package sending

import (
	"sync"
	"time"
)

// MaxTurn is how long a batch waits for the one before it. Batches are handed over in order within
// microseconds; where one never comes, because all consumers wait for it, going on costs no more than the
// order of events of one millisecond.
const MaxTurn = time.Second

// turnstile lets batches in by their numbers, from 1 on.
type turnstile struct {
	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan struct{}
}

func newTurnstile() *turnstile { return &turnstile{next: 1, waiting: map[uint64]chan struct{}{}} }

// enter waits for a number's turn. A batch without a number, and one that is late, goes in at once. leave must follow.
func (t *turnstile) enter(number uint64) {
	t.mu.Lock()
	if number <= t.next {
		t.mu.Unlock()
		return
	}
	turn := make(chan struct{})
	t.waiting[number] = turn
	t.mu.Unlock()
	timer := time.NewTimer(MaxTurn)
	defer timer.Stop()
	select {
	case <-turn:
	case <-timer.C:
		t.mu.Lock()
		delete(t.waiting, number)
		t.mu.Unlock()
	}
}

// leave lets the next one in.
func (t *turnstile) leave(number uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = max(t.next, number+1)
	for n, turn := range t.waiting {
		if n <= t.next {
			delete(t.waiting, n)
			close(turn)
		}
	}
}
