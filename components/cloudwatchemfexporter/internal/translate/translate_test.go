package translate

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/series"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

var nan = math.NaN()

// join puts metrics into one batch.
func join(all ...pmetric.Metrics) pmetric.Metrics {
	md := pmetric.NewMetrics()
	for _, m := range all {
		m.ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	}
	return md
}

func TestDocuments(t *testing.T) {
	total := func(v float64) pmetric.Metrics {
		return one("requests", "{request}", func(m pmetric.Metric) {
			s := m.SetEmptySum()
			s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			p := s.DataPoints().AppendEmpty()
			p.SetTimestamp(at(0))
			p.SetDoubleValue(v)
			p.Attributes().PutStr("route", "/")
		})
	}
	named := func(md pmetric.Metrics) pmetric.Metrics {
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope().SetName("lib")
		return md
	}
	for name, test := range map[string]struct {
		change func(*Options)
		given  pmetric.Metrics
		want   []string
	}{
		"types share a document": {same, join(gauge("up", "1", 1, "route", "/"), total(7), histogramOf("/", 4, 10, 1, 4)), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["route"]],"Metrics":[{"Name":"up"},{"Name":"requests","Unit":"Count"},{"Name":"latency","Unit":"Seconds"}]}]},"route":"/","up":1,"requests":7,"latency":{"Max":4,"Min":1,"Count":4,"Sum":10}}`,
		}},
		"an array of values": {same, join(total(1), total(2.5), total(3)), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["route"]],"Metrics":[{"Name":"requests","Unit":"Count"}]}]},"route":"/","requests":[1,2.5,3]}`,
		}},
		"one value of a histogram is a number": {same, histogramOf("/", 1, 2, 2, 2), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["route"]],"Metrics":[{"Name":"latency","Unit":"Seconds"}]}]},"route":"/","latency":2}`,
		}},
		"units differ": {same, join(gauge("m", "s", 1), gauge("m", "ms", 2)), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[[]],"Metrics":[{"Name":"m","Unit":"Seconds"}]}]},"m":1}`,
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[[]],"Metrics":[{"Name":"m","Unit":"Milliseconds"}]}]},"m":2}`,
		}},
		"scope": {same, named(gauge("m", "", 1)), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["OTelLib"]],"Metrics":[{"Name":"m"}]}]},"OTelLib":"lib","m":1}`,
		}},
		"no scope": {func(o *Options) { o.ScopeLabel = "" }, named(gauge("m", "", 1)), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[[]],"Metrics":[{"Name":"m"}]}]},"m":1}`,
		}},
		"allowed dimensions": {func(o *Options) { o.Dimensions = []string{"host", "other"} }, gauge("m", "", 1, "host", "h", "request", "r1"), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["host"]],"Metrics":[{"Name":"m"}]}]},"host":"h","request":"r1","m":1}`,
		}},
		"aggregations": {func(o *Options) { o.Aggregations = [][]string{{"host"}, {}, {"host", "none"}, {"cpu", "host"}} }, gauge("m", "", 1, "host", "h", "cpu", "0"), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["cpu","host"],["host"],[]],"Metrics":[{"Name":"m"}]}]},"cpu":"0","host":"h","m":1}`,
		}},
		"aggregations alone": {func(o *Options) {
			o.Aggregations, o.AggregatedAlone, o.Rollup = [][]string{{"host"}, {}, {"cpu", "host"}}, []string{"m"}, ZeroAndSingleRollup
		}, join(gauge("m", "", 1, "host", "h", "cpu", "0"), gauge("n", "", 2, "host", "h", "cpu", "0")), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["cpu","host"],[],["cpu"],["host"]],"Metrics":[{"Name":"n"}]},{"Namespace":"test","Dimensions":[["host"],[]],"Metrics":[{"Name":"m"}]}]},"cpu":"0","host":"h","m":1,"n":2}`,
		}},
		"aggregations alone, of which none is smaller": {func(o *Options) {
			o.Aggregations, o.AggregatedAlone = [][]string{{"cpu", "host"}, {"none"}}, []string{"m"}
		}, join(gauge("m", "", 1, "host", "h", "cpu", "0"), gauge("n", "", 2, "host", "h", "cpu", "0"), gauge("m", "", 3, "host", "h", "path", "/")), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["cpu","host"]],"Metrics":[{"Name":"n"}]}]},"cpu":"0","host":"h","n":2}`,
		}},
		"aggregations alone, beside declarations": {func(o *Options) {
			o.Aggregations, o.AggregatedAlone = [][]string{{"host"}}, []string{"m"}
			o.Declarations = []*Declaration{{MetricNameSelectors: []string{"^[mn]$"}, Dimensions: [][]string{{"cpu"}}}}
		}, join(gauge("m", "", 1, "host", "h", "cpu", "0"), gauge("n", "", 2, "host", "h", "cpu", "0")), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["host"]],"Metrics":[{"Name":"m"}]},{"Namespace":"test","Dimensions":[["cpu"],["host"]],"Metrics":[{"Name":"n"}]}]},"cpu":"0","host":"h","m":1,"n":2}`,
		}},
		"high resolution": {same, gauge("m", "", 1, resolutionAttribute, "1"), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[[]],"Metrics":[{"Name":"m","StorageResolution":1}]}]},"m":1}`,
		}},
		"version 0": {func(o *Options) { o.Version0 = true }, gauge("m", "By", 1, "a", "b"), []string{
			`{"Timestamp":"1795435200000","Version":"0","CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["a"]],"Metrics":[{"Name":"m","Unit":"Bytes"}]}],"a":"b","m":1}`,
		}},
		"kubernetes": {func(o *Options) { o.Kubernetes, o.JSON = true, []string{"kubernetes"} }, gauge("m", "", 1, "Type", "Pod", "PodName", "p", "app", "shop", "owner_kind", "Deployment"), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["PodName","Type","app","owner_kind"]],"Metrics":[{"Name":"m"}]}]},"PodName":"p","Type":"Pod","app":"shop","kubernetes":{"labels":{"app":"shop"},"pod_name":"p","pod_owners":{"owner_kind":"Deployment"}},"owner_kind":"Deployment","m":1}`,
		}},
		"not matched by a declaration": {func(o *Options) {
			o.Declarations = []*Declaration{{MetricNameSelectors: []string{"^a$"}, Dimensions: [][]string{{"x"}}}}
		}, join(gauge("a", "", 1, "x", "1", "y", "2"), gauge("b", "", 2, "x", "1", "y", "2")), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["x"]],"Metrics":[{"Name":"a"}]}]},"x":"1","y":"2","a":1,"b":2}`,
		}},
		"what is written as it has to be": {same, gauge("a\"\n\xff", "", 1e21, "k\u2028", "<\x00>"), []string{
			`{"_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"test","Dimensions":[["k\u2028"]],"Metrics":[{"Name":"a\"\n�"}]}]},"k\u2028":"<\u0000>","a\"\n�":1e+21}`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(options(t, test.change)).Translate(test.given, now)
			assert.Equal(t, test.want, texts(b))
			understand(t, texts(b), false)
			for _, d := range b.Documents {
				assert.Equal(t, cwlogs.Target{Group: "/group", Stream: "stream"}, d.Target)
				assert.Equal(t, now.UnixMilli(), d.Timestamp)
			}
		})
	}
}

func histogramOf(route string, n uint64, sum, low, high float64) pmetric.Metrics {
	return one("latency", "s", func(m pmetric.Metric) {
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := h.DataPoints().AppendEmpty()
		p.SetTimestamp(at(0))
		p.Attributes().PutStr("route", route)
		p.SetCount(n)
		p.SetSum(sum)
		p.SetMin(low)
		p.SetMax(high)
	})
}

func TestPointsThatAreDropped(t *testing.T) {
	stale := gauge("stale", "", 1)
	stale.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	nothing := one("nothing", "", func(pmetric.Metric) {})
	md := join(gauge("good", "", 1), gauge("nan", "", nan), gauge("inf", "", math.Inf(-1)), gauge("big", "", 0x1p361), gauge("", "", 1),
		gauge("_aws", "", 1), gauge("l", "", 1, "l", "x"), stale, sum(1, true, 0), histogramOf("", 0, 0, 0, 0), nothing, gauge("also good", "", 2))
	b := New(options(t)).Translate(md, now)
	assert.Equal(t, [reasons]int{
		Stale: 1, NotANumber: 2, OutOfRange: 1, InvalidName: 2, NameIsLabel: 1, Baseline: 1, Empty: 1, Unsupported: 1,
	}, b.Counts)
	assert.Equal(t, "inf", b.Examples[NotANumber])
	all, _ := understand(t, texts(b), false)
	assert.ElementsMatch(t, []string{"good{} None: 1 1 1 1", "also good{} None: 1 2 2 2"}, brief(all), "no neighbour is lost")
	require.Len(t, b.Documents, 1)
	assert.Equal(t, 2, b.Documents[0].Points)
}

func TestPointsAreCountedOnce(t *testing.T) {
	md := one("m", "", func(m pmetric.Metric) {
		p := m.SetEmptySummary().DataPoints().AppendEmpty()
		p.SetCount(2)
		p.SetSum(6)
		for i := range 3 {
			v := p.QuantileValues().AppendEmpty()
			v.SetQuantile(float64(i) / 2)
			v.SetValue(float64(i))
		}
	})
	b := New(options(t, func(o *Options) { o.Detailed = true })).Translate(md, now)
	points := 0
	for _, d := range b.Documents {
		points += d.Points
	}
	assert.Equal(t, 1, points)
	all, _ := understand(t, texts(b), false)
	assert.ElementsMatch(t, []string{"m{quantile=0} None: 1 0 0 0", "m{quantile=0.5} None: 1 1 1 1", "m{quantile=1} None: 1 2 2 2", "m_count{} None: 1 2 2 2", "m_sum{} None: 1 6 6 6"}, brief(all))
}

func TestBudget(t *testing.T) {
	points := func(from, to int) pmetric.Metrics {
		return one("m", "", func(m pmetric.Metric) {
			g := m.SetEmptyGauge()
			for i := from; i < to; i++ {
				p := g.DataPoints().AppendEmpty()
				p.SetTimestamp(at(0))
				p.Attributes().PutInt("user", int64(i))
			}
		})
	}
	// pdata points without a value are stale
	set := func(md pmetric.Metrics) pmetric.Metrics {
		for _, p := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().All() {
			p.SetIntValue(1)
		}
		return md
	}
	warn := New(options(t, func(o *Options) { o.Series = series.New(10) }))
	b := warn.Translate(set(points(0, 30)), now)
	assert.Len(t, b.Documents, 30)
	assert.Equal(t, []string{"m"}, b.Exceeding)
	assert.Empty(t, warn.Translate(set(points(20, 40)), now).Exceeding, "it was told")
	assert.Zero(t, b.Counts[OverBudget])

	drop := New(options(t, func(o *Options) { o.Series, o.DropExcess = series.New(10), true }))
	b = drop.Translate(set(points(0, 30)), now)
	assert.Len(t, b.Documents, 10)
	assert.Equal(t, 20, b.Counts[OverBudget])
	b = drop.Translate(set(points(5, 12)), now.Add(time.Minute))
	assert.Len(t, b.Documents, 5, "those within the budget stay")
	b = drop.Translate(set(points(20, 25)), now.Add(2*time.Hour))
	assert.Len(t, b.Documents, 5, "another hour")
}

func TestDocumentsThatAreTooLarge(t *testing.T) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("long", strings.Repeat("x", 2<<20))
	for i := range 3 {
		gauge(fmt.Sprint("m", i), "", 1).ResourceMetrics().At(0).ScopeMetrics().MoveAndAppendTo(rm.ScopeMetrics())
	}
	b := New(options(t, func(o *Options) { o.Resource, o.Dimensions = true, []string{"host"} })).Translate(md, now)
	require.Len(t, b.Documents, 1)
	assert.Less(t, len(b.Documents[0].Text), 10_000, "the field is shortened")
	all, _ := understand(t, texts(b), false)
	assert.Len(t, all, 3)

	huge := pmetric.NewMetrics() // 200 labels of 8 KiB, and names that are as long as they may be
	rm = huge.ResourceMetrics().AppendEmpty()
	for i := range 110 {
		rm.Resource().Attributes().PutStr(fmt.Sprint("label", i), strings.Repeat("y", 8<<10))
	}
	for i := range 100 {
		gauge(fmt.Sprint(strings.Repeat("ä", 1000), i), "", 1).ResourceMetrics().At(0).ScopeMetrics().MoveAndAppendTo(rm.ScopeMetrics())
	}
	b = New(options(t, func(o *Options) { o.Resource, o.Dimensions = true, []string{"host"} })).Translate(huge, now)
	assert.Greater(t, len(b.Documents), 1)
	all, _ = understand(t, texts(b), false)
	assert.Len(t, all, 100)
	for _, d := range b.Documents {
		assert.LessOrEqual(t, len(d.Text), cwlogs.MaxMessageBytes)
	}

	for i := range 200 { // fields alone are too much
		rm.Resource().Attributes().PutStr(fmt.Sprint("more", i), strings.Repeat("y", 8<<10))
	}
	b = New(options(t, func(o *Options) { o.Resource, o.Dimensions = true, []string{"host"} })).Translate(huge, now)
	assert.Empty(t, b.Documents)
	assert.Equal(t, 100, b.Counts[TooLarge])
}

func TestTargets(t *testing.T) {
	point := func(resource, label string) pmetric.Metrics {
		md := gauge("m", "", 1)
		if resource != "" {
			md.ResourceMetrics().At(0).Resource().Attributes().PutStr("ClusterName", resource)
		}
		if label != "" {
			md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0).Attributes().PutStr("ClusterName", label)
		}
		return md
	}
	translator := New(options(t, func(o *Options) {
		o.Group, o.Stream = namer(t, names.Group, "/x/{ClusterName}"), namer(t, names.Stream, "{date}/{record:ClusterName}")
	}))
	b := translator.Translate(join(point("a", ""), point("", "b"), point("a", "b"), point("", "")), now)
	var targets []string
	for _, d := range b.Documents {
		targets = append(targets, d.Target.Group+" "+d.Target.Stream)
	}
	assert.Equal(t, []string{"/x/a 2026-11-23/undefined", "/x/b 2026-11-23/b", "/x/a 2026-11-23/b", "/x/undefined 2026-11-23/undefined"}, targets)

	b = New(options(t, func(o *Options) { o.Group, o.Namespace = nil, "My: ns*" })).Translate(gauge("m", "", 1), now)
	assert.Equal(t, "/metrics/My__ns_", b.Documents[0].Target.Group)
}

func TestHistogramValues(t *testing.T) {
	b := New(options(t, func(o *Options) { o.HistogramValues = true })).Translate(histogram(3, 40, pmetric.AggregationTemporalityDelta, 0, 1, 2, 0), now)
	assert.Contains(t, string(b.Documents[0].Text), `"m":{"Values":[15,5],"Counts":[2,1],"Max":20,"Min":0,"Count":3,"Sum":40}`)
}

func TestManyBucketsAreDivided(t *testing.T) {
	counts := make([]uint64, 250)
	for i := range counts {
		counts[i] = 1
	}
	md := exponential(4, 0, -100, 0, counts...)
	md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).ExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	b := New(options(t)).Translate(md, now)
	require.Len(t, b.Documents, 3)
	assert.Equal(t, 1, b.Documents[0].Points+b.Documents[1].Points+b.Documents[2].Points)
	all, _ := understand(t, texts(b), false)
	require.Len(t, all, 1)
	for _, s := range all {
		assert.Equal(t, 250.0, s.count)
		assert.Equal(t, 750.0, s.sum)
		assert.InEpsilon(t, math.Exp2(-100./16), s.min, 1e-9)
		assert.InEpsilon(t, math.Exp2(150./16), s.max, 1e-9)
	}
}

func TestSubmittedAgain(t *testing.T) {
	translator := New(options(t))
	translator.Translate(sum(10, true, 0), now)
	first := texts(translator.Translate(sum(17, true, time.Minute), now))
	assert.Equal(t, first, texts(translator.Translate(sum(17, true, time.Minute), now)), "it was not accepted, and comes again")
	again := texts(translator.Translate(sum(18, true, 2*time.Minute), now))
	assert.Contains(t, again[0], `"m":1}`)
}

func TestStateIsBounded(t *testing.T) {
	translator := New(options(t, func(o *Options) {
		o.Deltas = delta.New(delta.Options{MaxAge: time.Hour, MaxSeries: 2}, now)
	}))
	point := func(n int, after time.Duration) pmetric.Metrics {
		md := sum(1, true, after)
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).SetName(fmt.Sprint("m", n))
		return md
	}
	assert.Equal(t, 1, translator.Translate(point(0, 0), now).Counts[Baseline])
	assert.Equal(t, 1, translator.Translate(point(1, 0), now).Counts[Baseline])
	assert.Equal(t, 1, translator.Translate(point(2, 0), now).Counts[StateFull])
	assert.Len(t, translator.Translate(point(1, time.Minute), now.Add(time.Minute)).Documents, 1, "those that are known go on")
	translator.Translate(point(1, 61*time.Minute), now.Add(61*time.Minute))
	translator.Translate(point(1, 121*time.Minute), now.Add(122*time.Minute))
	assert.Equal(t, 1, translator.Translate(point(2, 0), now.Add(122*time.Minute)).Counts[Baseline], "what was not seen is forgotten")
}

func FuzzTranslate(f *testing.F) {
	f.Add("name", "By", "label", "value", 1.5, uint8(0))
	f.Add("\xff", "{x}", "_aws", "\x00", math.Inf(1), uint8(1))
	f.Add("", "KiBy", "", "{\"a\":1}", 1e300, uint8(2))
	f.Add("m", "1", "m", " ", math.Copysign(0, -1), uint8(3))
	f.Fuzz(func(t *testing.T, name, unit, key, value string, number float64, kind uint8) {
		md := pmetric.NewMetrics()
		rm := md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr(key, value)
		sm := rm.ScopeMetrics().AppendEmpty()
		sm.Scope().SetName(value)
		for i := range 3 {
			m := sm.Metrics().AppendEmpty()
			m.SetName(name)
			m.SetUnit(unit)
			var labels pcommon.Map
			switch (int(kind) + i) % 4 {
			case 0:
				p := m.SetEmptyGauge().DataPoints().AppendEmpty()
				p.SetDoubleValue(number)
				labels = p.Attributes()
			case 1:
				s := m.SetEmptySum()
				s.SetIsMonotonic(true)
				s.SetAggregationTemporality(pmetric.AggregationTemporality(kind % 3))
				p := s.DataPoints().AppendEmpty()
				p.SetDoubleValue(number)
				p.SetTimestamp(pcommon.Timestamp(kind))
				labels = p.Attributes()
			case 2:
				p := m.SetEmptyHistogram().DataPoints().AppendEmpty()
				p.SetCount(uint64(kind))
				p.SetSum(number)
				p.ExplicitBounds().FromRaw([]float64{number, number + 1})
				p.BucketCounts().FromRaw([]uint64{uint64(kind), 1, 2})
				labels = p.Attributes()
			case 3:
				p := m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
				p.SetScale(int32(int8(kind)))
				p.SetCount(uint64(kind))
				p.SetSum(number)
				p.Positive().SetOffset(int32(int8(kind)))
				p.Positive().BucketCounts().FromRaw([]uint64{1, uint64(kind)})
				labels = p.Attributes()
			}
			labels.PutStr(key, value)
			labels.PutStr(value, key)
		}
		o := options(t, func(o *Options) {
			o.Resource, o.Detailed, o.HistogramValues, o.Version0 = true, true, true, kind&64 != 0
			o.Rollup, o.JSON = ZeroAndSingleRollup, []string{key}
		})
		for _, text := range texts(New(o).Translate(md, now)) {
			require.True(t, json.Valid([]byte(text)), text)
			d, err := emf.Parse(text)
			if err != emf.ErrNotEMF {
				require.NoError(t, err, text)
			}
			require.Empty(t, d.Invalid, text)
		}
	})
}
