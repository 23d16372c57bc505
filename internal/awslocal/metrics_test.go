package awslocal_test

import (
	"context"
	"encoding/json"
	"fmt"

	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func metricsClient(t *testing.T) (*cloudwatch.Client, *awslocal.Server) {
	t.Helper()
	s := awslocal.Serve(t, awslocal.Options{})
	return cloudwatch.NewFromConfig(s.AWSConfig(context.Background())), s
}

func TestSDKPutsAndReadsMetrics(t *testing.T) {
	t.Parallel()
	client, s := metricsClient(t)
	ctx := context.Background()
	stamp := time.Now().Add(-2 * time.Minute).Truncate(time.Minute)
	host := []types.Dimension{{Name: aws.String("host"), Value: aws.String("a <&> b")}}
	_, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
		Namespace: aws.String("App"),
		MetricData: []types.MetricDatum{
			{MetricName: aws.String("load"), Value: aws.Float64(2), Timestamp: &stamp, Unit: types.StandardUnitPercent, Dimensions: host},
			{MetricName: aws.String("load"), Values: []float64{4, 6}, Counts: []float64{1, 2}, Timestamp: &stamp, Unit: types.StandardUnitPercent, Dimensions: host},
			{MetricName: aws.String("set"), StatisticValues: &types.StatisticSet{
				SampleCount: aws.Float64(2), Sum: aws.Float64(3), Minimum: aws.Float64(1), Maximum: aws.Float64(2),
			}, StorageResolution: aws.Int32(1)},
		},
		EntityMetricData: []types.EntityMetricData{{
			Entity:     &types.Entity{KeyAttributes: map[string]string{"Type": "Service", "Name": "app"}},
			MetricData: []types.MetricDatum{{MetricName: aws.String("ofEntity"), Value: aws.Float64(1)}},
		}},
	})
	require.NoError(t, err)
	assert.Equal(t, 3, s.Metrics.Status().SeriesCount)

	list, err := client.ListMetrics(ctx, &cloudwatch.ListMetricsInput{Namespace: aws.String("App"), MetricName: aws.String("load"), RecentlyActive: types.RecentlyActivePt3h})
	require.NoError(t, err)
	require.Len(t, list.Metrics, 1)
	assert.Equal(t, "a <&> b", *list.Metrics[0].Dimensions[0].Value)

	stats, err := client.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("App"), MetricName: aws.String("load"), Dimensions: host, Period: aws.Int32(60),
		StartTime: aws.Time(stamp), EndTime: aws.Time(stamp.Add(time.Minute)),
		Statistics: []types.Statistic{types.StatisticSum, types.StatisticAverage, types.StatisticSampleCount, types.StatisticMinimum, types.StatisticMaximum},
	})
	require.NoError(t, err)
	require.Len(t, stats.Datapoints, 1)
	d := stats.Datapoints[0]
	assert.Equal(t, []float64{18, 4.5, 4, 2, 6}, []float64{*d.Sum, *d.Average, *d.SampleCount, *d.Minimum, *d.Maximum})
	assert.Equal(t, types.StandardUnitPercent, d.Unit)
	assert.True(t, stamp.Equal(*d.Timestamp))

	stats, err = client.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("App"), MetricName: aws.String("load"), Dimensions: host, Period: aws.Int32(60),
		StartTime: aws.Time(stamp), EndTime: aws.Time(stamp.Add(time.Minute)), ExtendedStatistics: []string{"p50", "p99"},
	})
	require.NoError(t, err)
	assert.Equal(t, map[string]float64{"p50": 4, "p99": 6}, stats.Datapoints[0].ExtendedStatistics)
}

func TestSDKPagesThroughMetricData(t *testing.T) {
	t.Parallel()
	client, _ := metricsClient(t)
	ctx := context.Background()
	start := time.Now().Add(-10 * time.Minute).Truncate(time.Minute)
	var data []types.MetricDatum
	for i := range 5 {
		data = append(data, types.MetricDatum{MetricName: aws.String("n"), Value: aws.Float64(float64(i)), Timestamp: aws.Time(start.Add(time.Duration(i) * time.Minute))})
	}
	_, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("App"), MetricData: data})
	require.NoError(t, err)

	pages := cloudwatch.NewGetMetricDataPaginator(client, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(start), EndTime: aws.Time(time.Now()), ScanBy: types.ScanByTimestampAscending, MaxDatapoints: aws.Int32(2),
		MetricDataQueries: []types.MetricDataQuery{
			{Id: aws.String("n"), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: aws.String("App"), MetricName: aws.String("n")}, Period: aws.Int32(60), Stat: aws.String("Sum"),
			}},
			{Id: aws.String("twice"), Expression: aws.String("n * 2")},
		},
	})
	var values []float64
	n := 0
	for ; pages.HasMorePages(); n++ {
		page, err := pages.NextPage(ctx)
		require.NoError(t, err)
		for _, r := range page.MetricDataResults {
			assert.Equal(t, "twice", *r.Label)
			assert.Len(t, r.Timestamps, len(r.Values))
			values = append(values, r.Values...)
		}
	}
	assert.Equal(t, 3, n)
	assert.Equal(t, []float64{0, 2, 4, 6, 8}, values)

	many := make([]types.MetricDatum, 600)
	for i := range many {
		many[i] = types.MetricDatum{MetricName: aws.String(fmt.Sprint("m", i)), Value: aws.Float64(1)}
	}
	_, err = client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("Many"), MetricData: many})
	require.NoError(t, err, "a large request is compressed")
	list := cloudwatch.NewListMetricsPaginator(client, &cloudwatch.ListMetricsInput{Namespace: aws.String("Many")})
	total := 0
	for list.HasMorePages() {
		page, err := list.NextPage(ctx)
		require.NoError(t, err)
		total += len(page.Metrics)
	}
	assert.Equal(t, 600, total)
}

func TestSDKKnowsTheErrorsOfCloudWatch(t *testing.T) {
	t.Parallel()
	client, _ := metricsClient(t)
	ctx := context.Background()
	put := func(d types.MetricDatum) error {
		d.MetricName = aws.String("n")
		_, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("N"), MetricData: []types.MetricDatum{d}})
		return err
	}
	var invalid *types.InvalidParameterValueException
	require.ErrorAs(t, put(types.MetricDatum{Value: aws.Float64(1), Unit: "x"}), &invalid)
	assert.Contains(t, invalid.ErrorMessage(), "The parameter MetricData.member.1.Unit must be a value in the set [ Seconds,")
	assert.Equal(t, "InvalidParameterValue", invalid.ErrorCode(), "the code of the query protocol")
	var combination *types.InvalidParameterCombinationException
	require.ErrorAs(t, put(types.MetricDatum{Value: aws.Float64(1), Values: []float64{1}}), &combination)
	var missing *types.MissingRequiredParameterException
	require.ErrorAs(t, put(types.MetricDatum{}), &missing)

	_, err := client.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now()),
		MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("e"), Expression: aws.String("SELECT AVG(n) FROM N")}},
	})
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "ValidationError", api.ErrorCode())
	assert.Contains(t, api.ErrorMessage(), "Metrics Insights queries are not supported")
}

func TestLogEventsInTheEmbeddedMetricFormatBecomeMetrics(t *testing.T) {
	t.Parallel()
	client, s := metricsClient(t)
	ctx := context.Background()
	writer := cloudwatchlogs.NewFromConfig(s.AWSConfig(ctx))
	group, stream := aws.String("/app"), aws.String("one")
	_, err := writer.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	require.NoError(t, err)
	_, err = writer.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	require.NoError(t, err)
	ms := time.Now().UnixMilli()
	event := func(message string) logtypes.InputLogEvent {
		return logtypes.InputLogEvent{Timestamp: aws.Int64(ms), Message: aws.String(message)}
	}
	_, err = writer.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: group, LogStreamName: stream,
		LogEvents: []logtypes.InputLogEvent{
			event(fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"App","Dimensions":[["host"]],"Metrics":[{"Name":"ms","Unit":"Milliseconds"}]}]},"host":"h","ms":[1,3]}`, ms)),
			event(`{"_aws":{"CloudWatchMetrics":[]}}`),
			event("plain text"),
		},
	})
	require.NoError(t, err)

	end := time.Now().Add(time.Minute)
	stats, err := client.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("App"), MetricName: aws.String("ms"), Period: aws.Int32(3600),
		Dimensions: []types.Dimension{{Name: aws.String("host"), Value: aws.String("h")}},
		StartTime:  aws.Time(end.Add(-10 * time.Minute)), EndTime: aws.Time(end),
		Statistics: []types.Statistic{types.StatisticAverage},
	})
	require.NoError(t, err)
	require.Len(t, stats.Datapoints, 1)
	assert.InDelta(t, 2, *stats.Datapoints[0].Average, 0)

	invalid := s.Metrics.Status().InvalidEMF
	require.Len(t, invalid, 1)
	assert.Equal(t, "/app", invalid[0].LogGroup)
	assert.Equal(t, "_aws.Timestamp is missing", invalid[0].Reason)
}

func TestCLIPutsAndReadsMetrics(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{})
	run := func(args ...string) (string, error) {
		out, err := awsCommand(t, s.Env(), append([]string{"cloudwatch", "--output", "json"}, args...)...).CombinedOutput()
		return string(out), err
	}
	must := func(into any, args ...string) {
		out, err := run(args...)
		require.NoError(t, err, out)
		if into != nil {
			require.NoError(t, json.Unmarshal([]byte(out), into), out)
		}
	}
	stamp := time.Now().Add(-2 * time.Minute).Truncate(time.Minute).UTC()
	start, end := stamp.Format(time.RFC3339), stamp.Add(time.Minute).Format(time.RFC3339)
	must(nil, "put-metric-data", "--namespace", "App", "--metric-name", "load", "--value", "2.5", "--unit", "Percent",
		"--timestamp", start, "--dimensions", "host=a,zone=b", "--storage-resolution", "1")
	assert.Equal(t, 1, s.Metrics.Status().SeriesCount)

	var list struct {
		Metrics []struct {
			MetricName string
			Dimensions []struct{ Name, Value string }
		}
	}
	must(&list, "list-metrics", "--namespace", "App", "--dimensions", "Name=host,Value=a")
	require.Len(t, list.Metrics, 1)
	assert.Equal(t, "load", list.Metrics[0].MetricName)
	assert.Len(t, list.Metrics[0].Dimensions, 2)

	var stats struct {
		Datapoints []struct {
			Average   float64
			Timestamp any // as on the wire: seconds, or ISO 8601 with another CLI
			Unit      string
		}
	}
	must(&stats, "get-metric-statistics", "--namespace", "App", "--metric-name", "load", "--dimensions", "Name=host,Value=a", "Name=zone,Value=b",
		"--start-time", start, "--end-time", end, "--period", "60", "--statistics", "Average")
	require.Len(t, stats.Datapoints, 1)
	assert.InDelta(t, 2.5, stats.Datapoints[0].Average, 0)
	assert.Equal(t, "Percent", stats.Datapoints[0].Unit)
	assert.Contains(t, []any{float64(stamp.Unix()), stamp.Format(time.RFC3339), stamp.Format("2006-01-02T15:04:05+00:00")}, stats.Datapoints[0].Timestamp)

	var data struct {
		MetricDataResults []struct {
			ID, Label, StatusCode string
			Values                []float64
		}
	}
	must(&data, "get-metric-data", "--start-time", start, "--end-time", end, "--metric-data-queries",
		`[{"Id":"a","MetricStat":{"Metric":{"Namespace":"App","MetricName":"load","Dimensions":[{"Name":"host","Value":"a"},{"Name":"zone","Value":"b"}]},"Period":60,"Stat":"p90"}}]`)
	require.Len(t, data.MetricDataResults, 1)
	assert.Equal(t, []float64{2.5}, data.MetricDataResults[0].Values)
	assert.Equal(t, "Complete", data.MetricDataResults[0].StatusCode)

	out, err := run("put-metric-data", "--namespace", "AWS/EC2", "--metric-name", "load", "--value", "1")
	require.Error(t, err)
	assert.Contains(t, out, "(InvalidParameterValue) when calling the PutMetricData operation: The value AWS/ for parameter Namespace is invalid.")
}
