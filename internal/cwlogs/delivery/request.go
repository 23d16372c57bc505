package delivery

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

// maxRefused is how many events are refused one by one before it is held for certain that not they are wrong.
const maxRefused = 100

// request is what goes to a lane's target at once.
type request struct {
	lane    *lane
	entity  *cwlogs.Entity
	events  []cwlogs.Fixed // in the order of time
	size    int            // as the service counts it, in bytes
	payload *cwlogs.Payload
	flying  bool
	timer   *time.Timer // until it is due again
	// failures are those in a row, and failed is the first one's time.
	failures int
	failed   time.Time
	made     bool // its target was made for it
	halves   *halves
}

// halves are the requests that were one.
type halves struct {
	refused  int
	accepted bool
}

func (r *request) first() int64 { return r.events[0].Timestamp }
func (r *request) last() int64  { return r.events[len(r.events)-1].Timestamp }

// waits tells whether an open request before this one has events of the same time, as halves may have.
func (r *request) waits() bool {
	for _, o := range r.lane.open {
		if o == r {
			return false
		}
		if o.last() >= r.first() && o.first() <= r.last() {
			return true
		}
	}
	return false
}

// strip takes events out, and tells whether none is left.
func (r *request) strip(mine func(cwlogs.Fixed) bool, lost *[]cwlogs.Fixed) bool {
	if !slices.ContainsFunc(r.events, mine) {
		return false
	}
	var kept []cwlogs.Fixed
	for i := range r.events {
		if mine(r.events[i]) {
			*lost = append(*lost, r.events[i])
			r.size -= r.events[i].Size()
		} else {
			kept = append(kept, r.events[i])
		}
	}
	r.events = kept
	r.release()
	if len(kept) == 0 && r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	return len(kept) == 0
}

func (r *request) release() {
	if r.payload != nil {
		r.payload.Release()
		r.payload = nil
	}
}

// send sends a request and settles it, or has it sent again.
func (e *Engine) send(r *request) {
	if r.payload == nil {
		e.packing <- struct{}{}
		payload, err := e.sender.Pack(r.lane.target, r.entity, r.events)
		<-e.packing
		if err != nil {
			e.finish(r, cwlogs.Answer{}, err, time.Now())
			return
		}
		r.payload = payload
	}
	ctx, cancel := context.WithTimeout(e.context, e.o.RequestTimeout)
	defer cancel()
	sent := time.Now()
	answer, err := e.sender.Put(ctx, r.payload)
	e.finish(r, answer, err, sent)
}

// asError makes every error one that has a class.
func asError(err error) *cwlogs.Error {
	if e, ok := errors.AsType[*cwlogs.Error](err); ok {
		return e
	}
	return &cwlogs.Error{Class: cwlogs.Retryable, Message: err.Error()}
}

func (e *Engine) finish(r *request, answer cwlogs.Answer, err error, sent time.Time) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	r.flying = false
	e.inFlight--
	l := r.lane
	if err == nil {
		e.failures, e.gate = 0, time.Time{}
		e.limiter.answered(e.inFlight)
		e.unblock(l)
		if r.halves != nil {
			r.halves.accepted = true
		}
		e.sent = now
		e.written[l.target] = now
		delete(e.refusing, l.target)
		e.accepted(r, answer, now.Sub(sent))
		e.done(l, now)
		return
	}
	failure := asError(err)
	e.observer.Failed(l.target, failure)
	switch failure.Class {
	case cwlogs.Missing, cwlogs.Denied, cwlogs.Invalid:
		e.failures = 0 // the service answers
	}
	switch failure.Class {
	case cwlogs.Missing:
		if r.made { // and is away again
			e.divert(l, nil, failure, now)
			e.later(r, failure, now)
			break
		}
		r.made = true
		go e.make(r)
	case cwlogs.Denied:
		if !e.divert(l, nil, failure, now) {
			e.block(l, failure, now)
		}
		e.later(r, failure, now)
	case cwlogs.Invalid:
		e.refused(r, failure, now)
	default:
		e.slower(failure, sent, now)
		e.later(r, failure, now)
	}
	e.done(l, now)
}

// slower lowers the limit, and lets everything wait where it is no single hiccup.
func (e *Engine) slower(failure *cwlogs.Error, sent, now time.Time) {
	if e.stopped {
		return // each is sent once, and time is short
	}
	e.limiter.refused(sent, now)
	e.failures++
	pause := failure.RetryAfter
	if e.failures >= outage {
		pause = max(pause, e.o.Backoff.pause(e.failures-outage+1))
	}
	if until := now.Add(pause); pause > 0 && until.After(e.gate) {
		e.gate = until
		e.wake(nil, pause)
	}
}

// accepted settles a request that was answered.
func (e *Engine) accepted(r *request, answer cwlogs.Answer, took time.Duration) {
	l, n := r.lane, len(r.events)
	if a := answer.Rejected; a != nil {
		old, expired, recent := index(a.TooOldEnd, 0, n), index(a.ExpiredEnd, 0, n), n-index(a.TooNewStart, n, n)
		expired = max(0, expired-old)
		rejected := func(reason cwlogs.Reason, events []cwlogs.Fixed) {
			if len(events) > 0 {
				e.observer.Dropped(l.target, reason, len(events), &events[0].Event)
			}
		}
		rejected(cwlogs.RejectedOld, r.events[:old])
		rejected(cwlogs.RejectedExpired, r.events[old:old+expired])
		rejected(cwlogs.RejectedNew, r.events[n-recent:])
		n = max(0, n-old-expired-recent)
	}
	if answer.Entity != nil {
		e.observer.EntityRejected(l.target, answer.Entity.ErrorType)
	}
	e.observer.Sent(Sent{Target: l.target, Events: n, Messages: r.size, Raw: r.payload.Raw(), Wire: r.payload.Wire(), Took: took})
	l.remove(r)
	r.release()
	l.each(r.events, func(p *piece, events []cwlogs.Fixed) { p.settle(len(events)) })
}

func index(i *int, otherwise, most int) int {
	if i == nil {
		return otherwise
	}
	return min(max(*i, 0), most)
}

// refused is what becomes of a request that is not taken as it is: it is sent without its entity, then in
// halves, until what is wrong stands alone and is dropped.
func (e *Engine) refused(r *request, failure *cwlogs.Error, now time.Time) {
	l := r.lane
	r.release()
	if r.entity != nil {
		r.entity = nil
		l.due = slices.Insert(l.due, 0, r)
		return
	}
	// The fallback's lane finds out whether an event is wrong, or the target.
	if e.divert(l, r, failure, now); !slices.Contains(l.open, r) {
		return
	}
	if r.halves == nil {
		r.halves = new(halves)
	}
	if n := len(r.events); n > 1 && (r.halves.accepted || r.halves.refused < maxRefused) {
		first, second := *r, *r
		first.events, second.events = r.events[:n/2:n/2], r.events[n/2:]
		first.size = 0
		for i := range first.events {
			first.size += first.events[i].Size()
		}
		second.size -= first.size
		i := slices.Index(l.open, r)
		l.open = slices.Replace(l.open, i, i+1, &first, &second)
		l.due = slices.Insert(l.due, 0, &first, &second) // depth first
		return
	}
	r.halves.refused++
	e.observer.Dropped(l.target, cwlogs.RejectedEvent, len(r.events), &r.events[0].Event)
	l.remove(r)
	l.each(r.events, func(p *piece, events []cwlogs.Fixed) { p.settle(len(events)) })
}

// make makes a request's target, and has it sent again.
func (e *Engine) make(r *request) {
	ctx, cancel := context.WithTimeout(e.context, 2*e.o.RequestTimeout)
	defer cancel()
	err := e.targets.Make(ctx, r.lane.target)
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(r.lane.open, r) {
		return // it was taken back
	}
	if err == nil {
		r.lane.due = slices.Insert(r.lane.due, 0, r)
		e.done(r.lane, now)
		return
	}
	failure := asError(err)
	e.observer.Failed(r.lane.target, failure)
	switch failure.Class {
	case cwlogs.Missing, cwlogs.Denied, cwlogs.Invalid:
		if !e.divert(r.lane, nil, failure, now) {
			e.block(r.lane, failure, now)
		}
	case cwlogs.Throttled:
		if failure.Full() {
			e.divert(r.lane, nil, failure, now)
		}
	}
	e.later(r, failure, now)
	e.done(r.lane, now)
}

// later has a request sent again after a pause, or gives it up.
func (e *Engine) later(r *request, failure *cwlogs.Error, now time.Time) {
	if !slices.Contains(r.lane.open, r) || e.left(r) {
		return // it was taken back
	}
	r.made = false
	r.failures++
	if r.failures == 1 {
		r.failed = now
		e.watch(r, failure)
	}
	if e.failsLong(r, failure, now); !slices.Contains(r.lane.open, r) {
		return
	}
	pause := max(e.o.Backoff.pause(r.failures), failure.RetryAfter)
	switch {
	case e.stopped, !e.o.Backoff.enabled():
		e.lose(r, failure, false)
		return
	case e.o.Backoff.MaxElapsed > 0 && now.Add(pause).Sub(r.failed) > e.o.Backoff.MaxElapsed:
		e.observer.Dropped(r.lane.target, cwlogs.Exhausted, len(r.events), nil)
		e.lose(r, failure, true)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(pause, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if r.timer != timer { // it was taken back, or is due by Stop
			return
		}
		r.timer = nil
		r.lane.due = append(r.lane.due, r)
		e.enqueue(r.lane)
		e.dispatch(time.Now())
	})
	r.timer = timer
}

// left takes back what a request that has failed carries for callers that do not wait any more, and tells whether
// that was all.
func (e *Engine) left(r *request) bool {
	gone := false
	for _, p := range slices.Clone(r.lane.pieces) {
		if p.delivery == nil || p.delivery.withdrawn == nil {
			continue
		}
		var lost []cwlogs.Fixed
		if r.strip(func(f cwlogs.Fixed) bool { return f.Source >= p.base && f.Source < p.base+p.events }, &lost) {
			r.lane.remove(r)
			gone = true
		}
		if len(lost) > 0 {
			p.lose(lost, p.delivery.withdrawn, false)
		}
	}
	return gone
}

// lose settles a request as not delivered.
func (e *Engine) lose(r *request, err error, permanent bool) {
	r.lane.remove(r)
	r.release()
	r.lane.each(r.events, func(p *piece, events []cwlogs.Fixed) { p.lose(events, err, permanent) })
}
