package otlpreceiver

import (
	"context"
	"errors"
	"log"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/otlpreceiver/internal/metadata"
)

// Reasons of refusals.
const (
	reasonBusy       = "busy"
	reasonCalls      = "calls"
	reasonTooLarge   = "too_large"
	reasonTooDeep    = "too_deep"
	reasonIncomplete = "incomplete"
	reasonInvalid    = "invalid"
)

const (
	// tellEvery is how often refusals of a kind are logged.
	tellEvery = time.Minute
	// quietFor is how long nothing must have been refused for now, until the receiver's status is well again.
	quietFor = 30 * time.Second
	// statusEvery is how often the status is looked at.
	statusEvery = 5 * time.Second
)

var remedies = map[string]string{
	reasonBusy:     "senders keep what is refused and send it again; if this goes on, find who sends so much, or raise limits::max_in_flight and the memory of the collector",
	reasonCalls:    "find who makes so many calls at once, or raise limits::max_in_flight and the memory of the collector",
	reasonTooLarge: "let the sender make smaller batches, or raise limits::max_in_flight, max_request_body_size and max_recv_msg_size_mib",
}

// observer tells what was refused, in telemetry, in the log and as status.
type observer struct {
	id        component.ID
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	receiver  attribute.KeyValue

	mu      sync.Mutex
	told    map[string]*occasion
	busyAt  time.Time
	isBusy  bool
	hosts   []component.Host
	stop    chan struct{}
	closing sync.Once
	stopped sync.WaitGroup
}

type occasion struct {
	at    time.Time
	count int
}

func newObserver(set receiver.Settings, r *otlp) (*observer, error) {
	t, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	o := &observer{
		id: set.ID, logger: set.Logger, telemetry: t, receiver: attribute.String("receiver", set.ID.String()),
		told: map[string]*occasion{}, stop: make(chan struct{}),
	}
	err = errors.Join(
		t.RegisterOtlpInFlightCallback(func(_ context.Context, to metric.Int64Observer) error {
			to.Observe(r.admission.used.Load(), o.with())
			return nil
		}),
		t.RegisterOtlpConnectionsCallback(func(_ context.Context, to metric.Int64Observer) error {
			for _, l := range r.limits() {
				to.Observe(l.open.Load(), o.with(attribute.String("protocol", l.protocol)))
			}
			return nil
		}))
	if err != nil {
		t.Shutdown()
		return nil, err
	}
	return o, nil
}

func (o *observer) with(attributes ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(attributes, o.receiver)...))
}

// start watches the status, for the instances of the receiver in each pipeline.
func (o *observer) start(hosts []component.Host) {
	o.hosts = hosts
	o.stopped.Go(func() {
		ticker := time.NewTicker(statusEvery)
		defer ticker.Stop()
		for {
			select {
			case <-o.stop:
				return
			case <-ticker.C:
				o.recover(time.Now())
			}
		}
	})
}

// close ends what runs beside the receiver. It may be called again.
func (o *observer) close() {
	o.closing.Do(func() {
		close(o.stop)
		o.stopped.Wait()
		o.telemetry.Shutdown()
	})
}

// refused counts a request, and tells of the first of a kind and then seldom.
func (o *observer) refused(reason string, err error) {
	o.telemetry.OtlpRefusedRequests.Add(context.Background(), 1, o.with(attribute.String("reason", reason)))
	if reason == reasonBusy {
		o.busy(err)
	}
	o.tell(reason, "OTLP requests were refused", zap.String("reason", reason), zap.NamedError("example", err))
}

func (o *observer) refusedConnection(protocol string, limit int) {
	o.telemetry.OtlpRefusedConnections.Add(context.Background(), 1, o.with(attribute.String("protocol", protocol)))
	o.tell("connections "+protocol, "OTLP connections were closed: there are as many as limits::max_connections",
		zap.String("protocol", protocol), zap.Int("max_connections", limit))
}

func (o *observer) refusedCalls(limit int) {
	o.telemetry.OtlpRefusedRequests.Add(context.Background(), 1, o.with(attribute.String("reason", reasonCalls)))
	o.tell(reasonCalls, "OTLP connections were closed: they had most of the calls, of which there were too many", zap.Int("calls", limit))
}

func (o *observer) tell(kind, text string, fields ...zap.Field) {
	now := time.Now()
	o.mu.Lock()
	at := o.told[kind]
	if at == nil {
		at = &occasion{}
		o.told[kind] = at
	}
	at.count++
	if !at.at.IsZero() && now.Sub(at.at) < tellEvery {
		o.mu.Unlock()
		return
	}
	count := at.count
	at.at, at.count = now, 0
	o.mu.Unlock()
	if remedy := remedies[kind]; remedy != "" {
		fields = append(fields, zap.String("remedy", remedy))
	}
	o.logger.Warn(text, append(fields, zap.Int("count", count))...)
}

func (o *observer) busy(err error) {
	o.mu.Lock()
	first := !o.isBusy
	o.isBusy, o.busyAt = true, time.Now()
	o.mu.Unlock()
	if first {
		o.report(componentstatus.NewRecoverableErrorEvent(err))
	}
}

func (o *observer) recover(now time.Time) {
	o.mu.Lock()
	well := o.isBusy && now.Sub(o.busyAt) >= quietFor
	if well {
		o.isBusy = false
	}
	o.mu.Unlock()
	if well {
		o.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

func (o *observer) report(event *componentstatus.Event) {
	for _, host := range o.hosts {
		componentstatus.ReportStatus(host, event)
	}
}

// serverLog is where net/http says what went wrong with a connection, which anybody who connects may cause.
func (o *observer) serverLog() *log.Logger {
	return log.New(writerFunc(func(text []byte) (int, error) {
		o.tell("connection", "A connection of a sender failed", zap.String("example", strings.TrimSpace(string(text))))
		return len(text), nil
	}), "", 0)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(text []byte) (int, error) { return f(text) }
