package e2e

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

const namespace = "CWAgent"

// expectedMetric is what the shipped host configuration promises about one metric.
type expectedMetric struct {
	name       string
	dimensions []string // beside host
	unit       types.StandardUnit
	min, max   float64
}

var expectedMetrics = []expectedMetric{
	{"system.cpu.utilization", []string{"state"}, types.StandardUnitNone, 0, 1},
	{"system.cpu.load_average.1m", nil, types.StandardUnitCount, 0, 10_000},
	{"system.memory.usage", []string{"state"}, types.StandardUnitBytes, 0, 1 << 46},
	{"system.memory.utilization", []string{"state"}, types.StandardUnitNone, 0, 1},
	{"system.disk.io", []string{"device", "direction"}, types.StandardUnitBytes, 0, 1 << 40},
	{"system.disk.operations", []string{"device", "direction"}, types.StandardUnitCount, 0, 1 << 40},
	{"system.filesystem.usage", []string{"device", "mode", "mountpoint", "state", "type"}, types.StandardUnitBytes, 0, 1 << 56},
	{"system.filesystem.utilization", []string{"device", "mode", "mountpoint", "type"}, types.StandardUnitNone, 0, 1},
	{"system.network.io", []string{"device", "direction"}, types.StandardUnitBytes, 0, 1 << 40},
	{"system.network.packets", []string{"device", "direction"}, types.StandardUnitCount, 0, 1 << 40},
	{"system.processes.count", []string{"status"}, types.StandardUnitCount, 0, 1 << 22},
}

func TestHostMetricsArriveWithNamespaceDimensionsUnitsAndPlausibleValues(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	client := cloudwatch.NewFromConfig(server.AWSConfig(context.Background()))
	collector := newSetup(t, server, newWriter(t, "none.log").path).startHealthy()
	host, err := os.Hostname()
	require.NoError(t, err)

	// Counters need two scrapes before their first delta.
	await(t, "network deltas", func() bool { return len(list(t, client, "system.network.io")) > 0 })
	for _, want := range expectedMetrics {
		found := list(t, client, want.name)
		if !assert.NotEmpty(t, found, "%s", want.name) {
			continue
		}
		for _, metric := range found {
			names := make([]string, 0, len(metric.Dimensions))
			for _, d := range metric.Dimensions {
				names = append(names, *d.Name)
				if *d.Name == "host" {
					assert.Equal(t, host, *d.Value)
				}
			}
			assert.ElementsMatch(t, append([]string{"host"}, want.dimensions...), names, "dimensions of %s", want.name)
			checkValues(t, client, metric, want)
		}
	}
	assert.Empty(t, server.Metrics.Status().InvalidEMF, "EMF documents that CloudWatch would refuse")
	assert.Len(t, list(t, client, "system.cpu.utilization"), 8, "one series for each state of the whole machine, not of each core")
	collector.stop()
}

func list(t *testing.T, client *cloudwatch.Client, name string) []types.Metric {
	t.Helper()
	page, err := client.ListMetrics(context.Background(), &cloudwatch.ListMetricsInput{
		Namespace: aws.String(namespace), MetricName: aws.String(name),
	})
	require.NoError(t, err)
	return page.Metrics
}

func checkValues(t *testing.T, client *cloudwatch.Client, metric types.Metric, want expectedMetric) {
	t.Helper()
	now := time.Now()
	statistics, err := client.GetMetricStatistics(context.Background(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: metric.Namespace, MetricName: metric.MetricName, Dimensions: metric.Dimensions,
		StartTime: aws.Time(now.Add(-10 * time.Minute)), EndTime: aws.Time(now.Add(time.Minute)), Period: aws.Int32(60),
		Statistics: []types.Statistic{types.StatisticMinimum, types.StatisticMaximum},
	})
	require.NoError(t, err)
	if !assert.NotEmpty(t, statistics.Datapoints, "values of %s", want.name) {
		return
	}
	for _, point := range statistics.Datapoints {
		assert.Equal(t, want.unit, point.Unit, "unit of %s", want.name)
		assert.GreaterOrEqual(t, *point.Minimum, want.min, "%s", want.name)
		assert.LessOrEqual(t, *point.Maximum, want.max, "%s", want.name)
	}
}
