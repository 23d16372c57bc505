package loghistory

import (
	"path/filepath"
	"time"
)

// Reader is what reads the logs. It runs when it is given to Run.
type Reader interface {
	// Start, Stop and Kill do what they say; Kill does not let it save anything.
	Start() error
	Stop() error
	Kill() error
	// Looked returns when all that is there was looked at.
	Looked() error
	// Outage has nothing be taken until it is over.
	Outage(on bool)
	// Set sets the clock ahead of the true one. It reports whether it can.
	Set(ahead time.Duration) bool
	// Renumber changes the device numbers of all file systems; it does not run. It reports whether it can.
	Renumber() (bool, error)
	// Exhaust has no descriptor free. It reports whether it can.
	Exhaust(on bool) bool
	// Deliveries are those from a number on, in the order in which they were taken.
	Deliveries(from int) []Delivery
	// Idle reports whether there is nothing left to do.
	Idle() bool
	// Kills has the times when it was killed.
	Kills() []time.Time
	// Unanswered is how many bytes may come again because the answer was lost.
	Unanswered() int64
	// Counted is how many bytes it says that were lost.
	Counted() int64
}

// Delivery is a record that was taken.
type Delivery struct {
	// Stream is the path under which it was sent, Run counts the starts of the reader.
	Stream string
	Run    int
	Text   string
	// At is when it was taken, Clock what the reader's clock said then. Stamp orders the records of a stream.
	At, Clock, Stamp time.Time
}

// Bounds are what a reader may do.
type Bounds struct {
	// InFlight is how many bytes may come again after a kill.
	InFlight int64
	// Saved is how long before a kill what was delivered is surely saved.
	Saved time.Duration
	// Patience is how long anything may take.
	Patience time.Duration
	// Glance is the pause between two looks at something that is awaited.
	Glance time.Duration
	// Ahead is how far a stamp may be ahead of the clock.
	Ahead time.Duration
	// Unordered has the order of lines not be judged: the reader's stamps cannot tell it.
	Unordered bool
	// Shared says that the reader has other histories, too, goes on when this one ends, and is stopped, killed and started at
	// any moment. A copy may be sent again that was found in the moment before its original was truncated.
	Shared bool
}

// Places are folders for the logs. All are empty.
type Places struct {
	// Live is where the logs are, Old where rotated ones are, and Other a folder of another file system; "": there is none.
	Live, Old, Other string
}

// Patterns are those of the files that are to be read, and of those that are not: temporary ones end with ~.
func (p Places) Patterns(plan *Plan) (include, exclude []string) {
	if plan.Settings.Narrow {
		for _, l := range plan.Logs {
			include = append(include, filepath.Join(p.Live, l.Name))
		}
		return include, nil
	}
	for _, folder := range []string{p.Live, p.Old, p.Other} {
		if folder != "" {
			include = append(include, filepath.Join(folder, "*"))
			exclude = append(exclude, filepath.Join(folder, "*~"))
		}
	}
	return include, exclude
}
