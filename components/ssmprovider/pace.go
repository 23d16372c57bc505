package ssmprovider

import (
	"math/rand/v2"
	"time"
)

const (
	// callPace is the time that each call of a look takes of the fleet's share: with n calls the interval is
	// at least n times this. 1,000 hosts then make 33 reads a second, of the 40 that an account and region
	// has by default (Systems Manager service quotas, shared by GetParameter, GetParameters and
	// GetParametersByPath).
	callPace = 30 * time.Second
	// slowest is how far throttling stretches the interval.
	slowest = 15 * time.Minute
	// jitter is the part of an interval by which it is shorter or longer.
	jitter = 0.2
)

// pace is the time between two looks.
type pace struct {
	calls  int // of the last look
	slowed int // how often the interval is doubled
}

// looked takes notice of a look.
func (p *pace) looked(calls int, throttled bool) {
	p.calls = calls
	switch {
	case throttled && callPace<<p.slowed < slowest:
		p.slowed++
	case !throttled && p.slowed > 0:
		p.slowed--
	}
}

// interval is the mean time to the next look, where the shortest that anybody wants is given.
func (p *pace) interval(wanted time.Duration) time.Duration {
	d := wanted
	if p.calls > 1 {
		d = max(d, time.Duration(p.calls)*callPace)
	}
	return max(d, min(d<<p.slowed, slowest))
}

// next is interval with its jitter.
func (p *pace) next(wanted time.Duration) time.Duration {
	d := float64(p.interval(wanted))
	return time.Duration(d * (1 - jitter + 2*jitter*rand.Float64()))
}

// longest is the longest time between two looks. What is read after a look is read before it is over: a change is
// seen within it.
func (p *pace) longest(wanted time.Duration) time.Duration {
	return time.Duration(float64(p.interval(wanted)) * (1 + jitter))
}

// later is how long a look that began that long after the one before waits until it reads what it has seen to be
// another. Hosts that have just looked do not all call twice at once: of 1,000 with an interval of a minute, 1 in 40
// changes had a call refused. Nobody waits longer than one call's share, as nothing is looked at meanwhile.
func (p *pace) later(wanted, after time.Duration) time.Duration {
	longest := p.longest(wanted)
	shortest := time.Duration(float64(p.interval(wanted)) * (1 - jitter))
	return min(callPace, max(0, longest-max(after, shortest)))
}

// first is the time to the first look: hosts that start together do not look together.
func (p *pace) first(wanted time.Duration) time.Duration {
	return rand.N(p.interval(wanted))
}
