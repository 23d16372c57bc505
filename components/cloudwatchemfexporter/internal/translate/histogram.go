package translate

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
)

// known are the statistics that a data point of a histogram has by itself.
type known struct {
	sum, min, max          float64
	hasSum, hasMin, hasMax bool
}

func (k known) finite() (Reason, bool) { return finite(k.sum, k.min, k.max) }

func (w *walk) histograms(points pmetric.HistogramDataPointSlice, totals bool) {
	for _, p := range points.All() {
		if p.Flags().NoRecordedValue() {
			w.refused(Stale)
			continue
		}
		k := known{p.Sum(), p.Min(), p.Max(), p.HasSum(), p.HasMin(), p.HasMax()}
		if reason, ok := k.finite(); !ok {
			w.refused(reason)
			continue
		}
		h := delta.Histogram{Span: spanOf(p.StartTimestamp(), p.Timestamp()), Count: p.Count(), Sum: p.Sum()}
		h.Bounds, h.Buckets = w.scratch.bounds[:0], w.scratch.counts[:0]
		if n := p.BucketCounts().Len(); n == p.ExplicitBounds().Len()+1 { // others say nothing
			for i := range n {
				h.Buckets = append(h.Buckets, p.BucketCounts().At(i))
			}
			for i := range n - 1 {
				h.Bounds = append(h.Bounds, p.ExplicitBounds().At(i))
			}
		}
		w.scratch.bounds, w.scratch.counts = h.Bounds, h.Buckets
		w.begin(p.Attributes(), p.Timestamp())
		if totals {
			added, verdict := w.t.o.Deltas.Histogram(w.series(), h)
			if verdict != delta.Known {
				w.verdict(verdict)
				continue
			}
			h = added
			k.sum = h.Sum
		}
		if h.Count == 0 {
			w.refused(Empty)
			continue
		}
		w.scratch.buckets = bucketsOf(w.scratch.buckets[:0], h, k)
		s, reason := k.statistics(h.Count, w.scratch.buckets, !totals, func() (float64, float64) { return edges(h, k) })
		if _, ok := finite(s.sum, s.min, s.max); !ok {
			w.refused(reason)
			continue
		}
		if w.t.o.HistogramValues {
			w.distribution(s, w.scratch.buckets)
			continue
		}
		w.add(w.metric, w.fresh, w.statistics(s, nil), 1)
	}
}

// statistics are those of a histogram. exact says that its extremes are of these values alone; otherwise, and where
// it has none, they are the edges of its buckets, or the mean.
func (k known) statistics(count uint64, buckets []bucket, exact bool, edges func() (low, high float64)) (stats, Reason) {
	s := stats{sum: k.sum, count: count, min: k.min, max: k.max}
	if !k.hasSum {
		s.sum = 0
		for _, b := range buckets {
			s.sum += b.value * float64(b.count)
		}
	}
	if exact && k.hasMin && k.hasMax {
		return s, OutOfRange
	}
	mean := s.sum / float64(count)
	low, high := mean, mean
	if len(buckets) > 0 {
		low, high = edges()
	}
	if k.hasMin { // nothing is below
		low = max(low, k.min)
		if exact {
			low = k.min
		}
	}
	if k.hasMax {
		high = min(high, k.max)
		if exact {
			high = k.max
		}
	}
	s.min, s.max = min(low, mean), max(high, mean)
	return s, OutOfRange
}

// edges are the lower edge of the lowest bucket that has something, and the upper one of the highest.
func edges(h delta.Histogram, k known) (low, high float64) {
	from := slices.IndexFunc(h.Buckets, func(n uint64) bool { return n > 0 })
	to := len(h.Buckets) - 1
	for to > from && h.Buckets[to] == 0 {
		to--
	}
	low, _ = bounds(h, k, from)
	_, high = bounds(h, k, to)
	return low, high
}

// bounds are those of a bucket. The first one begins with 0 where its bound is above, and the last one has no end:
// its values count as its lower bound unless the largest is known.
func bounds(h delta.Histogram, k known, i int) (low, high float64) {
	n := len(h.Bounds)
	switch {
	case n == 0:
		mean := k.sum / float64(max(h.Count, 1))
		low, high = mean, mean
		if k.hasMin {
			low = k.min
		}
		if k.hasMax {
			high = k.max
		}
		return low, high
	case i == 0:
		low, high = min(0, h.Bounds[0]), h.Bounds[0]
		if k.hasMin {
			low = min(k.min, high)
		}
	case i == n:
		low, high = h.Bounds[n-1], h.Bounds[n-1]
		if k.hasMax {
			high = max(k.max, low)
		}
	default:
		low, high = h.Bounds[i-1], h.Bounds[i]
	}
	return low, high
}

// bucketsOf appends those of a histogram that have something, as the middle of each, from high to low.
func bucketsOf(to []bucket, h delta.Histogram, k known) []bucket {
	for i := len(h.Buckets) - 1; i >= 0; i-- {
		if h.Buckets[i] == 0 {
			continue
		}
		low, high := bounds(h, k, i)
		to = append(to, bucket{low + (high-low)/2, h.Buckets[i], nil})
	}
	return to
}
