package otlpreceiver

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collectorclient "go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Processors see who sent a request, and with what.
func TestPipelinesSeeSendersAndTheirMetadata(t *testing.T) {
	infos := make(chan collectorclient.Info, 1)
	next, err := consumer.NewLogs(func(ctx context.Context, _ plog.Logs) error {
		infos <- collectorclient.FromContext(ctx)
		return nil
	})
	require.NoError(t, err)
	include := map[string]any{"include_metadata": true}
	r := run(t, next, map[string]any{"protocols": map[string]any{"grpc": include, "http": include}})
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-tenant", "a", "x-tenant", "b", "x-trace-bin", "\x00\xff")
	_, err = plogotlp.NewGRPCClient(client(t, r.grpc)).Export(ctx, request(1))
	require.NoError(t, err)
	info := <-infos
	assert.Equal(t, []string{"a", "b"}, info.Metadata.Get("X-Tenant"))
	assert.Equal(t, []string{"\x00\xff"}, info.Metadata.Get("x-trace-bin"))
	assert.Equal(t, []string{r.grpc}, info.Metadata.Get("host"))
	assert.Contains(t, info.Addr.String(), "127.0.0.1")

	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.http, strings.NewReader(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}`))
	require.NoError(t, err)
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("X-Forwarded-For", "192.0.2.1")
	answer, err := http.DefaultClient.Do(q)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	info = <-infos
	assert.Equal(t, []string{"192.0.2.1"}, info.Metadata.Get("x-forwarded-for"))
	assert.Equal(t, "127.0.0.1", info.Addr.String(), "what a sender says of itself is not where it is")
}

// What a client no longer waits for ends.
func TestPipelinesSeeDeadlinesAndThatAClientHasGone(t *testing.T) {
	deadlines, ended := make(chan bool, 1), make(chan error, 1)
	next, err := consumer.NewLogs(func(ctx context.Context, _ plog.Logs) error {
		_, has := ctx.Deadline()
		deadlines <- has
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	})
	require.NoError(t, err)
	r := run(t, next, nil)
	c := plogotlp.NewGRPCClient(client(t, r.grpc))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() {
		assert.True(t, <-deadlines)
		cancel()
	}()
	_, err = c.Export(ctx, request(1))
	assert.Equal(t, codes.Canceled, status.Code(err))
	require.ErrorIs(t, <-ended, context.Canceled)
}
