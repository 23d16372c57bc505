package statsdreceiver

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	upstream "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/statsdreceiver/internal/metadata"
)

func configured(t testing.TB, settings map[string]any) *Config {
	t.Helper()
	c := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(c))
	require.NoError(t, c.Validate())
	return c
}

// running is a receiver of ours that listens at a free address.
func running(t *testing.T, settings map[string]any, sink *consumertest.MetricsSink) *statsd {
	t.Helper()
	all := map[string]any{"endpoint": "127.0.0.1:0", "aggregation_interval": "1h"}
	for key, value := range settings {
		all[key] = value
	}
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), configured(t, all), sink)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, r.Shutdown(context.Background())) })
	return r
}

// told are metrics as text, without what depends on time, sorted.
func told(sink *consumertest.MetricsSink) []string {
	var all []string
	for _, md := range sink.AllMetrics() {
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					text := fmt.Sprintf("%s %s %s %v", sm.Scope().Name(), m.Name(), m.Unit(), m.Type())
					switch m.Type() {
					case pmetric.MetricTypeSum:
						text += fmt.Sprint(m.Sum().IsMonotonic(), m.Sum().AggregationTemporality())
						for _, p := range m.Sum().DataPoints().All() {
							text += fmt.Sprint(p.ValueType(), p.IntValue(), p.DoubleValue(), p.Attributes().AsRaw())
							if p.Timestamp().AsTime().Year() < 2020 {
								text += p.Timestamp().String()
							}
						}
					case pmetric.MetricTypeGauge:
						for _, p := range m.Gauge().DataPoints().All() {
							text += fmt.Sprint(p.DoubleValue(), p.Attributes().AsRaw())
						}
					case pmetric.MetricTypeExponentialHistogram:
						text += fmt.Sprint(m.ExponentialHistogram().AggregationTemporality())
						for _, p := range m.ExponentialHistogram().DataPoints().All() {
							text += fmt.Sprint(p.Count(), p.Sum(), p.Min(), p.Max(), p.Scale(), p.ZeroCount(), p.Positive().Offset(), p.Positive().BucketCounts().AsRaw(), p.Negative().Offset(), p.Negative().BucketCounts().AsRaw(), p.Attributes().AsRaw())
						}
					case pmetric.MetricTypeHistogram:
						text += fmt.Sprint(m.Histogram().AggregationTemporality())
						for _, p := range m.Histogram().DataPoints().All() {
							text += fmt.Sprint(p.Count(), p.Sum(), p.Min(), p.Max(), p.ExplicitBounds().AsRaw(), p.BucketCounts().AsRaw(), p.Attributes().AsRaw())
						}
					case pmetric.MetricTypeSummary:
						for _, p := range m.Summary().DataPoints().All() {
							text += fmt.Sprint(p.Count(), p.Sum(), p.Attributes().AsRaw())
							for _, q := range p.QuantileValues().All() {
								text += fmt.Sprint(" ", q.Quantile(), q.Value())
							}
						}
					}
					all = append(all, text)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

var messages = strings.Split(`hits:2|c|#env:prod
hits:2|c|#env:prod
hits:3|c|#env:test,zone:a
sampled:1|c|@0.1
float:1.7|c
neg:-3|c
temp:20|g
temp:+5|g
temp:-2|g
onlydelta:+5|g
time:10|ms|#env:prod
time:20|ms|#env:prod
time:400|ms|#env:prod
stime:100|ms|@0.5
hist:5|h
hist:-15|h
hist:0|h
dist:5|d|@0.25
users:alice|s
simple:1|c|#canary
emptyv:1|c|#k:
url:1|c|#url:http://h:80/x
twice:1|c|#a:1,b:2,a:3
empties:1|c|#,,a:1,
container:1|c|c:abc|#a:b
timed:1|c|T1500000000
timedbad:1|ms|T1500000000
influx,region=eu:1|c
multi:1|c:2|c
sp ace:1|c
garbage
:1|c
novalue:|c
x:y|c
nan:NaN|g
inf:inf|g
unknown:1|c|z
badrate:1|c|@x
bigrate:1|c|@5
hashes:1|c|#
same:1|c
same:1|g
same:1|ms`, "\n")

// The same messages become what upstream's receiver makes of them.
func TestMessagesBecomeWhatUpstreamMakesOfThem(t *testing.T) {
	mapping := func(observer string, more map[string]any) []any {
		var all []any
		for _, kind := range []string{"timing", "histogram", "distribution"} {
			one := map[string]any{"statsd_type": kind, "observer_type": observer}
			for key, value := range more {
				one[key] = value
			}
			all = append(all, one)
		}
		return all
	}
	for name, settings := range map[string]map[string]any{
		"defaults":                 {},
		"as migrate writes it":     {"ignore_host": true, "enable_metric_type": true, "enable_simple_tags": true, "timer_histogram_mapping": mapping("histogram", nil)},
		"gauges, floats":           {"counter_type": "float", "is_monotonic_counter": true, "timer_histogram_mapping": mapping("gauge", nil)},
		"summaries":                {"enable_ip_only_aggregation": true, "timer_histogram_mapping": mapping("summary", nil)},
		"summaries of percentiles": {"timer_histogram_mapping": mapping("summary", map[string]any{"summary": map[string]any{"percentiles": []any{0, 50, 99.9, 100}}})},
		// Of timings upstream takes no explicit buckets.
		"explicit buckets": {"timer_histogram_mapping": mapping("histogram", map[string]any{"histogram": map[string]any{"explicit_buckets": []any{map[string]any{"matcher_pattern": "^(hist|dist)$", "buckets": []any{1, 10, 100}}}}})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen [2][]string
			for range 5 { // an interval may end between two messages
				for i, factory := range []receiver.Factory{upstream.NewFactory(), NewFactory()} {
					seen[i] = made(t, factory, settings)
				}
				if slices.Equal(seen[0], seen[1]) {
					break
				}
			}
			assert.Equal(t, seen[0], seen[1])
			assert.NotEmpty(t, seen[1])
		})
	}
}

// made is what a receiver makes of the messages.
func made(t *testing.T, factory receiver.Factory, settings map[string]any) []string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	all := confmap.NewFromStringMap(map[string]any{"endpoint": socket, "transport": "unixgram", "aggregation_interval": "300ms"})
	require.NoError(t, all.Merge(confmap.NewFromStringMap(settings)))
	c := factory.CreateDefaultConfig()
	require.NoError(t, all.Unmarshal(c))
	sink := &consumertest.MetricsSink{}
	r, err := factory.CreateMetrics(t.Context(), receivertest.NewNopSettings(factory.Type()), c, sink)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	conn, err := net.Dial("unixgram", socket)
	require.NoError(t, err)
	_, err = conn.Write([]byte(strings.Join(messages, "\n") + "\n\n"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return sink.DataPointCount() > 0 }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, conn.Close())
	require.NoError(t, r.Shutdown(context.Background()))
	return told(sink)
}

// What is kept of an interval stays within its bound, and is within what the heap and the metrics made of it take.
func TestTheMemoryOfAnIntervalIsEstimated(t *testing.T) {
	for name, line := range map[string]string{
		"counters":   "requests.%d:1|c|#user:%d",
		"gauges":     "requests.%d:1|g|#user:%d,host:a,zone:eu-central-1a",
		"histograms": "requests.%d:1|h|#user:%d",
	} {
		t.Run(name, func(t *testing.T) {
			c := configured(t, map[string]any{"ignore_host": true, "timer_histogram_mapping": []any{map[string]any{"statsd_type": "histogram", "observer_type": "histogram"}}})
			a := newAggregator(c)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			i := a.begin(nil, time.Now())
			added := 0
			for n := range 100_000 {
				m, err := parse(fmt.Sprintf(line, n, n), false, false)
				require.NoError(t, err)
				if !i.add(&m, nil, time.Now()) {
					break
				}
				added++
			}
			md := newWriter(c, "", time.Now(), time.Now()).metrics(i.order, nil)
			runtime.GC()
			runtime.ReadMemStats(&after)
			took := int(after.HeapAlloc) - int(before.HeapAlloc)
			assert.LessOrEqual(t, i.bytes, c.Limits.MaxBytes/2)
			assert.GreaterOrEqual(t, i.bytes, took)
			assert.Less(t, i.bytes, 3*took)
			t.Logf("%d series, estimated %d, taken %d", added, i.bytes, took)
			runtime.KeepAlive(i)
			runtime.KeepAlive(md)
		})
	}
}

// A flood of ever new names leaves out what is new in it, and not what came before.
func TestAFloodLeavesKnownSeriesAlone(t *testing.T) {
	for _, kind := range []string{"c", "h", "ms"} {
		sink := &consumertest.MetricsSink{}
		r := running(t, map[string]any{"ignore_host": true, "limits": map[string]any{"max_bytes": 256 << 10}}, sink)
		known := func() int {
			ok := 0
			for n := range 20 {
				m, err := parse(fmt.Sprintf("known.%d:1|c", n), false, false)
				require.NoError(t, err)
				if r.now.add(&m, nil, time.Now()) {
					ok++
				}
			}
			return ok
		}
		require.Equal(t, 20, known())
		for round := range 5 {
			r.flush(t.Context())
			left := 0
			for n := range 2000 {
				m, err := parse(fmt.Sprintf("flood.%d.%d:1|%s", round*n, n, kind), false, false)
				require.NoError(t, err)
				if !r.now.add(&m, nil, time.Now()) {
					left++
				}
			}
			assert.Positive(t, left)
			assert.LessOrEqual(t, r.now.bytes, 256<<10)
			assert.Equal(t, 20, known(), "round %d", round)
		}
	}
}

// host takes reports of status.
type host struct {
	component.Host
	events chan componentstatus.Status
}

func (h host) Report(e *componentstatus.Event) { h.events <- e.Status() }

func TestAFullIntervalIsToldAsStatusUntilOneIsNot(t *testing.T) {
	h := host{componenttest.NewNopHost(), make(chan componentstatus.Status, 10)}
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), configured(t, map[string]any{"endpoint": "127.0.0.1:0", "limits": map[string]any{"max_bytes": minBytes}}), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), h))
	defer func() { require.NoError(t, r.Shutdown(context.Background())) }()
	for n := range 1000 {
		r.line(fmt.Appendf(nil, "m%d:1|c", n), nil)
	}
	r.telemetry.interval()
	r.telemetry.interval()
	r.telemetry.interval()
	require.Len(t, h.events, 2)
	assert.Equal(t, componentstatus.StatusRecoverableError, <-h.events)
	assert.Equal(t, componentstatus.StatusOK, <-h.events)
}

// By TCP lines and connections have a bound, and what came is sent at the end.
func TestConnectionsAndTheirLinesAreBounded(t *testing.T) {
	sink := &consumertest.MetricsSink{}
	r := running(t, map[string]any{"transport": "tcp", "limits": map[string]any{"max_connections": 2}}, sink)
	open := func() net.Conn {
		c, err := net.Dial("tcp", r.server.listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	first, second := open(), open()
	_, err := first.Write([]byte("a:1|c\r\nb:2"))
	require.NoError(t, err)
	_, err = second.Write([]byte("c:1|c\n"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.now.order) == 2 }, 10*time.Second, time.Millisecond)
	_, err = open().Read(make([]byte, 1))
	require.Error(t, err, "the third is closed at once")
	_, err = first.Write([]byte("|c\n"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.now.order) == 3 }, 10*time.Second, time.Millisecond)
	_, _ = second.Write([]byte(strings.Repeat("x", 2*maxLine)))
	_, err = second.Read(make([]byte, 1))
	require.Error(t, err, "a line without an end")
	require.NoError(t, r.Shutdown(context.Background()))
	assert.Equal(t, 3, sink.DataPointCount())
}

func TestAStartThatFailsCanBeShutDown(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), configured(t, map[string]any{"transport": "tcp", "endpoint": taken.Addr().String()}), consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), "address already in use")
	require.NoError(t, r.Shutdown(t.Context()))
}

// The endpoints that upstream documents. An empty one would listen at any port of all addresses.
func TestEndpointsThatAreLeftOut(t *testing.T) {
	for _, test := range []struct {
		settings            map[string]any
		transport, endpoint string
	}{
		{nil, "udp", "localhost:8125"},
		{map[string]any{"endpoint": ""}, "udp", "localhost:8125"},
		{map[string]any{"endpoint": "", "transport": "tcp"}, "tcp", "localhost:8125"},
		{map[string]any{"transport": "unixgram"}, "unixgram", "/var/run/statsd-receiver.sock"},
		{map[string]any{"transport": "unixgram", "endpoint": "/run/s.sock"}, "unixgram", "/run/s.sock"},
		{map[string]any{"endpoint": "0.0.0.0:9"}, "udp", "0.0.0.0:9"},
	} {
		transport, endpoint := address(configured(t, test.settings))
		assert.Equal(t, []string{test.transport, test.endpoint}, []string{transport, endpoint}, test.settings)
	}
}

// As upstream has it.
func TestTheLastSamplingRateCounts(t *testing.T) {
	for line, want := range map[string]float64{"a:1|c|@0.1": 10, "a:1|c|@0.1|@0.5": 2, "a:1|c|@0.1|@1": 1, "a:1|c|@-1": 1} {
		m, err := parse(line, false, false)
		require.NoError(t, err)
		assert.InDelta(t, want, m.count, 1e-9, line)
	}
}

func TestExtremeValuesAreRefusedOrKept(t *testing.T) {
	for _, line := range []string{"a:1e400|c", "a:1|c|@1e-300", "a:1|g|T99999999999999999999", "a:|g", "|", ":", "a:1|"} {
		_, err := parse(line, true, true)
		assert.Error(t, err, line)
	}
	assert.Equal(t, int64(1<<63-1), integer(1e300))
	assert.Equal(t, int64(-1<<63), integer(-1e300))
}

func FuzzMessage(f *testing.F) {
	for _, line := range messages {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		m, err := parse(line, true, true)
		if err == nil && (m.name == "" || m.count < 1) {
			t.Fatal(m)
		}
	})
}
