package cloudwatchlogsexporter

import (
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awscloudwatchlogsexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"
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

func TestDefaultsLoseNothing(t *testing.T) {
	t.Parallel()
	c := must(t, "{}")
	q := c.Queue.Get()
	assert.Equal(t, exporterhelper.RequestSizerTypeBytes, q.Sizer)
	assert.Equal(t, int64(16<<20), q.QueueSize)
	assert.True(t, q.BlockOnOverflow)
	assert.Equal(t, 16, q.NumConsumers)
	assert.Equal(t, int64(1<<20), q.Batch.Get().MinSize)
	assert.Zero(t, q.Batch.Get().MaxSize)
	assert.True(t, c.Retry.Enabled)
	assert.Zero(t, c.Retry.MaxElapsedTime)
	assert.Equal(t, cwlogs.Split, c.TooLarge)
	assert.Equal(t, 4, c.delivery().MaxBlocked)
	assert.Equal(t, time.Duration(0), c.delivery().Backoff.MaxElapsed)
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
	assert.Equal(t, theirs.Region, ours.AWS.Region)
	assert.Equal(t, "https://"+theirs.Endpoint, ours.AWS.Endpoint)
	assert.Equal(t, theirs.LogRetention, ours.LogRetention)
	assert.Equal(t, theirs.Tags, ours.Tags)
	assert.Equal(t, theirs.RawLog, ours.Format == message.Raw)
	assert.Equal(t, []awsconfig.AssumeRole{{RoleARN: theirs.RoleARN, ExternalID: theirs.ExternalID}}, ours.AWS.Credentials.AssumeRole)
	assert.Equal(t, theirs.NumberOfWorkers, ours.delivery().MaxParallel)
	assert.Equal(t, time.Duration(theirs.RequestTimeoutSeconds)*time.Second, ours.delivery().RequestTimeout)
	assert.Equal(t, theirs.BackOffConfig.InitialInterval, ours.delivery().Backoff.Initial)
	assert.Equal(t, theirs.BackOffConfig.MaxElapsedTime, ours.delivery().Backoff.MaxElapsed)
	mine, their := ours.Queue.Get(), theirs.QueueSettings.Get()
	assert.Equal(t, their.QueueSize, mine.QueueSize)
	assert.Equal(t, their.Sizer, mine.Sizer, "requests, where there is a size and no sizer")
	assert.Equal(t, their.NumConsumers, mine.NumConsumers)

	core, logs := zapobserver.New(zap.WarnLevel)
	ours.warn(zap.New(core))
	assert.Equal(t, 3, logs.Len(), "keys without an effect are named")
}

func TestQueueIsWhatItsKeysSay(t *testing.T) {
	t.Parallel()
	for text, check := range map[string]func(*testing.T, *Config){
		`sending_queue: {enabled: false}`: func(t *testing.T, c *Config) {
			assert.False(t, c.Queue.HasValue())
			assert.Zero(t, c.delivery().MaxBlocked, "a caller's thread waits, and its events with it")
		},
		`sending_queue: {batch: {max_size: 100}}`: func(t *testing.T, c *Config) {
			assert.Zero(t, c.Queue.Get().Batch.Get().MaxSize, "the queue would drop what is larger")
			assert.True(t, c.maxSize)
			assert.Equal(t, exporterhelper.RequestSizerTypeBytes, c.Queue.Get().Batch.Get().Sizer)
		},
		`sending_queue: {sizer: requests, queue_size: 5, batch: {flush_timeout: 3s}}`: func(t *testing.T, c *Config) {
			assert.Equal(t, exporterhelper.RequestSizerTypeBytes, c.Queue.Get().Batch.Get().Sizer)
			assert.Equal(t, 3*time.Second, c.Queue.Get().Batch.Get().FlushTimeout)
		},
		`sending_queue: {sizer: items, queue_size: 50000, batch: {min_size: 100}}`: func(t *testing.T, c *Config) {
			assert.Equal(t, exporterhelper.RequestSizerTypeItems, c.Queue.Get().Batch.Get().Sizer)
			assert.Equal(t, int64(100), c.Queue.Get().Batch.Get().MinSize)
		},
		`sending_queue: {sizer: bytes, queue_size: 1000}`: func(t *testing.T, c *Config) {
			assert.Equal(t, int64(1000), c.Queue.Get().Batch.Get().MinSize, "a batch that can come to be")
		},
		`when_denied: wait`:                     func(t *testing.T, c *Config) { assert.Zero(t, c.delivery().MaxBlocked) },
		`retry_on_failure: {enabled: false}`:    func(t *testing.T, c *Config) { assert.Zero(t, c.delivery().Backoff) },
		`{format: raw, raw_log: true}`:          func(t *testing.T, c *Config) { assert.Equal(t, message.Raw, c.Format) },
		`format: otlp_json`:                     func(t *testing.T, c *Config) { assert.Equal(t, message.OTLPJSON, c.Format) },
		`{too_large: truncate, too_old: clamp}`: func(t *testing.T, c *Config) { assert.Equal(t, cwlogs.Clamp, c.delivery().Policy.TooOld) },
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
		`log_retention: 2`:              "log_retention: CloudWatch keeps events for no 2 days",
		`tags: {}`:                      "tags: there are none",
		`{raw_log: true, format: json}`: `raw_log is true and format is "json"`,
		`format: xml`:                   "xml",
		`max_event_size: 1048551`:       "max_event_size: CloudWatch takes messages of 1 to 1048550 bytes",
		`truncation_suffix: "…"`:        "set too_large to truncate",
		`too_large: cut`:                `"cut" is not one of [truncate split]`,
		`too_old: keep`:                 `"keep" is not one of [drop clamp]`,
		`compression: zstd`:             `compression: "zstd" is none; use gzip or none`,
		`compression_level: 0`:          "compression_level: 0 is not between 1",
		`when_denied: forget`:           `when_denied: "forget" is neither drop nor wait`,
		`num_workers: 0`:                "num_workers: 0 is not between 1 and 1000",
		`request_timeout_seconds: 0`:    "request_timeout_seconds: 0 is not between 1 and 3600",
		`external_id: x`:                `external_id: "x" belongs to a role`,
		`no_verify_ssl: true`:           "no_verify_ssl: certificates are always verified; name the authority",
		`proxy_address: http://p:3128`:  `routes: [{name: proxy, http_proxy: {url: "http://p:3128"}}]`,
		`sending_queue: {wait_for_result: true, storage: file_storage}`: "leave storage out where the receiver remembers",
		`sending_queue: {num_consumers: 0}`:                             "num_consumers",
		`absent: 1`:                                                     "absent",
		`role_arn: nobody`:                                              "nobody",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, text)
			assert.ErrorContains(t, err, want)
		})
	}
}
