package cwlogs

import (
	"fmt"
	"slices"
)

// Event is what becomes one log event, or several. What is in it stays as it is until its Deliver returns.
type Event struct {
	// Timestamp is in milliseconds since 1970.
	Timestamp int64
	// Message is text. What is not UTF-8 in it arrives as U+FFFD.
	Message []byte
	// Assigned says that whoever collected the event has chosen its time, for want of one of its own. It may
	// be moved up, by a second at most, so that requests of one stream need not wait for each other.
	Assigned bool
}

// Reason is why an event does not arrive as it was given.
type Reason string

// The reasons.
const (
	Empty     Reason = "empty"     // it has no text, which the service refuses
	Truncated Reason = "truncated" // its end was cut off
	Divided   Reason = "split"     // it became several
	Early     Reason = "too_old"   // dropped
	Late      Reason = "too_new"   // dropped

	WithoutMetrics Reason = "without_metrics" // it was an EMF document, and is none now

	ClampedOld Reason = "clamped_too_old" // it got the oldest time that is accepted
	ClampedNew Reason = "clamped_too_new" // it got the newest time that is accepted

	RejectedOld     Reason = "rejected_too_old" // by the service, as are the next three
	RejectedNew     Reason = "rejected_too_new"
	RejectedExpired Reason = "rejected_expired" // older than the group's retention
	RejectedEvent   Reason = "rejected_invalid" // the service refuses it, and nobody knows why

	Exhausted Reason = "retries_exhausted" // the time for retries is over
	Blocked   Reason = "blocked"           // nobody may write to its target, and too much waits for that
)

// TooLarge says what becomes of a message above the limit.
type TooLarge string

// What becomes of a message above the limit.
const (
	Truncate TooLarge = "truncate" // cut at the end of a character
	Split    TooLarge = "split"    // several events of the same time, in order
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *TooLarge) UnmarshalText(text []byte) error {
	return oneOf(t, text, Truncate, Split)
}

// OutOfTime says what becomes of an event whose time the service would reject.
type OutOfTime string

// What becomes of an event whose time the service would reject.
const (
	Drop  OutOfTime = "drop"
	Clamp OutOfTime = "clamp" // it gets the nearest time that is accepted
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *OutOfTime) UnmarshalText(text []byte) error {
	return oneOf(o, text, Drop, Clamp)
}

func oneOf[T ~string](to *T, text []byte, accepted ...T) error {
	if !slices.Contains(accepted, T(text)) {
		return fmt.Errorf("%q is not one of %v", text, accepted)
	}
	*to = T(text)
	return nil
}

// Policy says what becomes of events that no request may hold.
type Policy struct {
	TooLarge TooLarge
	TooOld   OutOfTime
	TooNew   OutOfTime
	// MaxMessage is the largest message in bytes, at most MaxMessageBytes. Default: that.
	MaxMessage int
	// Suffix ends a message that was truncated. Its bytes count. Default: none.
	Suffix string
}
