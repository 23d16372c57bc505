package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How long a check may take, in the order in which they wait for each other. Their sum is below
// DefaultTimeout.
const (
	// resolveLimit bounds fetching the configuration, which may come from S3, SSM or a web server.
	resolveLimit = 8 * time.Second
	// placeLimit bounds the metadata services, which are one hop away or absent.
	placeLimit = 3 * time.Second
	// regionLimit is above what awsconfig gives the metadata services for the region.
	regionLimit = 5 * time.Second
	// credentialsLimit is for a chain that may run a command and ask STS twice.
	credentialsLimit = 10 * time.Second
	// pathLimit bounds all addresses of all routes of a service, which are tried at once.
	pathLimit = 8 * time.Second
	// callLimit bounds a signed call.
	callLimit = 6 * time.Second
	// filesLimit bounds the walk through folders of log files.
	filesLimit = 10 * time.Second
	// stateLimit bounds questions to a file system, which a lost network share does not answer.
	stateLimit = 3 * time.Second

	// DefaultTimeout is the limit of all checks together.
	DefaultTimeout = 30 * time.Second
	// grace is how long a check may take to notice that its time is over. What reads from a lost network
	// share cannot be interrupted, and is left behind.
	grace = 500 * time.Millisecond
)

// limited runs a check with a limit. It returns false where the check did not return in time; its
// goroutine then ends on its own, or with the process.
func limited[T any](ctx context.Context, limit time.Duration, check func(context.Context) T) (result T, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan T, 1)
	go func() { done <- check(ctx) }()
	select {
	case result = <-done:
		return result, true
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case result = <-done:
		return result, true
	case <-late.C:
		return result, false
	}
}

// timed runs a check that has one result, and measures it.
func timed(ctx context.Context, limit time.Duration, id, title string, check func(context.Context) Check) Check {
	started := time.Now()
	c, ok := limited(ctx, limit, check)
	if !ok {
		c = notChecked(id, title, tooLate(ctx, limit))
	}
	c.ID, c.Title, c.DurationMS = id, title, time.Since(started).Milliseconds()
	return c
}

// tooLate says which limit was over.
func tooLate(ctx context.Context, limit time.Duration) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "the time limit of all checks was over; --timeout sets it"
	}
	return fmt.Sprintf("it took more than %s", limit)
}
