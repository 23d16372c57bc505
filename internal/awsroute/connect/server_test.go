package connect

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/certs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	logsName = "logs.us-east-1.amazonaws.com"
	patience = time.Minute
)

// router leads AWS's names to one address, or fails.
type router struct {
	*awsroute.Table
	away    atomic.Bool // another route is preferred now
	dialErr error
	dials   atomic.Int64
}

func newRouter(t *testing.T, to string) *router {
	t.Helper()
	return &router{Table: table(t, awsroute.Route{Name: "dx", VPCEndpoints: map[awsnames.Service]awsroute.Targets{awsnames.All: {to}}}, nil)}
}

func table(t *testing.T, route awsroute.Route, names *net.Resolver) *awsroute.Table {
	t.Helper()
	c := awsroute.NewDefaultConfig()
	c.Region, c.Policy, c.Routes = "us-east-1", awsroute.Any, []awsroute.Route{route}
	table, err := awsroute.New(c, awsroute.Options{Resolver: names})
	require.NoError(t, err)
	return table
}

func (r *router) Preferred(string, string, string) bool { return !r.away.Load() }

func (r *router) Dial(ctx context.Context, network, address string) (net.Conn, string, error) {
	r.dials.Add(1)
	if r.dialErr != nil {
		return nil, "", r.dialErr
	}
	return r.Table.Dial(ctx, network, address)
}

func start(t *testing.T, r Router, listen string, change func(*Server)) *Server {
	t.Helper()
	s := New(r, zaptest.NewLogger(t))
	if change != nil {
		change(s)
	}
	require.NoError(t, s.Start(listen))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		assert.NoError(t, s.Shutdown(ctx))
	})
	return s
}

// aws is a TLS server under AWS's names.
func aws(t *testing.T, handler http.HandlerFunc) (address string, roots *x509.CertPool) {
	t.Helper()
	authority, err := certs.New(time.Now())
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	server.TLS = authority.TLSConfig()
	server.StartTLS()
	t.Cleanup(server.Close)
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.PEM())
	return server.Listener.Addr().String(), roots
}

// client takes s as its proxy, as components with proxy_address or HTTPS_PROXY do.
func client(t *testing.T, s *Server, roots *x509.CertPool) *http.Client {
	transport := &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", Host: s.Addr().String()}),
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func get(t *testing.T, c *http.Client) string {
	t.Helper()
	answer, err := c.Get("https://" + logsName + "/")
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(text)
}

func TestTunnelCarriesTLSEndToEnd(t *testing.T) {
	big := strings.Repeat("x", 3<<20)
	address, roots := aws(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host+big) })
	s := start(t, newRouter(t, address), "127.0.0.1:0", nil)
	assert.Equal(t, logsName+big, get(t, client(t, s, roots)))
}

// say sends text to the listener and returns the status and body of the answer.
func say(t *testing.T, s *Server, text string) (int, string) {
	t.Helper()
	conn, err := net.Dial(s.Addr().Network(), s.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body)
}

func TestItIsNoOpenProxy(t *testing.T) {
	r := newRouter(t, "127.0.0.1:1")
	s := start(t, r, "127.0.0.1:0", nil)
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"another name":         {"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 403},
		"host header lies":     {"CONNECT example.com:443 HTTP/1.1\r\nHost: " + logsName + ":443\r\n\r\n", 403},
		"another port":         {"CONNECT " + logsName + ":22 HTTP/1.1\r\nHost: x\r\n\r\n", 403},
		"an address":           {"CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: x\r\n\r\n", 403},
		"metadata":             {"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n", 403},
		"loopback":             {"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n", 403},
		"no port":              {"CONNECT " + logsName + " HTTP/1.1\r\nHost: x\r\n\r\n", 403},
		"a plain request":      {"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 405},
		"metadata by GET":      {"GET http://169.254.169.254/latest/meta-data/ HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n", 405},
		"nonsense":             {"\x16\x03\x01\x02\x00\r\n\r\n", 400},
		"a header too large":   {"CONNECT " + logsName + ":443 HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431},
		"a name with a suffix": {"CONNECT " + logsName + ".example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", 403},
	} {
		t.Run(name, func(t *testing.T) {
			status, _ := say(t, s, c.request)
			assert.Equal(t, c.status, status)
		})
	}
	assert.Zero(t, r.dials.Load())
}

func TestWhatTheTableRefusesIsForbiddenAndExplained(t *testing.T) {
	r := newRouter(t, "127.0.0.1:1")
	r.dialErr = fmt.Errorf("route %q: %w", "dx", &awsroute.RefusedError{Service: "logs", Address: "203.0.113.1", Route: "dx", Policy: awsroute.PrivateOnly})
	s := start(t, r, "127.0.0.1:0", nil)
	const request = "CONNECT " + logsName + ":443 HTTP/1.1\r\nHost: x\r\n\r\n"
	status, body := say(t, s, request)
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, body, "203.0.113.1")
	r.dialErr = errors.New("no way")
	status, body = say(t, s, request)
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, body, "no way")
}

func TestNameThatDNSLeadsToThisHostIsRefused(t *testing.T) {
	names := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no DNS server") }}
	for name, route := range map[string]awsroute.Route{
		"metadata as endpoint":   {Name: "r", VPCEndpoints: map[awsnames.Service]awsroute.Targets{awsnames.Logs: {"169.254.169.254"}}},
		"public route, loopback": {Name: "r", Public: &awsroute.Public{}, DNSServers: []string{"127.0.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			table := table(t, route, names)
			s := start(t, table, "127.0.0.1:0", nil)
			status, _ := say(t, s, "CONNECT "+logsName+":443 HTTP/1.1\r\nHost: x\r\n\r\n")
			assert.Contains(t, []int{http.StatusForbidden, http.StatusBadGateway}, status)
		})
	}
}

func TestUnixSocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Go's HTTP clients cannot name a socket there")
	}
	address, roots := aws(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	path := filepath.Join(t.TempDir(), "routes.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	stale.SetUnlinkOnClose(false)
	require.NoError(t, stale.Close())

	s := start(t, newRouter(t, address), "unix://"+path, nil)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	transport := &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", Host: "socket"}),
		DialContext:     func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", path) },
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	defer transport.CloseIdleConnections()
	assert.Equal(t, "hello", get(t, &http.Client{Transport: transport}))

	assert.ErrorContains(t, New(newRouter(t, "127.0.0.1:1"), zaptest.NewLogger(t)).Start("unix://"+path), "another process serves this socket")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	assert.ErrorContains(t, New(newRouter(t, "127.0.0.1:1"), zaptest.NewLogger(t)).Start("unix://"+file), "a file of another kind")
	assert.FileExists(t, file)
	_ = s
}

func TestPortThatIsTakenIsNamed(t *testing.T) {
	s := start(t, newRouter(t, "127.0.0.1:1"), "127.0.0.1:0", nil)
	err := New(newRouter(t, "127.0.0.1:1"), zaptest.NewLogger(t)).Start(s.Addr().String())
	require.ErrorContains(t, err, s.Addr().String())
}

func TestIdleTunnelIsDrainedWhenItsRouteIsLeftAndABusyOneIsNot(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{})
	slow := sync.OnceFunc(func() { close(arrived); <-release })
	address, roots := aws(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			slow()
		}
		_, _ = io.WriteString(w, "done")
	})
	r := newRouter(t, address)
	s := start(t, r, "127.0.0.1:0", func(s *Server) {
		s.sweep, s.drainRest = time.Millisecond, func(time.Duration) time.Duration { return 100 * time.Millisecond }
	})
	idle := func() {
		before := r.dials.Load()
		assert.Equal(t, "done", get(t, client(t, s, roots)))
		require.Equal(t, before+1, r.dials.Load(), "a tunnel more")
		require.Eventually(t, func() bool { return s.Tunnels() == 1 }, patience, time.Millisecond)
	}
	slowly := client(t, s, roots)
	got := make(chan error, 1)
	go func() {
		answer, err := slowly.Get("https://" + logsName + "/slow")
		if err == nil {
			err = answer.Body.Close()
		}
		got <- err
	}()
	<-arrived
	r.away.Store(true)
	idle()
	idle() // the request without an answer has been silent for longer than this one
	close(release)
	require.NoError(t, <-got)
}

// A sender that never pauses for long is moved, too, and loses nothing that it does not send again.
func TestBusyTunnelIsDrainedBetweenTwoRequests(t *testing.T) {
	address, roots := aws(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "done") })
	r := newRouter(t, address)
	s := start(t, r, "127.0.0.1:0", func(s *Server) {
		s.sweep, s.drainRest = time.Millisecond, func(left time.Duration) time.Duration { return drainRest(left * 1000) }
	})
	sender := client(t, s, roots)
	get(t, sender)
	r.away.Store(true)
	for deadline := time.Now().Add(patience); r.dials.Load() < 2; {
		get(t, sender) // GET is sent again by net/http where the connection has gone
		require.True(t, time.Now().Before(deadline))
		time.Sleep(50 * time.Millisecond)
	}
}

func TestIdleTunnelEnds(t *testing.T) {
	address, roots := aws(t, func(http.ResponseWriter, *http.Request) {})
	s := start(t, newRouter(t, address), "127.0.0.1:0", func(s *Server) { s.sweep = time.Millisecond })
	get(t, client(t, s, roots))
	s.mu.Lock()
	s.idleTimeout = 50 * time.Millisecond // not before: a request may rest for longer on a slow machine
	s.mu.Unlock()
	require.Eventually(t, func() bool { return s.Tunnels() == 0 }, patience, time.Millisecond)
}

func TestMoreClientsThanTheLimitAreTurnedAway(t *testing.T) {
	address, roots := aws(t, func(http.ResponseWriter, *http.Request) {})
	s := start(t, newRouter(t, address), "127.0.0.1:0", func(s *Server) { s.maxConnections = 1 })
	first, second := client(t, s, roots), client(t, s, roots)
	get(t, first)
	_, err := second.Get("https://" + logsName + "/")
	require.Error(t, err)
	get(t, first)
	first.CloseIdleConnections()
	require.Eventually(t, func() bool { return s.Tunnels() == 0 }, patience, time.Millisecond)
	get(t, second)
}

func TestShutdownClosesTunnels(t *testing.T) {
	address, roots := aws(t, func(http.ResponseWriter, *http.Request) {})
	s := New(newRouter(t, address), zaptest.NewLogger(t))
	require.NoError(t, s.Start("127.0.0.1:0"))
	get(t, client(t, s, roots))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, s.Shutdown(ctx))
	assert.Zero(t, s.Tunnels())
	_, err := net.Dial("tcp", s.Addr().String())
	assert.Error(t, err)
}

// dialing is a router whose Dial takes as long as it may.
type dialing struct{ begun, ended chan struct{} }

func (d dialing) Names(string, string) bool             { return true }
func (d dialing) Preferred(string, string, string) bool { return true }
func (d dialing) Dial(ctx context.Context, _, _ string) (net.Conn, string, error) {
	close(d.begun)
	<-ctx.Done()
	time.Sleep(10 * time.Millisecond) // for a Shutdown that does not wait
	close(d.ended)
	return nil, "", ctx.Err()
}

func TestShutdownEndsWhatDials(t *testing.T) {
	d := dialing{make(chan struct{}), make(chan struct{})}
	s := New(d, zaptest.NewLogger(t))
	require.NoError(t, s.Start("127.0.0.1:0"))
	conn, err := net.Dial("tcp", s.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "CONNECT "+logsName+":443 HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	<-d.begun
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, s.Shutdown(ctx), context.Canceled)
	select {
	case <-d.ended:
	default:
		t.Error("it dials on")
	}
}

// A request that its sender has given up must not arrive later.
func TestClientThatLeavesWithoutItsAnswerAbortsTheTunnel(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	s := start(t, newRouter(t, listener.Addr().String()), "127.0.0.1:0", nil)
	for _, c := range []struct {
		sent string
		want error
	}{
		{strings.Repeat("x", 1000), syscall.ECONNRESET}, // a request
		{"bye", io.EOF}, // a TLS alert
	} {
		conn, err := net.Dial("tcp", s.Addr().String())
		require.NoError(t, err)
		_, err = io.WriteString(conn, "CONNECT "+logsName+":443 HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		upstream, err := listener.Accept()
		require.NoError(t, err)
		_, err = http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		_, err = io.WriteString(conn, c.sent)
		require.NoError(t, err)
		require.NoError(t, upstream.SetReadDeadline(time.Now().Add(patience)))
		_, err = io.ReadFull(upstream, make([]byte, len(c.sent)))
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		_, err = upstream.Read(make([]byte, 1))
		assert.ErrorIs(t, err, c.want)
		require.NoError(t, upstream.Close())
	}
}
