package statsdreceiver

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver/protocol"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
)

// statsd is the receiver.
type statsd struct {
	config     *Config
	set        receiver.Settings
	next       consumer.Metrics
	report     *receiverhelper.ObsReport
	telemetry  *telemetry
	aggregator *aggregator
	server     *server
	stop       context.CancelFunc
	sending    sync.WaitGroup

	mu  sync.Mutex
	now *interval
}

func newReceiver(set receiver.Settings, c *Config, next consumer.Metrics) (*statsd, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{LongLivedCtx: true, ReceiverID: set.ID, ReceiverCreateSettings: set, Transport: string(c.NetAddr.Transport)})
	if err != nil {
		return nil, err
	}
	r := &statsd{config: c, set: set, next: next, report: report, aggregator: newAggregator(c)}
	r.now = r.aggregator.begin(nil, time.Now())
	return r, nil
}

// Start implements component.Component.
func (r *statsd) Start(ctx context.Context, host component.Host) error {
	var err error
	if r.telemetry, err = newTelemetry(r.set, r, host); err != nil {
		return err
	}
	if r.server, err = listen(ctx, r.config); err != nil {
		return errors.Join(err, r.Shutdown(ctx))
	}
	r.server.line, r.server.refused = r.line, r.telemetry.dropped
	running, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.now = r.aggregator.begin(nil, time.Now())
	r.server.serve(func(err error) { componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err)) })
	r.sending.Go(func() { r.send(running) })
	return nil
}

// Shutdown implements component.Component. What came since the last interval was sent is sent.
func (r *statsd) Shutdown(ctx context.Context) error {
	var err error
	if r.server != nil {
		err = r.server.close()
	}
	if r.stop != nil {
		r.stop()
		r.sending.Wait()
		r.flush(ctx)
	}
	if r.telemetry != nil {
		r.telemetry.close()
		r.telemetry = nil
	}
	r.server, r.stop = nil, nil
	return err
}

// line takes in a line.
func (r *statsd) line(text []byte, from net.Addr) {
	m, err := parse(string(text), r.config.EnableMetricType, r.config.EnableSimpleTags)
	if err != nil {
		r.telemetry.invalid(string(text), err)
		return
	}
	r.telemetry.taken()
	if method := r.aggregator.observerOf(m.kind).method; method == protocol.DisableObserver && m.kind != protocol.CounterTypeName && m.kind != protocol.GaugeTypeName {
		return
	}
	r.mu.Lock()
	ok := r.now.add(&m, from, time.Now())
	r.mu.Unlock()
	if !ok {
		r.telemetry.full(m.name)
	}
}

// send sends each interval when it is over, until the context ends. Where sending takes longer, the interval that follows is as
// much longer.
func (r *statsd) send(ctx context.Context) {
	ticker := time.NewTicker(r.config.AggregationInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.flush(ctx)
			r.telemetry.interval()
		}
	}
}

// flush begins a new interval and sends the last one.
func (r *statsd) flush(ctx context.Context) {
	now := time.Now()
	r.mu.Lock()
	over := r.now
	r.now = r.aggregator.begin(over, now)
	r.mu.Unlock()
	w := newWriter(r.config, r.set.BuildInfo.Version, over.began, now)
	senders := map[string][]*series{}
	for _, s := range over.order {
		sender := over.sender(s.from)
		senders[sender] = append(senders[sender], s)
	}
	over.series, over.order, over.before = nil, nil, nil
	percentiles := func(kind protocol.TypeName) []float64 { return r.aggregator.observerOf(kind).percentiles }
	for _, all := range senders {
		for len(all) > 0 {
			n := min(len(all), batchSize)
			md := w.metrics(all[:n], percentiles)
			ctx := r.report.StartMetricsOp(client.NewContext(ctx, client.Info{Addr: all[0].from}))
			clear(all[:n])
			all = all[n:]
			points := md.DataPointCount()
			err := r.next.ConsumeMetrics(ctx, md)
			r.report.EndMetricsOp(ctx, "statsd", points, err)
			if err != nil {
				r.telemetry.lost(points, err)
			}
		}
	}
}
