package connlimit

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

func serve(t *testing.T, maxUnknown, maxKnown int) (string, *Limit) {
	t.Helper()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/known" {
			Known(r)
		}
		_, _ = io.WriteString(w, "hello")
	})}
	limit := Attach(server, maxUnknown, maxKnown)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return listener.Addr().String(), limit
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func ask(conn net.Conn, path string) error {
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

func TestSilentConnectionsNeverKeepOneOutThatSpeaks(t *testing.T) {
	address, limit := serve(t, 4, 4)
	var silent []net.Conn
	for range 40 {
		silent = append(silent, dial(t, address))
	}
	speaks := dial(t, address)
	require.NoError(t, ask(speaks, "/"))
	assert.EqualValues(t, 37, limit.Closed())
	_, err := silent[0].Read(make([]byte, 1))
	assert.Error(t, err, "the oldest was closed")
}

func TestKnownConnectionOutlivesACrowd(t *testing.T) {
	address, _ := serve(t, 4, 1)
	known, beyond := dial(t, address), dial(t, address)
	require.NoError(t, ask(known, "/known"))
	require.NoError(t, ask(beyond, "/known"), "answered, and without a place of its own")
	for range 40 {
		require.NoError(t, ask(dial(t, address), "/"))
	}
	assert.NoError(t, ask(known, "/known"))
	assert.Error(t, ask(beyond, "/known"))
}
