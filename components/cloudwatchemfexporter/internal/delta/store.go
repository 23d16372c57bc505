package delta

import (
	"math"
	"sync"
	"time"
)

// Verdict says what came of a data point.
type Verdict uint8

// The verdicts.
const (
	// Known is a difference.
	Known Verdict = iota
	// First is a total that nothing is known before; it is the baseline of what follows.
	First
	// Late is a total older than the last one of its series, which had it in it.
	Late
	// Full is a total of a new series where there are too many.
	Full
)

// Options are a Store's.
type Options struct {
	// MaxAge is how long a series is remembered at least after its last data point, and at most twice as long.
	MaxAge time.Duration
	// MaxSeries bounds the series that are remembered, of each kind.
	MaxSeries int
	// RetainInitial takes a first total for a difference.
	RetainInitial bool
}

// Store remembers series. Lock is to be held while its methods are called.
type Store struct {
	sync.Mutex
	o            Options
	began        uint64 // nanoseconds since 1970
	turned       time.Time
	numbers      generations[Number]
	histograms   generations[Histogram]
	exponentials generations[Exponential]
	summaries    generations[Summary]
}

// New makes a Store. What begins after now is known from its beginning.
func New(o Options, now time.Time) *Store {
	return &Store{o: o, began: nanoseconds(now), turned: now}
}

func nanoseconds(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }

// Age forgets series that were not seen for long enough. It is to be called now and then; it costs nothing
// where it is not the time.
func (s *Store) Age(now time.Time) {
	if since := now.Sub(s.turned); since < s.o.MaxAge && since >= 0 {
		return
	}
	s.turned = now
	s.numbers.turn()
	s.histograms.turn()
	s.exponentials.turn()
	s.summaries.turn()
}

// Series is how many series are remembered.
func (s *Store) Series() int {
	return s.numbers.len() + s.histograms.len() + s.exponentials.len() + s.summaries.len()
}

// Span is when a total began to grow, and when it was taken, in nanoseconds since 1970. 0: not known.
type Span struct{ Start, Time uint64 }

// span makes every kind of total have one.
func (s Span) span() Span { return s }

// total is a kind of total. keep copies it to a place that may have memory of an earlier one.
type total[T any] interface {
	span() Span
	keep(to *T)
	// since is what was added since an earlier total, or ok is false where the series began anew.
	since(base *T) (added T, ok bool)
}

// history is the last total of a series, and the one before it.
type history[T any] struct {
	base, last T
	hasBase    bool
}

// generations are series that were seen since the last turn, and others that were before.
type generations[T any] struct {
	young, old map[uint64]*history[T]
}

func (g *generations[T]) len() int { return len(g.young) + len(g.old) }

func (g *generations[T]) turn() {
	g.old, g.young = g.young, nil
}

func (g *generations[T]) find(id uint64) *history[T] {
	if h := g.young[id]; h != nil {
		return h
	}
	h := g.old[id]
	if h != nil {
		delete(g.old, id)
		g.put(id, h)
	}
	return h
}

func (g *generations[T]) put(id uint64, h *history[T]) {
	if g.young == nil {
		g.young = map[uint64]*history[T]{}
	}
	g.young[id] = h
}

// next takes in the next total of a series.
func next[T total[T]](s *Store, g *generations[T], id uint64, now T) (T, Verdict) {
	var none T
	h := g.find(id)
	at := now.span()
	if h == nil {
		if g.len() >= s.o.MaxSeries {
			return none, Full
		}
		h = &history[T]{}
		now.keep(&h.last)
		g.put(id, h)
		return first(s, now)
	}
	last := h.last.span()
	switch {
	case at.Time < last.Time && at.Time != 0:
		return none, Late
	case at.Time != last.Time || at.Time == 0:
		h.base, h.last = h.last, h.base
		h.hasBase = true
	case !h.hasBase: // the first one again
		now.keep(&h.last)
		return first(s, now)
	}
	now.keep(&h.last)
	base := h.base.span()
	anew := at.Start > base.Start && base.Start != 0 && at.Start >= base.Time
	if !anew {
		if added, ok := now.since(&h.base); ok {
			return added, Known
		}
	}
	return now, Known
}

// first is what a first total is worth. It is all that was ever added where the series began while this store
// was there, and so lately that the store would remember it if it had been seen.
func first[T total[T]](s *Store, now T) (T, Verdict) {
	at := now.span()
	age := uint64(min(s.o.MaxAge, math.MaxInt64))
	if s.o.RetainInitial || at.Start >= s.began && at.Start < at.Time && at.Time-at.Start < age {
		return now, Known
	}
	var none T
	return none, First
}
