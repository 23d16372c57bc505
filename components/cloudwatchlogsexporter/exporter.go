package cloudwatchlogsexporter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchlogsexporter/internal/translate"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/delivery"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/targets"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/inorder"
)

// logsExporter is exporterhelper's exporter with an engine that is stopped before its queue is drained.
type logsExporter struct {
	exporter.Logs
	pusher *pusher
}

// Shutdown sends what is there once more at most. What a persistent queue holds stays in it.
func (e *logsExporter) Shutdown(ctx context.Context) error {
	e.pusher.stop()
	err := e.Logs.Shutdown(ctx)
	e.pusher.close()
	return err
}

// pusher delivers batches.
type pusher struct {
	config    *Config
	settings  exporter.Settings
	observer  *observer
	turnstile *turnstile
	last      atomic.Uint64 // the number of the last batch

	session    *awsconfig.Session
	targets    *targets.Targets
	translator *translate.Translator
	engine     *delivery.Engine
}

func newExporter(ctx context.Context, set exporter.Settings, c *Config) (exporter.Logs, error) {
	o, err := newObserver(set)
	if err != nil {
		return nil, err
	}
	p := &pusher{config: c, settings: set, observer: o, turnstile: newTurnstile()}
	helper, err := xexporterhelper.NewLogsRequest(ctx, set,
		func(ctx context.Context, ld plog.Logs) (xexporterhelper.Request, error) {
			return p.request(ctx, ld), nil
		},
		func(ctx context.Context, r xexporterhelper.Request) error { return p.push(ctx, r.(*logsRequest)) },
		xexporterhelper.WithQueueBatch(c.Queue, xexporterhelper.QueueBatchSettings{
			Encoding: encoding{&p.last}, ReferenceCounter: references{},
		}),
		exporterhelper.WithRetry(c.Retry),
		// Deliver has its own: a request's, and none for waiting.
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: c.Queue.HasValue() && c.Queue.Get().Batch.HasValue()}),
		exporterhelper.WithStart(p.start),
	)
	if err != nil {
		o.close()
		return nil, err
	}
	return &logsExporter{helper, p}, nil
}

// request takes records in. Whoever calls ConsumeLogs several times at once may say in which order: without a queue
// the request gets its number here, and with one its place.
func (p *pusher) request(ctx context.Context, ld plog.Logs) *logsRequest {
	turn := inorder.Of(ctx)
	defer turn.Begun()
	turn.Wait(ctx, maxTurn)
	r := &logsRequest{logs: ld, last: &p.last}
	if !p.config.Queue.HasValue() {
		r.number = p.last.Add(1)
	}
	return r
}

// start looks for the way to AWS. It sends nothing.
func (p *pusher) start(ctx context.Context, host component.Host) (err error) {
	c := p.config
	c.warn(p.settings.Logger)
	p.session, err = awsaccess.NewComponentSession(ctx, host, c.AWS, awsconfig.Options{
		Logger: p.settings.Logger, UserAgent: p.settings.BuildInfo.Command + "/" + p.settings.BuildInfo.Version,
	})
	if err != nil {
		return err
	}
	sender, err := cwlogs.NewSender(ctx, p.session.Config, cwlogs.SenderOptions{
		Uncompressed: c.Compression == None, Level: c.CompressionLevel,
		UserAgent: p.settings.BuildInfo.Command + "/" + p.settings.BuildInfo.Version,
	})
	if err != nil {
		return err
	}
	if p.translator, err = p.newTranslator(ctx); err != nil {
		return err
	}
	groups := c.groups()
	groups.Logger, groups.RetentionFailed = p.settings.Logger, p.observer.retentionFailed
	p.targets = targets.New(cloudwatchlogs.NewFromConfig(p.session.Config), groups)
	p.engine = delivery.New(sender, p.targets, p.observer, c.delivery())
	p.settings.Logger.Info("Sending to CloudWatch Logs", zap.String("region", p.session.Region), zap.String("credentials", p.session.CredentialSource))
	return p.observer.start(host, p.engine.Stats)
}

func (p *pusher) newTranslator(ctx context.Context) (*translate.Translator, error) {
	bind := func(kind names.Kind, key, text string) (*names.Namer, error) {
		t, err := names.Parse(kind, key, text, hostfacts.Names())
		if err != nil {
			return nil, err
		}
		return t.Bind(names.Host{LookupEnv: os.LookupEnv, Fact: func(name string) string {
			value, err := hostfacts.Process().Fact(ctx, name)
			if err != nil {
				p.settings.Logger.Warn("A name has no value for a fact of this host; its place says undefined, or what stands after |", zap.String("key", key), zap.Error(err))
			}
			return value
		}}), nil
	}
	group, err := bind(names.Group, "log_group_name", p.config.LogGroupName)
	if err != nil {
		return nil, err
	}
	stream, err := bind(names.Stream, "log_stream_name", p.config.LogStreamName)
	if err != nil {
		return nil, err
	}
	return translate.New(translate.Options{
		Group: group, Stream: stream, Format: p.config.Format, Redirect: true,
		Entity: p.config.Entity && (p.config.LogGroupClass == "" || p.config.LogGroupClass == "STANDARD"), // other classes take none
	}), nil
}

// delivery are the engine's options.
func (c *Config) delivery() delivery.Options {
	o := delivery.Options{
		Policy:         cwlogs.Policy{TooLarge: c.TooLarge, TooOld: c.TooOld, TooNew: c.TooNew, MaxMessage: c.MaxEventSize, Suffix: c.TruncationSuffix},
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

// push delivers a batch, and returns what is left of it in the error.
func (p *pusher) push(ctx context.Context, r *logsRequest) error {
	b := p.translator.Translate(r.logs)
	p.observer.undefined(b.Undefined)
	p.turnstile.enter(r.number)
	d := p.engine.Begin(b.Parts)
	p.turnstile.leave(r.number)
	err := d.Wait(ctx)
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

// stop is called before the queue is drained, which would never end where Deliver retries for ever.
func (p *pusher) stop() {
	if p.engine != nil {
		p.engine.Stop()
	}
}

func (p *pusher) close() {
	if p.engine != nil {
		p.engine.Close()
	}
	if p.targets != nil {
		p.targets.Close()
	}
	if p.session != nil {
		p.session.Close()
	}
	p.observer.close()
}
