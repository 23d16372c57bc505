package translate

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// many makes data points with 5 labels, of 10 names.
func many(points int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	for name := range 10 {
		m := sm.Metrics().AppendEmpty()
		m.SetName(fmt.Sprint("requests.", name))
		m.SetUnit("{request}")
		data := m.SetEmptyGauge().DataPoints()
		for i := range points / 10 {
			p := data.AppendEmpty()
			p.SetTimestamp(at(0))
			p.SetDoubleValue(float64(i) * 1.25)
			label2(p.Attributes(), "host", "web-1", "method", "GET", "route", fmt.Sprint("/api/v1/things/", i), "status", "200", "zone", "a")
		}
	}
	return md
}

func manyHistograms(points int) pmetric.Metrics {
	return one("latency", "ms", func(m pmetric.Metric) {
		data := m.SetEmptyExponentialHistogram()
		data.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		for i := range points {
			p := data.DataPoints().AppendEmpty()
			p.SetTimestamp(at(0))
			p.SetScale(3)
			for j := range 40 {
				p.Positive().BucketCounts().Append(uint64(i+j) % 5)
			}
			p.SetCount(80)
			p.SetSum(float64(i))
			p.SetMin(1)
			p.SetMax(40)
			label2(p.Attributes(), "route", fmt.Sprint("/api/v1/things/", i), "status", "200")
		}
	})
}

func BenchmarkTranslate(b *testing.B) {
	for name, md := range map[string]pmetric.Metrics{"points": many(10_000), "histograms": manyHistograms(1000)} {
		b.Run(name+"/ours", func(b *testing.B) {
			t := New(options(b))
			b.ReportAllocs()
			for b.Loop() {
				t.Translate(md, time.Now())
			}
		})
		b.Run(name+"/upstream", func(b *testing.B) {
			o := newOracle(b, options(b))
			nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			require.NoError(b, err)
			stdout := os.Stdout
			os.Stdout = nowhere
			defer func() { os.Stdout = stdout }()
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, o.ConsumeMetrics(context.Background(), md))
			}
		})
	}
}
