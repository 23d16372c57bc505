package statistics

import (
	"math"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
)

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

// Cells remembers buckets. It is for one goroutine at a time.
type Cells struct {
	of [maxScale - minScale + 1]*cells
}

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
func (s *Cells) cell(scale int32, index int64) *cell {
	if scale < minScale || scale > maxScale || index < -maxIndex || index >= maxIndex {
		c := newCell(scale, index)
		return &c
	}
	of := &s.of[scale-minScale]
	if *of == nil {
		*of = &cells{}
	}
	c := &(*of)[index+maxIndex]
	if c.text == nil {
		*c = newCell(scale, index)
	}
	return c
}

// OfExponential appends the buckets that have something, as the middle of each, from high to low. The count is not 0.
func (s *Cells) OfExponential(to []Bucket, e delta.Exponential, k Known) (Set, []Bucket) {
	to, low, high := s.middles(to, e)
	return k.set(e.Count, to, func() (float64, float64) { return low, high }), to
}

// middles appends those of the buckets that have something, from high to low, and gives the edges of all of them.
func (s *Cells) middles(to []Bucket, e delta.Exponential) (values []Bucket, low, high float64) {
	add := func(from, until float64, b Bucket) {
		if len(to) == 0 {
			high = until
		}
		low = from
		to = append(to, b)
	}
	for i := len(e.Positive.Counts) - 1; i >= 0; i-- {
		if n := e.Positive.Counts[i]; n > 0 {
			c := s.cell(e.Scale, int64(e.Positive.Offset)+int64(i))
			add(c.low, c.high, Bucket{c.middle, n, c})
		}
	}
	if e.Zero > 0 {
		add(0, 0, Bucket{0, e.Zero, nil})
	}
	for i, n := range e.Negative.Counts {
		if n > 0 {
			c := s.cell(e.Scale, int64(e.Negative.Offset)+int64(i))
			add(-c.high, -c.low, Bucket{-c.middle, n, c})
		}
	}
	return to, low, high
}
