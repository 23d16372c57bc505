package translate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
)

// both gives what CloudWatch makes of upstream's documents and of ours. Ours have nothing invalid.
func both(t *testing.T, change func(*Options), batches ...pmetric.Metrics) (theirs, ours measured) {
	o := options(t, change)
	oracle, translator := newOracle(t, o), New(o)
	var want, got []string
	for i, md := range batches {
		want = append(want, oracle.documents(t, md)...)
		got = append(got, texts(translator.Translate(md, now.Add(time.Duration(i)*time.Minute)))...)
	}
	theirs, _ = understand(t, want, true)
	ours, _ = understand(t, got, false)
	return theirs, ours
}

func same(*Options) {}

// brief are metrics without their time: NAME{DIMENSIONS} UNIT: count sum min max.
func brief(all measured) []string {
	var lines []string
	for key, s := range all {
		key, _, _ = strings.Cut(strings.TrimPrefix(key, "test "), " at ")
		lines = append(lines, fmt.Sprintf("%s: %v %v %v %v", strings.TrimSuffix(key, "/60"), s.count, s.sum, s.min, s.max))
	}
	return lines
}

func sum(value float64, monotonic bool, after time.Duration) pmetric.Metrics {
	return one("m", "", func(m pmetric.Metric) {
		s := m.SetEmptySum()
		s.SetIsMonotonic(monotonic)
		s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := s.DataPoints().AppendEmpty()
		p.SetTimestamp(at(after))
		p.SetDoubleValue(value)
	})
}

// Each of these is a defect of awsemf v0.156 that this package does not share.

func TestUnknownUnits(t *testing.T) {
	theirs, ours := both(t, same, gauge("a", "{thread}", 1), gauge("b", "KiBy", 2), gauge("c", "%", 3), gauge("d", "{request}/s", 4), gauge("e", "By/s", 5), gauge("f", "min", 6))
	assert.Empty(t, theirs, "CloudWatch refuses them")
	assert.ElementsMatch(t, []string{"a{} Count: 1 1 1 1", "b{} None: 1 2 2 2", "c{} Percent: 1 3 3 3", "d{} Count/Second: 1 4 4 4", "e{} Bytes/Second: 1 5 5 5", "f{} None: 1 6 6 6"}, brief(ours))
}

func TestSameMetricTwice(t *testing.T) {
	md := gauge("m", "", 1)
	gauge("m", "", 2).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	theirs, ours := both(t, same, md)
	assert.Equal(t, []string{"m{} None: 1 1 1 1"}, brief(theirs), "the second is dropped")
	assert.Equal(t, []string{"m{} None: 2 3 1 2"}, brief(ours))
}

func TestNonMonotonicTotal(t *testing.T) {
	theirs, ours := both(t, same, sum(100, false, 0), sum(90, false, time.Minute), sum(95, false, 2*time.Minute))
	assert.ElementsMatch(t, []string{"m{} None: 1 90 90 90", "m{} None: 1 5 5 5"}, brief(theirs), "a difference where it grows, and a level where it does not")
	assert.ElementsMatch(t, []string{"m{} None: 1 100 100 100", "m{} None: 1 90 90 90", "m{} None: 1 95 95 95"}, brief(ours))
}

func TestTotalOutOfOrder(t *testing.T) {
	theirs, ours := both(t, same, sum(100, true, 0), sum(120, true, 2*time.Minute), sum(110, true, time.Minute), sum(130, true, 3*time.Minute))
	assert.ElementsMatch(t, []string{"m{} None: 1 20 20 20", "m{} None: 1 110 110 110", "m{} None: 1 20 20 20"}, brief(theirs), "150 in place of 30")
	assert.ElementsMatch(t, []string{"m{} None: 1 20 20 20", "m{} None: 1 10 10 10"}, brief(ours))
}

func TestTotalsOfTwoResources(t *testing.T) {
	batch := func(a, b float64, after time.Duration) pmetric.Metrics {
		md := sum(a, true, after)
		md.ResourceMetrics().At(0).Resource().Attributes().PutStr("pid", "1")
		other := sum(b, true, after)
		other.ResourceMetrics().At(0).Resource().Attributes().PutStr("pid", "2")
		other.ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
		return md
	}
	theirs, ours := both(t, same, batch(1000, 5, 0), batch(1010, 7, time.Minute))
	assert.ElementsMatch(t, []string{"m{} None: 1 5 5 5", "m{} None: 1 1005 1005 1005"}, brief(theirs), "one is taken from the other")
	assert.Equal(t, []string{"m{} None: 2 12 2 10"}, brief(ours))
}

func TestBornWhileRunning(t *testing.T) {
	md := sum(5, true, time.Minute)
	md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).SetStartTimestamp(at(30 * time.Second))
	theirs, ours := both(t, same, pmetric.NewMetrics(), md) // a minute later
	assert.Empty(t, theirs, "what was counted before the first look is lost")
	assert.Equal(t, []string{"m{} None: 1 5 5 5"}, brief(ours))
}

func TestScopeAndTimeStick(t *testing.T) {
	md := gauge("a", "", 1)
	rm := md.ResourceMetrics().At(0)
	rm.ScopeMetrics().At(0).Scope().SetName("first")
	unnamed := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	unnamed.SetName("b")
	p := unnamed.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(at(-time.Hour))
	p.SetIntValue(2)
	p = unnamed.Gauge().DataPoints().AppendEmpty() // without a time
	p.SetIntValue(3)
	p.Attributes().PutStr("x", "y")
	theirs, ours := both(t, same, md)
	hour := now.Add(-time.Hour).UnixMilli()
	assert.Contains(t, theirs, fmt.Sprintf("test b{OTelLib=first} None/60 at %d", hour), "the scope of another")
	assert.Contains(t, theirs, fmt.Sprintf("test b{OTelLib=first,x=y} None/60 at %d", hour), "the time of another")
	assert.Contains(t, ours, fmt.Sprintf("test b{} None/60 at %d", hour))
	assert.Contains(t, ours, fmt.Sprintf("test b{x=y} None/60 at %d", now.UnixMilli()))
}

func histogram(count uint64, total float64, temporality pmetric.AggregationTemporality, after time.Duration, buckets ...uint64) pmetric.Metrics {
	return one("m", "", func(m pmetric.Metric) {
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(temporality)
		p := h.DataPoints().AppendEmpty()
		p.SetTimestamp(at(after))
		p.SetCount(count)
		p.SetSum(total)
		p.ExplicitBounds().FromRaw([]float64{10, 20})
		p.BucketCounts().FromRaw(buckets)
	})
}

func TestCumulativeHistogram(t *testing.T) {
	theirs, ours := both(t, same,
		histogram(3, 30, pmetric.AggregationTemporalityCumulative, 0, 1, 2, 0), histogram(5, 65, pmetric.AggregationTemporalityCumulative, time.Minute, 1, 4, 0))
	assert.ElementsMatch(t, []string{"m{} None: 3 30 0 0", "m{} None: 5 65 0 0"}, brief(theirs), "each total again, and extremes of nothing")
	assert.Equal(t, []string{"m{} None: 2 35 10 20"}, brief(ours))
}

func TestHistogramWithoutExtremes(t *testing.T) {
	theirs, ours := both(t, same, histogram(3, 50, pmetric.AggregationTemporalityDelta, 0, 0, 2, 1))
	assert.Equal(t, []string{"m{} None: 3 50 0 0"}, brief(theirs), "0 was never seen")
	assert.Equal(t, []string{"m{} None: 3 50 10 20"}, brief(ours))
}

func TestHistogramOfNothing(t *testing.T) {
	theirs, ours := both(t, same, histogram(0, 0, pmetric.AggregationTemporalityDelta, 0, 0, 0, 0))
	assert.Empty(t, theirs, "it is invalid")
	assert.Empty(t, ours)
	assert.Empty(t, New(options(t)).Translate(histogram(0, 0, pmetric.AggregationTemporalityDelta, 0, 0, 0, 0), now).Documents, "no document is sent")
}

func exponential(scale int32, zero uint64, offset int32, after time.Duration, counts ...uint64) pmetric.Metrics {
	return one("m", "", func(m pmetric.Metric) {
		h := m.SetEmptyExponentialHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := h.DataPoints().AppendEmpty()
		p.SetTimestamp(at(after))
		p.SetScale(scale)
		p.SetZeroCount(zero)
		p.Positive().SetOffset(offset)
		p.Positive().BucketCounts().FromRaw(counts)
		n := zero
		for _, c := range counts {
			n += c
		}
		p.SetCount(n)
		p.SetSum(float64(n) * 3)
	})
}

func TestCumulativeExponentialHistogram(t *testing.T) {
	// Scale 1 has edges 1, 1.41, 2, 2.83, 4; scale 0 has 1, 2, 4, 8.
	theirs, ours := both(t, same, exponential(1, 1, 0, 0, 1, 1, 2), exponential(0, 1, 0, time.Minute, 2, 4, 1))
	assert.Len(t, theirs, 2, "each total again")
	assert.Equal(t, []string{"m{} None: 3 9 2 8"}, brief(ours), "2 more in (2, 4], 1 in (4, 8]")
}

func TestSummaryStartsAnew(t *testing.T) {
	summary := func(n uint64, after time.Duration) pmetric.Metrics {
		md := one("m", "", func(m pmetric.Metric) {
			p := m.SetEmptySummary().DataPoints().AppendEmpty()
			p.SetTimestamp(at(after))
			p.SetCount(n)
			p.SetSum(float64(n) * 2)
		})
		md.ResourceMetrics().At(0).Resource().Attributes().PutStr("receiver", "prometheus")
		return md
	}
	theirs, ours := both(t, same, summary(10, 0), summary(15, time.Minute), summary(2, 2*time.Minute))
	assert.Contains(t, brief(ours), "m{} None: 2 4 2 2")
	assert.Contains(t, brief(ours), "m{} None: 5 10 2 2")
	for _, line := range brief(theirs) {
		assert.NotContains(t, line, ": 2 4", "upstream counts down, below zero")
	}
}

func TestMoreThanThirtyDimensions(t *testing.T) {
	md := gauge("m", "", 1)
	p := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0)
	for i := range 31 {
		p.Attributes().PutStr(fmt.Sprintf("l%02d", i), "x")
	}
	o := options(t)
	for _, text := range newOracle(t, o).documents(t, md) {
		_, err := emf.Parse(text)
		assert.ErrorContains(t, err, "more than 30 dimensions", "the whole document is invalid")
	}
	b := New(o).Translate(md, now)
	require.Len(t, b.Documents, 1)
	assert.NotContains(t, string(b.Documents[0].Text), "_aws", "it can be searched for")
	assert.Equal(t, 1, b.Counts[TooManyDimensions])
}

func TestMoreThanHundredMetrics(t *testing.T) {
	md := pmetric.NewMetrics()
	sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	for i := range 250 {
		gauge(fmt.Sprint("m", i), "", float64(i)).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().MoveAndAppendTo(sm.Metrics())
	}
	o := options(t)
	for _, text := range newOracle(t, o).documents(t, md) {
		_, err := emf.Parse(text)
		assert.ErrorContains(t, err, "more than 100 metrics", "all are lost")
	}
	b := New(o).Translate(md, now)
	require.Len(t, b.Documents, 3)
	all, _ := understand(t, texts(b), false)
	assert.Len(t, all, 250)
}

func TestDimensionsThatCloudWatchRefuses(t *testing.T) {
	long := strings.Repeat("ü", 1100)
	theirs, ours := both(t, same, gauge("a", "", 1, "empty", "", "x", "y"), gauge("b", "", 2, "x", long))
	assert.Empty(t, theirs)
	assert.ElementsMatch(t, []string{"a{x=y} None: 1 1 1 1", "b{x=" + long[:2048] + "} None: 1 2 2 2"}, brief(ours))
}

func TestValuesThatCloudWatchRefuses(t *testing.T) {
	theirs, ours := both(t, same, gauge("a", "", 1e200), gauge("b", "", -1e200), gauge("", "", 1), gauge("x", "", 1, "x", "label"))
	assert.NotContains(t, brief(theirs), "a")
	assert.Empty(t, ours)
}

func TestJSONAttributeThatIsADimension(t *testing.T) {
	theirs, ours := both(t, func(o *Options) { o.JSON = []string{"k", "text", "bad"} }, gauge("m", "", 1, "k", ` {"a": [1]}`, "text", `"quoted"`, "bad", "{", "x", "y"))
	assert.Empty(t, theirs, "an object is no dimension")
	assert.Equal(t, []string{"m{bad={,text=quoted,x=y} None: 1 1 1 1"}, brief(ours))
}

func TestQuantilesThatAreNoNumbers(t *testing.T) {
	md := one("m", "", func(m pmetric.Metric) {
		p := m.SetEmptySummary().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(now))
		p.SetCount(2)
		p.SetSum(6)
		v := p.QuantileValues().AppendEmpty()
		v.SetQuantile(.5)
		v.SetValue(nan)
	})
	theirs, ours := both(t, same, md)
	assert.Empty(t, theirs, "sum and count are lost with it")
	assert.Equal(t, []string{"m{} None: 2 6 3 3"}, brief(ours))
}
