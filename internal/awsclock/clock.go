// Package awsclock knows how far this machine's clock is from AWS's: signatures are made for AWS's time, and credentials
// end by it. Whoever hears the time of a service says so here, and every client of the process has it then.
package awsclock

import (
	"sync/atomic"
	"time"
)

const (
	// Tolerated is how wrong a signature's time may be: AWS takes five minutes (IAM User Guide, "Signature Version 4").
	Tolerated = 4 * time.Minute
	// jitter is the difference between two answers that is none of the clocks: dates of HTTP have whole seconds, and
	// answers are on their way for a while.
	jitter = 30 * time.Second
)

// offset is what AWS's clock is ahead of this machine's, in nanoseconds.
var offset atomic.Int64

// Offset is what AWS's clock is ahead of this machine's, as far as anybody has said.
func Offset() time.Duration { return time.Duration(offset.Load()) }

// Learn takes in what a service's clock is ahead of this machine's, and reports whether that is news.
func Learn(ahead time.Duration) bool {
	before := Offset()
	if (ahead - before).Abs() < jitter {
		return false
	}
	if ahead.Abs() < jitter {
		ahead = 0
	}
	return offset.CompareAndSwap(int64(before), int64(ahead))
}

// Local is when a time of AWS's is by this machine's clock.
func Local(t time.Time) time.Time { return t.Add(-Offset()) }
