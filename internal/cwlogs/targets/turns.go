package targets

import (
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

// turns let calls go on at a rate: groups have their turns, and in a group the kinds of its streams, so that who makes
// thousands of streams does not hold up the one stream of somebody else.
type turns struct {
	limit *rate.Limiter

	mu      sync.Mutex
	waiting ring[*ring[*waiter]] // by group, then by kind
	busy    bool
}

// waiter is a call that waits for its turn.
type waiter struct {
	turn chan struct{} // closed when it has come
	gone bool          // nobody waits any more
}

// ring has things by key, and takes one of each key in turn.
type ring[T any] struct {
	keys []string
	of   map[string][]T
}

func (r *ring[T]) put(key string, one T) {
	if r.of == nil {
		r.of = map[string][]T{}
	}
	if len(r.of[key]) == 0 {
		r.keys = append(r.keys, key)
	}
	r.of[key] = append(r.of[key], one)
}

// first is what has its turn, of which there has to be one. done says that it goes; otherwise it stays, and its key has its
// next turn after the others.
func (r *ring[T]) first() T { return r.of[r.keys[0]][0] }

func (r *ring[T]) next(done bool) {
	key := r.keys[0]
	r.keys = slices.Delete(r.keys, 0, 1)
	if done {
		r.of[key] = r.of[key][1:]
	}
	if len(r.of[key]) == 0 {
		delete(r.of, key)
		return
	}
	r.keys = append(r.keys, key)
}

// wait returns when it is the turn of a stream.
func (t *turns) wait(ctx context.Context, running *sync.WaitGroup, over context.Context, group, stream string) error {
	w := &waiter{turn: make(chan struct{})}
	t.mu.Lock()
	var kinds *ring[*waiter]
	if of := t.waiting.of[group]; len(of) > 0 {
		kinds = of[0]
	} else {
		kinds = &ring[*waiter]{}
		t.waiting.put(group, kinds)
	}
	kinds.put(kind(stream), w)
	if !t.busy {
		t.busy = true
		running.Go(func() { t.give(over) })
	}
	t.mu.Unlock()
	select {
	case <-w.turn:
		return over.Err()
	case <-ctx.Done():
		t.mu.Lock()
		w.gone = true
		t.mu.Unlock()
		return ctx.Err()
	}
}

// give gives turns while somebody waits, or lets all go when it is over.
func (t *turns) give(over context.Context) {
	for {
		t.mu.Lock()
		t.dropGone()
		if t.busy = len(t.waiting.keys) > 0; !t.busy {
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
		_ = t.limit.Wait(over) // an error says that it is over: nobody waits for nothing then
		t.mu.Lock()
		if t.dropGone(); len(t.waiting.keys) > 0 {
			close(t.take().turn)
		}
		t.mu.Unlock()
	}
}

// dropGone takes out who has its turn and does not wait any more.
func (t *turns) dropGone() {
	for len(t.waiting.keys) > 0 && t.waiting.first().first().gone {
		t.take()
	}
}

func (t *turns) take() *waiter {
	kinds := t.waiting.first()
	w := kinds.first()
	kinds.next(true)
	t.waiting.next(len(kinds.keys) == 0)
	return w
}

// kind is a stream's name without what differs among those that one program makes: words with digits in them, such as numbers,
// dates and identifiers.
func kind(stream string) string {
	var b strings.Builder
	word := 0 // where it begins
	for i := 0; i <= len(stream); i++ {
		if i < len(stream) && (stream[i] >= '0' && stream[i] <= '9' || stream[i] >= 'a' && stream[i] <= 'z' || stream[i] >= 'A' && stream[i] <= 'Z' || stream[i] >= 0x80) {
			continue
		}
		if strings.ContainsAny(stream[word:i], "0123456789") {
			b.WriteByte('#')
		} else {
			b.WriteString(stream[word:i])
		}
		if i < len(stream) {
			b.WriteByte(stream[i])
		}
		word = i + 1
	}
	return b.String()
}
