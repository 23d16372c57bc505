package otlpreceiver

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
)

// Who begins a request and does not go on holds what was sent. It does not hold what decompressing the rest would take, which
// some formats say in their first bytes.
func TestSendersThatDoNotGoOnHoldWhatTheySent(t *testing.T) {
	begun := map[string]string{
		"zstd":   "\x28\xb5\x2f\xfd\x00\x68",     // a window of 8 MiB
		"lz4":    "\x04\x22\x4d\x18\x64\x70\xb9", // blocks of 4 MiB
		"snappy": "\x80\x80\x80\x02\xff\xff\xff", // a block of 4 MiB
		"gzip":   "\x1f\x8b\x08",
		"":       "\x0a",
	}
	r := run(t, consumertest.NewNop(), map[string]any{"limits": map[string]any{"max_in_flight": 16 << 20}})
	body, err := request(1).MarshalProto()
	require.NoError(t, err)
	address := strings.TrimSuffix(strings.TrimPrefix(r.http, "http://"), "/v1/logs")
	for encoding, text := range begun {
		for range 10 {
			c, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer c.Close()
			_, err = fmt.Fprintf(c, "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Encoding: %s\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n", media, encoding)
			require.NoError(t, err)
			_, err = c.Read(make([]byte, 100)) // its body is being read
			require.NoError(t, err)
			_, err = c.Write([]byte(text))
			require.NoError(t, err)
		}
	}
	for range 20 {
		code, _ := post(t, r.http, media, "zstd", packed(t, "zstd", body))
		assert.Equal(t, http.StatusOK, code)
	}
}

// A request that waits has memory that nothing has reserved.
func TestFewRequestsWait(t *testing.T) {
	a := newAdmission(1 << 20)
	all := a.begin()
	require.NoError(t, all.grow(t.Context(), 1<<20))
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error)
	for range maxWaiting {
		go func() { errs <- a.begin().grow(ctx, 1) }()
	}
	require.Eventually(t, func() bool { return a.waiting.Load() == maxWaiting }, 10*time.Second, time.Millisecond)
	// One that is told to wait, too, would not be answered before the context ends.
	require.ErrorIs(t, a.begin().grow(context.Background(), 1), errBusy)
	cancel()
	for range maxWaiting {
		require.ErrorIs(t, <-errs, errBusy)
	}
	assert.Zero(t, a.waiting.Load())
	all.end()
	require.NoError(t, a.begin().grow(t.Context(), 1<<20))
}

// Reading stops where the estimate could not fit any more.
func TestBodiesThatCannotFitAreNotReadToTheirEnd(t *testing.T) {
	a := newAdmission(1 << 20)
	text := strings.NewReader(strings.Repeat("x", 1<<20))
	_, err := body(t.Context(), a.begin(), text, "", defaultMaxBody, 0)
	require.ErrorIs(t, err, errBodyTooLarge)
	assert.Greater(t, text.Len(), 1<<19)
}

func TestHeadersCountAsMemory(t *testing.T) {
	long := http.Header{"X": {strings.Repeat("y", 10_000)}}
	assert.Greater(t, requestCost(long), int64(26_000))
}
