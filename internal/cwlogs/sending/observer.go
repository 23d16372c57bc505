package sending

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/delivery"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/sending/internal/metadata"
)

// logEvery is how often something is logged that happens again and again.
const logEvery = time.Minute

// maxToldAtOnce is how many refused targets are told one by one, before they are told together, once in logEvery.
const maxToldAtOnce = 20

// Observer turns what the engine tells into metrics, logs and the component's status.
type Observer struct {
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	exporter  attribute.KeyValue // tells the exporters of one process apart
	only      metric.MeasurementOption
	host      component.Host
	written   func(group string) // is called when a group has taken events; nil: nobody asks
	refused   *rate.Limiter      // of refused targets that are told one by one

	mu      sync.Mutex
	logs    map[string]*occasions
	blocked map[cwlogs.Target]error
}

// occasions are those of one kind of log line.
type occasions struct {
	limit  *rate.Limiter
	events int // since the last line
}

var _ delivery.Observer = (*Observer)(nil)

func newObserver(set exporter.Settings) (*Observer, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	exporter := attribute.String("exporter", set.ID.String())
	return &Observer{
		logger: set.Logger, telemetry: telemetry, exporter: exporter, only: metric.WithAttributeSet(attribute.NewSet(exporter)),
		refused: rate.NewLimiter(rate.Every(logEvery), maxToldAtOnce),
		logs:    map[string]*occasions{}, blocked: map[cwlogs.Target]error{},
	}, nil
}

func (o *Observer) start(host component.Host, stats func() delivery.Stats) error {
	o.host = host
	t := o.telemetry
	whole := func(f func(delivery.Stats) int) metric.Int64Callback {
		return func(_ context.Context, to metric.Int64Observer) error {
			to.Observe(int64(f(stats())), o.only)
			return nil
		}
	}
	return errors.Join(
		t.RegisterCloudwatchLogsLimitCallback(whole(func(s delivery.Stats) int { return s.Limit })),
		t.RegisterCloudwatchLogsInFlightCallback(whole(func(s delivery.Stats) int { return s.InFlight })),
		t.RegisterCloudwatchLogsPendingEventsCallback(whole(func(s delivery.Stats) int { return s.Pending })),
		t.RegisterCloudwatchLogsPendingSizeCallback(whole(func(s delivery.Stats) int { return s.PendingBytes })),
		t.RegisterCloudwatchLogsBlockedTargetsCallback(whole(func(delivery.Stats) int {
			o.mu.Lock()
			defer o.mu.Unlock()
			return len(o.blocked)
		})),
		t.RegisterCloudwatchLogsOldestAgeCallback(func(_ context.Context, to metric.Float64Observer) error {
			age := 0.0
			if oldest := stats().Oldest; !oldest.IsZero() {
				age = time.Since(oldest).Seconds()
			}
			to.Observe(age, o.only)
			return nil
		}),
	)
}

func (o *Observer) close() { o.telemetry.Shutdown() }

// Seldom tells whether something of this kind may be logged now, and how many events there were since.
func (o *Observer) Seldom(kind string, events int) (int, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.logs[kind]
	if l == nil {
		l = &occasions{limit: rate.NewLimiter(rate.Every(logEvery), 1)}
		o.logs[kind] = l
	}
	l.events += events
	if !l.limit.Allow() {
		return 0, false
	}
	events, l.events = l.events, 0
	return events, true
}

// Sent implements delivery.Observer.
func (o *Observer) Sent(s delivery.Sent) {
	ctx, t := context.Background(), o.telemetry
	t.CloudwatchLogsEvents.Add(ctx, int64(s.Events), o.only)
	t.CloudwatchLogsPayload.Add(ctx, int64(s.Raw), o.only)
	t.CloudwatchLogsWire.Add(ctx, int64(s.Wire), o.only)
	t.CloudwatchLogsRequestFill.Record(ctx, float64(s.Messages)/cwlogs.MaxBatchBytes, o.only)
	t.CloudwatchLogsRequestDuration.Record(ctx, s.Took.Seconds(), o.only)
	t.CloudwatchLogsRequests.Add(ctx, 1, o.with("result", "ok"))
	if o.written != nil {
		o.written(s.Target.Group)
	}
}

// Failed implements delivery.Observer.
func (o *Observer) Failed(t cwlogs.Target, e *cwlogs.Error) {
	ctx := context.Background()
	o.telemetry.CloudwatchLogsRequests.Add(ctx, 1, o.with("result", string(e.Class)))
	if e.Unanswered {
		o.telemetry.CloudwatchLogsUnansweredRequests.Add(ctx, 1, o.only)
	}
	if e.Class == cwlogs.Missing || e.Class == cwlogs.Denied || e.Class == cwlogs.Invalid {
		return // it is made, or told otherwise
	}
	if n, ok := o.Seldom(string(e.Class), 1); ok {
		o.logger.Warn("CloudWatch Logs did not take a request; it is sent again", zap.Error(e), zap.String("class", string(e.Class)),
			zap.String("group", t.Group), zap.String("stream", t.Stream), zap.Int("requests", n))
	}
}

// changes are the reasons of events that arrive, though not as they were.
var changes = map[cwlogs.Reason]bool{cwlogs.Truncated: true, cwlogs.Divided: true, cwlogs.ClampedOld: true, cwlogs.ClampedNew: true, cwlogs.WithoutMetrics: true}

// Dropped implements delivery.Observer.
func (o *Observer) Dropped(t cwlogs.Target, reason cwlogs.Reason, events int, sample *cwlogs.Event) {
	counter, text := o.telemetry.CloudwatchLogsDroppedEvents, "Log events were dropped"
	if changes[reason] {
		counter, text = o.telemetry.CloudwatchLogsChangedEvents, "Log events were changed"
	}
	counter.Add(context.Background(), int64(events), o.with("reason", string(reason)))
	if reason == cwlogs.Empty || reason == cwlogs.WithoutMetrics {
		return // it is no news
	}
	if n, ok := o.Seldom("dropped "+string(reason), events); ok {
		fields := []zap.Field{zap.String("reason", string(reason)), zap.Int("events", n), zap.String("group", t.Group), zap.String("stream", t.Stream)}
		o.logger.Warn(text, append(fields, explain(reason, sample, time.Now())...)...)
	}
}

// Diverted implements delivery.Observer. A target is told once, while it is known that it takes nothing.
func (o *Observer) Diverted(from, to cwlogs.Target, events int, e *cwlogs.Error, first bool) {
	o.elsewhere(admission.Refused, events)
	if !first {
		return
	}
	targets := 1
	if !o.refused.Allow() { // somebody names many
		n, ok := o.Seldom("refused", 1)
		if !ok {
			return
		}
		targets = n
	}
	o.logger.Warn("CloudWatch Logs does not take events for a target that they name themselves; they go where the configuration says",
		zap.String("group", from.Group), zap.String("stream", from.Stream), zap.String("to_group", to.Group), zap.String("to_stream", to.Stream),
		zap.Int("targets", targets), zap.Error(e))
}

// Elsewhere is told how many events do not go where their contents ask, and one of the targets that were asked for.
func (o *Observer) Elsewhere(reason admission.Reason, asked cwlogs.Target, events int) {
	o.elsewhere(reason, events)
	if n, ok := o.Seldom("elsewhere "+string(reason), events); ok {
		o.logger.Warn("Events do not go to the targets that their contents name, but where the configuration says",
			zap.String("reason", string(reason)), zap.Int("events", n), zap.String("group", clip(asked.Group)), zap.String("stream", clip(asked.Stream)),
			zap.String("remedy", asides[reason]))
	}
}

func (o *Observer) elsewhere(reason admission.Reason, events int) {
	o.telemetry.CloudwatchLogsDivertedEvents.Add(context.Background(), int64(events), o.with("reason", string(reason)))
}

// asides are what somebody can do about events that go elsewhere.
var asides = map[admission.Reason]string{
	admission.NotAllowed: "where it is right that they name it, add it to redirect::groups, allowed_groups or allowed_streams",
	admission.TooMany:    "look for what makes so many; where it is right, raise max_targets",
}

// clip shortens a name for the log.
func clip(name string) string {
	const most = 128
	if len(name) > most {
		return strings.ToValidUTF8(name[:most], "") + "…"
	}
	return name
}

// EntityRejected implements delivery.Observer.
func (o *Observer) EntityRejected(t cwlogs.Target, errorType string) {
	o.telemetry.CloudwatchLogsRejectedEntities.Add(context.Background(), 1, o.with("error", errorType))
	if n, ok := o.Seldom("entity", 1); ok {
		o.logger.Warn("CloudWatch Logs took the events and not their entity", zap.String("error", errorType), zap.Int("requests", n), zap.String("group", t.Group))
	}
}

// Blocked implements delivery.Observer.
func (o *Observer) Blocked(t cwlogs.Target, e *cwlogs.Error) {
	err := fmt.Errorf("log stream %q of group %q: %w; %s", t.Stream, t.Group, e, remedy(e))
	o.mu.Lock()
	o.blocked[t] = err
	o.mu.Unlock()
	o.logger.Error("A log stream cannot be written to; others go on", zap.Error(err))
	o.report(err)
}

// remedy is what somebody can do about an error.
func remedy(e *cwlogs.Error) string {
	switch e.Class {
	case cwlogs.Missing:
		return "it is tried again"
	case cwlogs.Invalid:
		return "the settings of new groups, such as kms_key_id and tags, are not accepted"
	}
	return "allow logs:PutLogEvents, logs:CreateLogStream and logs:CreateLogGroup for it"
}

// Unblocked implements delivery.Observer.
func (o *Observer) Unblocked(t cwlogs.Target) {
	o.mu.Lock()
	delete(o.blocked, t)
	var left error
	for _, err := range o.blocked {
		left = err
		break
	}
	o.mu.Unlock()
	o.logger.Info("A log stream can be written to again", zap.String("group", t.Group), zap.String("stream", t.Stream))
	o.report(left)
}

// report says the component's status: nil is well.
func (o *Observer) report(err error) {
	event := componentstatus.NewEvent(componentstatus.StatusOK)
	if err != nil {
		event = componentstatus.NewRecoverableErrorEvent(err)
	}
	componentstatus.ReportStatus(o.host, event)
}

func (o *Observer) retentionFailed(group string, err error) {
	o.report(fmt.Errorf("the retention of log group %q was not set, so that it stays as it is: %w; allow logs:PutRetentionPolicy, and set it once by hand", group, err))
}

// Undefined is told how many records of a batch have a name in which something had no value.
func (o *Observer) Undefined(records int) {
	if records == 0 {
		return
	}
	o.telemetry.CloudwatchLogsUndefinedNames.Add(context.Background(), int64(records), o.only)
	if n, ok := o.Seldom("undefined", records); ok {
		o.logger.Warn(`Records have no value for something in log_group_name or log_stream_name; a source after | stands in for it, as in {resource:service.name|"other"}`, zap.Int("records", n))
	}
}

// with are the attributes of a metric that has one beside the exporter.
func (o *Observer) with(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(o.exporter, attribute.String(key, value)))
}
