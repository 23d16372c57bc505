package cloudwatchlogsexporter

import (
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awscloudwatchlogsexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
)

// read reads a configuration with the two names that every one needs.
func read(t *testing.T, text string) (*Config, error) {
	t.Helper()
	m := map[string]any{"log_group_name": "/g", "log_stream_name": "s"}
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
	theirs := awscloudwatchlogsexporter.NewFactory().CreateDefaultConfig().(*awscloudwatchlogsexporter.Config)
	require.NoError(t, conf.Unmarshal(theirs))
	require.NoError(t, xconfmap.Validate(theirs))
	ours := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(ours))
	require.NoError(t, xconfmap.Validate(ours))

	assert.Equal(t, theirs.LogGroupName, ours.LogGroupName)
	assert.Equal(t, theirs.LogStreamName, ours.LogStreamName)
	assert.Equal(t, theirs.Region, ours.Sending.AWS.Region)
	assert.Equal(t, "https://"+theirs.Endpoint, ours.Sending.AWS.Endpoint)
	assert.Equal(t, theirs.LogRetention, ours.Sending.LogRetention)
	assert.Equal(t, theirs.Tags, ours.Sending.Tags)
	assert.Equal(t, theirs.RawLog, ours.Format == message.Raw)
	assert.Equal(t, []awsconfig.AssumeRole{{RoleARN: theirs.RoleARN, ExternalID: theirs.ExternalID}}, ours.Sending.AWS.Credentials.AssumeRole)
	assert.Equal(t, theirs.NumberOfWorkers, ours.Sending.Upstream.NumWorkers)
	assert.Equal(t, theirs.RequestTimeoutSeconds, ours.Sending.Upstream.RequestTimeoutSeconds)
	assert.Equal(t, theirs.BackOffConfig.InitialInterval, ours.Sending.Retry.InitialInterval)
	assert.Equal(t, theirs.BackOffConfig.MaxElapsedTime, ours.Sending.Retry.MaxElapsedTime)
	mine, their := ours.Sending.Queue.Get(), theirs.QueueSettings.Get()
	assert.Equal(t, their.QueueSize, mine.QueueSize)
	assert.Equal(t, their.Sizer, mine.Sizer, "requests, where there is a size and no sizer")
	assert.Equal(t, their.NumConsumers, mine.NumConsumers)
}

func TestEventsAreWhatTheirKeysSay(t *testing.T) {
	t.Parallel()
	for text, check := range map[string]func(*testing.T, *Config){
		`{}`: func(t *testing.T, c *Config) {
			assert.Equal(t, message.JSON, c.Format)
			assert.Equal(t, cwlogs.Policy{TooLarge: cwlogs.Split, TooOld: cwlogs.Drop, TooNew: cwlogs.Drop, MaxMessage: cwlogs.MaxMessageBytes}, c.policy())
		},
		`raw_log: true`:                         func(t *testing.T, c *Config) { assert.Equal(t, message.Raw, c.Format) },
		`{format: raw, raw_log: true}`:          func(t *testing.T, c *Config) { assert.Equal(t, message.Raw, c.Format) },
		`format: otlp_json`:                     func(t *testing.T, c *Config) { assert.Equal(t, message.OTLPJSON, c.Format) },
		`{too_large: truncate, too_old: clamp}`: func(t *testing.T, c *Config) { assert.Equal(t, cwlogs.Clamp, c.policy().TooOld) },
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			check(t, must(t, text))
		})
	}
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`log_group_name: ""`:            "log_group_name is not set; name the log group",
		`log_stream_name: "{hostnam}"`:  "log_stream_name",
		`log_group_name: "a b"`:         "log_group_name",
		`{raw_log: true, format: json}`: `raw_log is true and format is "json"`,
		`format: xml`:                   "xml",
		`max_event_size: 1048551`:       "max_event_size: CloudWatch takes messages of 1 to 1048550 bytes",
		`truncation_suffix: "…"`:        "set too_large to truncate",
		`too_large: cut`:                `"cut" is not one of [truncate split]`,
		`too_old: keep`:                 `"keep" is not one of [drop clamp]`,
		`log_retention: 2`:              "log_retention: CloudWatch keeps events for no 2 days",
		`absent: 1`:                     "absent",
		`role_arn: nobody`:              "nobody",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, text)
			assert.ErrorContains(t, err, want)
		})
	}
}
