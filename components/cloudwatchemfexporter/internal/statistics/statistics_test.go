package statistics

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
)

func TestOfHistogram(t *testing.T) {
	t.Parallel()
	h := func(sum float64, bounds []float64, buckets ...uint64) delta.Histogram {
		h := delta.Histogram{Sum: sum, Bounds: bounds, Buckets: buckets}
		for _, n := range buckets {
			h.Count += n
		}
		return h
	}
	for name, test := range map[string]struct {
		given  delta.Histogram
		known  Known
		want   Set
		values []float64
	}{
		"exact":                       {h(12, []float64{5}, 2, 1), Known{Sum: 12, HasSum: true, Min: 1, HasMin: true, Max: 9, HasMax: true, Exact: true}, Set{9, 1, 12, 3}, []float64{7, 3}},
		"no extremes":                 {h(40, []float64{5, 10, 20}, 0, 1, 2, 0), Known{Sum: 40, HasSum: true}, Set{20, 5, 40, 3}, []float64{15, 7.5}},
		"the first begins with 0":     {h(4, []float64{5}, 2, 0), Known{Sum: 4, HasSum: true}, Set{5, 0, 4, 2}, []float64{2.5}},
		"or with its bound, below it": {h(-20, []float64{-5}, 2, 0), Known{Sum: -20, HasSum: true}, Set{-5, -10, -20, 2}, []float64{-5}},
		"the last has no end":         {h(100, []float64{5}, 0, 2), Known{Sum: 100, HasSum: true}, Set{50, 5, 100, 2}, []float64{5}},
		"extremes of another time":    {h(16, []float64{5, 10}, 0, 2, 0), Known{Sum: 16, HasSum: true, Min: 1, HasMin: true, Max: 9, HasMax: true}, Set{9, 5, 16, 2}, []float64{7.5}},
		"no bounds":                   {h(16, nil, 2), Known{Sum: 16, HasSum: true}, Set{8, 8, 16, 2}, []float64{8}},
		"no buckets":                  {delta.Histogram{Sum: 16, Count: 2}, Known{Sum: 16, HasSum: true}, Set{8, 8, 16, 2}, nil},
		"no sum":                      {h(0, []float64{5, 10}, 0, 2, 0), Known{}, Set{10, 5, 15, 2}, []float64{7.5}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, buckets := OfHistogram(nil, test.given, test.known)
			assert.Equal(t, test.want, got)
			var values []float64
			for _, b := range buckets {
				values = append(values, b.Value)
			}
			assert.Equal(t, test.values, values)
		})
	}
}

func TestOfExponential(t *testing.T) {
	t.Parallel()
	var cells Cells
	e := delta.Exponential{Count: 7, Zero: 1, Positive: delta.Buckets{Offset: -1, Counts: []uint64{1, 0, 2}}, Negative: delta.Buckets{Offset: 1, Counts: []uint64{3}}}
	got, buckets := cells.OfExponential(nil, e, Known{Sum: 5, HasSum: true})
	assert.Equal(t, Set{4, -4, 5, 7}, got)
	var text []byte
	for i := range buckets {
		text = append(buckets[i].AppendValue(text), ' ')
	}
	assert.Equal(t, "3 0.75 0 -3 ", string(text))
}

// What is remembered and what is not are the same.
func TestCells(t *testing.T) {
	t.Parallel()
	var cells Cells
	for _, scale := range []int32{-11, -10, -3, 0, 7, 20, 21} {
		for _, index := range []int64{-5000, -1025, -1024, -1, 0, 1, 1023, 1024, 5000} {
			c := cells.cell(scale, index)
			base := math.Exp2(math.Exp2(float64(-scale)))
			if low := math.Pow(base, float64(index)); low != 0 && !math.IsInf(low, 0) {
				assert.InEpsilon(t, low, c.low, 1e-9, "scale %d, index %d", scale, index)
			}
			assert.Equal(t, *c, *cells.cell(scale, index))
		}
	}
}
