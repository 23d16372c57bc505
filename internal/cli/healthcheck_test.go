package cli

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/listeners"
)

func healthcheck(t *testing.T, args ...string) error {
	t.Helper()
	cmd := newHealthcheckCommand()
	cmd.SetArgs(args)
	cmd.SilenceErrors = true
	return cmd.Execute()
}

func TestHealthIsWhatTheExtensionAnswers(t *testing.T) {
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte("{\n  \"status\": \"StatusPermanentError\"\n}"))
	}))
	defer s.Close()
	require.NoError(t, healthcheck(t, "--endpoint", s.URL))
	status = http.StatusServiceUnavailable
	require.EqualError(t, healthcheck(t, "--endpoint", s.URL), `not well: 503 Service Unavailable: { "status": "StatusPermanentError" }`)

	t.Setenv("OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT", s.Listener.Addr().String())
	status = http.StatusOK
	require.NoError(t, healthcheck(t))
}

func TestHealthOfWhoDoesNotAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	require.ErrorContains(t, healthcheck(t, "--endpoint", "http://"+l.Addr().String(), "--timeout", "50ms"), "has not answered in 50ms")
	address := l.Addr().String()
	require.NoError(t, l.Close())
	require.ErrorContains(t, healthcheck(t, "--endpoint", "http://"+address, "--timeout", (10*time.Second).String()), "nobody answers")
	require.ErrorContains(t, healthcheck(t, "--endpoint", address), `is no URL such as http://127.0.0.1:13133/`)
	require.ErrorContains(t, healthcheck(t, "--timeout", "0s"), "--timeout 0s leaves no time for an answer")
}

func TestWhereHealthIsAsked(t *testing.T) {
	for endpoint, want := range map[string]string{
		"127.0.0.1:13133":  "http://127.0.0.1:13133/",
		"0.0.0.0:13133":    "http://127.0.0.1:13133/",
		"[::]:1":           "http://127.0.0.1:1/",
		":1":               "http://127.0.0.1:1/",
		"http://host:1/x":  "http://host:1/x",
		"169.254.1.1:1313": "http://169.254.1.1:1313/",
	} {
		assert.Equal(t, want, healthURL(endpoint))
	}
}

func TestHealthIsNotBelievedOfAnotherUser(t *testing.T) {
	t.Parallel()
	squatter := func(string) (listeners.Owner, bool) { return listeners.Owner{UID: 2000, PID: 7, Command: "perl"}, true }
	err := trusted("127.0.0.1:13133", squatter, []int{0, 10001})
	require.ErrorContains(t, err, `127.0.0.1:13133 answers, but that is uid 2000, process 7 ("perl") and not the collector, which runs as uid 0 or 10001`)
	require.ErrorContains(t, err, "OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT")
	require.NoError(t, trusted("127.0.0.1:13133", squatter, []int{0, 2000}))
	require.NoError(t, trusted("127.0.0.1:13133", squatter, nil), "Windows")
	require.NoError(t, trusted("127.0.0.1:13133", func(string) (listeners.Owner, bool) { return listeners.Owner{}, false }, []int{0}))
	assert.True(t, ofThisHost("127.0.0.1:1"))
	assert.True(t, ofThisHost("[::1]:1"))
	assert.False(t, ofThisHost("192.0.2.1:1"), "TEST-NET-1 is nobody's")
	assert.False(t, ofThisHost(""))
}
