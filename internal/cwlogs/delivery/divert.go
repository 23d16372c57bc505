package delivery

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

const (
	// refusedFor is how long the events of a target go to their fallbacks at once, after which one request shows whether
	// somebody has changed a policy.
	refusedFor = 10 * time.Minute
	// maxRefusing bounds the targets that are remembered for that. More of them only cost requests.
	maxRefusing = 10_000
	// failingFor is how long a target that has a fallback may fail while others are written to.
	failingFor = 30 * time.Second
)

// reachable is where the events of a piece go: its fallback, if its target is known not to take them.
func (e *Engine) reachable(p *piece, to cwlogs.Target, events int, now time.Time) cwlogs.Target {
	if p.fallback == nil || *p.fallback == to {
		p.fallback = nil
		return to
	}
	l := e.lanes[to]
	if until, ok := e.refusing[to]; (!ok || !now.Before(until)) && (l == nil || !l.blocked) {
		return to
	}
	fallback := *p.fallback
	p.fallback = nil
	e.observer.Diverted(to, fallback, events, nil, false)
	return fallback
}

// divert moves what a lane has for targets with fallbacks there: all of it that is not on its way, or what one request
// has, which says nothing about others. It reports whether nothing else is left that waits for the target.
func (e *Engine) divert(l *lane, one *request, failure *cwlogs.Error, now time.Time) bool {
	waits := false
	for _, p := range slices.Clone(l.pieces) {
		switch {
		case p.delivery == nil, p.delivery.withdrawn != nil: // nobody waits for it any more
		case p.fallback == nil:
			waits = true
		default:
			e.move(p, l.withdraw(p, one), failure, one == nil, now)
		}
	}
	return !waits
}

// move puts events of a piece into the lane of its fallback.
func (e *Engine) move(p *piece, events []cwlogs.Fixed, failure *cwlogs.Error, remember bool, now time.Time) {
	if len(events) == 0 {
		return
	}
	from, to, d := p.lane.target, *p.fallback, p.delivery
	_, known := e.refusing[from]
	if remember {
		e.refuse(from, now)
	}
	for i := range events {
		events[i].Source -= p.base
	}
	slices.SortStableFunc(events, func(a, b cwlogs.Fixed) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	moved := &piece{delivery: d, part: p.part, entity: p.entity, events: p.events}
	d.pieces = append(d.pieces, moved)
	d.open++
	e.place(moved, to, events, now)
	p.settle(len(events))
	e.observer.Diverted(from, to, len(events), failure, !known)
}

// watch looks at a request that has failed when that has lasted for long. The pauses between its tries are longer.
func (e *Engine) watch(r *request, failure *cwlogs.Error) {
	if r.lane.withFallback() == nil {
		return
	}
	time.AfterFunc(failingFor, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if now := time.Now(); slices.Contains(r.lane.open, r) && r.failures > 0 {
			e.failsLong(r, failure, now)
			e.done(r.lane, now)
		}
	})
}

// failsLong diverts what a lane has, if a request of it has failed for long while the service works.
func (e *Engine) failsLong(r *request, failure *cwlogs.Error, now time.Time) {
	switch {
	case now.Sub(r.failed) < failingFor:
	case e.sent.After(r.failed), e.asked.After(r.failed):
		e.divert(r.lane, nil, failure, now) // others are written to meanwhile
	default:
		e.ask(r, failure)
	}
}

// ask finds out whether the service works, where nothing else is sent that would show it: what else there is may wait for
// this. Making the fallback, which is there already as a rule, is a question that changes nothing.
func (e *Engine) ask(r *request, failure *cwlogs.Error) {
	p := r.lane.withFallback()
	if p == nil || e.asking || e.stopped {
		return
	}
	e.asking = true
	to := *p.fallback
	go func() {
		ctx, cancel := context.WithTimeout(e.context, e.o.RequestTimeout)
		defer cancel()
		err := e.targets.Make(ctx, to)
		if err != nil && (asError(err).Class == cwlogs.Missing || asError(err).Class == cwlogs.Denied) { // nothing is to be made, or may be
			err = e.question(ctx, to)
		}
		now := time.Now()
		e.mu.Lock()
		defer e.mu.Unlock()
		e.asking = false
		if err != nil {
			return
		}
		e.asked, e.failures, e.gate = now, 0, time.Time{}
		for _, l := range slices.Collect(maps.Values(e.lanes)) {
			if slices.ContainsFunc(l.open, func(r *request) bool { return r.failures > 0 && now.Sub(r.failed) >= failingFor }) {
				e.divert(l, nil, failure, now)
				e.done(l, now)
			}
		}
	}()
}

// questionTime is so old that the service rejects the event, and stores nothing (CloudWatch Logs API Reference, PutLogEvents:
// 14 days).
const questionTime = 1

// question sends an event to a target that is answered and not stored: nil says that events of now would be taken, or that
// the target is missing, which the service says when it works.
func (e *Engine) question(ctx context.Context, to cwlogs.Target) error {
	p, err := e.sender.Pack(to, nil, []cwlogs.Fixed{{Event: cwlogs.Event{Timestamp: questionTime, Message: []byte("a question")}}})
	if err != nil {
		return err
	}
	defer p.Release()
	if _, err = e.sender.Put(ctx, p); err != nil && asError(err).Class == cwlogs.Missing {
		return nil
	}
	return err
}

// withFallback is a piece of a lane that has one, or nil.
func (l *lane) withFallback() *piece {
	if i := slices.IndexFunc(l.pieces, func(p *piece) bool { return p.delivery != nil && p.fallback != nil }); i >= 0 {
		return l.pieces[i]
	}
	return nil
}

// refuse remembers that a target does not take events.
func (e *Engine) refuse(t cwlogs.Target, now time.Time) {
	if len(e.refusing) >= maxRefusing {
		maps.DeleteFunc(e.refusing, func(_ cwlogs.Target, until time.Time) bool { return !now.Before(until) })
	}
	if len(e.refusing) < maxRefusing {
		e.refusing[t] = now.Add(refusedFor)
	}
}

// withdraw takes a piece's events out of what is not on its way, or out of one request.
func (l *lane) withdraw(p *piece, one *request) []cwlogs.Fixed {
	mine := func(f cwlogs.Fixed) bool { return f.Source >= p.base && f.Source < p.base+p.events }
	var taken []cwlogs.Fixed
	for _, r := range slices.Clone(l.open) {
		if !r.flying && (one == nil || r == one) && r.strip(mine, &taken) {
			l.remove(r)
		}
	}
	if one != nil || !slices.ContainsFunc(l.pending, mine) {
		return taken
	}
	// A copy: requests share the array.
	var kept []cwlogs.Fixed
	for i := range l.pending {
		if mine(l.pending[i]) {
			taken = append(taken, l.pending[i])
			l.pendingBytes -= l.pending[i].Size()
		} else {
			kept = append(kept, l.pending[i])
		}
	}
	l.pending = kept
	return taken
}
