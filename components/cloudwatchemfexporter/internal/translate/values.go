package translate

import (
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
)

// scratch is memory for one data point.
type scratch struct {
	bounds    []float64
	counts    []uint64
	positive  []uint64
	negative  []uint64
	buckets   []bucket
	quantiles []pmetric.SummaryDataPointValueAtQuantile
	cells     [maxScale - minScale + 1]*cells
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
		s := stats{sum: total.Sum, count: total.Count}
		if len(known) > 0 {
			s.min, s.max = known[0].Value(), known[len(known)-1].Value()
		} else {
			s.min = total.Sum / float64(total.Count)
			s.max = s.min
		}
		w.add(w.metric, w.fresh, w.statistics(s, nil), 1)
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

// statistics keeps statistics, with buckets from high to low or none.
func (w *walk) statistics(s stats, buckets []bucket) value {
	if s.count == 1 && s.min == s.max && s.min == s.sum {
		return value{kind: number, number: s.sum}
	}
	s.from = int32(len(w.buckets))
	w.buckets = append(w.buckets, buckets...)
	s.to = int32(len(w.buckets))
	w.stats = append(w.stats, s)
	return value{kind: statistics, stats: int32(len(w.stats) - 1)}
}

// distribution adds statistics with buckets, in as many parts as CloudWatch's bound on values asks for. The first has
// the whole sum and the others none, as awsemf has it: sums of parts made of their buckets would not add up exactly.
func (w *walk) distribution(s stats, buckets []bucket) {
	whole, points := s, int32(1)
	for len(buckets) > MaxValues {
		part, rest := buckets[:MaxValues], buckets[MaxValues:]
		s.count = 0
		for _, b := range part {
			s.count += b.count
		}
		s.min = min(part[MaxValues-1].value, s.max)
		w.add(w.metric, w.fresh, w.statistics(s, part), points)
		whole.count -= s.count
		buckets, points = rest, 0
		s = stats{max: rest[0].value}
	}
	s.count, s.min = whole.count, min(whole.min, s.max)
	w.add(w.metric, w.fresh, w.statistics(s, buckets), points)
}
