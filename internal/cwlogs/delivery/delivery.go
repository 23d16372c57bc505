package delivery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

// Delivery is a Deliver that has taken its place in the lanes.
type Delivery struct {
	engine *Engine
	pieces []*piece
	// open are the pieces that are not settled, and blocked those of them whose lanes are.
	open, blocked int
	givingUp      bool
	withdrawn     error // why its caller does not wait for more than what is on its way
	since         time.Time
	remainder     []Remainder
	permanent     bool
	err           error
	done          chan struct{}
}

// piece is what a delivery has in a lane.
type piece struct {
	delivery *Delivery // nil once it is settled
	lane     *lane
	part     int
	entity   *cwlogs.Entity
	fallback *cwlogs.Target // nil: none
	// Its events have the numbers from base to base+events-1 in the lane.
	base, events int
	// left are its messages that are not settled. An event has several where it was split.
	left int
	lost []int
}

// Wait returns when every event is answered, or given up. It returns nil or an *Error. When ctx ends, it
// takes back what is not on its way.
func (d *Delivery) Wait(ctx context.Context) error {
	select {
	case <-d.done:
	default:
		select {
		case <-d.done:
		case <-ctx.Done():
			d.engine.withdraw(d, ctx.Err())
			<-d.done // requests on their way have a timeout
		}
	}
	if len(d.remainder) == 0 {
		return nil
	}
	return &Error{Remainder: d.remainder, Permanent: d.permanent, Err: d.err}
}

// settle is called with how many of a piece's messages are settled.
func (p *piece) settle(n int) {
	p.left -= n
	if p.left > 0 {
		return
	}
	d := p.delivery
	p.delivery = nil
	p.lane.live--
	if len(p.lost) > 0 {
		slices.Sort(p.lost)
		d.remainder = append(d.remainder, Remainder{Part: p.part, Events: slices.Compact(p.lost)})
	}
	d.open--
	if p.lane.blocked {
		d.blocked--
	}
	if d.open == 0 {
		d.remainder = merged(d.remainder)
		close(d.done)
	}
	d.engine.held(d) // last, as it may settle others of the delivery
}

// merged has one remainder for each part: one whose events were diverted may have left some in two lanes.
func merged(all []Remainder) []Remainder {
	slices.SortFunc(all, func(a, b Remainder) int { return cmp.Compare(a.Part, b.Part) })
	n := 0
	for i := range all {
		if n > 0 && all[n-1].Part == all[i].Part {
			all[n-1].Events = append(all[n-1].Events, all[i].Events...)
			slices.Sort(all[n-1].Events)
			all[n-1].Events = slices.Compact(all[n-1].Events)
			continue
		}
		all[n] = all[i]
		n++
	}
	return all[:n]
}

// lose settles messages that were not delivered, of one piece. numbers are those of the lane.
func (p *piece) lose(events []cwlogs.Fixed, err error, permanent bool) {
	for i := range events {
		p.lost = append(p.lost, events[i].Source-p.base)
	}
	p.delivery.err = err
	p.delivery.permanent = p.delivery.permanent || permanent
	p.settle(len(events))
}

var (
	errStopped = errors.New("the exporter stops")
	errBlocked = errors.New("its target is blocked, and too much waits for that already")
)
