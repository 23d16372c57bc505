package statsdreceiver

import (
	"sort"
	"time"

	"github.com/lightstep/go-expohisto/structure"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver/protocol"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// scopeName is upstream's, which is a dimension where an exporter makes one of it.
const scopeName = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver"

// batchSize is how many series are sent at once: a batch is decoded, written and delivered as a whole.
const batchSize = 2000

// defaultPercentiles are those of summaries.
var defaultPercentiles = []float64{0, 10, 50, 90, 95, 100}

// writer makes metrics of series.
type writer struct {
	c          *Config
	version    string
	began, now pcommon.Timestamp
	to         pmetric.MetricSlice
}

func newWriter(c *Config, version string, began, now time.Time) *writer {
	return &writer{c: c, version: version, began: pcommon.NewTimestampFromTime(began), now: pcommon.NewTimestampFromTime(now)}
}

// metrics are those of some series.
func (w *writer) metrics(of []*series, percentiles func(protocol.TypeName) []float64) pmetric.Metrics {
	md := pmetric.NewMetrics()
	scope := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	scope.Scope().SetName(scopeName)
	scope.Scope().SetVersion(w.version)
	w.to = scope.Metrics()
	w.to.EnsureCapacity(len(of))
	for _, s := range of {
		w.one(s, percentiles)
	}
	return md
}

func (w *writer) metric(s *series) pmetric.Metric {
	m := w.to.AppendEmpty()
	m.SetName(s.name)
	return m
}

func (s *series) label(to pcommon.Map) {
	to.EnsureCapacity(len(s.attributes))
	for _, a := range s.attributes {
		to.PutStr(a.key, a.value)
	}
}

func (w *writer) one(s *series, percentiles func(protocol.TypeName) []float64) {
	switch {
	case s.kind == protocol.CounterTypeName:
		sum := w.metric(s).SetEmptySum()
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		sum.SetIsMonotonic(w.c.IsMonotonicCounter)
		p := sum.DataPoints().AppendEmpty()
		if w.c.CounterType == protocol.CounterTypeFloat {
			p.SetDoubleValue(s.total)
		} else {
			p.SetIntValue(s.whole)
		}
		p.SetStartTimestamp(w.began)
		p.SetTimestamp(w.now)
		if s.time != 0 {
			p.SetTimestamp(pcommon.Timestamp(s.time))
		}
		s.label(p.Attributes())
	case s.kind == protocol.GaugeTypeName:
		w.gauge(s, s.value, pcommon.Timestamp(s.time))
	case s.buckets != nil:
		w.explicit(s)
	case s.histogram != nil:
		w.exponential(s)
	case s.values != nil:
		w.summary(s, percentiles(s.kind))
	default:
		for _, p := range s.points {
			w.gauge(s, p.value, pcommon.NewTimestampFromTime(p.at))
		}
	}
}

func (w *writer) gauge(s *series, value float64, at pcommon.Timestamp) {
	p := w.metric(s).SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetDoubleValue(value)
	p.SetTimestamp(at)
	s.label(p.Attributes())
}

func (w *writer) explicit(s *series) {
	h := w.metric(s).SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p, b := h.DataPoints().AppendEmpty(), s.buckets
	p.SetStartTimestamp(w.began)
	p.SetTimestamp(w.now)
	s.label(p.Attributes())
	p.SetCount(b.count)
	p.SetSum(b.sum)
	if b.count > 0 {
		p.SetMin(b.min)
		p.SetMax(b.max)
	}
	p.ExplicitBounds().FromRaw(b.bounds)
	p.BucketCounts().FromRaw(b.counts)
}

func (w *writer) exponential(s *series) {
	h := w.metric(s).SetEmptyExponentialHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p, from := h.DataPoints().AppendEmpty(), s.histogram
	p.SetStartTimestamp(w.began)
	p.SetTimestamp(w.now)
	s.label(p.Attributes())
	p.SetCount(from.Count())
	p.SetSum(from.Sum())
	if from.Count() > 0 {
		p.SetMin(from.Min())
		p.SetMax(from.Max())
	}
	p.SetZeroCount(from.ZeroCount())
	p.SetScale(from.Scale())
	copyBuckets(p.Positive(), from.Positive())
	copyBuckets(p.Negative(), from.Negative())
}

func copyBuckets(to pmetric.ExponentialHistogramDataPointBuckets, from *structure.Buckets) {
	to.SetOffset(from.Offset())
	to.BucketCounts().EnsureCapacity(int(from.Len()))
	for i := range from.Len() {
		to.BucketCounts().Append(from.At(i))
	}
}

func (w *writer) summary(s *series, percentiles []float64) {
	if len(percentiles) == 0 {
		percentiles = defaultPercentiles
	}
	p := w.metric(s).SetEmptySummary().DataPoints().AppendEmpty()
	p.SetStartTimestamp(w.began)
	p.SetTimestamp(w.now)
	s.label(p.Attributes())
	sort.Sort(byValue{s.values, s.weights})
	count, sum := 0.0, 0.0
	for i, weight := range s.weights {
		count += weight
		sum += s.values[i] * weight
	}
	p.SetCount(uint64(count))
	p.SetSum(sum)
	for _, percent := range percentiles {
		q := p.QuantileValues().AppendEmpty()
		q.SetQuantile(percent / 100)
		q.SetValue(quantile(percent/100, s.values, s.weights, count))
	}
}

// quantile is the smallest value that so much of the weight is at or below. The values are sorted.
func quantile(q float64, values, weights []float64, total float64) float64 {
	below := 0.0
	for i, weight := range weights {
		if below += weight; below >= q*total {
			return values[i]
		}
	}
	return values[len(values)-1]
}

type byValue struct{ values, weights []float64 }

func (b byValue) Len() int           { return len(b.values) }
func (b byValue) Less(i, j int) bool { return b.values[i] < b.values[j] }
func (b byValue) Swap(i, j int) {
	b.values[i], b.values[j] = b.values[j], b.values[i]
	b.weights[i], b.weights[j] = b.weights[j], b.weights[i]
}
