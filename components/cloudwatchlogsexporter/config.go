package cloudwatchlogsexporter

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/targets"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
)

// Config is the exporter's. Keys that awscloudwatchlogs has mean what they mean there.
type Config struct {
	// AWS says how the service is reached, and as whom.
	AWS awsconfig.Config `mapstructure:",squash"`
	// Upstream are keys of awscloudwatchlogs that others stand for here.
	Upstream Upstream `mapstructure:",squash"`

	// LogGroupName and LogStreamName are templates (internal/cwlogs/names).
	LogGroupName  string `mapstructure:"log_group_name"`
	LogStreamName string `mapstructure:"log_stream_name"`

	// Format is json, raw or otlp_json. Default: json, and raw where raw_log is true.
	Format message.Format `mapstructure:"format"`
	// Entity tells CloudWatch which service the events are of, where the resource says it. Default: true.
	Entity bool `mapstructure:"entity"`

	// Create makes groups and streams that do not exist. Default: true.
	Create bool `mapstructure:"create"`
	// LogRetention is for groups that are made, in days. 0: for ever.
	LogRetention int32 `mapstructure:"log_retention"`
	// Tags, LogGroupClass and KMSKeyID are for groups that are made.
	Tags          map[string]string `mapstructure:"tags"`
	LogGroupClass string            `mapstructure:"log_group_class"`
	KMSKeyID      string            `mapstructure:"kms_key_id"`

	// TooLarge says what becomes of a message above MaxEventSize: split or truncate. Default: split.
	TooLarge cwlogs.TooLarge `mapstructure:"too_large"`
	// MaxEventSize bounds a message, in bytes. Default, and most: 1,048,550.
	MaxEventSize int `mapstructure:"max_event_size"`
	// TruncationSuffix ends a truncated message. Default: none.
	TruncationSuffix string `mapstructure:"truncation_suffix"`
	// TooOld and TooNew say what becomes of events that CloudWatch would reject for their time, more than 14
	// days old or 2 hours ahead: drop or clamp. Default: drop.
	TooOld cwlogs.OutOfTime `mapstructure:"too_old"`
	TooNew cwlogs.OutOfTime `mapstructure:"too_new"`

	// Compression is gzip or none. Default: gzip. CompressionLevel is 1 (fastest) to 9. Default: 1.
	Compression      Compression `mapstructure:"compression"`
	CompressionLevel int         `mapstructure:"compression_level"`
	// WhenDenied says what becomes of events for targets that cannot be written to: drop those that come when a
	// quarter of the consumers wait for such targets, or let everything wait. Default: drop.
	WhenDenied WhenDenied `mapstructure:"when_denied"`

	Retry configretry.BackOffConfig                                `mapstructure:"retry_on_failure"`
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`

	formatSet bool
	// maxSize says that the queue's batch::max_size was set.
	maxSize bool
}

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

func createDefaultConfig() component.Config {
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
	return &Config{
		Upstream: Upstream{NumWorkers: defaultParallel, RequestTimeoutSeconds: defaultTimeout},
		Format:   message.JSON,
		Entity:   true,
		Create:   true,
		TooLarge: cwlogs.Split, MaxEventSize: cwlogs.MaxMessageBytes, TooOld: cwlogs.Drop, TooNew: cwlogs.Drop,
		Compression: Gzip, CompressionLevel: 1,
		WhenDenied: Drop,
		Retry:      retry,
		Queue:      configoptional.Some(queue),
	}
}

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	c.formatSet = conf.IsSet("format")
	if c.Upstream.RawLog && !c.formatSet {
		c.Format = message.Raw
	}
	c.Upstream.apply(conf, &c.AWS)
	if c.Queue.HasValue() {
		c.queue(conf)
	}
	return nil
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

// Validate returns every mistake.
func (c *Config) Validate() error {
	return errors.Join(
		template(names.Group, "log_group_name", c.LogGroupName),
		template(names.Stream, "log_stream_name", c.LogStreamName),
		c.AWS.Validate(),
		c.Upstream.validate(),
		c.validateFormat(),
		c.groups().Validate(),
		c.validateEvents(),
		c.validateSending(),
	)
}

func template(kind names.Kind, key, text string) error {
	if text == "" {
		return fmt.Errorf("%s is not set; name the %s, such as /fleet/{hostname}", key, kind)
	}
	_, err := names.Parse(kind, key, text, hostfacts.Names())
	return err
}

func (c *Config) groups() targets.Options {
	return targets.Options{RetentionDays: c.LogRetention, Tags: c.Tags, Class: c.LogGroupClass, KMSKeyID: c.KMSKeyID, Existing: !c.Create}
}

func (c *Config) validateFormat() error {
	if c.Upstream.RawLog && c.formatSet && c.Format != message.Raw {
		return fmt.Errorf("raw_log is true and format is %q; leave raw_log out, or set format to raw", c.Format)
	}
	return nil
}

func (c *Config) validateEvents() error {
	var errs []error
	if c.MaxEventSize < 1 || c.MaxEventSize > cwlogs.MaxMessageBytes {
		errs = append(errs, fmt.Errorf("max_event_size: CloudWatch takes messages of 1 to %d bytes, and %d is not among them", cwlogs.MaxMessageBytes, c.MaxEventSize))
	}
	if c.TruncationSuffix != "" && c.TooLarge != cwlogs.Truncate {
		errs = append(errs, fmt.Errorf("truncation_suffix: %q ends truncated messages, and too_large is %q; set too_large to truncate", c.TruncationSuffix, c.TooLarge))
	}
	if len(c.TruncationSuffix) >= max(c.MaxEventSize, 1) {
		errs = append(errs, fmt.Errorf("truncation_suffix: its %d bytes leave nothing of the %d of max_event_size; make it shorter", len(c.TruncationSuffix), c.MaxEventSize))
	}
	return errors.Join(errs...)
}

func (c *Config) validateSending() error {
	var errs []error
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
