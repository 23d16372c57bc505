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
	// Full is a total of a new series where there are too many, or one that takes more than a share of the memory.
	Full
)

// Options are a Store's.
type Options struct {
	// MaxAge is how long a series is remembered at least after its last data point, and at most half as long again.
	MaxAge time.Duration
	// MaxSeries bounds the series that are remembered: further ones are not. 0: no bound.
	MaxSeries int
	// MaxBytes bounds the memory of series: others are forgotten for further ones. 0: no bound.
	MaxBytes int
	// RetainInitial takes a first total for a difference.
	RetainInitial bool
}

// Store remembers series. Lock is to be held while its methods are called.
//
// When it is full, series are forgotten for new ones. A metric of a resource that has more than a share of the memory
// loses its own first, those that were not seen for the longest time. Where no metric has more than that, series
// go that were seen once: no difference is lost with them.
type Store struct {
	sync.Mutex
	o     Options
	began uint64 // nanoseconds since 1970
	now   time.Time
	group *group // of the following totals

	numbers      kind[Number]
	histograms   kind[Histogram]
	exponentials kind[Exponential]
	summaries    kind[Summary]
	memory
}

// New makes a Store. What begins after now is known from its beginning.
func New(o Options, now time.Time) *Store {
	s := &Store{o: o, began: nanoseconds(now), now: now}
	s.memory = newMemory(o.MaxBytes)
	s.numbers.init()
	s.histograms.init()
	s.exponentials.init()
	s.summaries.init()
	s.Of(0, "")
	return s
}

func nanoseconds(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }

// Of says whose totals follow: a metric of a resource and scope. The name is told where it has more than its share.
func (s *Store) Of(id uint64, name string) { s.group = s.groupOf(id, name) }

// Age forgets series that were not seen for long enough, and says what time it is for totals that follow.
func (s *Store) Age(now time.Time) {
	if now.Before(s.now) { // the clock was set back
		s.shift(now.Sub(s.now))
	}
	s.now = now
	s.forgetBefore(now.Add(-s.o.MaxAge - s.o.MaxAge/2))
}

// Series is how many series are remembered.
func (s *Store) Series() int { return s.series }

// Bytes is the memory that they take.
func (s *Store) Bytes() int { return s.bytes }

// Forgotten is how many series were forgotten for others since the last call, and the metric that had most of the memory
// when the last of them was.
func (s *Store) Forgotten() (series int, largest string) {
	series, largest = s.evicted, s.largest
	s.evicted, s.largest = 0, ""
	return series, largest
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
	// held is the memory that it points to, and size what keeping it takes of that.
	held() int
	size() int
}

// history is the last total of a series, and the one before it.
type history[T any] struct {
	entry
	base, last T
	hasBase    bool
}

// kind are the series of a kind of total.
type kind[T any] struct {
	all   map[uint64]*history[T]
	fixed int // bytes of a series without what its totals point to
}

func (k *kind[T]) init() {
	k.all = map[uint64]*history[T]{}
	k.fixed = fixedSize[history[T]]()
}

func (k *kind[T]) remove(id uint64) { delete(k.all, id) }

// next takes in the next total of a series.
func next[T total[T]](s *Store, k *kind[T], id uint64, now T) (T, Verdict) {
	var none T
	h := k.all[id]
	at := now.span()
	if 2*now.size()+k.fixed > s.most() {
		return none, Full
	}
	if h == nil {
		if s.o.MaxSeries > 0 && s.series >= s.o.MaxSeries {
			return none, Full
		}
		h = &history[T]{}
		h.id, h.owner = id, k
		now.keep(&h.last)
		k.all[id] = h
		s.add(&h.entry, s.group, s.now, k.fixed+h.last.held())
		return first(s, now)
	}
	s.see(&h.entry, s.now)
	last := h.last.span()
	switch {
	case at.Time < last.Time && at.Time != 0:
		return none, Late
	case at.Time != last.Time || at.Time == 0:
		h.base, h.last = h.last, h.base
		h.hasBase = true
	case !h.hasBase: // the first one again
		now.keep(&h.last)
		s.resize(&h.entry, k.fixed+h.last.held())
		return first(s, now)
	}
	now.keep(&h.last)
	s.establish(&h.entry)
	s.resize(&h.entry, k.fixed+h.base.held()+h.last.held())
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
// was there, and so lately that the store would remember it if it had been seen. One that may have been forgotten for others
// was counted before.
func first[T total[T]](s *Store, now T) (T, Verdict) {
	at := now.span()
	age := uint64(min(s.o.MaxAge, math.MaxInt64))
	// The sender's clock may be ahead, by as much as its total is. Its beginning is told by the same clock.
	start := at.Start - min(at.Start, at.Time-min(at.Time, nanoseconds(s.now)))
	forgotten := s.evictedAt > 0 && start <= s.evictedAt
	if !forgotten && (s.o.RetainInitial || start >= s.began && at.Start < at.Time && at.Time-at.Start < age) {
		return now, Known
	}
	var none T
	return none, First
}
