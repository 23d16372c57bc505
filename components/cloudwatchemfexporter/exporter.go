package cloudwatchemfexporter

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/delta"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/series"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/translate"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/delivery"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/sending"
)

// emfExporter is exporterhelper's exporter with an engine that is stopped before its queue is drained.
type emfExporter struct {
	exporter.Metrics
	pusher *pusher
}

// Shutdown sends what is there once more at most. What a persistent queue holds stays in it.
func (e *emfExporter) Shutdown(ctx context.Context) error {
	e.pusher.way.Stop()
	err := e.Metrics.Shutdown(ctx)
	e.pusher.close()
	return err
}

// pusher makes documents, and delivers them.
type pusher struct {
	config     *Config
	logger     *zap.Logger
	way        *sending.Way
	observer   *observer
	translator *translate.Translator
	deltas     *delta.Store
	series     *series.Budget

	stopAging context.CancelFunc
	aging     sync.WaitGroup

	mu  sync.Mutex
	out io.Writer // where documents go that do not go to CloudWatch
}

func newExporter(ctx context.Context, set exporter.Settings, c *Config) (exporter.Metrics, error) {
	way, err := sending.New(set, &c.Sending, sending.Options{
		Policy: c.policy(), Upstream: "awsemf", Groups: names.PatternOf(names.Group, cmp.Or(c.LogGroupName, defaultGroup+cmp.Or(c.Namespace, "{resource:service.name}"))),
	})
	if err != nil {
		return nil, err
	}
	p := &pusher{
		config: c, logger: set.Logger, way: way, out: os.Stdout,
		deltas: delta.New(delta.Options{MaxAge: c.DeltaState.MaxAge, MaxSeries: c.DeltaState.MaxSeries, MaxBytes: c.DeltaState.MaxBytes, RetainInitial: c.RetainInitialValueOfDeltaMetric}, time.Now()),
		series: series.New(c.SeriesLimit.PerMetric),
	}
	if p.observer, err = newObserver(set, p); err != nil {
		way.Close()
		return nil, err
	}
	helper, err := xexporterhelper.NewMetricsRequest(ctx, set,
		func(_ context.Context, md pmetric.Metrics) (xexporterhelper.Request, error) {
			return p.request(md), nil
		},
		func(ctx context.Context, r xexporterhelper.Request) error { return p.push(ctx, r.(*emfRequest)) },
		append(c.Sending.Helper(xexporterhelper.QueueBatchSettings{Encoding: encoding{way.Next}}), exporterhelper.WithStart(p.start))...,
	)
	if err != nil {
		p.close()
		return nil, err
	}
	return &emfExporter{helper, p}, nil
}

// start looks for the way to AWS. It sends nothing.
func (p *pusher) start(ctx context.Context, host component.Host) error {
	if p.config.OutputDestination == CloudWatch {
		if err := p.way.Start(ctx, host); err != nil {
			return err
		}
	}
	var group *names.Namer
	var err error
	if p.config.LogGroupName != "" {
		if group, err = p.config.Sending.Group(ctx, p.logger, p.config.LogGroupName); err != nil {
			return err
		}
	}
	stream, err := p.config.Sending.Stream(ctx, p.logger, p.config.LogStreamName)
	if err != nil {
		return err
	}
	o := p.config.options(group, stream, p.deltas, p.series)
	groupDepends, reduce := o.Reduce()
	if o.Admission, err = p.config.Sending.Admission(groupDepends, stream.Depends(), reduce); err != nil {
		return err
	}
	p.translator = translate.New(o)
	aging, stop := context.WithCancel(context.Background())
	p.stopAging = stop
	p.aging.Go(func() { p.age(aging) })
	return nil
}

// ageEvery is how often series are looked at that are no longer to be remembered. Memory that only a batch would free would
// stay for ever where no batch gets through.
const ageEvery = 15 * time.Second

// age forgets what is too old, until the context ends.
func (p *pusher) age(ctx context.Context) {
	ticker := time.NewTicker(ageEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			p.forget(now)
		}
	}
}

// forget forgets what is too old, and tells what had to be forgotten before.
func (p *pusher) forget(now time.Time) {
	p.deltas.Lock()
	p.deltas.Age(now)
	forgotten, largest := p.deltas.Forgotten()
	p.deltas.Unlock()
	p.series.Begin(now)
	p.observer.forgot(forgotten, largest)
}

// options are the translator's.
func (c *Config) options(group, stream *names.Namer, deltas *delta.Store, budget *series.Budget) translate.Options {
	return translate.Options{
		Namespace: c.Namespace, Group: group, Stream: stream, Version0: c.Version == "0",
		Resource: c.ResourceToTelemetry.Enabled, NoService: c.ResourceToTelemetry.ExcludeServiceAttributes,
		ScopeLabel: c.ScopeDimension, Kubernetes: c.EKSFargateContainerInsightsEnabled, JSON: c.ParseJSONEncodedAttributeValues,
		Rollup: c.DimensionRollupOption, Declarations: c.MetricDeclarations, Dimensions: c.Dimensions, Aggregations: c.AggregationDimensions,
		AggregatedAlone: c.DropOriginalMetrics,
		Descriptors:     c.MetricDescriptors, Detailed: c.DetailedMetrics, HistogramValues: c.HistogramValues,
		Deltas: deltas, Series: budget, DropExcess: c.SeriesLimit.Excess == Drop,
	}
}

// request makes documents of metrics.
func (p *pusher) request(md pmetric.Metrics) *emfRequest {
	b := p.translator.Translate(md, time.Now())
	p.observer.made(b)
	r := &emfRequest{documents: b.Documents, next: p.way.Next}
	if !p.config.Sending.Queue.HasValue() {
		r.number = p.way.Next()
	}
	return r
}

// push delivers documents, and returns what is left of them in the error.
func (p *pusher) push(ctx context.Context, r *emfRequest) error {
	if p.config.OutputDestination == Stdout {
		return p.print(r.documents)
	}
	parts, sources := partsOf(r.documents)
	err := p.way.Begin(r.number, parts).Wait(ctx)
	if err == nil {
		return nil
	}
	left, ok := errors.AsType[*delivery.Error](err)
	if !ok {
		return err
	}
	rest := &undelivered{}
	for _, part := range left.Remainder {
		for _, event := range part.Events {
			rest.documents = append(rest.documents, r.documents[sources[part.Part][event]])
		}
	}
	rest.err = fmt.Errorf("%d of %d documents were not delivered: %w", len(rest.documents), len(r.documents), left)
	if left.Permanent {
		return consumererror.NewPermanent(rest)
	}
	return rest
}

// partsOf are documents by the streams that they are for. sources are the documents of each part's events.
func partsOf(documents []translate.Document) (parts []delivery.Part, sources [][]int32) {
	index := map[translate.Destination]int{}
	for i := range documents {
		d := &documents[i]
		at, ok := index[d.Destination]
		if !ok {
			at = len(parts)
			index[d.Destination] = at
			part := delivery.Part{Target: d.Target}
			if d.Fallback != (cwlogs.Target{}) {
				part.Fallback = &d.Fallback
			}
			parts = append(parts, part)
			sources = append(sources, nil)
		}
		parts[at].Events = append(parts[at].Events, cwlogs.Event{Timestamp: d.Timestamp, Message: d.Text})
		sources[at] = append(sources[at], int32(i))
	}
	return parts, sources
}

// print writes documents, one to a line.
func (p *pusher) print(documents []translate.Document) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := bufio.NewWriter(p.out)
	for i := range documents {
		_, _ = w.Write(documents[i].Text) // Flush has the error
		_ = w.WriteByte('\n')
	}
	return w.Flush()
}

func (p *pusher) close() {
	if p.stopAging != nil {
		p.stopAging()
		p.aging.Wait()
	}
	p.way.Close()
	if p.observer != nil {
		p.observer.close()
	}
}
