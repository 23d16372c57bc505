package delivery

import (
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
		return
	}
	l.blocked = true
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
	if _, ok := e.waiting[d]; ok {
		return
	}
	if len(e.waiting) < e.o.MaxBlocked {
		e.waiting[d] = struct{}{}
		return
	}
	if !d.givingUp && !d.probes() {
		d.givingUp = true
		e.giveUp(d)
		d.givingUp = false
	}
}

// probes tells whether a target of the delivery is to be tried again with what it has.
func (d *Delivery) probes() bool {
	now := time.Now()
	for _, p := range d.pieces {
		if p.delivery != nil && len(p.lane.open) == 0 && !now.Before(p.lane.probe) {
			return true
		}
	}
	return false
}

// giveUp drops what a delivery has for blocked targets and has not begun to send.
func (e *Engine) giveUp(d *Delivery) {
	before := map[*piece]int{}
	for _, p := range d.pieces {
		if p.delivery != nil {
			before[p] = p.left
		}
	}
	e.takeBack(d, errBlocked, true)
	for p, n := range before {
		if n -= p.left; n > 0 {
			e.observer.Dropped(p.lane.target, cwlogs.Blocked, n)
		}
	}
}

// sweep forgets blocked targets that nothing was sent to for long.
func (e *Engine) sweep(now time.Time) {
	if now.Sub(e.swept) < sweepEvery {
		return
	}
	e.swept = now
	for t, l := range e.lanes {
		if l.empty() && now.Sub(l.used) > forgetBlocked {
			e.unblock(l)
			delete(e.lanes, t)
		}
	}
}
