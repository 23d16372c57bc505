package otlpreceiver

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/otlpreceiver/internal/metadata"
)

// host takes reports of status.
type host struct {
	component.Host
	events chan *componentstatus.Event
}

func (h host) Report(e *componentstatus.Event) { h.events <- e }

type running struct {
	http, grpc string
	events     chan *componentstatus.Event
}

// run starts a receiver of logs and traces with a configuration.
func run(t *testing.T, next consumer.Logs, settings map[string]any) running {
	t.Helper()
	c := createDefaultConfig().(*Config)
	given := map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": "127.0.0.1:0"}, "grpc": map[string]any{"endpoint": "127.0.0.1:0"}}}
	conf := confmap.NewFromStringMap(given)
	require.NoError(t, conf.Merge(confmap.NewFromStringMap(settings)))
	require.NoError(t, conf.Unmarshal(c))
	require.NoError(t, c.Validate())
	set := receivertest.NewNopSettings(metadata.Type)
	logs, err := NewFactory().CreateLogs(t.Context(), set, c, next)
	require.NoError(t, err)
	traces, err := NewFactory().CreateTraces(t.Context(), set, c, consumertest.NewNop())
	require.NoError(t, err)
	h := extended{host{componenttest.NewNopHost(), make(chan *componentstatus.Event, 100)}}
	require.NoError(t, logs.Start(t.Context(), h))
	require.NoError(t, traces.Start(t.Context(), h))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		assert.NoError(t, traces.Shutdown(ctx))
		assert.NoError(t, logs.Shutdown(ctx))
	})
	r := running{events: h.events}
	for _, l := range logs.(*part).shared.receiver.limits() {
		if l.protocol == "grpc" {
			r.grpc = l.Addr().String()
		} else {
			r.http = "http://" + l.Addr().String() + "/v1/logs"
		}
	}
	return r
}

func post(t *testing.T, url, media, encoding string, body []byte) (int, http.Header) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	require.NoError(t, err)
	q.Header.Set("Content-Type", media)
	if encoding != "" {
		q.Header.Set("Content-Encoding", encoding)
	}
	answer, err := http.DefaultClient.Do(q)
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, answer.Body)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode, answer.Header
}

const media = "application/x-protobuf"

func packed(t testing.TB, encoding string, text []byte) []byte {
	var to bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&to)
	case "zlib", "deflate":
		w = zlib.NewWriter(&to)
	case "zstd":
		z, err := zstd.NewWriter(&to)
		require.NoError(t, err)
		w = z
	case "lz4":
		w = lz4.NewWriter(&to)
	case "x-snappy-framed":
		w = snappy.NewBufferedWriter(&to)
	case "snappy":
		return snappy.Encode(nil, text)
	default:
		return text
	}
	_, err := w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return to.Bytes()
}

func request(records int) plogotlp.ExportRequest {
	logs := plog.NewLogs()
	scope := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for i := range records {
		scope.LogRecords().AppendEmpty().Body().SetStr(fmt.Sprint("line ", i))
	}
	return plogotlp.NewExportRequestFromLogs(logs)
}

func TestRequestsArriveInEveryEncoding(t *testing.T) {
	sink := &consumertest.LogsSink{}
	r := run(t, sink, nil)
	asProto, err := request(10).MarshalProto()
	require.NoError(t, err)
	asJSON, err := request(10).MarshalJSON()
	require.NoError(t, err)
	for _, encoding := range encodings {
		for media, text := range map[string][]byte{media: asProto, "application/json; charset=utf-8": asJSON} {
			code, header := post(t, r.http, media, encoding, packed(t, encoding, text))
			assert.Equal(t, http.StatusOK, code, "%s of %s", encoding, media)
			assert.Contains(t, media, header.Get("Content-Type"))
		}
	}
	assert.Equal(t, 10*2*len(encodings), sink.LogRecordCount())
	code, _ := post(t, r.http, media, "br", asProto)
	assert.Equal(t, http.StatusBadRequest, code)
	code, _ = post(t, r.http, "text/plain", "", asProto)
	assert.Equal(t, http.StatusUnsupportedMediaType, code)
	code, _ = post(t, r.http, media, "", []byte{0x0a, 9})
	assert.Equal(t, http.StatusBadRequest, code)
}

func client(t *testing.T, address string, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	c, err := grpc.NewClient(address, append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// grpc-go's own client is served, with each of its compressions, with large messages, and beside each other.
func TestGRPCClientsAreServed(t *testing.T) {
	sink := &consumertest.LogsSink{}
	r := run(t, sink, nil)
	c := client(t, r.grpc)
	for _, encoding := range []string{"", "gzip", "snappy", "zstd"} {
		var options []grpc.CallOption
		if encoding != "" {
			options = append(options, grpc.UseCompressor(encoding))
		}
		for _, n := range []int{1, 20_000} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			_, err := plogotlp.NewGRPCClient(c).Export(ctx, request(n), options...)
			cancel()
			require.NoError(t, err, encoding)
		}
	}
	assert.Equal(t, 4*20_001, sink.LogRecordCount())
	spans := ptrace.NewTraces()
	spans.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("s")
	_, err := ptraceotlp.NewGRPCClient(c).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(spans))
	require.NoError(t, err)
	done := make(chan error, 50)
	for range cap(done) {
		go func() {
			_, err := plogotlp.NewGRPCClient(c).Export(t.Context(), request(100))
			done <- err
		}()
	}
	for range cap(done) {
		require.NoError(t, <-done)
	}
	err = c.Invoke(t.Context(), "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", &raw{}, &raw{}, grpc.ForceCodec(rawCodec{}))
	assert.Equal(t, codes.Unimplemented, status.Code(err), "there is no pipeline of metrics")
}

// raw are the bytes of a message.
type raw struct{ text []byte }

type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error)      { return v.(*raw).text, nil }
func (rawCodec) Unmarshal(text []byte, v any) error { v.(*raw).text = text; return nil }
func (rawCodec) Name() string                       { return "proto" }

func nested(body []byte, fields ...uint64) []byte {
	for i := len(fields) - 1; i >= 0; i-- {
		to := binary.AppendUvarint(nil, fields[i]<<3|2)
		body = append(binary.AppendUvarint(to, uint64(len(body))), body...)
	}
	return body
}

// empty is a message of logs with as many empty records as a body of so many bytes has.
func empty(size int) []byte { return nested(bytes.Repeat([]byte{0x12, 0}, size/2), 1, 2) }

// Requests that are small on the wire and large in memory are refused, by either protocol and in every encoding, and take
// less than what the receiver may have.
func TestBombsAreRefused(t *testing.T) {
	r := run(t, consumertest.NewNop(), map[string]any{"limits": map[string]any{"max_in_flight": 16 << 20}})
	var peak uint64
	measure := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
	}
	deep := []byte{}
	for range 10_000 {
		deep = nested(deep, 5, 1)
	}
	many := nested(append(nested(nested(bytes.Repeat([]byte("v"), 100_000), 1, 2, 1), 1), nested(bytes.Repeat([]byte{0x12, 0}, 10_000), 2)...), 1)
	runtime.GC()
	measure()
	before := peak
	bombs := map[string][]byte{"records": empty(3 << 20), "deep": nested(deep, 1, 2, 2, 5), "a resource in each": many, "19 MiB": empty(19 << 20)}
	for name, text := range bombs {
		for _, encoding := range encodings {
			code, _ := post(t, r.http, media, encoding, packed(t, encoding, text))
			want := http.StatusRequestEntityTooLarge
			if name == "deep" {
				want = http.StatusBadRequest
			}
			assert.Equal(t, want, code, "%s, %s", name, encoding)
			measure()
		}
		for _, encoding := range []string{"identity", "gzip", "snappy", "zstd"} {
			err := client(t, r.grpc).Invoke(t.Context(), "/opentelemetry.proto.collector.logs.v1.LogsService/Export", &raw{text}, &raw{}, grpc.ForceCodec(rawCodec{}), grpc.UseCompressor(encoding))
			want := codes.ResourceExhausted
			if name == "deep" {
				want = codes.InvalidArgument
			}
			assert.Equal(t, want, status.Code(err), "%s, %s: %v", name, encoding, err)
			measure()
		}
	}
	jsons := `{"resourceLogs":[{"scopeLogs":[{"logRecords":[` + strings.Repeat("{},", 1_000_000) + `{}]}]}]}`
	code, _ := post(t, r.http, "application/json", "gzip", packed(t, "gzip", []byte(jsons)))
	assert.Equal(t, http.StatusRequestEntityTooLarge, code)
	measure()
	code, _ = post(t, r.http, media, "zstd", []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x98, 0x01, 0x00, 0x00}) // a window of 512 MiB
	assert.Equal(t, http.StatusBadRequest, code)
	code, _ = post(t, r.http, media, "snappy", binary.AppendUvarint(nil, 1<<32-1)) // a block of 4 GiB
	assert.Equal(t, http.StatusRequestEntityTooLarge, code)
	code, _ = post(t, r.http, media, "gzip", bytes.Repeat(packed(t, "gzip", empty(1<<20)), 20)) // 20 members
	assert.Equal(t, http.StatusRequestEntityTooLarge, code)
	measure()
	t.Logf("the heap was %d, and %d at most, with what this test has", before, peak)
}

// What is beyond the memory of all is refused for now, with a time to wait; it is told as status; and then all is well.
func TestRequestsBeyondTheMemoryOfAllAreRefusedForNow(t *testing.T) {
	release, waiting := make(chan struct{}), make(chan struct{}, 100)
	next, err := consumer.NewLogs(func(context.Context, plog.Logs) error {
		waiting <- struct{}{}
		<-release
		return nil
	})
	require.NoError(t, err)
	r := run(t, next, map[string]any{"limits": map[string]any{"max_in_flight": 1 << 20}})
	body, err := request(900).MarshalProto()
	require.NoError(t, err)
	first := make(chan int, 1)
	go func() {
		code, _ := post(t, r.http, media, "", body)
		first <- code
	}()
	<-waiting
	code, header := post(t, r.http, media, "", body)
	assert.Equal(t, http.StatusServiceUnavailable, code)
	assert.Equal(t, "1", header.Get("Retry-After"))
	_, err = plogotlp.NewGRPCClient(client(t, r.grpc)).Export(t.Context(), request(900))
	assert.Equal(t, codes.Unavailable, status.Code(err))
	assert.Positive(t, retryDelay(status.Convert(err)))
	event := <-r.events
	assert.Equal(t, componentstatus.StatusRecoverableError, event.Status())
	close(release)
	assert.Equal(t, http.StatusOK, <-first)
	code, _ = post(t, r.http, media, "", body)
	assert.Equal(t, http.StatusOK, code)
}

func TestStatusIsWellAgainWhenNothingWasRefusedForAWhile(t *testing.T) {
	h := host{componenttest.NewNopHost(), make(chan *componentstatus.Event, 10)}
	o := &observer{hosts: []component.Host{h}}
	o.busy(errBusy)
	o.busy(errBusy)
	o.recover(time.Now())
	o.recover(time.Now().Add(quietFor))
	o.recover(time.Now().Add(2 * quietFor))
	require.Len(t, h.events, 2)
	assert.Equal(t, componentstatus.StatusRecoverableError, (<-h.events).Status())
	assert.Equal(t, componentstatus.StatusOK, (<-h.events).Status())
}

// A port that is taken is an error that says so, and nothing is left of the start.
func TestAStartThatFailsCanBeShutDown(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, protocol := range []string{"grpc", "http"} {
		c := createDefaultConfig().(*Config)
		given := map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": "127.0.0.1:0"}, "http": map[string]any{"endpoint": "127.0.0.1:0"}}}
		given["protocols"].(map[string]any)[protocol] = map[string]any{"endpoint": taken.Addr().String()}
		require.NoError(t, confmap.NewFromStringMap(given).Unmarshal(c))
		r, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), c, consumertest.NewNop())
		require.NoError(t, err)
		err = r.Start(t.Context(), componenttest.NewNopHost())
		require.ErrorContains(t, err, "protocols::"+protocol)
		require.ErrorContains(t, err, "address already in use")
		require.NoError(t, r.Shutdown(t.Context()))
		require.NoError(t, r.Shutdown(t.Context()))
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	r := run(t, consumertest.NewNop(), map[string]any{"limits": map[string]any{"max_connections": 3}})
	address := strings.TrimSuffix(strings.TrimPrefix(r.http, "http://"), "/v1/logs")
	open := func() net.Conn {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	var held []net.Conn
	for range 3 {
		c := open()
		_, err := c.Write([]byte("POST /v1/logs HTTP/1.1\r\n"))
		require.NoError(t, err)
		held = append(held, c)
	}
	_, err := open().Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "the fourth is closed at once")
	for _, c := range held {
		require.NoError(t, c.Close())
	}
	body, err := request(1).MarshalProto()
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		q, err := http.Post(r.http, media, bytes.NewReader(body))
		if err != nil {
			return false
		}
		return q.Body.Close() == nil && q.StatusCode == http.StatusOK
	}, 10*time.Second, 10*time.Millisecond)
}

func TestLongHeadersAreRefused(t *testing.T) {
	r := run(t, consumertest.NewNop(), nil)
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.http, http.NoBody)
	require.NoError(t, err)
	q.Header.Set("X-Long", strings.Repeat("x", 100_000))
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return // the connection was closed while it was being sent
	}
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, answer.StatusCode)
}

// A sender learns whether it is to send again.
func TestErrorsOfThePipelineSayWhetherToSendAgain(t *testing.T) {
	for _, test := range []struct {
		err  error
		http int
		grpc codes.Code
	}{
		{io.ErrClosedPipe, http.StatusServiceUnavailable, codes.Unavailable},
		{consumererror.NewPermanent(io.ErrClosedPipe), http.StatusInternalServerError, codes.Internal},
		{status.Error(codes.ResourceExhausted, "50% full\n"), http.StatusTooManyRequests, codes.ResourceExhausted},
	} {
		r := run(t, consumertest.NewErr(test.err), nil)
		body, err := request(1).MarshalProto()
		require.NoError(t, err)
		code, _ := post(t, r.http, media, "", body)
		assert.Equal(t, test.http, code)
		_, err = plogotlp.NewGRPCClient(client(t, r.grpc)).Export(t.Context(), request(1))
		assert.Equal(t, test.grpc, status.Code(err))
		assert.Contains(t, err.Error(), status.Convert(test.err).Message())
	}
}

func TestTimeoutsOfCalls(t *testing.T) {
	for text, want := range map[string]time.Duration{"1S": time.Second, "20m": 20 * time.Millisecond, "99999999H": maxTimeout, "5u": 5 * time.Microsecond} {
		got, err := grpcTimeout(text)
		require.NoError(t, err)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "S", "-1S", "1x", "123456789S"} {
		_, err := grpcTimeout(text)
		assert.Error(t, err, text)
	}
}

func TestMistakesInTheConfiguration(t *testing.T) {
	for text, settings := range map[string]map[string]any{
		"max_in_flight":    {"limits": map[string]any{"max_in_flight": 5}, "protocols": map[string]any{"http": nil}},
		"max_connections":  {"limits": map[string]any{"max_connections": 0}, "protocols": map[string]any{"http": nil}},
		"protocols":        {},
		"traces_url_path":  protocol("http", map[string]any{"traces_url_path": "/v1/{x"}),
		"logs_url_path":    protocol("http", map[string]any{"logs_url_path": "v1/traces"}),
		"metrics_url_path": protocol("http", map[string]any{"metrics_url_path": "/a b"}),
	} {
		c := createDefaultConfig().(*Config)
		require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(c))
		assert.ErrorContains(t, c.Validate(), text)
	}
	c := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(protocol("http", map[string]any{"logs_url_path": "/{tenant}/v1/logs"})).Unmarshal(c))
	assert.NoError(t, c.Validate())
}
