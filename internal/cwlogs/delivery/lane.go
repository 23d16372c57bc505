package delivery

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

// maxDrift is how far the time of an event that has none of its own is moved up.
const maxDrift = time.Second

// lane is what there is for one log stream. The engine's lock guards it.
type lane struct {
	target cwlogs.Target
	// pieces are in the order in which they came, and live is how many of them are not settled.
	pieces []*piece
	live   int
	// pending has the events that are in no request, by time unless unsorted. Their Source is a number that is
	// the lane's own, of which next is the one after the last.
	pending      []cwlogs.Fixed
	pendingBytes int
	unsorted     bool
	next         int
	// open are the requests that are not settled, in the order of their events, and due those of them that can
	// be sent again at once.
	open, due []*request
	queued    bool // it stands in the engine's line
	// high is the latest time that events were moved up to; 0 where none was. What comes later is no earlier.
	high    int64
	lingers bool // for high

	// blocked says that the target cannot be written to until somebody changes something. failures are those
	// since, and probe is when it is tried again.
	blocked   bool
	blockedAt time.Time
	alone     bool // it was refused again after another target was written to
	failures  int
	probe     time.Time
	used      time.Time
}

// add puts a piece's messages at the end. They are in the order of time.
func (l *lane) add(p *piece, fixed []cwlogs.Fixed) {
	p.lane, p.base, p.left = l, l.next, len(fixed)
	l.next += p.events
	if len(l.pieces) > 2*l.live+16 {
		l.pieces = slices.DeleteFunc(l.pieces, func(p *piece) bool { return p.delivery == nil })
	}
	l.pieces = append(l.pieces, p)
	l.live++
	for i := range fixed {
		fixed[i].Source += p.base
		l.pendingBytes += fixed[i].Size()
	}
	if n := len(l.pending); n > 0 && l.pending[n-1].Timestamp > fixed[0].Timestamp {
		l.unsorted = true
	}
	if len(l.pending) == 0 {
		l.pending = fixed
	} else {
		l.pending = append(l.pending, fixed...)
	}
}

// pieceOf finds the piece of a number. hint is where the last one was found.
func (l *lane) pieceOf(number int, hint *piece) *piece {
	if hint != nil && number >= hint.base && number < hint.base+hint.events {
		return hint
	}
	i, _ := slices.BinarySearchFunc(l.pieces, number, func(p *piece, number int) int {
		switch {
		case p.base+p.events <= number:
			return -1
		case p.base > number:
			return 1
		}
		return 0
	})
	return l.pieces[i]
}

// each calls f for runs of messages of one piece. The slices are valid until it returns.
func (l *lane) each(events []cwlogs.Fixed, f func(*piece, []cwlogs.Fixed)) {
	var p *piece
	from := 0
	for i := range events {
		if q := l.pieceOf(events[i].Source, p); q != p {
			if p != nil {
				f(p, events[from:i])
			}
			p, from = q, i
		}
	}
	if p != nil {
		f(p, events[from:])
	}
}

// take makes the next request of what is pending, or returns nil where none may be sent now.
func (l *lane) take() *request {
	if len(l.pending) == 0 {
		return nil
	}
	if l.unsorted {
		slices.SortStableFunc(l.pending, func(a, b cwlogs.Fixed) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
		l.unsorted = false
	}
	n, size, full := cwlogs.Prefix(l.pending)
	entity := l.pieceOf(l.pending[0].Source, nil).entity
	var p *piece
	for i := range l.pending[:n] {
		if q := l.pieceOf(l.pending[i].Source, p); q != p {
			if p = q; !same(entity, p.entity) {
				n, full = i, true
				break
			}
		}
	}
	if !full && len(l.open) > 0 {
		return nil // more may come until the answer
	}
	events := l.pending[:n:n]
	if !l.apart(events) {
		return nil
	}
	if full { // an entity may have cut it
		size = 0
		for i := range events {
			size += events[i].Size()
		}
	}
	r := &request{lane: l, entity: entity, events: events, size: size}
	l.pendingBytes -= size
	if l.pending = l.pending[n:]; len(l.pending) == 0 {
		l.pending = nil
	}
	l.open = append(l.open, r)
	return r
}

// apart tells whether the times of events, which are in order, meet those of no open request. What has no
// time of its own is moved up for that, and not to come before what was moved earlier.
func (l *lane) apart(events []cwlogs.Fixed) bool {
	l.raise(events, l.high)
	first, last := events[0].Timestamp, events[len(events)-1].Timestamp
	meets, top := false, first
	for _, r := range l.open {
		meets = meets || first <= r.last() && last >= r.first()
		top = max(top, r.last())
	}
	return !meets || l.raise(events, top+1)
}

// raise moves events up to a time, if all that are earlier have none of their own.
func (l *lane) raise(events []cwlogs.Fixed, to int64) bool {
	n := 0
	for ; n < len(events) && events[n].Timestamp < to; n++ {
		if !events[n].Assigned || to-events[n].Timestamp > maxDrift.Milliseconds() {
			return false
		}
	}
	if n == 0 {
		return true
	}
	for i := range events[:n] {
		events[i].Timestamp = to
	}
	l.high = max(l.high, events[len(events)-1].Timestamp)
	return true
}

// lingering is how long a lane is kept for high. Batches of one backlog follow each other sooner.
const lingering = 10 * time.Second

// over tells whether nothing is left to do or to remember.
func (l *lane) over(now time.Time) bool {
	return l.empty() && !l.blocked && (l.high == 0 || now.Sub(l.used) >= lingering)
}

// again is the request that is to be sent again now, or nil.
func (l *lane) again() *request {
	for i, r := range l.due {
		if !r.waits() {
			l.due = slices.Delete(l.due, i, i+1)
			return r
		}
	}
	return nil
}

// remove takes a request out that is settled.
func (l *lane) remove(r *request) {
	l.open = slices.DeleteFunc(l.open, func(o *request) bool { return o == r })
	l.due = slices.DeleteFunc(l.due, func(o *request) bool { return o == r })
}

func (l *lane) empty() bool { return len(l.pending) == 0 && len(l.open) == 0 }

func same(a, b *cwlogs.Entity) bool {
	if a == b {
		return true
	}
	return a != nil && b != nil && maps.Equal(a.KeyAttributes, b.KeyAttributes) && maps.Equal(a.Attributes, b.Attributes)
}
