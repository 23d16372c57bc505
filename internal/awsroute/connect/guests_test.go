package connect

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// crowd opens tunnels that say nothing, and returns when each has been answered or closed.
func crowd(t *testing.T, s *Server, n int, say string) {
	t.Helper()
	for range n {
		conn, err := net.Dial("tcp", s.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, say)
		if say != "" {
			_ = conn.SetReadDeadline(time.Now().Add(patience))
			_, _ = conn.Read(make([]byte, 1))
		}
	}
}

const silently = "CONNECT " + logsName + ":443 HTTP/1.1\r\nHost: x\r\n\r\n"

// own is a client with the token, as HTTPS_PROXY makes it.
func own(t *testing.T, s *Server, roots *tls.Config) *http.Client {
	transport := &http.Transport{Proxy: http.ProxyURL(s.ProxyURL()), TLSClientConfig: roots}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestACrowdOfSilentTunnelsKeepsNobodyOut(t *testing.T) {
	address, roots := aws(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	for name, say := range map[string]string{"tunnels": silently, "connections": "", "half a request": "CONNECT logs.us"} {
		t.Run(name, func(t *testing.T) {
			s := start(t, newRouter(t, address), "127.0.0.1:0", func(s *Server) { s.maxConnections = 16 })
			if strings.HasSuffix(say, "us") {
				for range 40 {
					conn, err := net.Dial("tcp", s.Addr().String())
					require.NoError(t, err)
					t.Cleanup(func() { _ = conn.Close() })
					_, _ = io.WriteString(conn, say)
				}
			} else {
				crowd(t, s, 40, say)
			}
			assert.Equal(t, "hello", get(t, own(t, s, &tls.Config{RootCAs: roots})), "this process")
			assert.Equal(t, "hello", get(t, client(t, s, roots)), "another program that speaks")
			assert.LessOrEqual(t, s.Tunnels(), s.strangers()+1)
			assert.Positive(t, s.Refused().Silent)
		})
	}
}

func TestStrangersThatSpeakDoNotTakeThePlacesOfThisProcess(t *testing.T) {
	address, roots := aws(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	s := start(t, newRouter(t, address), "127.0.0.1:0", func(s *Server) { s.maxConnections = 16 })
	for range s.strangers() {
		get(t, client(t, s, roots)) // which keeps its connection
	}
	_, err := client(t, s, roots).Get("https://" + logsName + "/")
	require.ErrorContains(t, err, "no place left")
	for range 16 - s.strangers() {
		assert.Equal(t, "hello", get(t, own(t, s, &tls.Config{RootCAs: roots})))
	}
	_, err = own(t, s, &tls.Config{RootCAs: roots}).Get("https://" + logsName + "/")
	require.ErrorContains(t, err, "no place left", "bounded as well")
	assert.EqualValues(t, 2, s.Refused().Crowded)
}

func TestStrangerThatDialsAWayThatHangsGivesItsPlaceUp(t *testing.T) {
	address, roots := aws(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	r := &hanging{router: newRouter(t, address)}
	s := start(t, r, "127.0.0.1:0", func(s *Server) { s.maxConnections = 4 })
	conn, err := net.Dial("tcp", s.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "CONNECT monitoring.us-east-1.amazonaws.com:443 HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.guests) == 1 }, patience, time.Millisecond)
	assert.Equal(t, "hello", get(t, client(t, s, roots)))
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	_ = answer.Body.Close()
	assert.Equal(t, http.StatusBadGateway, answer.StatusCode)
}

// hanging never reaches monitoring.
type hanging struct{ *router }

func (r *hanging) Dial(ctx context.Context, network, address string) (net.Conn, string, error) {
	if strings.HasPrefix(address, "monitoring.") {
		<-ctx.Done()
		return nil, "", ctx.Err()
	}
	return r.router.Dial(ctx, network, address)
}

func TestTunnelOnWhichNobodySpeaksEndsSoon(t *testing.T) {
	address, _ := aws(t, func(http.ResponseWriter, *http.Request) {})
	s := start(t, newRouter(t, address), "127.0.0.1:0", func(s *Server) { s.firstTimeout, s.sweep = 20*time.Millisecond, time.Millisecond })
	conn, err := net.Dial("tcp", s.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, silently)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, conn)
	require.NoError(t, err)
	assert.EqualValues(t, 1, s.Refused().Silent)
}

// others leads this process to one more host.
type others struct {
	*router
	to string
}

func (r *others) DialAny(ctx context.Context, network, address string) (net.Conn, string, error) {
	if address == "otlp.vendor.example:4317" {
		conn, err := net.Dial(network, r.to)
		return conn, "direct", err
	}
	return r.router.DialAny(ctx, network, address)
}

func TestOtherHostsAreForThisProcessAlone(t *testing.T) {
	vendor := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "vendor") }))
	defer vendor.Close()
	table := newRouter(t, "127.0.0.1:1")
	table.Table = private(t)
	s := start(t, &others{table, vendor.Listener.Addr().String()}, "127.0.0.1:0", nil)
	insecure := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the name is made up
	answer, err := own(t, s, insecure).Get("https://otlp.vendor.example:4317/")
	require.NoError(t, err)
	_ = answer.Body.Close()
	_, err = own(t, s, insecure).Get("https://elsewhere.example/")
	require.ErrorContains(t, err, "other_hosts does not allow it", "the client's own error says it")

	for name, user := range map[string]*url.Userinfo{"no token": nil, "a wrong token": url.UserPassword("otelcol-cloudwatch", "guess"), "no password": url.User("otelcol-cloudwatch")} {
		stranger := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", User: user, Host: s.Addr().String()}), TLSClientConfig: insecure}
		_, err = (&http.Client{Transport: stranger}).Get("https://otlp.vendor.example:4317/")
		require.ErrorContains(t, err, "no AWS name that this proxy serves", name)
		stranger.CloseIdleConnections()
	}
	assert.EqualValues(t, 3, s.Refused().Names)
}

// private is a table that refuses other hosts.
func private(t *testing.T) *awsroute.Table {
	t.Helper()
	c := awsroute.NewDefaultConfig()
	c.Region, c.Policy = "us-east-1", awsroute.PrivateOnly
	c.Routes = []awsroute.Route{{Name: "dx", VPCEndpoints: map[awsnames.Service]awsroute.Targets{awsnames.All: {"127.0.0.1:1"}}}}
	table, err := awsroute.New(c, awsroute.Options{})
	require.NoError(t, err)
	return table
}

// A reload closes the extension's listener and opens another; net/http goes on with the HTTPS_PROXY that it has read.
func TestLaterListenerOfTheProcessKnowsTheSameToken(t *testing.T) {
	first := start(t, newRouter(t, "127.0.0.1:1"), "127.0.0.1:0", nil)
	second := start(t, newRouter(t, "127.0.0.1:1"), "127.0.0.1:0", nil)
	assert.Equal(t, first.ProxyURL().User.String(), second.ProxyURL().User.String())
	assert.Len(t, token(), 26, "128 bits")
}
