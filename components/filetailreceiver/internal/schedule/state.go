package schedule

import (
	"fmt"
	"time"
)

// State is what is done with a file.
type State int

// The states of a file.
const (
	// Idle waits until there is something to do.
	Idle State = iota
	// Queued waits for a reader.
	Queued
	// Reading is with a reader.
	Reading
	// Held is not to be read before something is known of it.
	Held
	// Gone has nothing to be read from: neither a name nor an open descriptor.
	Gone
)

// String is the state's name.
func (s State) String() string {
	return [...]string{"idle", "queued", "reading", "held", "gone"}[s]
}

// transitions are those that are allowed.
var transitions = [...][]State{
	Idle:    {Queued, Held, Gone},
	Queued:  {Reading, Idle, Held, Gone},
	Reading: {Idle, Held, Gone},
	Held:    {Idle, Gone},
	Gone:    {Idle, Held},
}

// Reason is why a file is held.
type Reason int

// Why files are held.
const (
	// NotHeld is the reason of those that are not.
	NotHeld Reason = iota
	// UntilLook waits for the next look at all files: what else is new may say what this one is.
	UntilLook
	// MaybeCopy waits until it is known whether it is a copy of another.
	MaybeCopy
	// Unjudged waits until its content was looked at: nothing was read of it.
	Unjudged
	// Replaced waits until who looks for files has taken in that its content is another.
	Replaced
)

// String is the reason's name.
func (r Reason) String() string {
	return [...]string{"", "until the next look", "until it is known whether it is a copy", "until something is in it", "since its content was replaced"}[r]
}

// to changes a file's state. One that is not allowed is the program's fault.
func (s *Schedule) to(f *File, state State, now time.Time) {
	if f.state == state {
		return
	}
	allowed := false
	for _, one := range transitions[f.state] {
		allowed = allowed || one == state
	}
	if !allowed {
		s.o.Illegal(fmt.Sprintf("%s goes from %s to %s", f.Path, f.state, state))
	}
	if f.state == Queued { // it leaves the queue
		f.ticket++
	}
	f.state, f.since = state, now
}
