package delivery

import (
	"context"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

// Part is what one Deliver has for one target.
type Part struct {
	Target cwlogs.Target
	// Entity tells whose events they are; nil for none.
	Entity *cwlogs.Entity
	// Fallback is where the events go if Target cannot be written to or made: nil where they wait for it. It is for
	// targets that are named by what is sent, which must not hold up anything else.
	Fallback *cwlogs.Target
	// Events need not be in order. Their messages are read until Deliver returns.
	Events []cwlogs.Event
}

// Remainder are the events of a part that were not delivered and may be given to Deliver again.
type Remainder struct {
	// Part is the index of the part, and Events are those of its events, ascending.
	Part   int
	Events []int
}

// Error is what Deliver returns where something was not delivered.
type Error struct {
	Remainder []Remainder
	// Permanent says that it is no use to come again: the time for retries is over, or the target is denied
	// and too much waits for it.
	Permanent bool
	// Err is the last error of one of them.
	Err error
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the last error.
func (e *Error) Unwrap() error { return e.Err }

// Sender sends requests. *cwlogs.Sender is one.
type Sender interface {
	Pack(to cwlogs.Target, entity *cwlogs.Entity, events []cwlogs.Fixed) (*cwlogs.Payload, error)
	Put(ctx context.Context, p *cwlogs.Payload) (cwlogs.Answer, error)
}

// Targets makes log groups and streams. *targets.Targets is one.
type Targets interface {
	// Make makes what is missing of a target. It is called when a request failed because it is missing, several
	// times at once for targets of one group too. An error is a *cwlogs.Error: of class Missing where making is
	// not wanted.
	Make(ctx context.Context, t cwlogs.Target) error
}

// Sent is a request that was answered.
type Sent struct {
	Target cwlogs.Target
	// Events are those that the service has taken.
	Events int
	// Messages is the size of the batch as the service counts it, in bytes; cwlogs.MaxBatchBytes is a full one.
	Messages int
	// Raw is the size of the JSON, and Wire what was sent of it, in bytes.
	Raw, Wire int
	// Took is the time of the request that was answered.
	Took time.Duration
}

// Observer is told what happens. Its methods are called from many goroutines, must not block, and must not call the engine.
type Observer interface {
	// Sent is called for every request that was answered.
	Sent(Sent)
	// Failed is called for every request that was not; unanswered ones may repeat events.
	Failed(t cwlogs.Target, e *cwlogs.Error)
	// Dropped is called for events that do not arrive, or not as they were given. sample is one of them, as it was given, or nil. It
	// must not be kept.
	Dropped(t cwlogs.Target, reason cwlogs.Reason, events int, sample *cwlogs.Event)
	// EntityRejected is called where the service took the events and not the entity.
	EntityRejected(t cwlogs.Target, errorType string)
	// Diverted is called for events that go to the fallback of a target because of an error; nil where the target is
	// known for one. first says that the target was not known for any.
	Diverted(from, to cwlogs.Target, events int, e *cwlogs.Error, first bool)
	// Blocked is called once when a target cannot be written to or made until somebody changes a policy or makes
	// it, and Unblocked when it can again.
	Blocked(t cwlogs.Target, e *cwlogs.Error)
	Unblocked(t cwlogs.Target)
}

// Backoff says when a request is sent again. The zero value sends once.
type Backoff struct {
	// Initial is the first pause, which grows by Multiplier up to Max. Each is made shorter or longer by up to
	// Randomization of it.
	Initial, Max  time.Duration
	Multiplier    float64
	Randomization float64
	// MaxElapsed is how long after its first failure a request is sent again. 0: without end.
	MaxElapsed time.Duration
}

// Options are an engine's.
type Options struct {
	Policy  cwlogs.Policy
	Backoff Backoff
	// MaxParallel bounds the requests on their way. Default: 16.
	MaxParallel int
	// RequestTimeout bounds a request with its answer. Default: 30 s.
	RequestTimeout time.Duration
	// MaxBlocked bounds the calls of Deliver that wait for blocked targets alone, where other targets can be
	// written to. A further one fails with what it has for them. 0: no bound.
	MaxBlocked int
	// Callers is how many calls of Deliver there can be at once: where all of them wait for blocked targets,
	// nothing tells whether others could be written to, and MaxBlocked would never be applied. Then the latest
	// call fails, once in Backoff.Max, unless a target that was written to before is among the blocked ones:
	// that is a policy for all. 0: no bound.
	Callers int
	// DrainTimeout bounds what is still sent after Stop. Default: 10 s.
	DrainTimeout time.Duration
}

// Stats are of this moment.
type Stats struct {
	// Limit is how many requests may be on their way at once, and InFlight how many are.
	Limit, InFlight int
	// Pending are events that wait to be sent (again), and PendingBytes what their messages count.
	Pending      int
	PendingBytes int
	// Lanes are the streams that have something to send, or are blocked.
	Lanes int
	// Oldest is when the oldest of the events that are not delivered was given; zero without any.
	Oldest time.Time
}
