package delivery

import (
	"maps"
	"slices"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

// block notes that a lane's target cannot be written to until somebody changes something.
func (e *Engine) block(l *lane, err *cwlogs.Error, now time.Time) {
	l.failures++
	pause := e.o.Backoff.pause(l.failures)
	l.probe = now.Add(pause)
	e.wake(l, pause)
	if l.blocked {
		l.alone = l.alone || e.sent.After(l.blockedAt)
		e.makeRoom()
		e.tryOthers(now)
		return
	}
	l.blocked, l.blockedAt, l.alone = true, now, false
	e.observer.Blocked(l.target, err)
	for _, p := range l.pieces {
		if d := p.delivery; d != nil {
			d.blocked++
		}
	}
	for _, p := range l.pieces {
		if d := p.delivery; d != nil {
			e.held(d)
		}
	}
}

func (e *Engine) unblock(l *lane) {
	if !l.blocked {
		return
	}
	l.blocked, l.failures = false, 0
	e.observer.Unblocked(l.target)
	for _, p := range l.pieces {
		if d := p.delivery; d != nil {
			d.blocked--
			e.held(d)
		}
	}
}

// held counts a delivery that waits for blocked targets alone. Where there are too many it gives up what it
// has for them, so that there is room for what goes to others.
func (e *Engine) held(d *Delivery) {
	if e.o.MaxBlocked <= 0 {
		return
	}
	if d.open == 0 || d.open > d.blocked {
		delete(e.waiting, d)
		return
	}
	if _, ok := e.waiting[d]; !ok && len(e.waiting) >= e.o.MaxBlocked && e.needless(d) {
		e.giveUp(d)
		return
	}
	e.waiting[d] = struct{}{}
}

// needless tells whether what waits only takes the room of others: its targets were refused again after another
// one was written to, so that it is not a policy for all that is wrong; and none of them is to be tried with it.
func (e *Engine) needless(d *Delivery) bool {
	now := time.Now()
	for _, p := range d.pieces {
		if p.delivery == nil {
			continue
		}
		if !p.lane.alone || len(p.lane.open) == 0 && !now.Before(p.lane.probe) {
			return false
		}
	}
	return true
}

// makeRoom gives up the latest of those that wait, where there are too many.
func (e *Engine) makeRoom() {
	for len(e.waiting) > e.o.MaxBlocked && e.o.MaxBlocked > 0 {
		d := e.latest(e.needless)
		if d == nil {
			return
		}
		delete(e.waiting, d)
		e.giveUp(d)
	}
}

func (e *Engine) latest(which func(*Delivery) bool) *Delivery {
	var latest *Delivery
	for d := range e.waiting {
		if (latest == nil || d.since.After(latest.since)) && which(d) {
			latest = d
		}
	}
	return latest
}

// tryOthers gives up one call where all wait, so that the next one shows whether other targets can be written to.
// Not where the policy seems to have changed for all, or none was ever written to: they all wait for it.
func (e *Engine) tryOthers(now time.Time) {
	if e.o.Callers <= 0 || e.o.MaxBlocked <= 0 || len(e.waiting) < e.o.Callers || len(e.written) == 0 || now.Sub(e.tried) < e.o.Backoff.Max {
		return
	}
	for t := range e.written {
		if l := e.lanes[t]; l != nil && l.blocked {
			return
		}
	}
	d := e.latest(func(d *Delivery) bool {
		return !slices.ContainsFunc(d.pieces, func(p *piece) bool {
			return p.delivery != nil && slices.ContainsFunc(p.lane.open, func(r *request) bool { return r.flying })
		})
	})
	if d == nil {
		return
	}
	e.tried = now
	delete(e.waiting, d)
	e.giveUp(d)
}

// giveUp drops what a delivery has for blocked targets and has not begun to send.
func (e *Engine) giveUp(d *Delivery) {
	if d.givingUp {
		return
	}
	d.givingUp = true
	defer func() { d.givingUp = false }()
	before := map[*piece]int{}
	for _, p := range d.pieces {
		if p.delivery != nil {
			before[p] = p.left
		}
	}
	e.takeBack(d, errBlocked, true)
	for p, n := range before {
		if n -= p.left; n > 0 {
			e.observer.Dropped(p.lane.target, cwlogs.Blocked, n, nil)
		}
	}
}

// sweep forgets blocked targets that nothing was sent to for long.
func (e *Engine) sweep(now time.Time) {
	if now.Sub(e.swept) < sweepEvery {
		return
	}
	e.swept = now
	maps.DeleteFunc(e.written, func(_ cwlogs.Target, at time.Time) bool { return now.Sub(at) > forgetBlocked })
	for t, l := range e.lanes {
		if l.empty() && now.Sub(l.used) > forgetBlocked {
			e.unblock(l)
			delete(e.lanes, t)
		}
	}
}
