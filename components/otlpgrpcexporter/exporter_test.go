package otlpgrpcexporter

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/exporter/exportertest"
	upstream "go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/otlpgrpcexporter/internal/metadata"
)

func configured(t *testing.T, keys map[string]any) (*Config, error) {
	c := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(keys).Unmarshal(c))
	return c, xconfmap.Validate(c)
}

// busy answers its first calls with RetryInfo of a day.
type busy struct {
	ptraceotlp.UnimplementedGRPCServer
	calls atomic.Int32
}

func (b *busy) Export(context.Context, ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	if b.calls.Add(1) > 2 {
		return ptraceotlp.NewExportResponse(), nil
	}
	s, err := status.New(codes.Unavailable, "busy").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(24 * time.Hour)})
	if err != nil {
		return ptraceotlp.NewExportResponse(), err
	}
	return ptraceotlp.NewExportResponse(), s.Err()
}

func TestAnAnswerStopsDeliveryForMaxRetryAfterAtMost(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server, service := grpc.NewServer(), &busy{}
	ptraceotlp.RegisterGRPCServer(server, service)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	c, err := configured(t, map[string]any{
		"endpoint": listener.Addr().String(), "tls": map[string]any{"insecure": true}, "max_retry_after": "20ms", "sending_queue": map[string]any{"enabled": false},
		"retry_on_failure": map[string]any{"initial_interval": "1ms", "max_interval": "1ms", "max_elapsed_time": "1m"},
	})
	require.NoError(t, err)
	x, err := NewFactory().CreateTraces(t.Context(), exportertest.NewNopSettings(metadata.Type), c)
	require.NoError(t, err)
	require.NoError(t, x.Start(t.Context(), componenttest.NewNopHost()))
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("x")
	require.NoError(t, x.ConsumeTraces(t.Context(), td))
	assert.EqualValues(t, 3, service.calls.Load())
	require.NoError(t, x.Shutdown(t.Context()))
}

func TestKeysAreUpstreamsAndTheBound(t *testing.T) {
	t.Parallel()
	keys := map[string]any{"endpoint": "x:1", "timeout": "3s", "headers": map[string]any{"a": "b"}, "balancer_name": "round_robin"}
	c, err := configured(t, keys)
	require.NoError(t, err)
	assert.Equal(t, time.Minute, c.RetryAfter.MaxRetryAfter)
	want := upstream.NewFactory().CreateDefaultConfig().(*upstream.Config)
	require.NoError(t, confmap.NewFromStringMap(keys).Unmarshal(want))
	assert.Equal(t, *want, c.Upstream)
	_, err = configured(t, map[string]any{})
	require.ErrorContains(t, err, "endpoint", "what upstream refuses")
	_, err = configured(t, map[string]any{"endpoint": "x:1", "max_retry_after": "0s"})
	require.ErrorContains(t, err, "max_retry_after")
}

func TestTheNameOfBeforeIsTaken(t *testing.T) {
	t.Parallel()
	set := exportertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.DeprecatedType)
	c, err := configured(t, map[string]any{"endpoint": "x:1"})
	require.NoError(t, err)
	_, err = NewFactory().CreateLogs(t.Context(), set, c)
	require.NoError(t, err)
}
