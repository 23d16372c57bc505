package cloudwatchlogsexporter

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/sending"
)

// Config is the exporter's. Keys that awscloudwatchlogs has mean what they mean there.
type Config struct {
	// Sending is what all exporters to CloudWatch Logs have.
	Sending sending.Config `mapstructure:",squash"`

	// LogGroupName and LogStreamName are templates (internal/cwlogs/names).
	LogGroupName  string `mapstructure:"log_group_name"`
	LogStreamName string `mapstructure:"log_stream_name"`

	// Format is json, raw or otlp_json. Default: json, and raw where raw_log is true.
	Format message.Format `mapstructure:"format"`
	// RawLog is format: raw, as awscloudwatchlogs has it.
	RawLog bool `mapstructure:"raw_log"`
	// Redirect lets EMF documents go to the groups and streams that they name, of those that are listed. Default: none.
	Redirect admission.RedirectConfig `mapstructure:"redirect"`
	// EmbeddedMetrics says whether CloudWatch makes metrics of raw messages that are EMF documents: extract or ignore.
	// Default: extract, as it does by itself.
	EmbeddedMetrics EmbeddedMetrics `mapstructure:"embedded_metrics"`
	// Entity tells CloudWatch which service the events are of, where the resource says it. Default: true.
	Entity bool `mapstructure:"entity"`

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

	formatSet bool
}

// EmbeddedMetrics says what becomes of metrics in messages.
type EmbeddedMetrics string

// What becomes of metrics in messages.
const (
	Extract EmbeddedMetrics = "extract"
	Ignore  EmbeddedMetrics = "ignore"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *EmbeddedMetrics) UnmarshalText(text []byte) error {
	if *m = EmbeddedMetrics(text); *m != Extract && *m != Ignore {
		return fmt.Errorf("%q is neither %s nor %s", text, Extract, Ignore)
	}
	return nil
}

func createDefaultConfig() component.Config {
	return &Config{
		Sending: sending.DefaultConfig(),
		Format:  message.JSON, EmbeddedMetrics: Extract,
		Entity:   true,
		TooLarge: cwlogs.Split, MaxEventSize: cwlogs.MaxMessageBytes, TooOld: cwlogs.Drop, TooNew: cwlogs.Drop,
	}
}

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	c.formatSet = conf.IsSet("format")
	if c.RawLog && !c.formatSet {
		c.Format = message.Raw
	}
	c.Sending.Apply(conf)
	return nil
}

// Validate returns every mistake.
func (c *Config) Validate() error {
	return errors.Join(
		c.Sending.CheckNames(c.LogGroupName, c.LogStreamName),
		c.Sending.Check(),
		c.validateFormat(),
		c.validateRedirect(),
		c.validateEvents(),
	)
}

func (c *Config) validateFormat() error {
	if c.RawLog && c.formatSet && c.Format != message.Raw {
		return fmt.Errorf("raw_log is true and format is %q; leave raw_log out, or set format to raw", c.Format)
	}
	return nil
}

func (c *Config) validateRedirect() error {
	_, err := c.Redirect.Parse()
	if err == nil && c.Redirect.On() && c.Format != message.Raw {
		err = fmt.Errorf("redirect: only raw messages can be EMF documents, and format is %q; set format to raw, or leave redirect out", c.Format)
	}
	return err
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

// policy says what becomes of events that CloudWatch does not take as they are.
func (c *Config) policy() cwlogs.Policy {
	return cwlogs.Policy{TooLarge: c.TooLarge, TooOld: c.TooOld, TooNew: c.TooNew, MaxMessage: c.MaxEventSize, Suffix: c.TruncationSuffix}
}
