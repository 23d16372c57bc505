// Package inorder lets calls that run side by side begin in their order. Whoever makes the calls puts a Turn into each
// call's context, and whoever receives them, at whatever depth, waits for it.
package inorder

import (
	"context"
	"sync"
	"time"
)

// Turn is one call's place. The nil Turn is nobody's, and never waits.
type Turn struct {
	before <-chan struct{} // nil: nobody
	begun  chan struct{}
	once   sync.Once
}

// After is the turn that follows another. After nil comes the first.
func After(before *Turn) *Turn {
	t := &Turn{begun: make(chan struct{})}
	if before != nil {
		t.before = before.begun
	}
	return t
}

type key struct{}

// With is a context that carries a turn.
func With(ctx context.Context, t *Turn) context.Context { return context.WithValue(ctx, key{}, t) }

// Of is the turn of a context, or nil.
func Of(ctx context.Context) *Turn {
	t, _ := ctx.Value(key{}).(*Turn)
	return t
}

// Wait returns when the call before has begun, or is over, and says whether that is so. It waits no longer than limit,
// since going on in the wrong order is better than standing still.
func (t *Turn) Wait(ctx context.Context, limit time.Duration) bool {
	if t == nil || t.before == nil {
		return true
	}
	select {
	case <-t.before:
		return true
	default:
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-t.before:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// Begun lets the next call begin.
func (t *Turn) Begun() {
	if t != nil {
		t.once.Do(func() { close(t.begun) })
	}
}
