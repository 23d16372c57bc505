package e2e

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// ecsMetric is what config/ecs.yaml promises of one metric.
type ecsMetric struct {
	name string
	unit types.StandardUnit
	max  float64 // of cloudwatch-local's made-up use; 0: it grows
}

// The task is the sum of its two containers.
var (
	ecsTaskMetrics = []ecsMetric{
		{"CpuUtilized", types.StandardUnitNone, 2 * .05 * 1024}, {"CpuReserved", types.StandardUnitNone, 256},
		{"MemoryUtilized", types.StandardUnitMegabytes, 120}, {"MemoryReserved", types.StandardUnitMegabytes, 512},
		{"NetworkRxBytes", types.StandardUnitBytesSecond, 2000}, {"NetworkTxBytes", types.StandardUnitBytesSecond, 2000},
		{"StorageReadBytes", types.StandardUnitBytes, 0}, {"StorageWriteBytes", types.StandardUnitBytes, 0},
		{"EphemeralStorageUtilized", types.StandardUnitGigabytes, 261. / 1024}, {"EphemeralStorageReserved", types.StandardUnitGigabytes, 20496. / 1024},
	}
	ecsContainerMetrics = []ecsMetric{
		{"ContainerCpuUtilized", types.StandardUnitNone, .05 * 1024}, {"ContainerCpuReserved", types.StandardUnitNone, 256},
		{"ContainerMemoryUtilized", types.StandardUnitMegabytes, 60}, {"ContainerMemoryReserved", types.StandardUnitMegabytes, 512},
		{"ContainerNetworkRxBytes", types.StandardUnitBytesSecond, 1000}, {"ContainerNetworkTxBytes", types.StandardUnitBytesSecond, 1000},
		{"ContainerStorageReadBytes", types.StandardUnitBytes, 0}, {"ContainerStorageWriteBytes", types.StandardUnitBytes, 0},
	}
)

func TestECSMetricsAreThoseOfContainerInsights(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rewrite         func(string) string
		task, container []string // sets of dimensions
	}{
		"of a service": {
			task:      []string{"ClusterName", "ClusterName TaskDefinitionFamily", "ClusterName ServiceName"},
			container: []string{"ClusterName ContainerName=app ServiceName TaskDefinitionFamily", "ClusterName ContainerName=collector ServiceName TaskDefinitionFamily"},
		},
		"of a task that no service started": {
			rewrite:   func(s string) string { return strings.ReplaceAll(s, `"ServiceName":"`+ecsService+`",`, "") },
			task:      []string{"ClusterName", "ClusterName TaskDefinitionFamily"},
			container: []string{"ClusterName ContainerName=app TaskDefinitionFamily", "ClusterName ContainerName=collector TaskDefinitionFamily"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{ECS: true})
			task := newECSTask(t, server)
			task.rewrite = test.rewrite
			collector := task.startHealthy()
			client := cloudwatch.NewFromConfig(server.AWSConfig(context.Background()))
			performance := newReader(t, server).in("/ecs/" + ecsCluster + "/performance")
			await(t, "three scrapes of a task and two containers", func() bool {
				return len(performance.streams()) > 0 && len(performance.messages(ecsTask)) >= 9
			})
			collector.stop()

			all, err := client.ListMetrics(context.Background(), &cloudwatch.ListMetricsInput{})
			require.NoError(t, err)
			known := map[string]bool{}
			check := func(want ecsMetric, sets []string) {
				known[want.name] = true
				var have []string
				for _, m := range all.Metrics {
					if *m.MetricName != want.name {
						continue
					}
					assert.Equal(t, ecsNamespace, *m.Namespace)
					have = append(have, ecsDimensions(t, m))
					checkECSValues(t, client, m, want)
				}
				assert.ElementsMatch(t, sets, have, "dimensions of %s", want.name)
			}
			for _, want := range ecsTaskMetrics {
				check(want, test.task)
			}
			for _, want := range ecsContainerMetrics {
				check(want, test.container)
			}
			for _, m := range all.Metrics {
				assert.True(t, known[*m.MetricName], "nobody asked for %s", *m.MetricName)
			}
			assert.Empty(t, server.Metrics.Status().InvalidEMF, "EMF documents that CloudWatch would refuse")
		})
	}
}

// ecsDimensions are the names of a metric's dimensions, with the container's value; those of the others are checked.
func ecsDimensions(t *testing.T, m types.Metric) string {
	t.Helper()
	slices.SortFunc(m.Dimensions, func(a, b types.Dimension) int { return cmp.Compare(*a.Name, *b.Name) })
	var names []string
	for _, d := range m.Dimensions {
		name := *d.Name
		if name == "ContainerName" {
			name += "=" + *d.Value
		} else {
			assert.Equal(t, map[string]string{"ClusterName": ecsCluster, "TaskDefinitionFamily": ecsFamily, "ServiceName": ecsService}[name], *d.Value, name)
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func checkECSValues(t *testing.T, client *cloudwatch.Client, m types.Metric, want ecsMetric) {
	t.Helper()
	out, err := client.GetMetricStatistics(context.Background(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: m.Namespace, MetricName: m.MetricName, Dimensions: m.Dimensions, Period: aws.Int32(60),
		StartTime: aws.Time(time.Now().Add(-10 * time.Minute)), EndTime: aws.Time(time.Now().Add(time.Minute)),
		Statistics: []types.Statistic{types.StatisticMaximum},
	})
	require.NoError(t, err)
	require.NotEmpty(t, out.Datapoints, want.name)
	var most float64
	for _, d := range out.Datapoints {
		assert.Equal(t, want.unit, d.Unit, "unit of %s", want.name)
		most = max(most, *d.Maximum)
	}
	if want.max == 0 {
		assert.Positive(t, most, want.name)
		return
	}
	assert.InDelta(t, want.max, most, want.max/1000, want.name)
}
