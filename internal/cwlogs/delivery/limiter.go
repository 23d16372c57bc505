package delivery

import "time"

// startLimit is how many requests are on their way at first.
const startLimit = 4

// limiter says how many requests may be on their way at once: twice as many for each round of answers until the
// first refusal, and one more after it; half as many for a refusal (slow start, additive increase and
// multiplicative decrease, as congestion control has them).
type limiter struct {
	limit, most float64
	lowered     time.Time // zero until the first refusal
}

func newLimiter(most int) limiter {
	return limiter{limit: float64(min(startLimit, most)), most: float64(most)}
}

func (l *limiter) room(inFlight int) bool { return inFlight < int(l.limit) }

// answered raises the limit where it is used.
func (l *limiter) answered(inFlight int) {
	if inFlight+1 < int(l.limit) {
		return
	}
	step := 1.0
	if !l.lowered.IsZero() {
		step = 1 / l.limit
	}
	l.limit = min(l.most, l.limit+step)
}

func (l *limiter) atLeast(n float64) { l.limit = max(l.limit, min(n, l.most)) }

// refused lowers the limit, once for what was sent before it was lowered.
func (l *limiter) refused(sent, now time.Time) {
	if sent.Before(l.lowered) {
		return
	}
	l.limit, l.lowered = max(1, l.limit/2), now
}
