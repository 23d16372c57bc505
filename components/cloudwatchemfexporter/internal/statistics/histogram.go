package statistics

import (
	"slices"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
)

// Set is a statistic set.
type Set struct {
	Max, Min, Sum float64
	Count         uint64
}

// Bucket is a value that was seen several times.
type Bucket struct {
	Value float64
	Count uint64
	cell  *cell // that has the value as text, without its sign; may be nil
}

// AppendValue appends the value as JSON.
func (b *Bucket) AppendValue(to []byte) []byte {
	switch {
	case b.cell == nil:
		return message.AppendFloat(to, b.Value)
	case b.Value < 0:
		to = append(to, '-')
	}
	return append(to, b.cell.text...)
}

// Known is what a data point of a histogram says by itself.
type Known struct {
	Sum, Min, Max          float64
	HasSum, HasMin, HasMax bool
	// Exact says that the extremes are of the values counted, and not of all since the series began.
	Exact bool
}

// OfHistogram appends the buckets that have something, as the middle of each, from high to low. The count is not 0.
func OfHistogram(to []Bucket, h delta.Histogram, k Known) (Set, []Bucket) {
	to = bucketsOf(to, h, k)
	return k.set(h.Count, to, func() (float64, float64) { return edges(h, k) }), to
}

// set are the statistics. Where the extremes are not exact, or not there, they are the edges of the buckets, or the mean.
func (k Known) set(count uint64, buckets []Bucket, edges func() (low, high float64)) Set {
	s := Set{Sum: k.Sum, Count: count, Min: k.Min, Max: k.Max}
	if !k.HasSum {
		s.Sum = 0
		for _, b := range buckets {
			s.Sum += b.Value * float64(b.Count)
		}
	}
	if k.Exact && k.HasMin && k.HasMax {
		return s
	}
	mean := s.Sum / float64(count)
	low, high := mean, mean
	if len(buckets) > 0 {
		low, high = edges()
	}
	if k.HasMin { // nothing is below
		low = max(low, k.Min)
		if k.Exact {
			low = k.Min
		}
	}
	if k.HasMax {
		high = min(high, k.Max)
		if k.Exact {
			high = k.Max
		}
	}
	s.Min, s.Max = min(low, mean), max(high, mean)
	return s
}

// edges are the lower edge of the lowest bucket that has something, and the upper one of the highest.
func edges(h delta.Histogram, k Known) (low, high float64) {
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
func bounds(h delta.Histogram, k Known, i int) (low, high float64) {
	n := len(h.Bounds)
	switch {
	case n == 0:
		mean := k.Sum / float64(max(h.Count, 1))
		low, high = mean, mean
		if k.HasMin {
			low = k.Min
		}
		if k.HasMax {
			high = k.Max
		}
		return low, high
	case i == 0:
		low, high = min(0, h.Bounds[0]), h.Bounds[0]
		if k.HasMin {
			low = min(k.Min, high)
		}
	case i == n:
		low, high = h.Bounds[n-1], h.Bounds[n-1]
		if k.HasMax {
			high = max(k.Max, low)
		}
	default:
		low, high = h.Bounds[i-1], h.Bounds[i]
	}
	return low, high
}

// bucketsOf appends those of a histogram that have something, as the middle of each, from high to low.
func bucketsOf(to []Bucket, h delta.Histogram, k Known) []Bucket {
	for i := len(h.Buckets) - 1; i >= 0; i-- {
		if h.Buckets[i] == 0 {
			continue
		}
		low, high := bounds(h, k, i)
		to = append(to, Bucket{low + (high-low)/2, h.Buckets[i], nil})
	}
	return to
}
