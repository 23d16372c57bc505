package translate

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/statistics"
)

// acceptable tells whether CloudWatch takes statistics, and why not.
func acceptable(s statistics.Set, buckets []statistics.Bucket) (Reason, bool) {
	for i := range buckets {
		if reason, ok := finite(buckets[i].Value); !ok {
			return reason, false
		}
	}
	return finite(s.Sum, s.Min, s.Max)
}

func (w *walk) histograms(points pmetric.HistogramDataPointSlice, totals bool) {
	for _, p := range points.All() {
		if p.Flags().NoRecordedValue() {
			w.refused(Stale)
			continue
		}
		k := statistics.Known{Sum: p.Sum(), Min: p.Min(), Max: p.Max(), HasSum: p.HasSum(), HasMin: p.HasMin(), HasMax: p.HasMax(), Exact: !totals}
		if reason, ok := finite(k.Sum, k.Min, k.Max); !ok {
			w.refused(reason)
			continue
		}
		h := delta.Histogram{Span: spanOf(p.StartTimestamp(), p.Timestamp()), Count: p.Count(), Sum: p.Sum()}
		h.Bounds, h.Buckets = w.scratch.bounds[:0], w.scratch.counts[:0]
		if n := p.BucketCounts().Len(); n == p.ExplicitBounds().Len()+1 { // others say nothing
			for i := range n {
				h.Buckets = append(h.Buckets, p.BucketCounts().At(i))
			}
			for i := range n - 1 {
				h.Bounds = append(h.Bounds, p.ExplicitBounds().At(i))
			}
		}
		w.scratch.bounds, w.scratch.counts = h.Bounds, h.Buckets
		w.begin(p.Attributes(), p.Timestamp())
		if totals {
			added, verdict := w.t.o.Deltas.Histogram(w.series(), h)
			if verdict != delta.Known {
				w.verdict(verdict)
				continue
			}
			h = added
			k.Sum = h.Sum
		}
		if h.Count == 0 {
			w.refused(Empty)
			continue
		}
		set, buckets := statistics.OfHistogram(w.scratch.buckets[:0], h, k)
		w.scratch.buckets = buckets
		if !w.t.o.HistogramValues {
			buckets = nil
		}
		if reason, ok := acceptable(set, buckets); !ok {
			w.refused(reason)
			continue
		}
		w.distribution(set, buckets)
	}
}

func (w *walk) exponentials(points pmetric.ExponentialHistogramDataPointSlice, totals bool) {
	for _, p := range points.All() {
		if p.Flags().NoRecordedValue() {
			w.refused(Stale)
			continue
		}
		k := statistics.Known{Sum: p.Sum(), Min: p.Min(), Max: p.Max(), HasSum: p.HasSum(), HasMin: p.HasMin(), HasMax: p.HasMax(), Exact: !totals}
		if reason, ok := finite(k.Sum, k.Min, k.Max); !ok {
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
			k.Sum = e.Sum
		}
		if e.Count == 0 {
			w.refused(Empty)
			continue
		}
		set, buckets := w.scratch.cells.OfExponential(w.scratch.buckets[:0], e, k)
		w.scratch.buckets = buckets
		if reason, ok := acceptable(set, buckets); !ok {
			w.refused(reason)
			continue
		}
		w.distribution(set, buckets)
	}
}

func exponentialBuckets(to []uint64, b pmetric.ExponentialHistogramDataPointBuckets) (delta.Buckets, []uint64) {
	for i := range b.BucketCounts().Len() {
		to = append(to, b.BucketCounts().At(i))
	}
	return delta.Buckets{Offset: b.Offset(), Counts: to}, to
}
