package delta

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var began = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func store(change ...func(*Options)) *Store {
	o := Options{MaxAge: time.Hour, MaxSeries: 100}
	for _, c := range change {
		c(&o)
	}
	return New(o, began)
}

// span is of a total that began and was taken so many seconds after the store began.
func span(start, at int) Span {
	return Span{nanoseconds(began.Add(time.Duration(start) * time.Second)), nanoseconds(began.Add(time.Duration(at) * time.Second))}
}

func float(start, at int, f float64) Number { return Number{Span: span(start, at), Float: f} }

func TestNumbers(t *testing.T) {
	s := store()
	for i, test := range []struct {
		given   Number
		want    float64
		verdict Verdict
	}{
		{float(-100, 0, 5), 0, First},
		{float(-100, 0, 5), 0, First}, // again
		{float(-100, 60, 7.5), 2.5, Known},
		{float(-100, 60, 7.5), 2.5, Known}, // again
		{float(-100, 60, 8), 3, Known},     // corrected
		{float(-100, 30, 6), 0, Late},
		{float(-100, 120, 8), 0, Known},
		{float(-100, 180, 1), 1, Known}, // it began anew, and does not say so
		{float(185, 240, 3), 3, Known},  // it began anew, and grew further than before
		{float(170, 300, 4), 1, Known},  // a start that is not after the last total is no new one
		{Number{Span: span(170, 360), Int: 7, IsInt: true}, 3, Known},
		{Number{Span: span(170, 420), Int: 1<<62 + 7, IsInt: true}, 1 << 62, Known},
		{Number{Span: span(170, 480), Int: 1<<62 + 8, IsInt: true}, 1, Known}, // integers are exact
	} {
		got, verdict := s.Number(1, test.given)
		require.Equal(t, test.verdict, verdict, i)
		if verdict == Known {
			require.Equal(t, test.want, got.Value(), i)
		}
	}
}

func TestFirstTotals(t *testing.T) {
	_, verdict := store().Number(1, float(-1, 10, 5))
	assert.Equal(t, First, verdict, "it began before the store")
	after := store()
	after.Age(began.Add(10 * time.Second))
	got, verdict := after.Number(1, float(1, 10, 5))
	assert.Equal(t, Known, verdict, "it began while the store was there")
	assert.Equal(t, 5.0, got.Value())
	_, verdict = store().Number(1, float(10, 10, 5))
	assert.Equal(t, First, verdict, "a start of no duration is what sources write that do not know it")
	_, verdict = store().Number(1, float(1, 3700, 5))
	assert.Equal(t, First, verdict, "it may have been known and forgotten since")
	_, verdict = store().Number(1, Number{Float: 5})
	assert.Equal(t, First, verdict, "it says nothing")
	got, verdict = store(func(o *Options) { o.RetainInitial = true }).Number(1, float(-1, 10, 5))
	assert.Equal(t, Known, verdict)
	assert.Equal(t, 5.0, got.Value())
}

func TestTotalsWithoutTime(t *testing.T) {
	s := store()
	s.Number(1, Number{Float: 5})
	got, verdict := s.Number(1, Number{Float: 7})
	assert.Equal(t, Known, verdict)
	assert.Equal(t, 2.0, got.Value())
}

func TestAge(t *testing.T) {
	s := store()
	see := func(id uint64, minutes int) Verdict {
		s.Age(began.Add(time.Duration(minutes) * time.Minute))
		_, verdict := s.Number(id, float(-1, minutes*60, float64(minutes)))
		return verdict
	}
	assert.Equal(t, First, see(1, 0))
	assert.Equal(t, First, see(2, 0))
	assert.Equal(t, Known, see(1, 61))
	assert.Equal(t, 2, s.Series())
	assert.Equal(t, Known, see(1, 122))
	assert.Equal(t, 1, s.Series(), "2 was not seen for two hours")
	assert.Equal(t, First, see(2, 123))
}

func TestFull(t *testing.T) {
	s := store(func(o *Options) { o.MaxSeries = 2 })
	for id := range uint64(2) {
		_, verdict := s.Number(id, float(-1, 1, 1))
		assert.Equal(t, First, verdict)
	}
	_, verdict := s.Number(2, float(-1, 1, 1))
	assert.Equal(t, Full, verdict)
	_, verdict = s.Number(1, float(-1, 2, 1))
	assert.Equal(t, Known, verdict)
}

func TestSummaries(t *testing.T) {
	s := store()
	s.Summary(1, Summary{span(-1, 0), 10, 100})
	got, _ := s.Summary(1, Summary{span(-1, 1), 12, 130})
	assert.Equal(t, Summary{span(-1, 1), 2, 30}, got)
	got, _ = s.Summary(1, Summary{span(-1, 2), 3, 7})
	assert.Equal(t, Summary{span(-1, 2), 3, 7}, got, "it began anew")
}

func TestHistograms(t *testing.T) {
	s := store()
	bounds := []float64{1, 2}
	total := func(at int, sum float64, bounds []float64, buckets ...uint64) Histogram {
		h := Histogram{Span: span(-1, at), Sum: sum, Bounds: bounds, Buckets: buckets}
		for _, n := range buckets {
			h.Count += n
		}
		return h
	}
	given := total(0, 10, bounds, 1, 2, 3)
	s.Histogram(1, given)
	given.Buckets[0] = 99 // it was copied
	got, _ := s.Histogram(1, total(1, 14, bounds, 1, 4, 4))
	assert.Equal(t, []uint64{0, 2, 1}, got.Buckets)
	assert.Equal(t, uint64(3), got.Count)
	assert.Equal(t, 4.0, got.Sum)
	got, _ = s.Histogram(1, total(1, 14, bounds, 1, 4, 4))
	assert.Equal(t, []uint64{0, 2, 1}, got.Buckets, "the same again")
	got, _ = s.Histogram(1, total(2, 20, []float64{5}, 8, 4))
	assert.Equal(t, uint64(3), got.Count)
	assert.Empty(t, got.Buckets, "of other bounds nothing is known")
	got, _ = s.Histogram(1, total(3, 22, []float64{5}, 9, 3))
	assert.Equal(t, uint64(12), got.Count, "a bucket that has less began anew")
	got, _ = s.Histogram(1, total(4, 1, []float64{5}, 1, 0))
	assert.Equal(t, []uint64{1, 0}, got.Buckets)
}

// Exponential totals of random values, with scales that shrink and grow, give the counts of what was added.
func TestExponentials(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := store()
		type key struct {
			negative bool
			index    int // at scale 4
		}
		seen := map[key]uint64{}
		build := func(counts map[key]uint64, scale int32, at int) Exponential {
			e := Exponential{Span: span(-1, at), Scale: scale}
			for _, negative := range []bool{false, true} {
				b := &e.Positive
				if negative {
					b = &e.Negative
				}
				b.Offset = int32(-64) >> (4 - scale)
				b.Counts = make([]uint64, 128>>(4-scale))
				for k, n := range counts {
					if k.negative == negative {
						b.Counts[(k.index>>(4-scale))-int(b.Offset)] += n
						e.Count += n
					}
				}
			}
			return e
		}
		last := int32(4)
		s.Exponential(1, build(seen, last, 0))
		for at := 1; at < 6; at++ {
			added := map[key]uint64{}
			for range r.IntN(20) {
				k := key{r.IntN(4) == 0, r.IntN(128) - 64}
				added[k]++
				seen[k]++
			}
			scale := int32(r.IntN(5))
			got, verdict := s.Exponential(1, build(seen, scale, at))
			require.Equal(t, Known, verdict)
			want := build(added, min(scale, last), at)
			require.Equal(t, want, got, "seed %d, at %d, scales %d and %d", seed, at, last, scale)
			last = scale
		}
	}
}

func TestShrunk(t *testing.T) {
	assert.Equal(t, Buckets{-2, []uint64{1, 5, 4}}, Buckets{-3, []uint64{1, 2, 3, 4}}.shrunk(1))
	assert.Equal(t, Buckets{-1, []uint64{6, 4}}, Buckets{-3, []uint64{1, 2, 3, 4}}.shrunk(10))
	assert.Equal(t, Buckets{}, Buckets{}.shrunk(3))
	assert.Equal(t, Buckets{Offset: 0, Counts: []uint64{0, 2}}, Buckets{0, []uint64{1, 5}}.less(Buckets{-1, []uint64{9, 9, 3}}), "what became less is nothing that was added")
}
