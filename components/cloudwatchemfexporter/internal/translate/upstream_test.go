package translate

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awsemfexporter"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// oracle is upstream's exporter, which writes to what is standard output for as long.
type oracle struct {
	exporter.Metrics
}

func newOracle(t testing.TB, o Options) *oracle {
	f := awsemfexporter.NewFactory()
	c := f.CreateDefaultConfig().(*awsemfexporter.Config)
	c.Region, c.OutputDestination = "us-east-1", "stdout"
	c.Namespace, c.LogGroupName, c.LogStreamName = o.Namespace, "/group", "stream"
	c.Version = "1"
	if o.Version0 {
		c.Version = "0"
	}
	c.DimensionRollupOption = string(o.Rollup)
	c.DetailedMetrics = o.Detailed
	c.ParseJSONEncodedAttributeValues = o.JSON
	c.ResourceToTelemetrySettings.Enabled, c.ResourceToTelemetrySettings.ExcludeServiceAttributes = o.Resource, o.NoService
	c.EKSFargateContainerInsightsEnabled = o.Kubernetes
	for _, d := range o.Descriptors {
		c.MetricDescriptors = append(c.MetricDescriptors, awsemfexporter.MetricDescriptor{MetricName: d.MetricName, Unit: d.Unit, Overwrite: d.Overwrite})
	}
	for _, d := range o.Declarations {
		theirs := &awsemfexporter.MetricDeclaration{MetricNameSelectors: d.MetricNameSelectors}
		for _, set := range d.Dimensions {
			theirs.Dimensions = append(theirs.Dimensions, slices.Clone(set))
		}
		for _, m := range d.LabelMatchers {
			theirs.LabelMatchers = append(theirs.LabelMatchers, &awsemfexporter.LabelMatcher{LabelNames: m.LabelNames, Separator: m.Separator, Regex: m.Regex})
		}
		c.MetricDeclarations = append(c.MetricDeclarations, theirs)
	}
	require.NoError(t, c.Validate())
	e, err := f.CreateMetrics(context.Background(), exportertest.NewNopSettings(f.Type()), c)
	require.NoError(t, err)
	require.NoError(t, e.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { _ = e.Shutdown(context.Background()) })
	return &oracle{e}
}

// documents are what upstream makes of metrics, which it changes.
func (o *oracle) documents(t testing.TB, md pmetric.Metrics) (all []string) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	stdout := os.Stdout
	os.Stdout = w
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			all = append(all, lines.Text())
		}
		_, _ = io.Copy(io.Discard, r)
	}()
	copied := pmetric.NewMetrics()
	md.CopyTo(copied)
	err = o.ConsumeMetrics(context.Background(), copied)
	os.Stdout = stdout
	require.NoError(t, w.Close())
	<-done
	require.NoError(t, err)
	return all
}

// random makes metrics that upstream gets right: what it does not is shown by tests of its own.
type random struct {
	*rand.Rand
	totals map[string]float64
	named  bool // scopes are
	round  int
}

func (r *random) pick(of ...string) string { return of[r.IntN(len(of))] }

func (r *random) labels(to pcommon.Map) {
	for _, name := range []string{"host", "state", "device", "Type", "é"} {
		switch r.IntN(4) {
		case 0, 1:
			to.PutStr(name, r.pick("a", "b", `c"\`, "Pod", "{\"x\": [1, 2]}", "ü\n"))
		case 2:
			if r.IntN(3) == 0 {
				to.PutInt(name, int64(r.IntN(3)))
			}
		}
	}
	if r.IntN(10) == 0 {
		to.PutStr("aws.emf.storage_resolution", r.pick("1", "60"))
	}
}

func (r *random) number() float64 {
	switch r.IntN(5) {
	case 0:
		return float64(r.IntN(100))
	case 1:
		return r.Float64() * 1e-9
	case 2:
		return -r.Float64() * 1e12
	}
	return r.NormFloat64()
}

func (r *random) metrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	r.round++
	for resource := range 1 + r.IntN(2) {
		rm := md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("service.name", fmt.Sprint("service", resource))
		rm.Resource().Attributes().PutStr("id", fmt.Sprint(resource))
		if resource == 1 {
			rm.Resource().Attributes().PutStr("receiver", "prometheus")
		}
		for scope := range 1 + r.IntN(2) {
			sm := rm.ScopeMetrics().AppendEmpty()
			if r.named {
				sm.Scope().SetName(fmt.Sprint("scope", scope))
			}
			for i := range 1 + r.IntN(12) {
				r.metric(sm.Metrics().AppendEmpty(), fmt.Sprintf("m%d.%d.%d", resource, scope, i))
			}
		}
	}
	return md
}

func (r *random) metric(m pmetric.Metric, name string) {
	// A name has one type for ever.
	kind := int(name[len(name)-1]) % 6
	m.SetName(name)
	m.SetUnit([]string{"", "1", "s", "By", "ms", "us", "bit", "Percent", "ns"}[int(name[len(name)-1])%9])
	seen := map[string]bool{}
	for range 1 + r.IntN(5) {
		labels := pcommon.NewMap()
		r.labels(labels)
		time := at(time.Duration(r.round)*time.Minute + time.Duration(r.IntN(2))*time.Second)
		key := fmt.Sprint(labels.AsRaw())
		if seen[key] { // upstream drops what is there twice
			continue
		}
		seen[key] = true
		r.point(m, kind, labels, time, name+key)
	}
}

func (r *random) point(m pmetric.Metric, kind int, labels pcommon.Map, time pcommon.Timestamp, series string) {
	start := at(-24 * 3600e9)
	switch kind {
	case 0:
		if m.Type() == pmetric.MetricTypeEmpty {
			m.SetEmptyGauge()
		}
		p := m.Gauge().DataPoints().AppendEmpty()
		labels.CopyTo(p.Attributes())
		p.SetTimestamp(time)
		if r.IntN(2) == 0 {
			p.SetIntValue(r.Int64N(1 << 40))
		} else {
			p.SetDoubleValue(r.number())
		}
	case 1, 2:
		if m.Type() == pmetric.MetricTypeEmpty {
			m.SetEmptySum().SetIsMonotonic(true)
			m.Sum().SetAggregationTemporality([]pmetric.AggregationTemporality{0, pmetric.AggregationTemporalityCumulative, pmetric.AggregationTemporalityDelta}[kind])
		}
		p := m.Sum().DataPoints().AppendEmpty()
		labels.CopyTo(p.Attributes())
		p.SetTimestamp(time)
		p.SetStartTimestamp(start)
		if r.IntN(10) == 0 {
			r.totals[series] = 0 // it begins anew
		}
		r.totals[series] += float64(r.IntN(1000))
		p.SetDoubleValue(r.totals[series])
	case 3:
		if m.Type() == pmetric.MetricTypeEmpty {
			m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		}
		p := m.Histogram().DataPoints().AppendEmpty()
		labels.CopyTo(p.Attributes())
		p.SetTimestamp(time)
		low := r.Float64()
		n := uint64(1 + r.IntN(5))
		p.SetCount(n)
		p.SetMin(low)
		p.SetMax(low + 1)
		p.SetSum(float64(n) * (low + .5))
		if n == 1 {
			p.SetMax(low)
			p.SetSum(low)
		}
		p.ExplicitBounds().FromRaw([]float64{.5, 1})
		p.BucketCounts().FromRaw([]uint64{n, 0, 0})
	case 4:
		if m.Type() == pmetric.MetricTypeEmpty {
			m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		}
		r.exponential(m.ExponentialHistogram().DataPoints().AppendEmpty(), labels, time)
	case 5:
		if m.Type() == pmetric.MetricTypeEmpty {
			m.SetEmptySummary()
		}
		p := m.Summary().DataPoints().AppendEmpty()
		labels.CopyTo(p.Attributes())
		p.SetTimestamp(time)
		r.totals[series] += float64(1 + r.IntN(10))
		p.SetCount(uint64(r.totals[series]))
		p.SetSum(r.totals[series] * 2)
		for i, q := range []float64{0, .5, 1} {
			v := p.QuantileValues().AppendEmpty()
			v.SetQuantile(q)
			v.SetValue(float64(i) + q)
		}
	}
}

func (r *random) exponential(p pmetric.ExponentialHistogramDataPoint, labels pcommon.Map, time pcommon.Timestamp) {
	labels.CopyTo(p.Attributes())
	p.SetTimestamp(time)
	p.SetScale(int32(r.IntN(6)))
	p.SetZeroCount(uint64(r.IntN(3)))
	count := p.ZeroCount()
	fill := func(b pmetric.ExponentialHistogramDataPointBuckets, most int) {
		b.SetOffset(int32(r.IntN(10) - 5))
		for range r.IntN(most) {
			n := uint64(r.IntN(3))
			b.BucketCounts().Append(n)
			count += n
		}
	}
	fill(p.Positive(), 250)
	fill(p.Negative(), 20)
	if count == 0 {
		p.SetZeroCount(1)
		count = 1
	}
	p.SetCount(count)
	p.SetMin(-0x1p300) // outside of all buckets
	p.SetMax(0x1p300)
	p.SetSum(r.NormFloat64() * float64(count))
}

// configured are options that awsemf has as well, by a seed.
func configured(r *random) func(*Options) {
	return func(o *Options) {
		o.Rollup = []Rollup{NoRollup, SingleRollup, ZeroAndSingleRollup}[r.IntN(3)]
		o.Version0 = r.IntN(3) == 0
		o.Resource, o.NoService = r.IntN(2) == 0, r.IntN(2) == 0
		o.Detailed = r.IntN(3) == 0
		if r.IntN(3) == 0 {
			o.Namespace = ""
		}
		if r.IntN(2) == 0 {
			o.Descriptors = []Descriptor{{"m0.0.0", "Gigabits/Second", true}, {"m0.0.9", "Count", false}, {"m0.0.1", "Terabytes", false}}
		}
		if r.IntN(2) == 0 {
			o.Declarations = []*Declaration{
				{MetricNameSelectors: []string{`0$`, `1$`}, Dimensions: [][]string{{"state", "host"}, {"host"}, {}, {"device", "nowhere"}}},
				{MetricNameSelectors: []string{`^m`}, Dimensions: [][]string{{"host"}, {"device"}, {"device", "device"}}, LabelMatchers: []*LabelMatcher{
					{LabelNames: []string{"state", "host"}, Separator: "|", Regex: "^a[|]"}, {LabelNames: []string{"Type", "x"}, Regex: "^Pod;$"},
				}},
			}
		}
	}
}

func TestDocumentsSayWhatUpstreamsSay(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := &random{Rand: rand.New(rand.NewPCG(seed, 7)), totals: map[string]float64{}, named: seed%2 == 0}
			o := options(t, configured(r))
			theirs := newOracle(t, o)
			ours := New(o)
			for round := range 4 {
				md := r.metrics()
				want := theirs.documents(t, md)
				b := ours.Translate(md, now.Add(time.Duration(round)*time.Minute))
				got := texts(b)
				wantMetrics, wantFields := understand(t, want, false)
				gotMetrics, gotFields := understand(t, got, false)
				requireSame(t, wantMetrics, gotMetrics)
				require.Equal(t, members(t, wantFields), members(t, gotFields), "what is in fields alone")
				require.LessOrEqual(t, len(strings.Join(got, "")), len(strings.Join(want, "")), "bytes")
			}
		})
	}
}

// members are all members of documents without metrics: documents may be divided in other ways.
func members(t testing.TB, documents []string) map[string]int {
	all := map[string]int{}
	for _, text := range documents {
		var d map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &d))
		for k, v := range d {
			if k[0] == 'm' { // a metric's
				if o, ok := v.(map[string]any); ok {
					switch {
					case o["Values"] != nil: // upstream divides them in another way
						all[k] = 1
						continue
					case o["Count"] == 1.0: // a number says the same
						v = o["Sum"]
					}
				}
				all[fmt.Sprint(k, v)]++
			}
		}
	}
	return all
}

func TestNamesAreUpstreams(t *testing.T) {
	md := gauge("m", "", 1, "TaskId", "7")
	md.ResourceMetrics().At(0).Resource().Attributes().PutStr("service.name", "shop")
	b := New(options(t, func(o *Options) {
		o.Namespace, o.Group = "", nil
		o.Stream = namer(t, names.Stream, "{ServiceName}/{TaskId}/{PodName}")
	})).Translate(md, now)
	require.Len(t, b.Documents, 1)
	require.Equal(t, "/metrics/shop", b.Documents[0].Target.Group)
	require.Equal(t, "shop/7/undefined", b.Documents[0].Target.Stream)
}
