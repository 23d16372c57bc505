package sending

import (
	"context"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/delivery"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/groups"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/targets"
)

// Options are what the exporters do not have in common.
type Options struct {
	// Policy says what becomes of events that CloudWatch does not take as they are.
	Policy cwlogs.Policy
	// Upstream is the name of upstream's exporter whose keys are taken.
	Upstream string
	// Groups is a pattern of the names of the groups.
	Groups string
}

// Way is one exporter's way to CloudWatch Logs.
type Way struct {
	config    *Config
	options   Options
	settings  exporter.Settings
	observer  *Observer
	turnstile *turnstile
	last      atomic.Uint64 // the number of the last batch

	wish    *groups.Declared
	session *awsconfig.Session
	targets *targets.Targets
	engine  *delivery.Engine
}

// New makes the way of the exporter that set is of. Close must follow.
func New(set exporter.Settings, c *Config, o Options) (*Way, error) {
	observer, err := newObserver(set)
	if err != nil {
		return nil, err
	}
	return &Way{config: c, options: o, settings: set, observer: observer, turnstile: newTurnstile()}, nil
}

// Start looks for the way to AWS. It sends nothing.
func (w *Way) Start(ctx context.Context, host component.Host) (err error) {
	c, logger := w.config, w.settings.Logger
	agent := w.settings.BuildInfo.Command + "/" + w.settings.BuildInfo.Version
	c.warn(logger, w.options.Upstream)
	w.session, err = awsaccess.NewComponentSession(ctx, host, awsconfig.Config(c.AWS), awsconfig.Options{Logger: logger, UserAgent: agent})
	if err != nil {
		return err
	}
	sender, err := cwlogs.NewSender(ctx, w.session.Config, cwlogs.SenderOptions{
		Uncompressed: c.Compression == None, Level: c.CompressionLevel, UserAgent: agent,
	})
	if err != nil {
		return err
	}
	made := c.groups()
	made.Logger, made.RetentionFailed = logger, w.observer.retentionFailed
	if made.Asks() {
		var conflicts []string
		w.wish, conflicts = groups.Declare(c.wish(w.settings.ID.String(), w.options.Groups))
		for _, one := range conflicts {
			logger.Warn("Two exporters want different things of one log group", zap.String("conflict", one))
		}
		made.Claim = w.wish.Claim
	}
	w.targets = targets.New(cloudwatchlogs.NewFromConfig(w.session.Config), made)
	w.observer.written = w.targets.Written
	w.engine = delivery.New(sender, w.targets, w.observer, c.delivery(w.options.Policy))
	logger.Info("Sending to CloudWatch Logs", zap.String("region", w.session.Region), zap.String("credentials", w.session.CredentialSource))
	return w.observer.start(host, w.engine.Stats)
}

// Next is the number of a batch that begins: 1, 2 and so on.
func (w *Way) Next() uint64 { return w.last.Add(1) }

// Begin hands a batch to the engine when it is the turn of its number, or after MaxTurn. 0 is of no batch, and never
// waits.
func (w *Way) Begin(number uint64, parts []delivery.Part) *delivery.Delivery {
	w.turnstile.enter(number)
	defer w.turnstile.leave(number)
	return w.engine.Begin(parts)
}

// Observer is told what happens.
func (w *Way) Observer() *Observer { return w.observer }

// Stop is called before the queue is drained, which would never end where requests are retried for ever.
func (w *Way) Stop() {
	if w.engine != nil {
		w.engine.Stop()
	}
}

// Close is called when nothing is begun any more. It may be called where Start was not.
func (w *Way) Close() {
	if w.engine != nil {
		w.engine.Close()
	}
	if w.targets != nil {
		w.targets.Close()
	}
	if w.wish != nil {
		w.wish.Release()
	}
	if w.session != nil {
		w.session.Close()
	}
	w.observer.close()
}
