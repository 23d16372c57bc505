package cloudwatchemfexporter

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/translate"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/sending"
)

// Config is the exporter's. Keys that awsemf has mean what they mean there.
type Config struct {
	// Sending says how documents are sent, and made sure to arrive.
	Sending sending.Config `mapstructure:",squash"`

	// Namespace is that of the metrics. Empty: what the resource's service.namespace and service.name say.
	Namespace string `mapstructure:"namespace"`
	// LogGroupName and LogStreamName are templates (internal/cwlogs/names). A placeholder that the resource has no
	// value for gets that of a label. Default: /metrics/NAMESPACE and {hostname}.
	LogGroupName  string `mapstructure:"log_group_name"`
	LogStreamName string `mapstructure:"log_stream_name"`
	// Version is 1, or 0 for documents without _aws. Default: 1.
	Version string `mapstructure:"version"`
	// OutputDestination is cloudwatch or stdout. Default: cloudwatch.
	OutputDestination Destination `mapstructure:"output_destination"`

	// DimensionRollupOption adds sets of dimensions. Default: NoDimensionRollup.
	DimensionRollupOption translate.Rollup `mapstructure:"dimension_rollup_option"`
	// MetricDeclarations say which metrics have which dimensions. Where there are any, other metrics are fields alone.
	MetricDeclarations []*translate.Declaration `mapstructure:"metric_declarations"`
	// Dimensions are the labels that may be dimensions; others are fields. Not set: all may be.
	Dimensions []string `mapstructure:"dimensions"`
	// AggregationDimensions are sets of dimensions that metrics have besides, where they have all labels of the set.
	AggregationDimensions [][]string `mapstructure:"aggregation_dimensions"`
	// DropOriginalMetrics are names of metrics that have the sets of AggregationDimensions alone. Where one has none of
	// them, the metric is not sent.
	DropOriginalMetrics []string `mapstructure:"drop_original_metrics"`
	// ScopeDimension is the label that has the name of a metric's scope. Empty: there is none. Default: OTelLib.
	ScopeDimension string `mapstructure:"scope_dimension"`
	// ResourceToTelemetry makes labels of a resource's attributes.
	ResourceToTelemetry ResourceToTelemetry `mapstructure:"resource_to_telemetry_conversion"`

	// MetricDescriptors give metrics units.
	MetricDescriptors []translate.Descriptor `mapstructure:"metric_descriptors"`
	// DetailedMetrics sends each quantile of a summary.
	DetailedMetrics bool `mapstructure:"detailed_metrics"`
	// HistogramValues sends the buckets of histograms with explicit bounds too, for percentiles. Those of exponential
	// ones are always sent.
	HistogramValues bool `mapstructure:"histogram_values"`
	// RetainInitialValueOfDeltaMetric sends the first total of a series as if the one before it had been 0.
	RetainInitialValueOfDeltaMetric bool `mapstructure:"retain_initial_value_of_delta_metric"`
	// DeltaState bounds what is remembered to make differences of totals.
	DeltaState DeltaState `mapstructure:"delta_state"`

	// ParseJSONEncodedAttributeValues are labels whose values are written as the JSON that they are.
	ParseJSONEncodedAttributeValues []string `mapstructure:"parse_json_encoded_attr_values"`
	// EKSFargateContainerInsightsEnabled adds the label kubernetes to metrics of pods and containers.
	EKSFargateContainerInsightsEnabled bool `mapstructure:"eks_fargate_container_insights_enabled"`

	// SeriesLimit is the budget of metrics, each combination of whose dimensions is billed.
	SeriesLimit SeriesLimit `mapstructure:"series_limit"`
}

// Destination is where documents go.
type Destination string

// The destinations.
const (
	CloudWatch Destination = "cloudwatch"
	Stdout     Destination = "stdout"
)

// ResourceToTelemetry says which attributes of a resource are labels.
type ResourceToTelemetry struct {
	// Enabled makes labels of them. Default: false.
	Enabled bool `mapstructure:"enabled"`
	// ExcludeServiceAttributes leaves out service.name, service.namespace and service.instance.id.
	ExcludeServiceAttributes bool `mapstructure:"exclude_service_attributes"`
}

// DeltaState bounds the totals that are remembered.
type DeltaState struct {
	// MaxAge is how long a series is remembered after its last data point, at least. Default: 1h.
	MaxAge time.Duration `mapstructure:"max_age"`
	// MaxBytes is the memory of all series. For further ones others are forgotten: those of a metric that has more than
	// an eighth of it first. Default: 33554432 (32 MiB).
	MaxBytes int `mapstructure:"max_bytes"`
	// MaxSeries is how many are remembered. Further ones are not. Default: 1,000,000.
	MaxSeries int `mapstructure:"max_series"`
}

// SeriesLimit is a budget.
type SeriesLimit struct {
	// PerMetric is how many combinations of dimensions a metric may have in an hour. 0: no bound. Default: 1000.
	PerMetric int `mapstructure:"per_metric"`
	// Excess says what becomes of more: warn, or drop. Default: warn.
	Excess Excess `mapstructure:"excess"`
}

// Excess says what becomes of data points beyond the budget.
type Excess string

// What becomes of data points beyond the budget.
const (
	Warn Excess = "warn"
	Drop Excess = "drop"
)

// defaultGroup begins the name of the group, before the namespace.
const defaultGroup = translate.DefaultGroup
const (
	// defaultDeltaBytes fits into a container of 320 MiB beside all else: 150,000 counters, or 20,000 histograms of 40 buckets.
	defaultDeltaBytes = 32 << 20
	// minDeltaBytes has a share for histograms of a thousand buckets.
	minDeltaBytes = 1 << 20
)

func createDefaultConfig() component.Config {
	return &Config{
		Sending:               sending.DefaultConfig(),
		LogStreamName:         "{hostname}",
		Version:               "1",
		OutputDestination:     CloudWatch,
		DimensionRollupOption: translate.NoRollup,
		ScopeDimension:        "OTelLib",
		DeltaState:            DeltaState{MaxAge: time.Hour, MaxBytes: defaultDeltaBytes, MaxSeries: 1_000_000},
		SeriesLimit:           SeriesLimit{PerMetric: 1000, Excess: Warn},
	}
}

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	if conf.IsSet("dimensions") && c.Dimensions == nil {
		c.Dimensions = []string{} // none at all
	}
	// awsemf takes any letter case.
	c.OutputDestination = Destination(strings.ToLower(string(c.OutputDestination)))
	c.Sending.Apply(conf)
	return nil
}

// Validate returns every mistake.
func (c *Config) Validate() error {
	return errors.Join(
		c.validateNames(),
		c.validateDimensions(),
		c.validateMetrics(),
		c.validateBounds(),
		c.Sending.Check(),
	)
}

func (c *Config) validateNames() error {
	var errs []error
	errs = append(errs, c.Sending.CheckNames(cmp.Or(c.LogGroupName, defaultGroup), c.LogStreamName))
	if strings.HasPrefix(c.Namespace, ":") || len(c.Namespace) > 255 {
		errs = append(errs, fmt.Errorf("namespace: %q: CloudWatch takes 1 to 255 characters that do not begin with a colon", c.Namespace))
	}
	if strings.HasPrefix(c.Namespace, "AWS/") {
		errs = append(errs, fmt.Errorf("namespace: %q: namespaces that begin with AWS/ belong to AWS; choose another, such as CWAgent", c.Namespace))
	}
	if class := c.Sending.LogGroupClass; class != "" && class != "STANDARD" {
		errs = append(errs, fmt.Errorf("log_group_class: CloudWatch makes metrics of what is in groups of class STANDARD alone, and %q is another; leave it out", class))
	}
	if c.Version != "0" && c.Version != "1" {
		errs = append(errs, fmt.Errorf(`version: %q is neither "1" nor "0"`, c.Version))
	}
	if c.OutputDestination != CloudWatch && c.OutputDestination != Stdout {
		errs = append(errs, fmt.Errorf("output_destination: %q is neither %s nor %s", c.OutputDestination, CloudWatch, Stdout))
	}
	return errors.Join(errs...)
}

func (c *Config) validateDimensions() error {
	var errs []error
	switch c.DimensionRollupOption {
	case translate.NoRollup, translate.SingleRollup, translate.ZeroAndSingleRollup:
	default:
		errs = append(errs, fmt.Errorf("dimension_rollup_option: %q is none; use %s, %s or %s", c.DimensionRollupOption, translate.NoRollup, translate.SingleRollup, translate.ZeroAndSingleRollup))
	}
	for i, d := range c.MetricDeclarations {
		if d == nil {
			errs = append(errs, fmt.Errorf("metric_declarations[%d] is empty", i))
		} else if err := d.Compile(); err != nil {
			errs = append(errs, fmt.Errorf("metric_declarations[%d]: %w", i, err))
		}
	}
	for i, name := range c.Dimensions {
		if err := translate.CheckDimension(name); err != nil {
			errs = append(errs, fmt.Errorf("dimensions[%d]: %w", i, err))
		}
	}
	for i, set := range c.AggregationDimensions {
		if err := translate.CheckSet(set); err != nil {
			errs = append(errs, fmt.Errorf("aggregation_dimensions[%d]: %w", i, err))
		}
	}
	for i, name := range c.DropOriginalMetrics {
		if name == "" {
			errs = append(errs, fmt.Errorf("drop_original_metrics[%d] is empty; name a metric, as it is sent", i))
		}
	}
	if c.ScopeDimension != "" {
		if err := translate.CheckDimension(c.ScopeDimension); err != nil {
			errs = append(errs, fmt.Errorf("scope_dimension: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) validateMetrics() error {
	var errs []error
	for i, d := range c.MetricDescriptors {
		if d.MetricName == "" {
			errs = append(errs, fmt.Errorf("metric_descriptors[%d].metric_name is not set; name the metric whose unit is %q", i, d.Unit))
		}
		if !translate.Units[d.Unit] {
			errs = append(errs, fmt.Errorf("metric_descriptors[%d].unit: %q of %q is no unit of CloudWatch's; use one such as Count, Bytes, Seconds, Percent or None", i, d.Unit, d.MetricName))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) validateBounds() error {
	var errs []error
	if c.DeltaState.MaxAge < time.Minute {
		errs = append(errs, fmt.Errorf("delta_state.max_age: %s is too short for a difference of two data points; use 1m or more, and twice the collection interval at least", c.DeltaState.MaxAge))
	}
	if c.DeltaState.MaxBytes < minDeltaBytes {
		errs = append(errs, fmt.Errorf("delta_state.max_bytes: %d is too little; leave it out for %d, or allow %d at least", c.DeltaState.MaxBytes, defaultDeltaBytes, minDeltaBytes))
	}
	if c.DeltaState.MaxSeries < 1 {
		errs = append(errs, fmt.Errorf("delta_state.max_series: %d: leave it out for 1,000,000, or allow 1 at least", c.DeltaState.MaxSeries))
	}
	if c.SeriesLimit.PerMetric < 0 {
		errs = append(errs, fmt.Errorf("series_limit.per_metric: %d is below 0, which is no bound", c.SeriesLimit.PerMetric))
	}
	if c.SeriesLimit.Excess != Warn && c.SeriesLimit.Excess != Drop {
		errs = append(errs, fmt.Errorf("series_limit.excess: %q is neither %s nor %s", c.SeriesLimit.Excess, Warn, Drop))
	}
	return errors.Join(errs...)
}

// policy is what becomes of documents that no request may hold. A part of one would be no document.
func (*Config) policy() cwlogs.Policy {
	return cwlogs.Policy{TooLarge: cwlogs.Truncate, TooOld: cwlogs.Drop, TooNew: cwlogs.Drop}
}
