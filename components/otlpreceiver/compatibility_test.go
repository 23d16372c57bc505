package otlpreceiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func protocol(name string, settings map[string]any) map[string]any {
	return map[string]any{"protocols": map[string]any{name: settings}}
}

// Upstream reads a size of 0 and an empty list of encodings so.
func TestEmptySettingsMeanWhatTheyMeanUpstream(t *testing.T) {
	body, err := request(3).MarshalProto()
	require.NoError(t, err)
	for name, settings := range map[string]map[string]any{
		"no size":      {"max_request_body_size": 0},
		"no encodings": {"compression_algorithms": []any{}},
	} {
		sink := &consumertest.LogsSink{}
		r := run(t, sink, protocol("http", settings))
		code, _ := post(t, r.http, media, "", body)
		assert.Equal(t, http.StatusOK, code, name)
		assert.Equal(t, 3, sink.LogRecordCount(), name)
	}
}

// known authenticates those who send a token.
type known struct {
	component.StartFunc
	component.ShutdownFunc
}

func (known) Authenticate(ctx context.Context, sources map[string][]string) (context.Context, error) {
	switch token := sources["authorization"]; {
	case len(token) == 0 && len(sources["Authorization"]) > 0:
		return ctx, errors.New("this is HTTP")
	case len(token) == 0:
		return ctx, errors.New("no token, 100%")
	case token[0] == "Bearer right":
		return ctx, nil
	}
	return ctx, status.Error(codes.PermissionDenied, "not you")
}

type extended struct{ host }

var knownID = component.MustNewID("known")

func (extended) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{knownID: known{}}
}

// A client sees who refused it, and why, as it does with upstream's receiver.
func TestClientsWithoutAuthenticationAreToldSo(t *testing.T) {
	auth := map[string]any{"auth": map[string]any{"authenticator": "known"}}
	r := run(t, consumertest.NewNop(), map[string]any{"protocols": map[string]any{"grpc": auth, "http": auth}})
	export := func(token string) error {
		ctx := t.Context()
		if token != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", token)
		}
		_, err := plogotlp.NewGRPCClient(client(t, r.grpc)).Export(ctx, request(1))
		return err
	}
	require.NoError(t, export("Bearer right"))
	assert.Equal(t, status.Error(codes.PermissionDenied, "not you").Error(), export("Bearer wrong").Error())
	assert.Equal(t, status.Error(codes.Unauthenticated, "no token, 100%").Error(), export("").Error())

	body, err := request(1).MarshalProto()
	require.NoError(t, err)
	code, header := post(t, r.http, media, "", body)
	assert.Equal(t, http.StatusUnauthorized, code)
	assert.Equal(t, media, header.Get("Content-Type"))
}

// Each call beyond max_connection_age is answered, and the next one has another connection.
func TestOldConnectionsAreLeft(t *testing.T) {
	var senders sync.Map
	next, err := consumer.NewLogs(func(ctx context.Context, _ plog.Logs) error {
		senders.Store(ctx.Value(openedKey{}), true)
		return nil
	})
	require.NoError(t, err)
	r := run(t, next, protocol("grpc", map[string]any{"keepalive": map[string]any{"server_parameters": map[string]any{"max_connection_age": "1ns"}}}))
	c := plogotlp.NewGRPCClient(client(t, r.grpc))
	for range 3 {
		_, err := c.Export(t.Context(), request(1), grpc.WaitForReady(true))
		require.NoError(t, err)
	}
	count := 0
	senders.Range(func(any, any) bool { count++; return true })
	assert.Greater(t, count, 1)

	r = run(t, consumertest.NewNop(), protocol("grpc", map[string]any{"keepalive": map[string]any{"server_parameters": map[string]any{"max_connection_age": "1ms", "max_connection_age_grace": "1ms"}}}))
	idle, err := net.Dial("tcp", r.grpc)
	require.NoError(t, err)
	defer idle.Close()
	require.NoError(t, idle.SetReadDeadline(time.Now().Add(4*time.Second)))
	_, err = io.Copy(io.Discard, idle)
	require.NoError(t, err, "it is closed before anything else would close it")
}

func TestKeysWithoutEffectAreNamed(t *testing.T) {
	c := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(protocol("grpc", map[string]any{
		"read_buffer_size": 524288, "write_buffer_size": 1024, "keepalive": map[string]any{"enforcement_policy": map[string]any{"min_time": "10s"}},
	})).Unmarshal(c))
	core, logged := zapobserver.New(zap.WarnLevel)
	(&otlp{set: receiver.Settings{TelemetrySettings: component.TelemetrySettings{Logger: zap.New(core)}}}).tellUnused(c.Protocols.GRPC.Get())
	require.Equal(t, 1, logged.Len())
	assert.Equal(t, []any{"read_buffer_size", "write_buffer_size", "keepalive::enforcement_policy"}, logged.All()[0].ContextMap()["keys"])
	(&otlp{}).tellUnused(createDefaultConfig().(*Config).Protocols.GRPC.GetOrInsertDefault())
}

func TestMediaTypesOfGRPC(t *testing.T) {
	for media, want := range map[string]bool{
		"application/grpc": true, "application/grpc+proto": true, "application/grpc; charset=utf-8": true,
		"application/grpc-web": false, "application/grpc-web+proto": false, "application/json": false, "": false,
	} {
		assert.Equal(t, want, isGRPC(media), media)
	}
}

// Whoever may not send learns nothing else, and every answer has response_headers.
func TestEncodingsAreLookedAtAfterAuthentication(t *testing.T) {
	r := run(t, consumertest.NewNop(), protocol("http", map[string]any{"response_headers": map[string]any{"X-Mine": "yes"}}))
	code, header := post(t, r.http, media, "br", nil)
	assert.Equal(t, http.StatusBadRequest, code)
	assert.Equal(t, "yes", header.Get("X-Mine"))
	r = run(t, consumertest.NewNop(), protocol("http", map[string]any{"auth": map[string]any{"authenticator": "known"}}))
	code, _ = post(t, r.http, media, "br", nil)
	assert.Equal(t, http.StatusUnauthorized, code)
}

func TestTheDefaultLeavesMemoryToOthers(t *testing.T) {
	for memory, want := range map[int64]int64{math.MaxInt64: 128 << 20, 1 << 30: 128 << 20, 240 << 20: 60 << 20, 1 << 20: minInFlight} {
		assert.Equal(t, want, defaultMaxInFlight(memory))
	}
}

// What the batch processor of a collector sends by default, 8,192 of a kind, from a resource of Kubernetes. Upstream's receiver
// takes 20 MiB over HTTP, and other collectors drop what is refused for good.
func TestBatchesOfOtherCollectorsAreTaken(t *testing.T) {
	const count, ofResource = 8192, 25
	fill := func(to pcommon.Map, n int) {
		for i := range n {
			to.PutStr(fmt.Sprintf("attribute.name.%02d", i), fmt.Sprintf("a-usual-value-%08d", i))
		}
	}
	logs, spans, points := plog.NewLogs(), ptrace.NewTraces(), pmetric.NewMetrics()
	lines := logs.ResourceLogs().AppendEmpty()
	fill(lines.Resource().Attributes(), ofResource)
	records := lines.ScopeLogs().AppendEmpty().LogRecords()
	calls := spans.ResourceSpans().AppendEmpty()
	fill(calls.Resource().Attributes(), ofResource)
	all := calls.ScopeSpans().AppendEmpty().Spans()
	values := points.ResourceMetrics().AppendEmpty()
	fill(values.Resource().Attributes(), ofResource)
	histograms := values.ScopeMetrics().AppendEmpty().Metrics()
	for range count {
		record := records.AppendEmpty()
		record.Body().SetStr(strings.Repeat("a log line ", 95))
		fill(record.Attributes(), 5)
		span := all.AppendEmpty()
		span.SetName("GET /things")
		fill(span.Attributes(), 20)
		metric := histograms.AppendEmpty()
		metric.SetName("http.server.request.duration")
		point := metric.SetEmptyHistogram().DataPoints().AppendEmpty()
		point.BucketCounts().FromRaw(make([]uint64, 16))
		point.ExplicitBounds().FromRaw(make([]float64, 15))
		fill(point.Attributes(), 10)
	}
	for name, test := range map[string]struct {
		s *signal
		r interface{ MarshalProto() ([]byte, error) }
	}{
		"logs":    {logsSignal(nil), plogotlp.NewExportRequestFromLogs(logs)},
		"traces":  {tracesSignal(nil), ptraceotlp.NewExportRequestFromTraces(spans)},
		"metrics": {metricsSignal(nil), pmetricotlp.NewExportRequestFromMetrics(points)},
	} {
		body, err := test.r.MarshalProto()
		require.NoError(t, err)
		bytes, err := test.s.estimate(protobuf, body)
		require.NoError(t, err)
		t.Logf("%s: %d bytes count as %d", name, len(body), bytes)
		assert.Less(t, bytes, int64(maxDefaultInFlight), name)
		assert.Less(t, len(body), defaultMaxBody, name)
	}
}

// A key that upstream's receiver would follow is not in vain without a word.
func TestSizesBeyondTheMemoryAreNamed(t *testing.T) {
	for want, settings := range map[string]map[string]any{
		"protocols::grpc::max_recv_msg_size_mib": protocol("grpc", map[string]any{"max_recv_msg_size_mib": 64}),
		"protocols::http::max_request_body_size": protocol("http", map[string]any{"max_request_body_size": 100 << 20}),
		"":                                       {"protocols": map[string]any{"grpc": map[string]any{"max_recv_msg_size_mib": 16}, "http": nil}},
	} {
		c := createDefaultConfig().(*Config)
		require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(c))
		key, _ := c.beyondMemory()
		assert.Equal(t, want, key)
	}
}
