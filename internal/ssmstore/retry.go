package ssmstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// attemptTimeout bounds one attempt: answers take milliseconds, and what stalls is better sent again.
	attemptTimeout = 5 * time.Second

	// The pause before the nth attempt is a random part of firstPause·2ⁿ, at most lastPause. Throttling
	// pauses are longer: the quota is of calls a second, and is shared by the account.
	firstPause          = 200 * time.Millisecond
	firstThrottledPause = time.Second
	lastPause           = 5 * time.Second
)

// question is a call, for its errors.
type question struct {
	operation string // of the API
	name      string // what it is about: a name, or several
	secret    string // a text that no error may hold
}

// ask calls until the answer is there, or the error is one that stays, or the time is over.
func ask[T any](ctx context.Context, s *Store, q question, call func(context.Context) (T, error)) (T, error) {
	began := time.Now()
	for attempt := 0; ; attempt++ {
		out, err := attemptOf(ctx, s, q, call)
		if err == nil || !s.again(ctx, began, attempt, err) {
			return out, err
		}
	}
}

// attemptOf is one attempt.
func attemptOf[T any](ctx context.Context, s *Store, q question, call func(context.Context) (T, error)) (T, error) {
	limited, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	out, err := call(limited)
	if err != nil {
		return out, s.failure(ctx, q, err)
	}
	return out, nil
}

// again waits before the next attempt. It returns false where there shall be none.
func (s *Store) again(ctx context.Context, began time.Time, attempt int, err error) bool {
	var e *Error
	if s.once || !errors.As(err, &e) || !e.Temporary() {
		return false
	}
	first := firstPause
	if e.Kind == Throttled {
		first = firstThrottledPause
	}
	pause := rand.N(min(lastPause, first<<min(attempt, 10)) + 1)
	until := time.Now().Add(pause)
	if deadline, ok := ctx.Deadline(); ok && until.After(deadline) || until.Sub(began) > s.retryFor {
		return false
	}
	return sleep(ctx, pause) == nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
