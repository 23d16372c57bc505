package delivery

import (
	"cmp"
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

const (
	defaultParallel = 16
	defaultTimeout  = 30 * time.Second
	defaultDrain    = 10 * time.Second
	// outage is how many requests in a row fail before all others wait too.
	outage = 3
	// forgetBlocked is how long a blocked target is remembered that nothing is sent to.
	forgetBlocked = time.Hour
	sweepEvery    = time.Minute
)

// Engine sends events. It is safe for concurrent use.
type Engine struct {
	sender   Sender
	targets  Targets
	observer Observer
	o        Options
	// packing bounds the requests that are made at once: more than one for each processor only cost memory.
	packing chan struct{}
	context context.Context
	cancel  context.CancelFunc

	mu       sync.Mutex
	lanes    map[cwlogs.Target]*lane
	line     []*lane // those that may have something to send, in turn
	inFlight int
	limiter  limiter
	// failures are those in a row of what concerns all targets, and gate is until when nothing is sent for them.
	failures int
	gate     time.Time
	waiting  map[*Delivery]struct{} // for blocked targets alone
	sent     time.Time              // of the last request that was answered
	asked    time.Time              // when a question showed last that the service works
	asking   bool
	// written has the targets that were written to, and when, for forgetBlocked; tried is when room was last made
	// to find out whether others can be written to.
	written map[cwlogs.Target]time.Time
	tried   time.Time
	// refusing are targets whose events go to their fallbacks, and until when.
	refusing map[cwlogs.Target]time.Time
	stopped  bool // each request once
	ended    bool // none any more
	swept    time.Time
}

// New makes an engine. It has no goroutines while it has nothing to send.
func New(sender Sender, targets Targets, observer Observer, o Options) *Engine {
	o.MaxParallel = cmp.Or(o.MaxParallel, defaultParallel)
	o.RequestTimeout = cmp.Or(o.RequestTimeout, defaultTimeout)
	o.DrainTimeout = cmp.Or(o.DrainTimeout, defaultDrain)
	e := &Engine{
		sender: sender, targets: targets, observer: observer, o: o,
		packing: make(chan struct{}, runtime.GOMAXPROCS(0)),
		lanes:   map[cwlogs.Target]*lane{},
		limiter: newLimiter(o.MaxParallel),
		waiting: map[*Delivery]struct{}{},
		written: map[cwlogs.Target]time.Time{}, refusing: map[cwlogs.Target]time.Time{},
		swept: time.Now(),
	}
	e.context, e.cancel = context.WithCancel(context.Background())
	return e
}

// Deliver sends events and returns when every one is answered, or given up: nil or an *Error.
func (e *Engine) Deliver(ctx context.Context, parts []Part) error { return e.Begin(parts).Wait(ctx) }

// Begin takes the events' places behind those of earlier calls. Wait must follow.
func (e *Engine) Begin(parts []Part) *Delivery {
	now := time.Now()
	d := &Delivery{engine: e, since: now, done: make(chan struct{})}
	fixed := make([][]cwlogs.Fixed, len(parts))
	for i, p := range parts {
		fixed[i] = e.fix(p, now)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sweep(now)
	for i, p := range parts {
		if len(fixed[i]) == 0 {
			continue
		}
		d.pieces = append(d.pieces, &piece{delivery: d, part: i, entity: p.Entity, fallback: p.Fallback, events: len(p.Events)})
	}
	if d.open = len(d.pieces); d.open == 0 {
		close(d.done)
		return d
	}
	for _, p := range d.pieces {
		e.place(p, e.reachable(p, parts[p.part].Target, len(fixed[p.part]), now), fixed[p.part], now)
	}
	if e.ended {
		e.takeBack(d, errStopped, false)
	} else {
		e.held(d)
	}
	e.dispatch(now)
	return d
}

// place puts a piece's messages into the lane of a target.
func (e *Engine) place(p *piece, to cwlogs.Target, fixed []cwlogs.Fixed, now time.Time) {
	l := e.lanes[to]
	if l == nil {
		l = &lane{target: to}
		e.lanes[to] = l
	}
	l.used = now
	l.add(p, fixed)
	if l.blocked {
		p.delivery.blocked++
	}
	e.enqueue(l)
}

// fix applies the policy to a part.
func (e *Engine) fix(p Part, now time.Time) []cwlogs.Fixed {
	type drops struct {
		events int
		sample *cwlogs.Event
	}
	var reasons map[cwlogs.Reason]drops
	fixed := e.o.Policy.Fix(make([]cwlogs.Fixed, 0, len(p.Events)), p.Events, now, func(r cwlogs.Reason, sample *cwlogs.Event) {
		if reasons == nil {
			reasons = map[cwlogs.Reason]drops{}
		}
		d := reasons[r]
		if d.events++; d.sample == nil {
			d.sample = sample
		}
		reasons[r] = d
	})
	for r, d := range reasons {
		e.observer.Dropped(p.Target, r, d.events, d.sample)
	}
	return fixed
}

func (e *Engine) enqueue(l *lane) {
	if !l.queued {
		l.queued = true
		e.line = append(e.line, l)
	}
}

// dispatch sends what may be sent now: one request of each lane in turn.
func (e *Engine) dispatch(now time.Time) {
	if now.Before(e.gate) && !e.stopped {
		return
	}
	for len(e.line) > 0 && e.limiter.room(e.inFlight) {
		l := e.line[0]
		e.line[0] = nil
		e.line = e.line[1:]
		l.queued = false
		r := e.next(l, now)
		if r == nil {
			e.forget(l, now)
			continue
		}
		r.flying = true
		e.inFlight++
		e.enqueue(l)
		go e.send(r)
	}
}

// next is the lane's next request, or nil.
func (e *Engine) next(l *lane, now time.Time) *request {
	if r := l.again(); r != nil {
		return r
	}
	if l.blocked && (len(l.open) > 0 || now.Before(l.probe) && !e.stopped) {
		return nil
	}
	return l.take()
}

// wake dispatches after a while. A lane that is given stands in the line again.
func (e *Engine) wake(l *lane, after time.Duration) {
	time.AfterFunc(after, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if l != nil {
			e.enqueue(l)
		}
		e.dispatch(time.Now())
	})
}

// done is called when something of a lane is settled.
func (e *Engine) done(l *lane, now time.Time) {
	if !e.forget(l, now) {
		e.enqueue(l)
	}
	e.dispatch(now)
}

// forget removes a lane that has nothing more to do, now or when its memory is of no use any more.
func (e *Engine) forget(l *lane, now time.Time) bool {
	if !l.empty() || l.blocked {
		return false
	}
	if !l.over(now) {
		if !l.lingers {
			l.lingers = true
			time.AfterFunc(lingering, func() {
				e.mu.Lock()
				defer e.mu.Unlock()
				l.lingers = false
				e.forget(l, time.Now())
			})
		}
	} else if e.lanes[l.target] == l {
		delete(e.lanes, l.target)
	}
	return true
}

// withdraw takes back what a delivery has that is not on its way.
func (e *Engine) withdraw(d *Delivery, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.takeBack(d, err, false)
	d.withdrawn = err
	e.dispatch(time.Now())
}

// takeBack settles what a delivery has that is not on its way as not delivered.
func (e *Engine) takeBack(d *Delivery, err error, permanent bool) {
	for _, p := range d.pieces {
		if p.delivery == nil {
			continue
		}
		l := p.lane
		lost := l.withdraw(p, nil)
		if len(lost) > 0 {
			p.lose(lost, err, permanent)
		}
		if !e.forget(l, time.Now()) {
			e.enqueue(l)
		}
	}
}

// Stop makes everything be sent once more at most, and nothing after DrainTimeout.
func (e *Engine) Stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		return
	}
	e.stopped = true
	e.limiter.atLeast(startLimit) // one that is silent must not hold the others
	for _, l := range e.lanes {
		for _, r := range l.open {
			if r.timer != nil {
				r.timer.Stop()
				r.timer = nil
				l.due = append(l.due, r)
			}
		}
		e.enqueue(l)
	}
	e.dispatch(time.Now())
	end := time.AfterFunc(e.o.DrainTimeout, e.end)
	context.AfterFunc(e.context, func() { end.Stop() })
}

// End gives up what is still there.
func (e *Engine) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	e.cancel()
	for _, l := range slices.Collect(maps.Values(e.lanes)) {
		for _, p := range slices.Clone(l.pieces) {
			if p.delivery != nil {
				e.takeBack(p.delivery, errStopped, false)
			}
		}
	}
}

// Close ends what Stop has left. Nothing may be waited for any more.
func (e *Engine) Close() {
	e.Stop()
	e.end()
}

// Stats are of this moment.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := Stats{Limit: int(e.limiter.limit), InFlight: e.inFlight}
	for _, l := range e.lanes {
		if l.empty() && !l.blocked {
			continue
		}
		s.Lanes++
		s.Pending += len(l.pending)
		s.PendingBytes += l.pendingBytes
		for _, r := range l.open {
			if !r.flying {
				s.Pending += len(r.events)
				s.PendingBytes += r.size
			}
		}
		for _, p := range l.pieces {
			if p.delivery != nil {
				if s.Oldest.IsZero() || p.delivery.since.Before(s.Oldest) {
					s.Oldest = p.delivery.since
				}
				break
			}
		}
	}
	return s
}
