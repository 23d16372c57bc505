package cloudwatchemfexporter

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/translate"
)

// observer tells what became of metrics before they were sent.
type observer struct {
	pusher    *pusher
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	exporter  attribute.KeyValue
}

func newObserver(set exporter.Settings, p *pusher) (*observer, error) {
	t, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	o := &observer{pusher: p, logger: set.Logger, telemetry: t, exporter: attribute.String("exporter", set.ID.String())}
	gauge := func(f func() int) metric.Int64Callback {
		return func(_ context.Context, to metric.Int64Observer) error {
			to.Observe(int64(f()), o.with())
			return nil
		}
	}
	err = errors.Join(
		t.RegisterCloudwatchEmfSeriesCallback(gauge(p.series.Series)),
		t.RegisterCloudwatchEmfRememberedSeriesCallback(gauge(func() int {
			p.deltas.Lock()
			defer p.deltas.Unlock()
			return p.deltas.Series()
		})),
		t.RegisterCloudwatchEmfRememberedBytesCallback(gauge(func() int {
			p.deltas.Lock()
			defer p.deltas.Unlock()
			return p.deltas.Bytes()
		})),
	)
	if err != nil {
		t.Shutdown()
		return nil, err
	}
	return o, nil
}

// forgot tells that series were forgotten for others.
func (o *observer) forgot(forgotten int, largest string) {
	if forgotten == 0 {
		return
	}
	o.telemetry.CloudwatchEmfForgottenSeries.Add(context.Background(), int64(forgotten), o.with())
	if n, ok := o.pusher.way.Observer().Seldom("forgotten", forgotten); ok {
		o.logger.Warn("Totals of series were forgotten for others: what was added until their next data point is not sent",
			zap.Int("series", n), zap.Int("max_bytes", o.pusher.config.DeltaState.MaxBytes), zap.String("largest_metric", largest),
			zap.String("remedy", "give the metric fewer attributes, for example with the processor transform; or raise delta_state::max_bytes and the memory of the collector"))
	}
}

// maxExample bounds a name in a line of the log, which whoever sends metrics chooses.
const maxExample = 200

func (o *observer) close() { o.telemetry.Shutdown() }

func (o *observer) with(attributes ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(attributes, o.exporter)...))
}

// remedies are what somebody can do about data points that are dropped.
var remedies = map[translate.Reason]string{
	translate.OutOfOrder:         "a later total of the series has been sent, which had it in it; look for two sources of one series",
	translate.StateFull:          "raise delta_state::max_series and max_bytes, or send fewer series",
	translate.NotANumber:         "CloudWatch takes neither NaN nor infinite values",
	translate.OutOfRange:         "CloudWatch takes values up to 2^360",
	translate.InvalidName:        "CloudWatch takes names of 1 to 1024 characters; rename the metric with the processor metrics_transform",
	translate.NameIsLabel:        "a document cannot have both; rename the metric or the attribute with the processor transform",
	translate.TooManyDimensions:  "CloudWatch takes 30; name those that matter in dimensions. The values can be searched for in the log group",
	translate.OverBudget:         "each combination of dimensions is billed; name the dimensions that matter in dimensions, or raise series_limit::per_metric",
	translate.TooLarge:           "a document has 1 MiB at most; send fewer attributes",
	translate.Unsupported:        "its type is none that this version knows",
	translate.ShortenedDimension: "CloudWatch takes 1024 characters",
	translate.WithoutDimension:   "a dimension has a name of 250 characters at most, and a value that is not blank",
}

// made tells what became of a batch.
func (o *observer) made(b *translate.Batch) {
	ctx, size := context.Background(), 0
	for i := range b.Documents {
		size += len(b.Documents[i].Text)
	}
	o.telemetry.CloudwatchEmfDocuments.Add(ctx, int64(len(b.Documents)), o.with())
	o.telemetry.CloudwatchEmfDocumentSize.Add(ctx, int64(size), o.with())
	for i, n := range b.Counts {
		if n > 0 {
			o.counted(translate.Reason(i), n, b.Examples[i])
		}
	}
	for reason, one := range b.Elsewhere {
		o.pusher.way.Observer().Elsewhere(reason, one.Asked, one.Documents)
	}
	if len(b.Exceeding) > 0 {
		if _, ok := o.pusher.way.Observer().Seldom("series", 1); ok {
			o.logger.Warn("Metrics have more combinations of dimensions than series_limit::per_metric in this hour, each of which is billed",
				zap.String("metrics", strings.Join(b.Exceeding, ", ")), zap.Int("per_metric", o.pusher.config.SeriesLimit.PerMetric),
				zap.String("excess", string(o.pusher.config.SeriesLimit.Excess)), zap.String("remedy", remedies[translate.OverBudget]))
		}
	}
}

func (o *observer) counted(r translate.Reason, n int, example string) {
	text := "Data points were dropped"
	if r.Changed() {
		text = "Data points were changed"
		o.telemetry.CloudwatchEmfChangedDataPoints.Add(context.Background(), int64(n), o.with(attribute.String("change", r.String())))
	} else {
		o.telemetry.CloudwatchEmfDroppedDataPoints.Add(context.Background(), int64(n), o.with(attribute.String("reason", r.String())))
	}
	if r.Expected() {
		return
	}
	if n, ok := o.pusher.way.Observer().Seldom(r.String(), n); ok {
		o.logger.Warn(text, zap.String("reason", r.String()), zap.Int("data_points", n), zap.String("example", example[:min(len(example), maxExample)]), zap.String("remedy", remedies[r]))
	}
}
