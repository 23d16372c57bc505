package translate

import (
	"math"
	"slices"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
)

func (w *walk) exponentials(points pmetric.ExponentialHistogramDataPointSlice, totals bool) {
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
		e := delta.Exponential{
			Span: spanOf(p.StartTimestamp(), p.Timestamp()), Count: p.Count(), Sum: p.Sum(), Scale: p.Scale(), Zero: p.ZeroCount(),
		}
		e.Positive, w.scratch.positive = exponentialBuckets(w.scratch.positive[:0], p.Positive())
		e.Negative, w.scratch.negative = exponentialBuckets(w.scratch.negative[:0], p.Negative())
		w.begin(p.Attributes(), p.Timestamp())
		if totals {
			added, verdict := w.t.o.Deltas.Exponential(w.series(), e)
			if verdict != delta.Known {
				w.verdict(verdict)
				continue
			}
			e = added
			k.sum = e.Sum
		}
		if e.Count == 0 {
			w.refused(Empty)
			continue
		}
		var low, high float64
		w.scratch.buckets, low, high = w.scratch.middles(w.scratch.buckets[:0], e)
		s, reason := k.statistics(e.Count, w.scratch.buckets, !totals, func() (float64, float64) { return low, high })
		if _, ok := finite(s.sum, s.min, s.max); !ok || slices.ContainsFunc(w.scratch.buckets, func(b bucket) bool { return math.Abs(b.value) > maxValue }) {
			w.refused(reason)
			continue
		}
		w.distribution(s, w.scratch.buckets)
	}
}

func exponentialBuckets(to []uint64, b pmetric.ExponentialHistogramDataPointBuckets) (delta.Buckets, []uint64) {
	for i := range b.BucketCounts().Len() {
		to = append(to, b.BucketCounts().At(i))
	}
	return delta.Buckets{Offset: b.Offset(), Counts: to}, to
}

// cell is a bucket of a scale: its edges and its middle, and that as JSON.
type cell struct {
	low, high, middle float64
	text              []byte
}

// Cells are kept of scales and indexes that histograms have in practice: powers and texts cost the most by far.
const (
	minScale, maxScale = -10, 20
	maxIndex           = 1 << 10
)

// cells are those of one scale, by their index plus maxIndex.
type cells [2 * maxIndex]cell

func newCell(scale int32, index int64) cell {
	edge := func(index int64) float64 { // base to the power of index
		return math.Exp2(math.Ldexp(float64(index), -int(scale)))
	}
	c := cell{low: edge(index), high: edge(index + 1)}
	c.middle = c.low/2 + c.high/2
	c.text = message.AppendFloat(nil, c.middle)
	return c
}

// cell is the bucket of an index.
func (s *scratch) cell(scale int32, index int64) *cell {
	if scale < minScale || scale > maxScale || index < -maxIndex || index >= maxIndex {
		c := newCell(scale, index)
		return &c
	}
	of := &s.cells[scale-minScale]
	if *of == nil {
		*of = &cells{}
	}
	c := &(*of)[index+maxIndex]
	if c.text == nil {
		*c = newCell(scale, index)
	}
	return c
}

// middles appends those of the buckets that have something, from high to low, and gives the edges of all of them.
func (s *scratch) middles(to []bucket, e delta.Exponential) (values []bucket, low, high float64) {
	add := func(from, until float64, b bucket) {
		if len(to) == 0 {
			high = until
		}
		low = from
		to = append(to, b)
	}
	for i := len(e.Positive.Counts) - 1; i >= 0; i-- {
		if n := e.Positive.Counts[i]; n > 0 {
			c := s.cell(e.Scale, int64(e.Positive.Offset)+int64(i))
			add(c.low, c.high, bucket{c.middle, n, c})
		}
	}
	if e.Zero > 0 {
		add(0, 0, bucket{0, e.Zero, nil})
	}
	for i, n := range e.Negative.Counts {
		if n > 0 {
			c := s.cell(e.Scale, int64(e.Negative.Offset)+int64(i))
			add(-c.high, -c.low, bucket{-c.middle, n, c})
		}
	}
	return to, low, high
}
