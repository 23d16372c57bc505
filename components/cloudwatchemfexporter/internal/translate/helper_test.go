package translate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// now is when tests take place.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(after time.Duration) pcommon.Timestamp { return pcommon.NewTimestampFromTime(now.Add(after)) }

func namer(t testing.TB, kind names.Kind, text string) *names.Namer {
	parsed, err := names.Parse(kind, "name", text, nil)
	require.NoError(t, err)
	return parsed.Bind(names.Host{})
}

// options are those of tests.
func options(t testing.TB, change ...func(*Options)) Options {
	o := Options{
		Namespace: "test", Group: namer(t, names.Group, "/group"), Stream: namer(t, names.Stream, "stream"), ScopeLabel: "OTelLib", Rollup: NoRollup,
		Deltas: delta.New(delta.Options{MaxAge: time.Hour, MaxSeries: 1000}, now),
	}
	for _, c := range change {
		c(&o)
	}
	for _, d := range o.Declarations {
		require.NoError(t, d.Compile())
	}
	return o
}

// texts are the documents of metrics.
func texts(b *Batch) (all []string) {
	for _, d := range b.Documents {
		all = append(all, string(d.Text))
	}
	return all
}

// one makes metrics of a single one.
func one(name, unit string, fill func(pmetric.Metric)) pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	fill(m)
	return md
}

func gauge(name, unit string, value float64, labels ...string) pmetric.Metrics {
	return one(name, unit, func(m pmetric.Metric) {
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(at(0))
		p.SetDoubleValue(value)
		label2(p.Attributes(), labels...)
	})
}

func label2(to pcommon.Map, labels ...string) {
	for i := 0; i < len(labels); i += 2 {
		to.PutStr(labels[i], labels[i+1])
	}
}

// measured is what CloudWatch makes of documents: for each metric with its dimensions, unit and time, its statistics.
type measured map[string]*summed

type summed struct{ count, sum, min, max float64 }

// understand reads documents as CloudWatch does. Nothing in them may be invalid, unless lenient is set.
func understand(t testing.TB, documents []string, lenient bool) (measured, []string) {
	all, fields := measured{}, []string{}
	for _, text := range documents {
		d, err := emf.Parse(text)
		if err != nil {
			require.True(t, lenient || err == emf.ErrNotEMF, "%v: %s", err, text)
			fields = append(fields, text)
			continue
		}
		if !lenient {
			require.Empty(t, d.Invalid, text)
		}
		for _, m := range d.Metrics {
			var dimensions []string
			for _, dimension := range m.Dimensions {
				dimensions = append(dimensions, dimension.Name+"="+dimension.Value)
			}
			key := fmt.Sprintf("%s %s{%s} %s/%d at %d", m.Namespace, m.Name, strings.Join(dimensions, ","), m.Unit, m.StorageResolution, d.Timestamp.UnixMilli())
			s := all[key]
			if s == nil {
				s = &summed{min: math.Inf(1), max: math.Inf(-1)}
				all[key] = s
			}
			s.add(m.Value)
		}
	}
	return all, fields
}

func (s *summed) add(v emf.Value) {
	if v.Statistics != nil {
		s.count += v.Statistics.Count
		s.sum += v.Statistics.Sum
		s.min, s.max = min(s.min, v.Statistics.Min), max(s.max, v.Statistics.Max)
		return
	}
	for i, f := range v.Values {
		n := 1.0
		if len(v.Counts) > 0 {
			n = v.Counts[i]
		}
		s.count += n
		s.sum += n * f
		s.min, s.max = min(s.min, f), max(s.max, f)
	}
}

func (s *summed) near(o *summed) bool {
	close := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), 1e-300) }
	return s.count == o.count && close(s.sum, o.sum) && close(s.min, o.min) && close(s.max, o.max)
}

// requireSame compares what CloudWatch makes of two sets of documents.
func requireSame(t testing.TB, want, got measured) {
	var wrong []string
	for key, w := range want {
		if g := got[key]; g == nil {
			wrong = append(wrong, "missing: "+key)
		} else if !w.near(g) {
			wrong = append(wrong, fmt.Sprintf("%s: %+v, want %+v", key, *g, *w))
		}
	}
	for key := range got {
		if want[key] == nil {
			wrong = append(wrong, "too much: "+key)
		}
	}
	slices.Sort(wrong)
	if len(wrong) > 10 {
		wrong = append(wrong[:10], fmt.Sprintf("and %d more", len(wrong)-10))
	}
	require.Empty(t, wrong)
}
