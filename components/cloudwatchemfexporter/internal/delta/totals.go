package delta

import "slices"

// Number is the total of a monotonic sum.
type Number struct {
	Span
	// Int is the value where IsInt is set, and Float otherwise.
	Int   int64
	Float float64
	IsInt bool
}

// Value is the number.
func (n Number) Value() float64 {
	if n.IsInt {
		return float64(n.Int)
	}
	return n.Float
}

// Number takes in the next total of a sum.
func (s *Store) Number(id uint64, now Number) (Number, Verdict) {
	return next(s, &s.numbers, id, now)
}

func (n Number) keep(to *Number) { *to = n }

func (Number) held() int { return 0 }
func (Number) size() int { return 0 }

func (n Number) since(base *Number) (Number, bool) {
	if n.IsInt && base.IsInt {
		n.Int -= base.Int
		return n, n.Int >= 0
	}
	n.Float, n.IsInt = n.Value()-base.Value(), false
	return n, n.Float >= 0
}

// Summary is the total of a summary.
type Summary struct {
	Span
	Count uint64
	Sum   float64
}

// Summary takes in the next total of a summary.
func (s *Store) Summary(id uint64, now Summary) (Summary, Verdict) {
	return next(s, &s.summaries, id, now)
}

func (t Summary) keep(to *Summary) { *to = t }

func (Summary) held() int { return 0 }
func (Summary) size() int { return 0 }

func (t Summary) since(base *Summary) (Summary, bool) {
	if t.Count < base.Count {
		return t, false
	}
	t.Count -= base.Count
	t.Sum -= base.Sum
	return t, true
}

// Histogram is the total of a histogram with bounds of its own.
type Histogram struct {
	Span
	Count uint64
	Sum   float64
	// Bounds are the upper bounds of all buckets but the last, and Buckets their counts. Both are copied where
	// they are kept.
	Bounds  []float64
	Buckets []uint64
}

// Histogram takes in the next total of a histogram. Where the bounds are others than before, what was added has
// no buckets.
func (s *Store) Histogram(id uint64, now Histogram) (Histogram, Verdict) {
	return next(s, &s.histograms, id, now)
}

func (h Histogram) keep(to *Histogram) {
	bounds, buckets := to.Bounds, to.Buckets
	*to = h
	to.Bounds = append(bounds[:0], h.Bounds...)
	to.Buckets = append(buckets[:0], h.Buckets...)
}

func (h Histogram) held() int { return 8 * (cap(h.Bounds) + cap(h.Buckets)) }
func (h Histogram) size() int { return 8 * (len(h.Bounds) + len(h.Buckets)) }

func (h Histogram) since(base *Histogram) (Histogram, bool) {
	if h.Count < base.Count {
		return h, false
	}
	added := h
	added.Count -= base.Count
	added.Sum -= base.Sum
	if !slices.Equal(h.Bounds, base.Bounds) || len(h.Buckets) != len(base.Buckets) {
		added.Bounds, added.Buckets = nil, nil
		return added, true
	}
	added.Buckets = make([]uint64, len(h.Buckets))
	for i, n := range h.Buckets {
		if n < base.Buckets[i] {
			return h, false
		}
		added.Buckets[i] = n - base.Buckets[i]
	}
	return added, true
}
