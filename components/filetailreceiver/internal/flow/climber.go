package flow

import "time"

const (
	// least is how much may be in flight where more was not seen to help, in chunks: one that is read, and one that
	// is sent.
	least = 2
	// leastBytes is that in bytes, so that one file whose lines are refused leaves room for others.
	leastBytes = 2 << 20
	// shortest is how long a rate is measured at least.
	shortest = 50 * time.Millisecond
	// several is how much is delivered meanwhile at least, in times of the limit: a rate of few chunks is noise.
	several = 2
	// rest is how many measurements pass between a trial that did not help and the next one.
	rest = 3
)

// climber finds how much should be in flight: as little as brings the whole rate, since it all costs memory and comes
// again after a crash. Where the service is far away it has to be more. It tries half as much more and two thirds, in
// turn, and keeps what proves itself.
type climber struct {
	limit, floor, most int64 // bytes

	pressed bool // a reader waited for room since the last measurement
	settled bool // what was in flight when the limit was changed is delivered
	bytes   int64
	since   time.Time

	trial  int     // 1 and -1: more and less is tried
	next   int     // which is tried next
	before int64   // the limit before the trial
	rate   float64 // and the rate then, in bytes per second
	pause  int     // measurements until the next trial
}

func newClimber(chunk, most int64) *climber {
	floor := min(max(least*chunk, leastBytes), most)
	return &climber{limit: floor, floor: floor, most: most, next: 1}
}

// reset forgets what was found.
func (c *climber) reset() { *c = climber{limit: c.floor, floor: c.floor, most: c.most, next: 1} }

// delivered takes in that bytes were delivered.
func (c *climber) delivered(bytes int64, now time.Time) {
	if c.since.IsZero() {
		c.since = now
	}
	c.bytes += bytes
	elapsed := now.Sub(c.since)
	enough := c.limit // what was in flight before
	if c.settled {
		enough *= several
	}
	if c.bytes < enough || elapsed < shortest {
		return
	}
	rate, pressed, settled := float64(c.bytes)/elapsed.Seconds(), c.pressed, c.settled
	c.bytes, c.since, c.pressed, c.settled = 0, now, false, true
	switch {
	case !settled:
	case !pressed: // room is not what is wanting
		c.trial, c.pause = 0, 0
		c.set(c.limit * 3 / 4)
	case c.trial > 0 && rate > 1.2*c.rate, c.trial < 0 && rate > 0.92*c.rate:
		c.try(c.trial, rate)
	case c.trial != 0:
		c.set(c.before)
		c.next, c.trial, c.pause = -c.trial, 0, rest
	case c.pause > 0:
		c.pause--
	default:
		c.try(c.next, rate)
	}
}

// try changes the limit. At a bound it is the other way's turn.
func (c *climber) try(way int, rate float64) {
	c.before, c.rate, c.trial, c.next = c.limit, rate, way, -way
	if way > 0 {
		c.set(c.limit * 3 / 2)
	} else {
		c.set(c.limit * 2 / 3)
	}
	if c.limit == c.before {
		c.trial, c.pause = 0, rest
	}
}

func (c *climber) set(limit int64) {
	if limit = min(max(limit, c.floor), c.most); limit != c.limit {
		c.limit, c.settled = limit, false
	}
}
