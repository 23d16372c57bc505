package cloudwatchemfexporter

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awsemfexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/translate"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
)

func read(t *testing.T, text string) (*Config, error) {
	t.Helper()
	m := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &m))
	c := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(m).Unmarshal(c); err != nil {
		return nil, err
	}
	return c, xconfmap.Validate(c)
}

func must(t *testing.T, text string) *Config {
	t.Helper()
	c, err := read(t, text)
	require.NoError(t, err)
	return c
}

// TestKeysOfUpstreamMeanTheSame reads one file with both exporters.
func TestKeysOfUpstreamMeanTheSame(t *testing.T) {
	t.Parallel()
	conf, err := confmaptest.LoadConf("testdata/upstream.yaml")
	require.NoError(t, err)
	theirs := awsemfexporter.NewFactory().CreateDefaultConfig().(*awsemfexporter.Config)
	require.NoError(t, conf.Unmarshal(theirs))
	ours := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(ours))
	require.NoError(t, xconfmap.Validate(ours))
	for _, key := range keysOf(reflect.TypeOf(*theirs)) {
		assert.True(t, conf.IsSet(key), "the file has no %s", key)
	}

	assert.Equal(t, theirs.LogGroupName, ours.LogGroupName)
	assert.Equal(t, theirs.LogStreamName, ours.LogStreamName)
	assert.Equal(t, theirs.Namespace, ours.Namespace)
	assert.Equal(t, theirs.Version, ours.Version)
	assert.True(t, strings.EqualFold(theirs.OutputDestination, string(ours.OutputDestination)))
	assert.Equal(t, theirs.DimensionRollupOption, string(ours.DimensionRollupOption))
	assert.Equal(t, theirs.RetainInitialValueOfDeltaMetric, ours.RetainInitialValueOfDeltaMetric)
	assert.Equal(t, theirs.ParseJSONEncodedAttributeValues, ours.ParseJSONEncodedAttributeValues)
	assert.Equal(t, theirs.EKSFargateContainerInsightsEnabled, ours.EKSFargateContainerInsightsEnabled)
	assert.Equal(t, theirs.DetailedMetrics, ours.DetailedMetrics)
	assert.Equal(t, ResourceToTelemetry(theirs.ResourceToTelemetrySettings), ours.ResourceToTelemetry)
	for i, d := range theirs.MetricDescriptors {
		assert.Equal(t, translate.Descriptor(d), ours.MetricDescriptors[i])
	}
	for i, d := range theirs.MetricDeclarations {
		assert.Equal(t, d.Dimensions, ours.MetricDeclarations[i].Dimensions)
		assert.Equal(t, d.MetricNameSelectors, ours.MetricDeclarations[i].MetricNameSelectors)
		for j, m := range d.LabelMatchers {
			o := ours.MetricDeclarations[i].LabelMatchers[j]
			assert.Equal(t, []any{m.LabelNames, m.Separator, m.Regex}, []any{o.LabelNames, o.Separator, o.Regex})
		}
	}
	assert.Equal(t, theirs.Region, ours.Sending.AWS.Region)
	assert.Equal(t, "https://"+theirs.Endpoint, ours.Sending.AWS.Endpoint)
	assert.Equal(t, theirs.LogRetention, ours.Sending.LogRetention)
	assert.Equal(t, theirs.Tags, ours.Sending.Tags)
	assert.Equal(t, theirs.NumberOfWorkers, ours.Sending.Upstream.NumWorkers)
	assert.Equal(t, theirs.RequestTimeoutSeconds, ours.Sending.Upstream.RequestTimeoutSeconds)
	assert.Equal(t, []awsconfig.AssumeRole{{RoleARN: theirs.RoleARN, ExternalID: theirs.ExternalID}}, ours.Sending.AWS.Credentials.AssumeRole)
}

// keysOf are those of a configuration.
func keysOf(t reflect.Type) (keys []string) {
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("mapstructure")
		if name, _, _ := strings.Cut(tag, ","); name != "" && len(f.Index) <= 2 {
			keys = append(keys, name)
		}
	}
	return keys
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := must(t, "{}")
	assert.Equal(t, translate.NoRollup, c.DimensionRollupOption)
	assert.Equal(t, "{hostname}", c.LogStreamName)
	assert.Equal(t, "OTelLib", c.ScopeDimension)
	assert.Nil(t, c.Dimensions)
	assert.True(t, c.Sending.Queue.HasValue(), "what cannot be sent waits")
	assert.True(t, c.Sending.Queue.Get().BlockOnOverflow)
	assert.Zero(t, c.Sending.Retry.MaxElapsedTime, "without an end")
	assert.Equal(t, time.Hour, c.DeltaState.MaxAge)
	assert.NotNil(t, must(t, "dimensions: []").Dimensions, "no label is a dimension")
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 251)
	for text, want := range map[string]string{
		`log_stream_name: ""`:                                   "log_stream_name is not set",
		`log_group_name: "{hostnam}"`:                           "log_group_name",
		`namespace: ":x"`:                                       "namespace: \":x\": CloudWatch takes",
		`namespace: AWS/EC2`:                                    "belong to AWS; choose another",
		`log_group_class: INFREQUENT_ACCESS`:                    "groups of class STANDARD alone",
		`version: "2"`:                                          `version: "2" is neither "1" nor "0"`,
		`output_destination: file`:                              `output_destination: "file" is neither cloudwatch nor stdout`,
		`dimension_rollup_option: All`:                          "dimension_rollup_option: \"All\" is none; use NoDimensionRollup",
		`metric_declarations: [{dimensions: [[a]]}]`:            "metric_declarations[0]: metric_name_selectors: there are none",
		`metric_declarations: [null]`:                           "metric_declarations[0] is empty",
		`metric_declarations: [{metric_name_selectors: ["("]}]`: `metric_name_selectors[0]: "(" is no regular expression`,
		`metric_declarations: [{metric_name_selectors: [a], label_matchers: [{regex: x}]}]`:                           "label_matchers[0].label_names: there are none",
		`metric_declarations: [{metric_name_selectors: [a], label_matchers: [{label_names: [x]}]}]`:                   "label_matchers[0].regex is not set",
		`metric_declarations: [{metric_name_selectors: [a], dimensions: [["` + strings.Repeat(`a", "`, 30) + `b"]]}]`: "31 dimensions are more than the 30",
		`dimensions: ["` + long + `"]`:                     "dimensions[0]: \"" + long + "\" cannot be a dimension: names have 1 to 250 characters",
		`aggregation_dimensions: [[""]]`:                   `aggregation_dimensions[0]: "" cannot be a dimension`,
		`drop_original_metrics: [m, ""]`:                   "drop_original_metrics[1] is empty; name a metric",
		`scope_dimension: "` + long + `"`:                  "scope_dimension",
		`metric_descriptors: [{unit: Count}]`:              "metric_descriptors[0].metric_name is not set",
		`metric_descriptors: [{metric_name: m, unit: By}]`: `metric_descriptors[0].unit: "By" of "m" is no unit of CloudWatch's`,
		`delta_state: {max_age: 10s}`:                      "delta_state.max_age: 10s is too short",
		`delta_state: {max_bytes: 100}`:                    "delta_state.max_bytes: 100",
		`delta_state: {max_series: 0}`:                     "delta_state.max_series: 0",
		`series_limit: {per_metric: -1}`:                   "series_limit.per_metric: -1 is below 0",
		`series_limit: {excess: stop}`:                     `series_limit.excess: "stop" is neither warn nor drop`,
		`log_retention: 2`:                                 "log_retention: CloudWatch keeps events for no 2 days",
		`proxy_address: http://p:3128`:                     "write it as a route",
		`absent: 1`:                                        "absent",
	} {
		t.Run(text[:min(40, len(text))], func(t *testing.T) {
			t.Parallel()
			_, err := read(t, text)
			assert.ErrorContains(t, err, want)
		})
	}
}

func TestUnitsAreCloudWatchs(t *testing.T) {
	t.Parallel()
	assert.Len(t, translate.Units, 27)
	assert.True(t, translate.Units["Kilobytes/Second"] && translate.Units["Bits"] && translate.Units["None"])
	assert.False(t, slices.Contains(translate.Reasons(), ""))
}
