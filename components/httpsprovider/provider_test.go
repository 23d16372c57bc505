package httpsprovider

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// serve has a provider that trusts the pages of a handler.
func serve(t *testing.T, h http.HandlerFunc) (*provider, string) {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	p := NewFactory().Create(confmap.ProviderSettings{}).(*provider)
	p.transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	p.transport.ForceAttemptHTTP2 = false
	t.Cleanup(func() { assert.NoError(t, p.Shutdown(t.Context())) })
	return p, server.URL
}

func TestAPageIsALayer(t *testing.T) {
	t.Parallel()
	p, page := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("a: {b: 1}"))
	})
	got, err := p.Retrieve(t.Context(), page+"/", nil)
	require.NoError(t, err)
	conf, err := got.AsConf()
	require.NoError(t, err)
	assert.Equal(t, 1, conf.Get("a::b"))
}

func TestARedirectThatLeavesTLSIsRefused(t *testing.T) {
	t.Parallel()
	var asked atomic.Bool
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	t.Cleanup(plain.Close)
	p, page := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL+"/x", http.StatusMovedPermanently)
	})
	_, err := p.Retrieve(t.Context(), page, nil)
	require.ErrorContains(t, err, "which has no TLS")
	require.ErrorContains(t, err, plain.URL)
	assert.False(t, asked.Load())
}

func TestPagesWithoutAnEndAreRefused(t *testing.T) {
	t.Parallel()
	p, page := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/again", http.StatusFound)
			return
		}
		line := []byte("# " + strings.Repeat("x", 1<<20) + "\n")
		for range 20 {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	})
	_, err := p.Retrieve(t.Context(), page, nil)
	require.ErrorContains(t, err, "a layer is smaller")
	_, err = p.Retrieve(t.Context(), page+"/again", nil)
	require.ErrorContains(t, err, "redirects without an end")
	for _, wrong := range []string{"https:", "http://x", "https:///x"} {
		_, err = p.Retrieve(t.Context(), wrong, nil)
		require.ErrorContains(t, err, "invalid layer")
	}
}

// A fetch takes the proxy of the process, which is the route table's where there is one.
func TestAFetchTakesTheProxy(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	asked := make(chan string, 1)
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		line, _ := bufio.NewReader(c).ReadString('\n')
		asked <- line
	}()
	t.Cleanup(func() { _ = listener.Close() })
	p := NewFactory().Create(confmap.ProviderSettings{}).(*provider)
	require.NotNil(t, p.transport.Proxy, "that of the environment")
	p.transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: listener.Addr().String()})
	_, err = p.Retrieve(t.Context(), "https://config.example/layer", nil)
	require.Error(t, err)
	assert.True(t, strings.HasPrefix(<-asked, "CONNECT config.example:443"))
}
