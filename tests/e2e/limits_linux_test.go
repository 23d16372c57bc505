package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// containerMiB is the memory of the collector's container in distributions/ecs, of which anonymous memory is what the kernel
// cannot drop.
const containerMiB = 320

// peak follows the anonymous memory of a process. The returned function says how much it was at most, in MiB.
func (c *collector) peak() func() int {
	stop, done := make(chan struct{}), make(chan int)
	anonymous := regexp.MustCompile(`RssAnon:\s+(\d+) kB`)
	go func() {
		most := 0
		for {
			if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.command.Process.Pid)); err == nil {
				if found := anonymous.FindSubmatch(text); found != nil {
					n, _ := strconv.Atoi(string(found[1]))
					most = max(most, n/1024)
				}
			}
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() int { close(stop); return <-done }
}

// message is a protobuf message of the given fields, the first one outermost.
func message(body []byte, fields ...uint64) []byte {
	for i := len(fields) - 1; i >= 0; i-- {
		to := binary.AppendUvarint(nil, fields[i]<<3|2)
		body = append(binary.AppendUvarint(to, uint64(len(body))), body...)
	}
	return body
}

func gzipped(t *testing.T, text []byte) []byte {
	var to bytes.Buffer
	w := gzip.NewWriter(&to)
	_, err := w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return to.Bytes()
}

// raw hands bytes to gRPC as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return v.([]byte), nil }
func (raw) Unmarshal([]byte, any) error   { return nil }
func (raw) Name() string                  { return "proto" }

// Whatever is sent by OTLP, a sidecar stays within its container, goes on with the task's files meanwhile, and takes what
// programs send afterwards.
func TestWhatIsSentDoesNotStopTheFilesOfATask(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{ECS: true, IgnoreQuotas: true})
	task := newECSTask(t, server)
	grpcAt := ports.FreeAddress(t)
	task.env["OTELCOL_CLOUDWATCH_OTLP_GRPC_ENDPOINT"] = grpcAt
	task.env["GOMEMLIMIT"] = "240MiB"
	collector := task.startHealthy()
	peak := collector.peak()

	file, err := os.OpenFile(filepath.Join(task.volume, "app.log"), os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	defer file.Close()
	written := 0
	line := func() {
		_, err := fmt.Fprintf(file, "line %d\n", written)
		require.NoError(t, err)
		written++
	}
	reader := newReader(t, server).in(ecsLogGroup)
	stream := ecsTask + task.volume + "/app.log"
	arrived := func() int {
		if !slices.Contains(reader.streams(), stream) {
			return 0
		}
		return len(reader.messages(stream))
	}
	line()
	await(t, "the first line", func() bool { return arrived() == written })

	conn, err := grpc.NewClient(grpcAt, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	deep := []byte{}
	for range 5_000 {
		deep = message(deep, 5, 1)
	}
	empty := func(n int, field uint64, of ...uint64) []byte {
		return message(bytes.Repeat(message(nil, field), n), of...)
	}
	var all sync.WaitGroup
	for _, bomb := range []struct {
		path, method string
		body         []byte
	}{
		{"logs", "logs.v1.LogsService", empty(9<<20, 2, 1, 2)}, // 19 kB compressed
		{"logs", "logs.v1.LogsService", empty(1<<20, 2, 1, 2)},
		{"logs", "logs.v1.LogsService", empty(80_000, 2, 1, 2)},
		{"logs", "logs.v1.LogsService", message(deep, 1, 2, 2, 5)},
		{"logs", "logs.v1.LogsService", message(append(message([]byte(strings.Repeat("v", 1<<20)), 1, 1, 2, 1), empty(1<<20, 2, 2)...), 1)},
		{"logs", "logs.v1.LogsService", empty(1<<20, 1, 1, 2, 2, 5, 5)},
		{"metrics", "metrics.v1.MetricsService", empty(1<<20, 1, 1, 2, 2, 10)},
		{"metrics", "metrics.v1.MetricsService", empty(60_000, 1, 1, 2, 2, 10)},
	} {
		packed := gzipped(t, bomb.body)
		for range 4 {
			all.Go(func() {
				q, err := http.NewRequest(http.MethodPost, "http://"+task.otlp+"/v1/"+bomb.path, bytes.NewReader(packed))
				if !assert.NoError(t, err) {
					return
				}
				q.Header.Set("Content-Type", "application/x-protobuf")
				q.Header.Set("Content-Encoding", "gzip")
				if answer, err := http.DefaultClient.Do(q); err == nil {
					_ = answer.Body.Close()
				}
			})
			all.Go(func() {
				_ = conn.Invoke(t.Context(), "/opentelemetry.proto.collector."+bomb.method+"/Export", bomb.body, []byte(nil), grpc.ForceCodec(raw{}), grpc.UseCompressor("gzip"))
			})
		}
		line()
	}
	for range 300 { // headers and bodies that never end
		all.Go(func() {
			c, err := net.Dial("tcp", task.otlp)
			if err != nil {
				return
			}
			defer c.Close()
			_, _ = c.Write([]byte("POST /v1/logs HTTP/1.1\r\nHost: a\r\n"))
			for i := range 20_000 {
				if _, err := fmt.Fprintf(c, "a%d:\r\n", i); err != nil {
					return
				}
			}
		})
	}
	all.Wait()
	line()
	await(t, "the lines while bombs were sent", func() bool { return arrived() == written })

	// 40,000 histograms that nothing repeats.
	at := pcommon.NewTimestampFromTime(time.Now())
	send := func(name string, from, n int) int {
		md := pmetric.NewMetrics()
		m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName(name)
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		for i := range n {
			p := h.DataPoints().AppendEmpty()
			p.SetTimestamp(at)
			p.SetStartTimestamp(at - pcommon.Timestamp(time.Hour))
			p.Attributes().PutStr("user", fmt.Sprint(from+i))
			p.ExplicitBounds().FromRaw(make([]float64, 200))
			p.BucketCounts().FromRaw(make([]uint64, 201))
		}
		body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
		require.NoError(t, err)
		answer, err := http.Post("http://"+task.otlp+"/v1/metrics", "application/x-protobuf", bytes.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode
	}
	for from := 0; from < 40_000; from += 500 {
		require.Equal(t, http.StatusOK, send("latency", from, 500))
	}
	line()
	// A file of lines of one byte, which are read and sent one by one.
	require.NoError(t, os.WriteFile(filepath.Join(task.volume, "short.log"), bytes.Repeat([]byte("x\n"), 2<<20), 0o644))
	await(t, "the lines while totals were sent", func() bool { return arrived() == written })
	await(t, "what programs send", func() bool { return send("later", 0, 1) == http.StatusOK })
	most := peak()
	t.Logf("anonymous memory was %d MiB at most", most)
	assert.Less(t, most, containerMiB-64, "MiB of anonymous memory")
	require.NoError(t, collector.command.Process.Kill()) // the short lines take their time
}
