package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// gauges feeds a collector with data points of known values, each of a time of its own.
type gauges struct {
	t       *testing.T
	address string
	client  *cloudwatch.Client
	began   time.Time
	n       int
	refused int // by the pipeline, or a part of it
}

// metered is a collector that takes OTLP and sends it by cloudwatch_emf, and by awsemf where that is wanted.
func metered(t *testing.T, server *awslocal.Server, upstream bool) (*setup, *gauges) {
	s := newSetup(t, server, newWriter(t, "none.log").path)
	address := ports.FreeAddress(t)
	s.configs = append(s.configs,
		"yaml:receivers: {host_metrics: null, otlp: {protocols: {http: {endpoint: "+address+"}}}}",
		"yaml:exporters: {cloudwatch_emf: {log_group_name: /emf, retry_on_failure: {initial_interval: 20ms, max_interval: 200ms}}}",
		"yaml:service: {pipelines: {metrics/host: null, metrics: {receivers: [otlp], exporters: [cloudwatch_emf]}}}")
	if upstream {
		s.configs = append(s.configs,
			"yaml:exporters: {awsemf: {namespace: Upstream, log_group_name: /awsemf, endpoint: "+server.URL+"}}",
			"yaml:service: {pipelines: {metrics: {exporters: [awsemf]}}}")
	}
	client := cloudwatch.NewFromConfig(server.AWSConfig(context.Background()))
	return s, &gauges{t: t, address: address, client: client, began: time.Now().Add(-3 * time.Hour).Truncate(time.Second)}
}

// send gives the collector a data point. Their values are 1, 2, 3 and so on.
func (g *gauges) send() {
	g.t.Helper()
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("m")
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(g.began.Add(time.Duration(g.n) * time.Second)))
	g.n++
	p.SetIntValue(int64(g.n))
	body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	require.NoError(g.t, err)
	answer, err := http.Post("http://"+g.address+"/v1/metrics", "application/x-protobuf", bytes.NewReader(body))
	require.NoError(g.t, err)
	require.NoError(g.t, answer.Body.Close())
	g.refused += min(1, answer.StatusCode/300) // awsemf's error is the receiver's
}

// have are how many data points CloudWatch has, and their sum.
func (g *gauges) have(namespace string) (n, sum float64) {
	out, err := g.client.GetMetricStatistics(context.Background(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: &namespace, MetricName: aws.String("m"), Period: aws.Int32(3600),
		StartTime: aws.Time(g.began.Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
		Statistics: []types.Statistic{types.StatisticSampleCount, types.StatisticSum},
	})
	require.NoError(g.t, err)
	for _, d := range out.Datapoints {
		n += *d.SampleCount
		sum += *d.Sum
	}
	return n, sum
}

// requireEach expects each data point once.
func (g *gauges) requireEach() {
	g.t.Helper()
	await(g.t, "all data points", func() bool { n, _ := g.have(namespace); return n >= float64(g.n) })
	time.Sleep(2 * time.Second) // in which doubled ones would come
	n, sum := g.have(namespace)
	assert.Equal(g.t, float64(g.n), n, "data points")
	assert.Equal(g.t, float64(g.n*(g.n+1)/2), sum, "their sum")
}

// An outage and throttling cost no data point, and double none; upstream's exporter loses what comes meanwhile.
func TestMetricsSurviveOutageAndThrottling(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := server.Faults.Add(faults.Rule{Kind: faults.Throttle, Operation: "PutLogEvents", Probability: .2})
	require.NoError(t, err)
	setup, points := metered(t, server, true)
	collector := setup.startHealthy()
	for range 50 {
		points.send()
		time.Sleep(20 * time.Millisecond)
	}
	outage, err := server.Faults.Add(faults.Rule{Kind: faults.ServerError, Operation: "PutLogEvents"})
	require.NoError(t, err)
	for range 8 { // awsemf retries in the caller's time, so that each takes seconds
		points.send()
	}
	require.True(t, server.Faults.Remove(outage.ID))
	for range 50 {
		points.send()
	}
	points.requireEach()
	collector.stop()
	n, _ := points.have("Upstream")
	t.Logf("of %d data points awsemf lost %v, and refused %d", points.n, float64(points.n)-n, points.refused)
	assert.Less(t, n, float64(points.n), "awsemf loses some: if it does not any more, this test is about nothing")
	assert.Empty(t, server.Metrics.Status().InvalidEMF)
}

// What the collector has accepted is on disk: kill -9 in an outage loses nothing and doubles nothing.
func TestKillLosesNoMetrics(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	outage, err := server.Faults.Add(faults.Rule{Kind: faults.ResetBefore, Operation: "PutLogEvents"})
	require.NoError(t, err)
	setup, points := metered(t, server, false)
	for range 3 {
		collector := setup.startHealthy()
		for range 20 {
			points.send()
		}
		time.Sleep(500 * time.Millisecond) // some have left the queue for the engine
		collector.kill()
	}
	require.True(t, server.Faults.Remove(outage.ID))
	collector := setup.startHealthy()
	points.requireEach()
	assert.Zero(t, points.refused)
	collector.stop()
	assert.Empty(t, server.Metrics.Status().InvalidEMF)
}

// Differences of totals are made before the queue, and are right after a restart: they begin with a new baseline.
func TestTotalsAfterRestart(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	setup := newSetup(t, server, newWriter(t, "none.log").path)
	client := cloudwatch.NewFromConfig(server.AWSConfig(context.Background()))
	for range 2 {
		collector := setup.startHealthy()
		await(t, "two scrapes", func() bool {
			return setup.metric("cloudwatch_emf_remembered_series") > 0 && len(list(t, client, "system.network.io")) > 0 &&
				setup.metric("cloudwatch_emf_documents") > 40
		})
		collector.stop()
	}
	out, err := client.GetMetricStatistics(context.Background(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String(namespace), MetricName: aws.String("system.network.io"), Period: aws.Int32(3600),
		Dimensions: list(t, client, "system.network.io")[0].Dimensions,
		StartTime:  aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
		Statistics: []types.Statistic{types.StatisticMinimum, types.StatisticMaximum},
	})
	require.NoError(t, err)
	for _, d := range out.Datapoints {
		assert.GreaterOrEqual(t, *d.Minimum, 0.0)
		assert.Less(t, *d.Maximum, 1e9, fmt.Sprint("a total was sent as a difference: ", *d.Maximum))
	}
}
