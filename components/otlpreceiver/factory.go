package otlpreceiver

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/otlpreceiver/internal/metadata"
)

// NewFactory makes the receiver's factory.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(metadata.Type, createDefaultConfig,
		receiver.WithLogs(func(_ context.Context, set receiver.Settings, c component.Config, next consumer.Logs) (receiver.Logs, error) {
			return receivers.join(set, c.(*Config), func(r *otlp) { r.logs = logsSignal(next) })
		}, metadata.LogsStability),
		receiver.WithMetrics(func(_ context.Context, set receiver.Settings, c component.Config, next consumer.Metrics) (receiver.Metrics, error) {
			return receivers.join(set, c.(*Config), func(r *otlp) { r.metrics = metricsSignal(next) })
		}, metadata.MetricsStability),
		receiver.WithTraces(func(_ context.Context, set receiver.Settings, c component.Config, next consumer.Traces) (receiver.Traces, error) {
			return receivers.join(set, c.(*Config), func(r *otlp) { r.traces = tracesSignal(next) })
		}, metadata.TracesStability))
}

// receivers are those that were made and not stopped, by their configuration: the collector makes one for each signal, and
// gives all of them the same.
var receivers = registry{all: map[*Config]*shared{}}

type registry struct {
	mu  sync.Mutex
	all map[*Config]*shared
}

// shared is a receiver, and its parts in pipelines. It starts when all parts have: each has a host to report its status to.
type shared struct {
	receiver *otlp
	parts    int
	hosts    []component.Host
	stop     sync.Once
	stopped  error
}

func (all *registry) join(set receiver.Settings, c *Config, add func(*otlp)) (*part, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	s := all.all[c]
	if s == nil {
		r, err := newReceiver(set, c)
		if err != nil {
			return nil, err
		}
		s = &shared{receiver: r}
		all.all[c] = s
	}
	add(s.receiver)
	s.parts++
	return &part{shared: s}, nil
}

// part is a receiver as a pipeline sees it.
type part struct{ shared *shared }

// Start implements component.Component.
func (p *part) Start(ctx context.Context, host component.Host) error {
	receivers.mu.Lock()
	s := p.shared
	s.hosts = append(s.hosts, host)
	last := len(s.hosts) == s.parts
	receivers.mu.Unlock()
	if !last {
		return nil
	}
	return s.receiver.start(ctx, s.hosts)
}

// Shutdown implements component.Component.
func (p *part) Shutdown(ctx context.Context) error {
	s := p.shared
	s.stop.Do(func() {
		receivers.mu.Lock()
		delete(receivers.all, s.receiver.config)
		receivers.mu.Unlock()
		s.stopped = s.receiver.shutdown(ctx)
	})
	return s.stopped
}
