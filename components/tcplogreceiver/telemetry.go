package tcplogreceiver

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/tcplogreceiver/internal/metadata"
)

// Reasons of what was closed or left out.
const (
	reasonConnections = "connections"
	reasonInvalid     = "invalid"
	reasonMemory      = "memory"
	reasonRefused     = "refused"
	reasonTLS         = "tls"
	reasonTooLong     = "too_long"
)

// remedies say what an operator can do.
var remedies = map[string]string{
	reasonConnections: "find who opens so many connections, let a firewall or listen_address say who may, or raise limits::max_connections",
	reasonInvalid:     "set encoding to that of the senders",
	reasonMemory:      "find who sends so long lines, or raise limits::max_bytes",
	reasonRefused:     "see what the pipeline says; retry_on_failure::enabled makes senders wait for it",
	reasonTLS:         "connect with TLS and what tls asks for",
	reasonTooLong:     "end lines with a new line, or raise max_log_size",
}

// tellInterval is how often something of a kind is logged.
const tellInterval = time.Minute

// telemetry counts and tells what was closed or left out.
type telemetry struct {
	set   receiver.Settings
	input *input
	id    attribute.KeyValue

	mu      sync.Mutex
	builder *metadata.TelemetryBuilder // nil: not running
	told    map[string]time.Time
	counts  map[string]int
}

func newTelemetry(set receiver.Settings) *telemetry {
	return &telemetry{set: set, id: attribute.String("receiver", set.ID.String()), told: map[string]time.Time{}, counts: map[string]int{}}
}

// watch says whose memory and connections are measured.
func (t *telemetry) watch(i *input) { t.input = i }

func (t *telemetry) start() error {
	builder, err := metadata.NewTelemetryBuilder(t.set.TelemetrySettings)
	if err != nil {
		return err
	}
	gauge := func(of func() int64) metric.Int64Callback {
		return func(_ context.Context, to metric.Int64Observer) error {
			to.Observe(of(), metric.WithAttributes(t.id))
			return nil
		}
	}
	err = errors.Join(
		builder.RegisterTCPLogBytesCallback(gauge(func() int64 { return t.input.unfinished.size() + t.input.inFlight.size() })),
		builder.RegisterTCPLogConnectionsCallback(gauge(func() int64 { return int64(t.input.places.size()) })))
	if err != nil {
		builder.Shutdown()
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.builder = builder
	return nil
}

func (t *telemetry) close() {
	t.mu.Lock()
	builder := t.builder
	t.builder = nil
	t.mu.Unlock()
	if builder != nil {
		builder.Shutdown()
	}
}

func (t *telemetry) closed(reason string) {
	t.dropped(reason, 1, "Connections were closed")
}

func (t *telemetry) invalid(err error) {
	t.dropped(reasonInvalid, 1, "Lines were left out", zap.Error(err))
}

func (t *telemetry) lost(n int, err error) {
	t.dropped(reasonRefused, n, "Lines were lost: the pipeline did not take them", zap.Error(err))
}

func (t *telemetry) dropped(reason string, n int, text string, fields ...zap.Field) {
	now := time.Now()
	t.mu.Lock()
	if t.builder != nil {
		t.builder.TCPLogDropped.Add(context.Background(), int64(n), metric.WithAttributes(t.id, attribute.String("reason", reason)))
	}
	t.counts[reason] += n
	at, ok := t.told[reason]
	tell, count := !ok || now.Sub(at) >= tellInterval, t.counts[reason]
	if tell {
		t.told[reason], t.counts[reason] = now, 0
	}
	t.mu.Unlock()
	if tell {
		t.set.Logger.Warn(text, append(fields, zap.String("reason", reason), zap.Int("count", count), zap.String("remedy", remedies[reason]))...)
	}
}
