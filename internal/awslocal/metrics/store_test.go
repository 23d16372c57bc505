package metrics

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
)

func add(st *store, name string, at time.Time, value float64, units ...uint8) {
	s := of(value)
	s.at, s.unit = at.Unix(), noUnit
	if len(units) > 0 {
		s.unit = units[0]
	}
	st.add(at, "N", name, []emf.Dimension{{Name: "d", Value: "v"}}, s)
}

func limited(c Config) *store {
	return &newService(c).store
}

// checkBytes compares the estimate with a sum over everything that is there.
func checkBytes(t *testing.T, st *store) {
	t.Helper()
	total := int64(0)
	n := 0
	for x := st.newest; x != nil; x = x.older {
		n++
		total += seriesBytes + int64(len(x.key))
		for _, list := range [][]bucket{x.minutes, x.seconds} {
			for i := range list {
				total += list[i].bytes()
			}
		}
	}
	assert.Equal(t, total, st.bytes)
	assert.Len(t, st.byKey, n)
}

func TestLongestUnchangedSeriesGoesFirst(t *testing.T) {
	st := limited(Config{MaxSeries: 3})
	for i, name := range []string{"a", "b", "c", "a", "d"} {
		add(st, name, now.Add(time.Duration(i)*time.Second), 1)
	}
	var left []string
	for _, x := range st.all() {
		left = append(left, x.name)
	}
	assert.Equal(t, []string{"a", "c", "d"}, left)
	assert.Equal(t, int64(1), st.evictedSeries)
	checkBytes(t, st)
}

func TestOldestPointsOfASeriesGoFirst(t *testing.T) {
	st := limited(Config{MaxPoints: 16})
	for i := range 40 {
		add(st, "a", now.Add(time.Duration(i)*time.Minute), float64(i))
	}
	x := st.all()[0]
	assert.LessOrEqual(t, len(x.minutes), 17)
	assert.Equal(t, now.Add(39*time.Minute).Unix(), x.minutes[len(x.minutes)-1].at)
	assert.Positive(t, st.evictedPoints)
	checkBytes(t, st)
}

func TestMemoryStaysWithinItsBound(t *testing.T) {
	const most = 64 << 10
	st := limited(Config{MaxBytes: most})
	for i := range 5000 {
		add(st, fmt.Sprint(i%200), now.Add(time.Duration(i)*10*time.Second), float64(i%7))
		require.LessOrEqual(t, st.bytes, int64(most))
	}
	checkBytes(t, st)
	assert.Positive(t, st.evictedSeries+st.evictedPoints)
	assert.NotEmpty(t, st.byKey)
}

func TestMemoryOfOneSeriesAloneStaysWithinTheBound(t *testing.T) {
	st := limited(Config{MaxBytes: 8 << 10})
	for i := range 5000 {
		s := of(float64(i), float64(i)*1.7)
		s.at, s.highResolution = now.Unix()+int64(i), true
		st.add(now, "N", "a", nil, s)
		require.LessOrEqual(t, st.bytes, int64(8<<10))
	}
	checkBytes(t, st)
}

func TestLatePointsFindTheirPlace(t *testing.T) {
	st := limited(Config{})
	for _, minute := range []int{5, 1, 3, 1, 5, 0} {
		add(st, "a", now.Add(time.Duration(minute)*time.Minute), 1)
		add(st, "a", now.Add(time.Duration(minute)*time.Minute), 1, 0)
	}
	x := st.all()[0]
	var times []int64
	for _, b := range x.minutes {
		if b.unit == noUnit {
			times = append(times, (b.at-now.Unix())/60)
		}
	}
	assert.Equal(t, []int64{0, 1, 3, 5}, times)
	assert.Len(t, x.minutes, 8, "each unit has its own points")
	assert.Equal(t, now.Add(5*time.Minute).Unix(), x.last.at, "a late point is not the last one")
	checkBytes(t, st)
}

func TestKeyDistinguishesWhatLooksAlike(t *testing.T) {
	st := limited(Config{})
	for _, dimensions := range [][]emf.Dimension{
		nil, {{Name: "a", Value: "b"}}, {{Name: "a", Value: "bc"}}, {{Name: "ab", Value: "c"}}, {{Name: "a", Value: "b"}, {Name: "c", Value: "d"}},
	} {
		st.add(now, "N", "m", dimensions, of(1))
	}
	st.add(now, "Nm", "", nil, of(1))
	assert.Len(t, st.byKey, 6)
}
