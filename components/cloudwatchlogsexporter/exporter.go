package cloudwatchlogsexporter

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchlogsexporter/internal/translate"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/delivery"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/sending"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/inorder"
)

// logsExporter is exporterhelper's exporter with an engine that is stopped before its queue is drained.
type logsExporter struct {
	exporter.Logs
	pusher *pusher
}

// Shutdown sends what is there once more at most. What a persistent queue holds stays in it.
func (e *logsExporter) Shutdown(ctx context.Context) error {
	e.pusher.way.Stop()
	err := e.Logs.Shutdown(ctx)
	e.pusher.way.Close()
	return err
}

// pusher delivers batches.
type pusher struct {
	config     *Config
	settings   exporter.Settings
	way        *sending.Way
	translator *translate.Translator
}

func newExporter(ctx context.Context, set exporter.Settings, c *Config) (exporter.Logs, error) {
	way, err := sending.New(set, &c.Sending, sending.Options{Policy: c.policy(), Upstream: "awscloudwatchlogs", Groups: names.PatternOf(names.Group, c.LogGroupName)})
	if err != nil {
		return nil, err
	}
	p := &pusher{config: c, settings: set, way: way}
	options := append(c.Sending.Helper(xexporterhelper.QueueBatchSettings{
		Encoding: encoding{way.Next}, ReferenceCounter: references{},
	}), exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: c.Sending.Batches()}), exporterhelper.WithStart(p.start))
	helper, err := xexporterhelper.NewLogsRequest(ctx, set,
		func(ctx context.Context, ld plog.Logs) (xexporterhelper.Request, error) {
			return p.request(ctx, ld), nil
		},
		func(ctx context.Context, r xexporterhelper.Request) error { return p.push(ctx, r.(*logsRequest)) },
		options...,
	)
	if err != nil {
		way.Close()
		return nil, err
	}
	return &logsExporter{helper, p}, nil
}

// request takes records in. Whoever calls ConsumeLogs several times at once may say in which order: without a queue
// the request gets its number here, and with one its place.
func (p *pusher) request(ctx context.Context, ld plog.Logs) *logsRequest {
	turn := inorder.Of(ctx)
	defer turn.Begun()
	turn.Wait(ctx, sending.MaxTurn)
	r := &logsRequest{logs: ld, next: p.way.Next}
	if !p.config.Sending.Queue.HasValue() {
		r.number = p.way.Next()
	}
	return r
}

// start looks for the way to AWS. It sends nothing.
func (p *pusher) start(ctx context.Context, host component.Host) (err error) {
	if err := p.way.Start(ctx, host); err != nil {
		return err
	}
	p.translator, err = p.newTranslator(ctx)
	return err
}

func (p *pusher) newTranslator(ctx context.Context) (*translate.Translator, error) {
	c := p.config
	group, err := c.Sending.Group(ctx, p.settings.Logger, c.LogGroupName)
	if err != nil {
		return nil, err
	}
	stream, err := c.Sending.Stream(ctx, p.settings.Logger, c.LogStreamName)
	if err != nil {
		return nil, err
	}
	admitted, err := c.Sending.Admission(group.Depends(), stream.Depends(), func(s *names.Source, of names.Depends) cwlogs.Target {
		return cwlogs.Target{Group: group.Reduced(s, of), Stream: stream.Reduced(s, of)}
	})
	if err != nil {
		return nil, err
	}
	redirect, err := c.Redirect.Parse()
	if err != nil {
		return nil, err
	}
	return translate.New(translate.Options{
		Group: group, Stream: stream, Admission: admitted, Redirect: redirect, WithoutMetrics: c.EmbeddedMetrics == Ignore,
		Format: c.Format, Entity: c.Entity && c.Sending.TakesEntities(),
	}), nil
}

// tell tells what is not as it was asked for.
func (p *pusher) tell(b *translate.Batch) {
	o := p.way.Observer()
	o.Undefined(b.Undefined)
	for reason, e := range b.Elsewhere {
		o.Elsewhere(reason, e.Asked, e.Events)
	}
	if b.Changed > 0 {
		o.Dropped(b.Parts[0].Target, cwlogs.WithoutMetrics, b.Changed, nil)
	}
}

// push delivers a batch, and returns what is left of it in the error.
func (p *pusher) push(ctx context.Context, r *logsRequest) error {
	b := p.translator.Translate(r.logs)
	p.tell(b)
	err := p.way.Begin(r.number, b.Parts).Wait(ctx)
	if err == nil {
		b.Release()
		return nil
	}
	left, ok := errors.AsType[*delivery.Error](err)
	if !ok {
		b.Release()
		return err
	}
	rest := b.Remainder(r.logs, left.Remainder)
	b.Release()
	err = consumererror.NewLogs(fmt.Errorf("%d of %d log records were not delivered: %w", rest.LogRecordCount(), r.logs.LogRecordCount(), left), rest)
	if left.Permanent {
		return consumererror.NewPermanent(err)
	}
	return err
}
