package statsdreceiver

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/statsdreceiver/internal/metadata"
)

// Reasons of what is left out.
const (
	reasonConnections = "connections"
	reasonFull        = "full"
	reasonInvalid     = "invalid"
	reasonRefused     = "refused"
	reasonTooLong     = "too_long"
)

// tellEvery is how often something of a kind is logged.
const tellEvery = time.Minute

// maxExample bounds what a line of the log has of a message, which anybody may have sent.
const maxExample = 200

// errFull is the status while there is no room.
var errFull = errors.New("limits::max_bytes is reached: new names and tags are left out; find who sends so many, or raise it and the memory of the collector")

// telemetry tells what became of messages.
type telemetry struct {
	logger           *zap.Logger
	host             component.Host
	builder          *metadata.TelemetryBuilder
	success, failure metric.MeasurementOption
	reasons          map[string]metric.MeasurementOption

	mu     sync.Mutex
	told   map[string]time.Time
	counts map[string]int
	isFull bool // in this interval
	status bool // that it is full
}

func newTelemetry(set receiver.Settings, r *statsd, host component.Host) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	id := attribute.String("receiver", set.ID.String())
	with := func(key, value string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(id, attribute.String(key, value)))
	}
	t := &telemetry{
		logger: set.Logger, host: host, builder: builder, told: map[string]time.Time{}, counts: map[string]int{},
		success: with("parse_success", "true"), failure: with("parse_success", "false"), reasons: map[string]metric.MeasurementOption{},
	}
	for _, reason := range []string{reasonConnections, reasonFull, reasonInvalid, reasonRefused, reasonTooLong} {
		t.reasons[reason] = with("reason", reason)
	}
	gauge := func(f func(*interval) int) metric.Int64Callback {
		return func(_ context.Context, to metric.Int64Observer) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			to.Observe(int64(f(r.now)), metric.WithAttributes(id))
			return nil
		}
	}
	err = errors.Join(
		builder.RegisterStatsdIntervalBytesCallback(gauge(func(i *interval) int { return i.bytes })),
		builder.RegisterStatsdSeriesCallback(gauge(func(i *interval) int { return len(i.order) })))
	if err != nil {
		builder.Shutdown()
		return nil, err
	}
	return t, nil
}

func (t *telemetry) close() { t.builder.Shutdown() }

func (t *telemetry) taken() {
	t.builder.ReceiverReceivedStatsdMetrics.Add(context.Background(), 1, t.success)
}

func (t *telemetry) invalid(line string, err error) {
	t.builder.ReceiverReceivedStatsdMetrics.Add(context.Background(), 1, t.failure)
	t.builder.StatsdDropped.Add(context.Background(), 1, t.reasons[reasonInvalid])
	t.tell(reasonInvalid, "Messages are not statsd, and were left out", 1, zap.String("example", example(line)), zap.String("error", example(err.Error())))
}

// full counts a message that there was no room for. It is the receiver's status, too, until an interval has room for all.
func (t *telemetry) full(name string) {
	t.builder.StatsdDropped.Add(context.Background(), 1, t.reasons[reasonFull])
	t.mu.Lock()
	first := !t.status
	t.isFull, t.status = true, true
	t.mu.Unlock()
	if first {
		componentstatus.ReportStatus(t.host, componentstatus.NewRecoverableErrorEvent(errFull))
	}
	t.tell(reasonFull, "Messages were left out: there is no room for their names and tags in this interval", 1, zap.String("example", example(name)),
		zap.String("remedy", "find who sends so many names and tags, or raise limits::max_bytes and the memory of the collector"))
}

// interval says that an interval is over.
func (t *telemetry) interval() {
	t.mu.Lock()
	well := t.status && !t.isFull
	t.isFull = false
	if well {
		t.status = false
	}
	t.mu.Unlock()
	if well {
		componentstatus.ReportStatus(t.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

func (t *telemetry) dropped(reason string) {
	t.builder.StatsdDropped.Add(context.Background(), 1, t.reasons[reason])
	t.tell(reason, "Connections were closed", 1, zap.String("reason", reason))
}

func (t *telemetry) lost(points int, err error) {
	t.builder.StatsdDropped.Add(context.Background(), int64(points), t.reasons[reasonRefused])
	t.tell(reasonRefused, "Data points of an interval were lost: the pipeline did not take them", points, zap.Error(err))
}

func (t *telemetry) tell(kind, text string, n int, fields ...zap.Field) {
	now := time.Now()
	t.mu.Lock()
	t.counts[kind] += n
	if at, ok := t.told[kind]; ok && now.Sub(at) < tellEvery {
		t.mu.Unlock()
		return
	}
	n = t.counts[kind]
	t.told[kind], t.counts[kind] = now, 0
	t.mu.Unlock()
	t.logger.Warn(text, append(fields, zap.Int("count", n))...)
}

func example(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxExample)], "\uFFFD")
}
