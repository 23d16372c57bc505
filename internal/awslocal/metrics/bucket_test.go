package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func of(values ...float64) *sample {
	s := &sample{}
	s.setValues(values, nil)
	return s
}

func filled(samples ...*sample) *bucket {
	b := &bucket{}
	for _, s := range samples {
		b.add(s)
	}
	return b
}

func TestOneValueNeedsNoDistribution(t *testing.T) {
	b := filled(of(3), of(3), of(3, 3))
	assert.Nil(t, b.dist)
	assert.InDelta(t, 4, b.count, 0)
	v, ok := b.percentile(50)
	assert.True(t, ok)
	assert.InDelta(t, 3, v, 0)
}

func TestPercentilesAreByNearestRank(t *testing.T) {
	b := &bucket{}
	for i := range 100 {
		b.add(of(float64(100 - i)))
	}
	for p, want := range map[float64]float64{0: 1, 1: 1, 50: 50, 90: 90, 99: 99, 99.5: 100, 100: 100} {
		v, ok := b.percentile(p)
		assert.True(t, ok)
		assert.InDelta(t, want, v, 0, "p%v", p)
	}
}

func TestCountsWeighValues(t *testing.T) {
	s := &sample{}
	s.setValues([]float64{1, 10}, []float64{9, 1})
	b := filled(s)
	assert.InDelta(t, 10, b.count, 0)
	assert.InDelta(t, 19, b.sum, 0)
	v, _ := b.percentile(90)
	assert.InDelta(t, 1, v, 0)
	v, _ = b.percentile(91)
	assert.InDelta(t, 10, v, 0)
}

func TestManyValuesAreRightToOnePercent(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b, all := &bucket{}, []float64{}
	for range 5000 {
		v := math.Exp(r.NormFloat64() * 3)
		all = append(all, v)
		b.add(of(v))
	}
	slices.Sort(all)
	require.NotNil(t, b.dist.bins)
	assert.Nil(t, b.dist.exact)
	for _, p := range []float64{1, 25, 50, 90, 99, 99.9} {
		want := all[int(math.Round(p*50))-1]
		v, ok := b.percentile(p)
		assert.True(t, ok)
		assert.InEpsilon(t, want, v, relativeError*1.01, "p%v", p)
	}
	assert.LessOrEqual(t, b.bytes(), int64(maxBins*binBytes+2*bucketBytes))
}

func TestSketchOfExtremeValuesStaysBounded(t *testing.T) {
	b := filled(of(0))
	for e := -1000.0; e < 360; e += 0.25 {
		b.add(of(math.Pow(2, e)))
	}
	assert.LessOrEqual(t, len(b.dist.bins), maxBins)
	v, _ := b.percentile(100)
	assert.InDelta(t, b.max, v, 0)
	v, _ = b.percentile(0)
	assert.InDelta(t, 0, v, 0)
}

func TestStatisticSetHasPercentilesOnlyOfEqualValues(t *testing.T) {
	equal := &sample{count: 5, sum: 10, min: 2, max: 2}
	v, ok := filled(equal, of(4)).percentile(50)
	assert.True(t, ok)
	assert.InDelta(t, 2, v, 0)

	spread := &sample{count: 5, sum: 10, min: 1, max: 3}
	for _, b := range []*bucket{filled(spread), filled(of(1, 2), spread), filled(spread, of(1, 2))} {
		_, ok = b.percentile(50)
		assert.False(t, ok)
		assert.Nil(t, b.dist)
	}
	merged := filled(of(1, 2))
	merged.merge(filled(spread), true)
	_, ok = merged.percentile(50)
	assert.False(t, ok)
}

func TestNegativeValuesHaveNoPercentiles(t *testing.T) {
	_, ok := filled(of(-1, 1)).percentile(50)
	assert.False(t, ok)
}

func TestMergedBucketsHaveThePercentilesOfAllValues(t *testing.T) {
	var parts []*bucket
	whole := &bucket{}
	for i := range 40 {
		part := &bucket{}
		for j := range 20 {
			s := of(float64(i*20 + j + 1))
			part.add(s)
			whole.add(s)
		}
		parts = append(parts, part)
	}
	merged := &bucket{}
	for _, p := range parts {
		merged.merge(p, true)
	}
	assert.InDelta(t, whole.sum, merged.sum, 1e-9)
	for _, p := range []float64{10, 50, 99} {
		want, _ := whole.percentile(p)
		got, _ := merged.percentile(p)
		assert.InEpsilon(t, want, got, 1e-9)
	}
	// Merging leaves its source as it was.
	v, _ := parts[0].percentile(100)
	assert.InDelta(t, 20, v, 0)
}
