package otlpreceiver

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// attack opens a connection of HTTP/2 and begins n calls on it. window is what the client takes of answers.
func attack(t *testing.T, address string, n int, window uint32, ends bool) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	var out, block bytes.Buffer
	out.WriteString(http2.ClientPreface)
	f := http2.NewFramer(&out, nil)
	require.NoError(t, f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}))
	e := hpack.NewEncoder(&block)
	for i := range n {
		block.Reset()
		for _, h := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":path", "/opentelemetry.proto.collector.logs.v1.LogsService/Export"}, {":authority", "x"}, {"content-type", "application/grpc"}, {"te", "trailers"}} {
			require.NoError(t, e.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]}))
		}
		id := uint32(2*i + 1)
		require.NoError(t, f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true}))
		if ends { // an empty request, which is answered with a message
			require.NoError(t, f.WriteData(id, true, make([]byte, prefixSize)))
		}
	}
	_ = c.SetWriteDeadline(time.Now().Add(5 * time.Second))
	_, _ = c.Write(out.Bytes()) // refused, where it is closed already
	return c
}

// Calls of HTTP/2 that never go on are bounded in total, whether they wait for the client's data or for the client to read.
func TestCallsOfAllConnectionsAreBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		window uint32
		ends   bool
	}{"without a body": {1 << 16, false}, "without a reader of answers": {0, true}} {
		t.Run(name, func(t *testing.T) {
			r := run(t, consumertest.NewNop(), map[string]any{"limits": map[string]any{"max_in_flight": 64 << 20, "max_connections": 200}})
			const limit = 64 << 20 / callBytes
			before := runtime.NumGoroutine()
			var open []net.Conn
			defer func() {
				for _, c := range open {
					_ = c.Close()
				}
			}()
			client, err := grpc.NewClient(r.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
			require.NoError(t, err)
			defer func() { _ = client.Close() }()
			export := func() {
				_, err := plogotlp.NewGRPCClient(client).Export(t.Context(), request(1), grpc.WaitForReady(true))
				require.NoError(t, err)
			}
			export()
			for range 100 {
				open = append(open, attack(t, r.grpc, 100, tt.window, tt.ends))
			}
			time.Sleep(100 * time.Millisecond) // the calls that are going to begin
			require.Eventually(t, func() bool { return runtime.NumGoroutine()-before < limit+4*200 }, 10*time.Second, 10*time.Millisecond,
				"100 connections with 100 calls have %d goroutines", runtime.NumGoroutine()-before)
			export() // of a connection with few calls
		})
	}
}

// A connection that has most calls gives way, and its calls are not counted any more.
func TestTheConnectionWithMostCallsGivesWay(t *testing.T) {
	told := 0
	c := newCalls(Limits{MaxInFlight: 1, MaxConnections: 5}, func(limit int) { told, _ = told+1, limit })
	require.Equal(t, 10, c.limit, "one call of each connection of both protocols")
	conns := make([]net.Conn, 4)
	for i := range conns {
		conns[i], _ = net.Pipe()
	}
	for range 8 {
		require.True(t, c.begin(conns[0]))
	}
	require.True(t, c.begin(conns[1]))
	require.True(t, c.begin(conns[1]))
	require.True(t, c.begin(conns[2]), "the one with 8 gives way")
	_, err := conns[0].Write(nil)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	assert.Equal(t, 3, c.total)
	assert.False(t, c.begin(conns[0]), "nothing more is served on it")
	for range 8 {
		c.end(conns[0])
	}
	assert.Equal(t, 3, c.total)
	for range 7 {
		require.True(t, c.begin(conns[3]))
	}
	require.False(t, c.begin(conns[3]), "itself, where it has most")
	assert.Equal(t, 3, c.total)
	for range 7 {
		c.end(conns[3])
	}
	c.end(conns[1])
	c.end(conns[1])
	c.end(conns[2])
	assert.Zero(t, c.total)
	assert.Empty(t, c.of)
	assert.Equal(t, 2, told)
}

// A connection of HTTP/1 has one call, and 512 of them do not close one another.
func TestConnectionsWithOneCallStay(t *testing.T) {
	r := run(t, consumertest.NewNop(), map[string]any{"limits": map[string]any{"max_in_flight": 16 << 20, "max_connections": 300}})
	address := strings.TrimSuffix(strings.TrimPrefix(r.http, "http://"), "/v1/logs")
	var wait sync.WaitGroup
	conns := make([]net.Conn, 300)
	for i := range conns {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer func() { _ = c.Close() }()
		conns[i] = c
		_, err = fmt.Fprintf(c, "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n", media)
		require.NoError(t, err)
	}
	for _, c := range conns {
		wait.Go(func() {
			_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
			answer := make([]byte, 12)
			_, err := io.ReadFull(c, answer)
			assert.NoError(t, err)
			assert.Equal(t, fmt.Sprint("HTTP/1.1 ", http.StatusOK), string(answer))
		})
	}
	wait.Wait()
}
