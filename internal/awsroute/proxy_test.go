package awsroute

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// newTestProxy is a proxy whose tunnels all lead to one address. user is user:password, or empty.
func newTestProxy(t *testing.T, user, to string) *httptest.Server {
	t.Helper()
	proxy := httptest.NewUnstartedServer(tunnelTo(user, to))
	proxy.Config.ErrorLog = quiet()
	proxy.Start()
	t.Cleanup(proxy.Close)
	return proxy
}

func tunnelTo(user, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if user != "" && r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(user)) {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method != http.MethodConnect || !strings.HasSuffix(r.RequestURI, ".amazonaws.com:443") && !strings.Contains(r.RequestURI, "vendor.example:") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		upstream, err := net.Dial("tcp", to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		client, _, _ := http.NewResponseController(w).Hijack()
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(upstream, client); _ = upstream.Close() })
		both.Go(func() { _, _ = io.Copy(client, upstream); _ = client.Close() })
		both.Wait()
	}
}

func TestProxyIsGivenItsCredentials(t *testing.T) {
	aws := newEndpoint(t, "127.0.0.1")
	proxy := newTestProxy(t, "agent:p@ss", aws.address)
	route := `{region: us-east-1, policy: any, routes: [{name: proxy, http_proxy: {url: "%s"%s}}]}`
	inURL := strings.Replace(proxy.URL, "//", "//agent:p%40ss@", 1)
	require.NoError(t, reach(t, newTable(t, fmt.Sprintf(route, inURL, ""), Options{}), logsName))
	require.NoError(t, reach(t, newTable(t, fmt.Sprintf(route, proxy.URL, `, username: agent, password: "p@ss"`), Options{}), logsName))

	err := reach(t, newTable(t, fmt.Sprintf(route, strings.Replace(proxy.URL, "//", "//agent:wrong@", 1), ""), Options{}), logsName)
	require.ErrorContains(t, err, "the proxy wants other credentials")
	assert.NotContains(t, err.Error(), "wrong")
}

func TestProxyMaySpeakTLS(t *testing.T) {
	aws := newEndpoint(t, "127.0.0.1")
	proxy := httptest.NewUnstartedServer(tunnelTo("", aws.address))
	proxy.Config.ErrorLog = quiet()
	proxy.TLS = authority().TLSConfig()
	proxy.StartTLS()
	defer proxy.Close()
	route := `{region: us-east-1, policy: any, routes: [{name: proxy, http_proxy: {url: "%s"%s}}]}`
	proxyURL := strings.Replace(proxy.URL, "127.0.0.1", "localhost", 1)
	ca := filepath.Join(t.TempDir(), "proxy.pem")
	require.NoError(t, os.WriteFile(ca, authority().PEM(), 0o600))
	require.NoError(t, reach(t, newTable(t, fmt.Sprintf(route, proxyURL, ", ca_file: "+ca), Options{}), logsName))
	require.ErrorContains(t, reach(t, newTable(t, fmt.Sprintf(route, proxyURL, ""), Options{}), logsName), "TLS to the proxy")
}

func TestNamesInNoProxyTakeTheNextRoute(t *testing.T) {
	proxied, private := newEndpoint(t, "127.0.0.1"), newEndpoint(t, "127.0.0.1")
	proxy := newTestProxy(t, "", proxied.address)
	table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: any, routes: [{name: proxy, http_proxy: {url: "%s", no_proxy: "localhost,.ssm.us-east-1.amazonaws.com,ssm.us-east-1.amazonaws.com"}}, {name: dx, vpc_endpoints: {all: "%s"}}]}`, proxy.URL, private.address), Options{})
	require.NoError(t, reach(t, table, "ssm.us-east-1.amazonaws.com"))
	assert.EqualValues(t, 1, private.accepted.Load())
	assert.Zero(t, proxied.accepted.Load())
	require.NoError(t, reach(t, table, logsName))
	assert.EqualValues(t, 1, proxied.accepted.Load())
}

func TestProxyThatRefusesOrTalksNonsense(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"refuses":        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "does not let this name through"},
		"is no proxy":    {"SSH-2.0-OpenSSH_9.2\r\n", "the answer to CONNECT"},
		"endless header": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100<<10), "the answer to CONNECT"},
		"speaks first":   {"HTTP/1.1 200 OK\r\n\r\nhello", "sent data before"},
		"hangs up":       {"", "the answer to CONNECT"},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			done := make(chan struct{})
			go func() {
				defer close(done)
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				_, _ = io.WriteString(conn, c.answer)
			}()
			table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: any, routes: [{name: proxy, http_proxy: {url: "http://%s"}}]}`, listener.Addr()), Options{})
			_, err = table.DialContext(context.Background(), "tcp", logsName+":443")
			assert.ErrorContains(t, err, c.want)
			_ = listener.Close()
			<-done
		})
	}
}

func TestProxyThatIsSilentIsLeftInTime(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close() // it never accepts
	table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: any, probe: {timeout: 100ms}, routes: [{name: proxy, http_proxy: {url: "http://%s"}}]}`, listener.Addr()), Options{})
	_, err = table.DialContext(context.Background(), "tcp", logsName+":443")
	require.ErrorContains(t, err, "no tunnel in time")
}
