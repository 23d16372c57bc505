package otlpreceiver

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// admissionWait is how long a request waits for the memory of others before it is refused for now. Senders keep what is
// refused and send it again.
const admissionWait = 2 * time.Second

// maxWaiting is how many requests wait at once; further ones are refused for now without a wait. Each has a goroutine and its
// headers: 50,000 that waited, of 500 connections, were seen to take 700 MB.
const maxWaiting = 256

var (
	// errBusy is of a request that others leave no memory for. It may be sent again.
	errBusy = errors.New("too many requests are in flight; send this one again later")
	// errTooLarge is of a request that is beyond the bound by itself.
	errTooLarge = errors.New("the request takes more memory than limits::max_in_flight; send less in one")
)

// admission is the memory of all requests of a receiver.
type admission struct {
	limit   int64
	left    *semaphore.Weighted
	used    atomic.Int64
	waiting atomic.Int64
}

func newAdmission(limit int64) *admission {
	return &admission{limit: limit, left: semaphore.NewWeighted(limit)}
}

// grant is a request's part of it.
type grant struct {
	of   *admission
	held int64
}

func (a *admission) begin() *grant { return &grant{of: a} }

// grow takes n bytes more. It waits for other requests, though not for long.
func (g *grant) grow(ctx context.Context, n int64) error {
	if n <= 0 {
		return nil
	}
	if n > g.of.limit-g.held {
		return errTooLarge
	}
	if !g.of.left.TryAcquire(n) {
		defer g.of.waiting.Add(-1)
		if g.of.waiting.Add(1) > maxWaiting {
			return errBusy
		}
		ctx, cancel := context.WithTimeout(ctx, admissionWait)
		defer cancel()
		if g.of.left.Acquire(ctx, n) != nil {
			return errBusy
		}
	}
	g.held += n
	g.of.used.Add(n)
	return nil
}

// to makes it hold n bytes: more, as grow does, or less.
func (g *grant) to(ctx context.Context, n int64) error {
	if n > g.held {
		return g.grow(ctx, n-g.held)
	}
	g.of.left.Release(g.held - n)
	g.of.used.Add(n - g.held)
	g.held = n
	return nil
}

func (g *grant) end() { _ = g.to(context.Background(), 0) }
