package sending

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

// whole is an exporter's configuration.
type whole struct {
	Sending Config `mapstructure:",squash"`
	Name    string `mapstructure:"name"`
}

func (w *whole) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(w); err != nil {
		return err
	}
	w.Sending.Apply(conf)
	return nil
}

func (w *whole) Validate() error { return w.Sending.Check() }

// read reads and checks a configuration as the collector does.
func read(t *testing.T, text string) (*Config, error) {
	t.Helper()
	m := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &m))
	w := &whole{Sending: DefaultConfig()}
	if err := confmap.NewFromStringMap(m).Unmarshal(w); err != nil {
		return nil, err
	}
	return &w.Sending, confmap.Validate(w)
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
	o := c.delivery(cwlogs.Policy{TooLarge: cwlogs.Truncate})
	assert.Equal(t, cwlogs.Truncate, o.Policy.TooLarge)
	assert.Equal(t, 4, o.MaxBlocked)
	assert.Equal(t, time.Duration(0), o.Backoff.MaxElapsed)
	assert.Equal(t, 64, o.MaxParallel)
	assert.Equal(t, 30*time.Second, o.RequestTimeout)
}

func TestQueueIsWhatItsKeysSay(t *testing.T) {
	t.Parallel()
	for text, check := range map[string]func(*testing.T, *Config){
		`sending_queue: {enabled: false}`: func(t *testing.T, c *Config) {
			assert.False(t, c.Queue.HasValue())
			assert.False(t, c.Batches())
			assert.Zero(t, c.delivery(cwlogs.Policy{}).MaxBlocked, "a caller's thread waits, and its events with it")
		},
		`sending_queue: {batch: {enabled: false}}`: func(t *testing.T, c *Config) {
			assert.True(t, c.Queue.HasValue())
			assert.False(t, c.Batches())
		},
		`sending_queue: {batch: {max_size: 100}}`: func(t *testing.T, c *Config) {
			assert.Zero(t, c.Queue.Get().Batch.Get().MaxSize, "the queue would drop what is larger")
			assert.True(t, c.maxSize)
			assert.True(t, c.Batches())
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
		`when_denied: wait`:                  func(t *testing.T, c *Config) { assert.Zero(t, c.delivery(cwlogs.Policy{}).MaxBlocked) },
		`retry_on_failure: {enabled: false}`: func(t *testing.T, c *Config) { assert.Zero(t, c.delivery(cwlogs.Policy{}).Backoff) },
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			check(t, must(t, text))
		})
	}
}

func TestKeysOfUpstreamMeanTheSame(t *testing.T) {
	t.Parallel()
	c := must(t, `{endpoint: logs.eu-central-1.amazonaws.com, role_arn: "arn:aws:iam::123456789012:role/logs", external_id: secret,
		num_workers: 3, request_timeout_seconds: 7, max_retries: 5, local_mode: true, resource_arn: x, sending_queue: {batch: {max_size: 9}}}`)
	assert.Equal(t, "https://logs.eu-central-1.amazonaws.com", c.AWS.Endpoint)
	assert.Equal(t, []awsconfig.AssumeRole{{RoleARN: "arn:aws:iam::123456789012:role/logs", ExternalID: "secret"}}, c.AWS.Credentials.AssumeRole)
	assert.Equal(t, 3, c.delivery(cwlogs.Policy{}).MaxParallel)
	assert.Equal(t, 7*time.Second, c.delivery(cwlogs.Policy{}).RequestTimeout)
	core, logs := zapobserver.New(zap.WarnLevel)
	c.warn(zap.New(core), "awsemf")
	assert.Equal(t, 4, logs.Len(), "keys without an effect are named")
	assert.Equal(t, 3, logs.FilterMessageSnippet("This key of awsemf has no effect here").Len())
}

func TestConfigurationIsWrittenAsItWasRead(t *testing.T) {
	t.Parallel()
	conf := confmap.New()
	require.NoError(t, conf.Marshal(&whole{Sending: *must(t, `{region: eu-central-1, sending_queue: {sizer: bytes, queue_size: 1000}}`)}))
	assert.Equal(t, "eu-central-1", conf.Get("region"))
	assert.EqualValues(t, 1000, conf.Get("sending_queue::queue_size"))
	assert.EqualValues(t, 1000, conf.Get("sending_queue::batch::min_size"))
	assert.Equal(t, true, conf.Get("retry_on_failure::enabled"))
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`log_retention: 0.5`:              "log_retention: 0.5 is no whole number of days",
		`existing_log_retention: shorten`: `existing_log_retention: "shorten" is none; use keep, extend or set`,
		`existing_log_retention: set`:     `existing_log_retention: "set" needs to know for how long; set log_retention`,
		`log_retention: 2`:                "log_retention: CloudWatch keeps events for no 2 days",
		`tags: {}`:                        "tags: there are none",
		`compression: zstd`:               `compression: "zstd" is none; use gzip or none`,
		`compression_level: 0`:            "compression_level: 0 is not between 1",
		`when_denied: forget`:             `when_denied: "forget" is neither drop nor wait`,
		`num_workers: 0`:                  "num_workers: 0 is not between 1 and 1000",
		`request_timeout_seconds: 0`:      "request_timeout_seconds: 0 is not between 1 and 3600",
		`external_id: x`:                  `external_id: "x" belongs to a role`,
		`no_verify_ssl: true`:             "no_verify_ssl: certificates are always verified; name the authority",
		`proxy_address: http://p:3128`:    `routes: [{name: proxy, http_proxy: {url: "http://p:3128"}}]`,
		`sending_queue: {wait_for_result: true, storage: file_storage}`: "leave storage out where the receiver remembers",
		`sending_queue: {absent: 1}`:                                    "absent",
		`absent: 1`:                                                     "absent",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, text)
			assert.ErrorContains(t, err, want)
		})
	}
}

// TestMistakesAreNamedOnceByTheirKeys has those that confmap.Validate would find on its own, below "sending".
func TestMistakesAreNamedOnceByTheirKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`region: x`:                                      `region "x" is not the name of a region; give one such as eu-central-1`,
		`role_arn: nobody`:                               `credentials::assume_role::0::role_arn "nobody" is not a role's ARN; give one such as arn:aws:iam::123456789012:role/NAME`,
		`sending_queue: {num_consumers: 0}`:              "sending_queue: `num_consumers` must be positive",
		`sending_queue: {batch: {flush_timeout: -1s}}`:   "sending_queue: batch: `flush_timeout` must be positive, found -1000000000",
		`retry_on_failure: {initial_interval: -1s}`:      "retry_on_failure: 'initial_interval' must be non-negative",
		`sending_queue: {enabled: false, queue_size: 0}`: "",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, text)
			if want == "" {
				assert.NoError(t, err)
				return
			}
			assert.EqualError(t, err, want)
		})
	}
}
