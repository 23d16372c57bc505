package translate

import (
	"slices"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/series"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// Limits of the Embedded Metric Format (CloudWatch User Guide, "Specification: Embedded metric format"), and of
// values (PutMetricData).
const (
	MaxMetrics              = 100  // in a document
	MaxDimensions           = 30   // in a set
	MaxValues               = 100  // in an array
	MaxNameLength           = 1024 // characters
	MaxDimensionNameLength  = 250  // characters
	MaxDimensionValueLength = 1024 // characters
	maxValue                = 0x1p360
)

// Rollup says which sets of dimensions each metric gets beside that of all its labels.
type Rollup string

// The roll-ups. Zero is the set without dimensions, and single are the sets of one.
const (
	NoRollup            Rollup = "NoDimensionRollup"
	SingleRollup        Rollup = "SingleDimensionRollupOnly"
	ZeroAndSingleRollup Rollup = "ZeroAndSingleDimensionRollup"
)

// Options are a Translator's.
type Options struct {
	// Namespace is that of all metrics. Empty: service.namespace and service.name of each resource.
	Namespace string
	// Group and Stream name the log stream of the documents. nil for Group: /metrics/NAMESPACE.
	Group, Stream *names.Namer
	// Admission bounds the log streams. nil: nothing does.
	Admission *admission.Admission
	// Version0 writes the form without _aws.
	Version0 bool

	// Resource makes labels of a resource's attributes, without those of the service where NoService is set.
	Resource, NoService bool
	// ScopeLabel is the label that has a scope's name. Empty: none has.
	ScopeLabel string
	// Kubernetes adds the label kubernetes to metrics of pods and containers.
	Kubernetes bool
	// JSON are labels whose values are written as the JSON that they are.
	JSON []string

	Rollup Rollup
	// Declarations say which metrics have which dimensions, in place of all labels. The others are fields.
	Declarations []*Declaration
	// Dimensions are the labels that may be dimensions. The others are fields. nil: all may be.
	Dimensions []string
	// Aggregations are further sets of dimensions.
	Aggregations [][]string
	// AggregatedAlone are metrics that have the sets of Aggregations alone, of those that are smaller than the full one.
	AggregatedAlone []string
	Descriptors     []Descriptor

	// Detailed writes each quantile of a summary.
	Detailed bool
	// HistogramValues writes buckets of histograms with bounds of their own, for percentiles.
	HistogramValues bool

	Deltas *delta.Store
	Series *series.Budget
	// DropExcess leaves out what exceeds the budget.
	DropExcess bool
}

// Descriptor gives a metric a unit.
type Descriptor struct {
	MetricName string `mapstructure:"metric_name"`
	Unit       string `mapstructure:"unit"`
	// Overwrite applies to metrics that have a unit, too.
	Overwrite bool `mapstructure:"overwrite"`
}

// Reason is why a data point is in no document, or not as it was given.
type Reason uint8

// The reasons.
const (
	Stale             Reason = iota // there is no value
	Baseline                        // the first total of a series
	OutOfOrder                      // a total older than the last one
	StateFull                       // a total of a new series where there are too many
	Empty                           // statistics of nothing
	NotANumber                      // NaN or infinite
	OutOfRange                      // beyond 2^360
	InvalidName                     // a metric's name that CloudWatch does not take
	NameIsLabel                     // a label has the same name
	TooManyDimensions               // it is a field, and no metric
	OverBudget                      // its metric has too many series
	TooLarge                        // its document is
	Unsupported                     // a type that is none
	Original                        // it was to be aggregated alone, and no set is smaller than its own
	ShortenedDimension
	WithoutDimension // a label cannot be a dimension
	reasons
)

var reasonTexts = [reasons]string{
	"stale", "first_value", "out_of_order", "state_full", "empty", "not_a_number", "out_of_range", "invalid_name",
	"name_is_label", "too_many_dimensions", "series_limit", "too_large", "unsupported", "original", "dimension_shortened", "dimension_left_out",
}

// String is how telemetry calls it.
func (r Reason) String() string { return reasonTexts[r] }

// Changed says that the data point arrives, though not as it was given.
func (r Reason) Changed() bool { return r >= ShortenedDimension }

// Expected says that it is no news: nothing that was measured is lost.
func (r Reason) Expected() bool { return r == Stale || r == Baseline || r == Empty || r == Original }

// Reasons are all of them.
func Reasons() []string { return slices.Clone(reasonTexts[:]) }
