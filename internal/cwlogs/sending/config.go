package sending

import (
	"errors"
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/delivery"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/groups"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/targets"
)

// Config is the part of an exporter's configuration that is about sending. It is squashed into the whole, whose
// Unmarshal calls Apply and whose Validate calls Check.
//
// Neither it nor a field of it has a Validate that finds something: confmap.Validate would call it too, and name
// the mistake below the key "sending", which there is not.
type Config struct {
	// AWS says how the service is reached, and as whom.
	AWS AWS `mapstructure:",squash"`
	// Upstream are keys of upstream's exporter that others stand for here.
	Upstream Upstream `mapstructure:",squash"`

	// AllowedGroups and AllowedStreams are patterns of what log_group_name and log_stream_name can become where what is sent
	// has a say in them. Not set: any name that begins as the template does; slashes of values become _.
	AllowedGroups  []string `mapstructure:"allowed_groups"`
	AllowedStreams []string `mapstructure:"allowed_streams"`
	// MaxTargets bounds the targets that what is sent can name in an hour. Default: 100 of one source, 500 groups and
	// 30,000 streams.
	MaxTargets admission.Limits `mapstructure:"max_targets"`

	// Create makes groups and streams that do not exist. Default: true.
	Create bool `mapstructure:"create"`
	// LogRetention is for groups that are made, in days. 0: for ever.
	LogRetention int32 `mapstructure:"log_retention"`
	// ExistingLogRetention says what becomes of the retention of groups that exist and have another: keep, extend (longer, never
	// shorter) or set. Default: keep, which is told once for each group.
	ExistingLogRetention targets.ExistingRetention `mapstructure:"existing_log_retention"`
	// Tags, LogGroupClass and KMSKeyID are for groups that are made.
	Tags          map[string]string `mapstructure:"tags"`
	LogGroupClass string            `mapstructure:"log_group_class"`
	KMSKeyID      string            `mapstructure:"kms_key_id"`

	// Compression is gzip or none. Default: gzip. CompressionLevel is 1 (fastest) to 9. Default: 1.
	Compression      Compression `mapstructure:"compression"`
	CompressionLevel int         `mapstructure:"compression_level"`
	// WhenDenied says what becomes of events for targets that cannot be written to: drop those that come when a
	// quarter of the consumers wait for such targets, or let everything wait. Default: drop.
	WhenDenied WhenDenied `mapstructure:"when_denied"`

	// Retry says when a request is sent again. Default: after 500 ms to 30 s, without an end.
	Retry Retry `mapstructure:"retry_on_failure"`
	// Queue holds 16 MiB by default, and blocks when it is full.
	Queue Queue `mapstructure:"sending_queue"`

	// fraction is a log_retention that is no whole number, which would be read as one.
	fraction float64
	// maxSize says that the queue's batch::max_size was set.
	maxSize bool
}

// AWS is awsconfig.Config.
type AWS awsconfig.Config

// Retry is configretry.BackOffConfig.
type Retry configretry.BackOffConfig

// Queue is configoptional.Optional[exporterhelper.QueueBatchConfig].
type Queue struct{ optionalQueue }

// optionalQueue is embedded by a name that is not exported, so that confmap.Validate does not see it.
type optionalQueue = configoptional.Optional[exporterhelper.QueueBatchConfig]

// Validate finds nothing. Check does.
func (*Queue) Validate() error { return nil }

// Compression is how requests are compressed.
type Compression string

// The kinds of compression.
const (
	Gzip Compression = "gzip"
	None Compression = "none"
)

// WhenDenied says what becomes of events for targets that cannot be written to.
type WhenDenied string

// What becomes of events for targets that cannot be written to.
const (
	Drop WhenDenied = "drop"
	Wait WhenDenied = "wait"
)

// Defaults of the queue.
const (
	// defaultQueue is what may be in the queue and on its way, in bytes.
	defaultQueue = 16 << 20
	// defaultBatch is one full request, whose records are some bytes larger in the queue.
	defaultBatch = cwlogs.MaxBatchBytes
	// defaultFlush is how long a record waits for others. One second of it is one request for each stream at
	// most; the CloudWatch agent's is 5 s.
	defaultFlush = time.Second
	// defaultConsumers are all batches that fit into the queue. They wait; the limit is the engine's.
	defaultConsumers = defaultQueue / defaultBatch
	defaultParallel  = 64
	maxParallel      = 1000
	defaultTimeout   = 30 // seconds
)

// DefaultConfig has the defaults of every key.
func DefaultConfig() Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = 500 * time.Millisecond
	retry.MaxElapsedTime = 0
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeBytes
	queue.QueueSize = defaultQueue
	queue.BlockOnOverflow = true
	queue.NumConsumers = defaultConsumers
	queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: defaultFlush, Sizer: exporterhelper.RequestSizerTypeBytes, MinSize: defaultBatch,
	})
	return Config{
		Upstream:   Upstream{NumWorkers: defaultParallel, RequestTimeoutSeconds: defaultTimeout},
		MaxTargets: admission.DefaultLimits(),
		Create:     true, ExistingLogRetention: targets.KeepRetention,
		Compression: Gzip, CompressionLevel: 1,
		WhenDenied: Drop,
		Retry:      Retry(retry),
		Queue:      Queue{configoptional.Some(queue)},
	}
}

// Apply makes the configuration what the keys mean that are set. It is called once, after they were read from conf.
func (c *Config) Apply(conf *confmap.Conf) {
	c.Upstream.apply(conf, &c.AWS)
	if days, ok := conf.Get("log_retention").(float64); ok && days != math.Trunc(days) {
		c.fraction = days
	}
	if c.Queue.HasValue() {
		c.queue(conf)
	}
}

// queue makes the queue what the keys mean that are set.
func (c *Config) queue(conf *confmap.Conf) {
	const key = "sending_queue::"
	q := c.Queue.Get()
	if conf.IsSet(key+"queue_size") && !conf.IsSet(key+"sizer") {
		q.Sizer = exporterhelper.RequestSizerTypeRequests // as it is for every other exporter
	}
	if !q.Batch.HasValue() {
		return
	}
	b := q.Batch.Get()
	sized := conf.IsSet(key+"batch::min_size") && q.Sizer == exporterhelper.RequestSizerTypeItems
	if !conf.IsSet(key+"batch::sizer") && !sized {
		b.Sizer = exporterhelper.RequestSizerTypeBytes
	}
	if b.Sizer == exporterhelper.RequestSizerTypeBytes && q.Sizer == exporterhelper.RequestSizerTypeBytes && !conf.IsSet(key+"batch::min_size") {
		b.MinSize = min(b.MinSize, q.QueueSize)
	}
	// The queue drops a record above max_size. Requests are divided here instead, by what CloudWatch takes.
	c.maxSize = b.MaxSize > 0
	b.MaxSize = 0
}

// Check returns every mistake.
func (c *Config) Check() error {
	return errors.Join(
		awsconfig.Config(c.AWS).Validate(),
		c.Upstream.check(),
		c.groups().Validate(),
		c.checkSending(),
		c.MaxTargets.Check(),
		confmap.Validate(struct {
			Retry configretry.BackOffConfig `mapstructure:"retry_on_failure"`
			Queue optionalQueue             `mapstructure:"sending_queue"`
		}{configretry.BackOffConfig(c.Retry), c.Queue.optionalQueue}),
	)
}

func (c *Config) checkSending() error {
	var errs []error
	if c.fraction != 0 {
		errs = append(errs, fmt.Errorf("log_retention: %v is no whole number of days; use 0 (for ever) or one of %v", c.fraction, targets.Retentions))
	}
	if c.Compression != Gzip && c.Compression != None {
		errs = append(errs, fmt.Errorf("compression: %q is none; use %s or %s", c.Compression, Gzip, None))
	}
	if c.CompressionLevel < 1 || c.CompressionLevel > 9 {
		errs = append(errs, fmt.Errorf("compression_level: %d is not between 1 (fastest) and 9 (smallest)", c.CompressionLevel))
	}
	if c.WhenDenied != Drop && c.WhenDenied != Wait {
		errs = append(errs, fmt.Errorf("when_denied: %q is neither %s nor %s", c.WhenDenied, Drop, Wait))
	}
	if q := c.Queue; q.HasValue() && q.Get().StorageID != nil && q.Get().WaitForResult {
		errs = append(errs, errors.New("sending_queue: wait_for_result and storage exclude each other: leave storage out where the receiver remembers what was delivered, as file_tail does, and wait_for_result otherwise"))
	}
	return errors.Join(errs...)
}

// Batches tells whether the queue makes batches, and so changes what it is given.
func (c *Config) Batches() bool { return c.Queue.HasValue() && c.Queue.Get().Batch.HasValue() }

// Helper are exporterhelper's options: the queue, which holds requests as set says, and retries.
func (c *Config) Helper(set xexporterhelper.QueueBatchSettings) []exporterhelper.Option {
	return []exporterhelper.Option{
		xexporterhelper.WithQueueBatch(c.Queue.optionalQueue, set),
		exporterhelper.WithRetry(configretry.BackOffConfig(c.Retry)),
		// The engine has its own: a request's, and none for waiting.
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
	}
}

// TakesEntities tells whether groups that are made can have entities.
func (c *Config) TakesEntities() bool {
	return c.LogGroupClass == "" || c.LogGroupClass == "STANDARD" // other classes take none
}

// groups are the options of what makes groups.
func (c *Config) groups() targets.Options {
	return targets.Options{RetentionDays: c.LogRetention, Tags: c.Tags, Class: c.LogGroupClass, KMSKeyID: c.KMSKeyID, Existing: !c.Create, ExistingRetention: c.ExistingLogRetention}
}

// wish is what is asked for of groups whose names match a pattern.
func (c *Config) wish(exporter, group string) groups.Wish {
	account := c.AWS.Region + " " + c.AWS.Endpoint + " " + c.Upstream.RoleARN
	for _, role := range c.AWS.Credentials.AssumeRole {
		account += " " + role.RoleARN
	}
	return groups.Wish{Exporter: exporter, Account: account, Group: group, Days: c.LogRetention, Class: c.LogGroupClass}
}

// delivery are the engine's options.
func (c *Config) delivery(policy cwlogs.Policy) delivery.Options {
	o := delivery.Options{
		Policy:         policy,
		MaxParallel:    c.Upstream.NumWorkers,
		RequestTimeout: time.Duration(c.Upstream.RequestTimeoutSeconds) * time.Second,
	}
	if c.Retry.Enabled {
		o.Backoff = delivery.Backoff{
			Initial: c.Retry.InitialInterval, Max: c.Retry.MaxInterval, Multiplier: c.Retry.Multiplier,
			Randomization: c.Retry.RandomizationFactor, MaxElapsed: c.Retry.MaxElapsedTime,
		}
	}
	if c.Queue.HasValue() && c.WhenDenied == Drop {
		o.Callers = c.Queue.Get().NumConsumers
		o.MaxBlocked = max(1, o.Callers/4)
	}
	return o
}
