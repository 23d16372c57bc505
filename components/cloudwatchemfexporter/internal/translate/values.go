package translate

import (
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/statistics"
)

// scratch is memory for one data point.
type scratch struct {
	bounds    []float64
	counts    []uint64
	positive  []uint64
	negative  []uint64
	buckets   []statistics.Bucket
	quantiles []pmetric.SummaryDataPointValueAtQuantile
	cells     statistics.Cells
}

// refused counts a data point that is in no document.
func (w *walk) refused(r Reason) { w.batch.count(r, w.name, 1) }

// finite tells whether CloudWatch takes all of some numbers, and why not.
func finite(all ...float64) (Reason, bool) {
	for _, f := range all {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return NotANumber, false
		}
		if math.Abs(f) > maxValue {
			return OutOfRange, false
		}
	}
	return 0, true
}

// verdict counts a data point of which nothing is known.
func (w *walk) verdict(v delta.Verdict) {
	switch v {
	case delta.First:
		w.refused(Baseline)
	case delta.Late:
		w.refused(OutOfOrder)
	case delta.Full:
		w.refused(StateFull)
	}
}

func spanOf(start, at pcommon.Timestamp) delta.Span {
	return delta.Span{Start: uint64(start), Time: uint64(at)}
}

func (w *walk) numbers(points pmetric.NumberDataPointSlice, totals bool) {
	for _, p := range points.All() {
		if p.Flags().NoRecordedValue() || p.ValueType() == pmetric.NumberDataPointValueTypeEmpty {
			w.refused(Stale)
			continue
		}
		n := delta.Number{Span: spanOf(p.StartTimestamp(), p.Timestamp()), IsInt: p.ValueType() == pmetric.NumberDataPointValueTypeInt}
		if n.IsInt {
			n.Int = p.IntValue()
		} else {
			n.Float = p.DoubleValue()
			if reason, ok := finite(n.Float); !ok {
				w.refused(reason)
				continue
			}
		}
		w.begin(p.Attributes(), p.Timestamp())
		if totals {
			added, verdict := w.t.o.Deltas.Number(w.series(), n)
			if verdict != delta.Known {
				w.verdict(verdict)
				continue
			}
			n = added
		}
		w.add(w.metric, w.fresh, value{kind: number, number: n.Value()}, 1)
	}
}

func (w *walk) summaries(points pmetric.SummaryDataPointSlice) {
	for _, p := range points.All() {
		if p.Flags().NoRecordedValue() {
			w.refused(Stale)
			continue
		}
		if reason, ok := finite(p.Sum()); !ok {
			w.refused(reason)
			continue
		}
		w.begin(p.Attributes(), p.Timestamp())
		total := delta.Summary{Span: spanOf(p.StartTimestamp(), p.Timestamp()), Count: p.Count(), Sum: p.Sum()}
		if w.prometheus { // a summary does not say whether it is a total; Prometheus' are
			added, verdict := w.t.o.Deltas.Summary(w.series(), total)
			if verdict != delta.Known {
				w.verdict(verdict)
				continue
			}
			total = added
		}
		// A quantile of a summary that saw nothing lately is NaN.
		known := w.scratch.quantiles[:0]
		for _, q := range p.QuantileValues().All() {
			if _, ok := finite(q.Quantile(), q.Value()); ok {
				known = append(known, q)
			}
		}
		w.scratch.quantiles = known
		if w.t.o.Detailed {
			w.detailed(p.Attributes(), p.Timestamp(), total, known)
			continue
		}
		if total.Count == 0 {
			w.refused(Empty)
			continue
		}
		s := statistics.Set{Sum: total.Sum, Count: total.Count}
		if len(known) > 0 {
			s.Min, s.Max = known[0].Value(), known[len(known)-1].Value()
		} else {
			s.Min = total.Sum / float64(total.Count)
			s.Max = s.Min
		}
		w.distribution(s, nil)
	}
}

// detailed adds a summary's sum, count and quantiles as metrics of their own.
func (w *walk) detailed(attributes pcommon.Map, at pcommon.Timestamp, total delta.Summary, quantiles []pmetric.SummaryDataPointValueAtQuantile) {
	unit := w.metrics[w.metric].unit
	sum, _ := w.metricAt(w.name+"_sum", unit)
	w.add(sum, false, value{kind: number, number: total.Sum}, 1)
	counts, _ := w.metricAt(w.name+"_count", unit)
	w.add(counts, false, value{kind: count, count: total.Count}, 0)
	for _, q := range quantiles {
		w.begin(attributes, at)
		w.point = set(w.point, "quantile", strconv.FormatFloat(q.Quantile(), 'g', -1, 64))
		w.labelled()
		w.add(w.metric, false, value{kind: number, number: q.Value()}, 0)
	}
}

// kept keeps statistics, with buckets from high to low or none.
func (w *walk) kept(s statistics.Set, buckets []statistics.Bucket) value {
	if s.Count == 1 && s.Min == s.Max && s.Min == s.Sum {
		return value{kind: number, number: s.Sum}
	}
	from := int32(len(w.buckets))
	w.buckets = append(w.buckets, buckets...)
	w.stats = append(w.stats, stats{s, span{from, int32(len(w.buckets))}})
	return value{kind: statisticSet, stats: int32(len(w.stats) - 1)}
}

// distribution adds statistics with buckets, in as many parts as CloudWatch's bound on values asks for. The first has
// the whole sum and the others none, as awsemf has it: sums of parts made of their buckets would not add up exactly.
func (w *walk) distribution(s statistics.Set, buckets []statistics.Bucket) {
	whole, points := s, int32(1)
	for len(buckets) > MaxValues {
		part, rest := buckets[:MaxValues], buckets[MaxValues:]
		s.Count = 0
		for i := range part {
			s.Count += part[i].Count
		}
		s.Min = min(part[MaxValues-1].Value, s.Max)
		w.add(w.metric, w.fresh, w.kept(s, part), points)
		whole.Count -= s.Count
		buckets, points = rest, 0
		s = statistics.Set{Max: rest[0].Value}
	}
	s.Count, s.Min = whole.Count, min(whole.Min, s.Max)
	w.add(w.metric, w.fresh, w.kept(s, buckets), points)
}
