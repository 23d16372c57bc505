package cloudwatchemfexporter

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/metadatatest"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/translate"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

// running is an exporter that sends to a server.
type running struct {
	exporter.Metrics
	stop      func() error
	client    *cloudwatch.Client
	telemetry *componenttest.Telemetry
	server    *awslocal.Server
}

func start(t *testing.T, server *awslocal.Server, text string) *running {
	t.Helper()
	c := must(t, text)
	c.Namespace = cmp.Or(c.Namespace, "Test")
	c.Sending.AWS.Region, c.Sending.AWS.Endpoint = "us-east-1", server.URL
	keys, err := server.AWSConfig(t.Context()).Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	c.Sending.AWS.Credentials.Source = awsconfig.SourceStatic
	c.Sending.AWS.Credentials.Static.AccessKeyID = keys.AccessKeyID
	c.Sending.AWS.Credentials.Static.SecretAccessKey = configopaque.String(keys.SecretAccessKey)
	telemetry := componenttest.NewTelemetry()
	set := exportertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	made, err := NewFactory().CreateMetrics(t.Context(), set, c)
	require.NoError(t, err)
	require.NoError(t, made.Start(t.Context(), componenttest.NewNopHost()))
	r := &running{made, sync.OnceValue(func() error { return made.Shutdown(context.Background()) }), cloudwatch.NewFromConfig(server.AWSConfig(t.Context())), telemetry, server}
	t.Cleanup(func() {
		assert.NoError(t, r.stop())
		assert.NoError(t, telemetry.Shutdown(context.Background()))
		assert.Empty(t, server.Metrics.Status().InvalidEMF, "what CloudWatch would refuse")
	})
	return r
}

// point is a gauge of a value.
func point(name string, at time.Time, value int64, labels ...string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	m.SetUnit("By")
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(at))
	p.SetIntValue(value)
	for i := 0; i < len(labels); i += 2 {
		p.Attributes().PutStr(labels[i], labels[i+1])
	}
	return md
}

// statistics are what CloudWatch has of a metric.
func (r *running) statistics(t *testing.T, name string, dimensions ...string) types.Datapoint {
	t.Helper()
	in := &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("Test"), MetricName: &name, Period: aws.Int32(86400), StartTime: aws.Time(time.Now().Add(-12 * time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
		Statistics: []types.Statistic{types.StatisticSampleCount, types.StatisticSum, types.StatisticMinimum, types.StatisticMaximum},
	}
	for i := 0; i < len(dimensions); i += 2 {
		in.Dimensions = append(in.Dimensions, types.Dimension{Name: &dimensions[i], Value: &dimensions[i+1]})
	}
	out, err := r.client.GetMetricStatistics(t.Context(), in)
	require.NoError(t, err)
	var all types.Datapoint
	all.SampleCount, all.Sum = aws.Float64(0), aws.Float64(0)
	for _, d := range out.Datapoints {
		*all.SampleCount += *d.SampleCount
		*all.Sum += *d.Sum
		all.Unit = d.Unit
	}
	return all
}

const quick = `
retry_on_failure: {initial_interval: 10ms, max_interval: 50ms}
sending_queue: {batch: {flush_timeout: 10ms}}
`

// Throttling, errors and connections that are cut cost no data point, and double none.
func TestEachDataPointArrivesOnce(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	for _, kind := range []faults.Kind{faults.Throttle, faults.ServerError, faults.ResetBefore} {
		_, err := server.Faults.Add(faults.Rule{Kind: kind, Operation: "PutLogEvents", Probability: .2})
		require.NoError(t, err)
	}
	r := start(t, server, quick)
	const scrapes = 200
	begin := time.Now().Add(-time.Hour)
	for i := range scrapes {
		require.NoError(t, r.ConsumeMetrics(t.Context(), point("m", begin.Add(time.Duration(i)*time.Second), int64(1)<<min(i, 40), "host", "h")))
		if i%20 == 0 {
			time.Sleep(15 * time.Millisecond) // several batches
		}
	}
	assert.Eventually(t, func() bool { return *r.statistics(t, "m", "host", "h").SampleCount >= scrapes }, time.Minute, 20*time.Millisecond)
	require.NoError(t, r.stop())
	got := r.statistics(t, "m", "host", "h")
	assert.Equal(t, float64(scrapes), *got.SampleCount)
	assert.Equal(t, types.StandardUnitBytes, got.Unit)
	want := float64(int64(1)<<41-1) + float64(scrapes-41)*float64(int64(1)<<40)
	assert.Equal(t, want, *got.Sum)
}

// Without a queue the caller has the error, and one stream that cannot be written to fails its own documents alone.
func TestWhatIsLeft(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := server.Faults.Add(faults.Rule{Kind: faults.ServerError, Operation: "PutLogEvents", LogStream: "bad"})
	require.NoError(t, err)
	r := start(t, server, `
log_stream_name: "{record:stream}"
sending_queue: {enabled: false}
retry_on_failure: {enabled: false}
`)
	md := point("m", time.Now(), 1, "stream", "good")
	point("m", time.Now(), 2, "stream", "bad").ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	require.ErrorContains(t, r.ConsumeMetrics(t.Context(), md), "1 of 2 documents were not delivered")
	assert.Equal(t, 1.0, *r.statistics(t, "m", "stream", "good").SampleCount)
	assert.Equal(t, 0.0, *r.statistics(t, "m", "stream", "bad").SampleCount)
}

func TestRequestsKeepWhatIsLeft(t *testing.T) {
	t.Parallel()
	n := uint64(0)
	r := &emfRequest{documents: documents(3), next: func() uint64 { n++; return n }}
	_, err := r.MergeSplit(t.Context(), 0, exporterhelper.RequestSizerTypeBytes, nil)
	require.NoError(t, err)
	assert.Equal(t, uint64(1), r.number)
	_, err = r.MergeSplit(t.Context(), 0, exporterhelper.RequestSizerTypeBytes, &emfRequest{documents: documents(2)})
	require.NoError(t, err)
	assert.Len(t, r.documents, 5)
	assert.Equal(t, 2+3+4+2+3, r.ItemsCount())
	left := r.OnError(fmt.Errorf("wrapped: %w", &undelivered{documents: r.documents[1:2], err: assert.AnError})).(*emfRequest)
	assert.Equal(t, documents(3)[1:2], left.documents)
	assert.Zero(t, left.number)
	assert.Same(t, r, r.OnError(assert.AnError))
}

func documents(n int) (all []translate.Document) {
	for i := range n {
		all = append(all, translate.Document{
			Target: cwlogs.Target{Group: fmt.Sprint("/g", i%2), Stream: "s"}, Timestamp: int64(i) - 1, Points: i + 2, Text: []byte(strings.Repeat("x", i)),
		})
	}
	return all
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	e := encoding{func() uint64 { return 7 }}
	for _, n := range []int{0, 1, 5} {
		text, err := e.Marshal(t.Context(), &emfRequest{documents: documents(n)})
		require.NoError(t, err)
		_, got, err := e.Unmarshal(text)
		require.NoError(t, err)
		want := documents(n)
		for i := range want {
			if len(want[i].Text) == 0 {
				want[i].Text = nil
			}
		}
		assert.Equal(t, want, got.(*emfRequest).documents)
		assert.Equal(t, uint64(7), got.(*emfRequest).next())
		for cut := 1; cut < len(text); cut++ { // a database that was damaged
			if _, _, err := e.Unmarshal(text[:cut]); err != nil {
				assert.ErrorContains(t, err, "what the queue holds is no request of cloudwatch_emf")
			}
		}
	}
	_, _, err := e.Unmarshal([]byte{0x12, 0x02, 0x08, 0x05})
	assert.ErrorContains(t, err, "a document is for stream 5, and there are 0")
	_, got, err := e.Unmarshal([]byte{0x78, 0x01, 0x7d, 1, 2, 3, 4}) // fields of a later version
	require.NoError(t, err)
	assert.Empty(t, got.(*emfRequest).documents)
}

func TestStandardOutput(t *testing.T) {
	t.Parallel()
	c := must(t, "{output_destination: stdout, namespace: Test, sending_queue: {enabled: false}}")
	e, err := newExporter(t.Context(), exportertest.NewNopSettings(metadata.Type), c)
	require.NoError(t, err)
	var out bytes.Buffer
	e.(*emfExporter).pusher.out = &out
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()), "no region is needed")
	require.NoError(t, e.ConsumeMetrics(t.Context(), point("m", time.UnixMilli(1), 5)))
	require.NoError(t, e.Shutdown(t.Context()))
	assert.Equal(t, `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"Test","Dimensions":[[]],"Metrics":[{"Name":"m","Unit":"Bytes"}]}]},"m":5}`+"\n", out.String())
}

func TestTelemetry(t *testing.T) {
	t.Parallel()
	r := start(t, awslocal.Serve(t, awslocal.Options{}), `
series_limit: {per_metric: 1, excess: drop}
sending_queue: {batch: {flush_timeout: 10ms}}
`)
	now := time.Now()
	for i, label := range []string{"a", "b", ""} {
		require.NoError(t, r.ConsumeMetrics(t.Context(), point("m", now, int64(i), "l", label)))
	}
	total := point("t", now, 1)
	total.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).SetEmptySum().SetIsMonotonic(true)
	s := total.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum()
	s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	s.DataPoints().AppendEmpty().SetIntValue(5)
	require.NoError(t, r.ConsumeMetrics(t.Context(), total), "nothing is to be sent")
	require.Eventually(t, func() bool { return *r.statistics(t, "m", "l", "a").SampleCount == 1 }, time.Minute, 10*time.Millisecond)
	mine := attribute.String("exporter", metadata.Type.String())
	ignore := []metricdatatest.Option{metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars()}
	count := func(n int64, attributes ...attribute.KeyValue) []metricdata.DataPoint[int64] {
		return []metricdata.DataPoint[int64]{{Value: n, Attributes: attribute.NewSet(append(attributes, mine)...)}}
	}
	id := exporterID(t, r.telemetry)
	mine = attribute.String("exporter", id)
	metadatatest.AssertEqualCloudwatchEmfDocuments(t, r.telemetry, count(1), ignore...)
	metadatatest.AssertEqualCloudwatchEmfSeries(t, r.telemetry, count(1), ignore...)
	metadatatest.AssertEqualCloudwatchEmfRememberedSeries(t, r.telemetry, count(1), ignore...)
	metadatatest.AssertEqualCloudwatchEmfChangedDataPoints(t, r.telemetry, count(1, attribute.String("change", "dimension_left_out")), ignore...)
	metadatatest.AssertEqualCloudwatchEmfDroppedDataPoints(t, r.telemetry, append(
		count(2, attribute.String("reason", "series_limit")), count(1, attribute.String("reason", "first_value"))...), ignore...)
}

// exporterID is what the exporter is called in its telemetry.
func exporterID(t *testing.T, telemetry *componenttest.Telemetry) string {
	m, err := telemetry.GetMetric("otelcol_cloudwatch_emf_documents")
	require.NoError(t, err)
	id, ok := m.Data.(metricdata.Sum[int64]).DataPoints[0].Attributes.Value("exporter")
	require.True(t, ok)
	return id.AsString()
}
