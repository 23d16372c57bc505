//go:build linux

package routes

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/certs"
)

const (
	// upstreamTimeout is how long the proxy tries to connect, and how long a request's head may take.
	upstreamTimeout = 30 * time.Second
	// maxTargets bounds the CONNECT requests that are remembered.
	maxTargets = 10_000
)

// proxy is an HTTP proxy that knows CONNECT and nothing else. It listens in its namespace in plain HTTP
// and in TLS, and goes out over the uplink.
type proxy struct {
	in          *namespace
	certificate *tls.Certificate

	mu      sync.Mutex
	user    *url.Userinfo // nil: anybody
	records map[string]netip.Addr
	asked   []string
	tunnels map[net.Conn]struct{} // of both sides; nil when closed

	cancel  context.CancelFunc // ends what still connects
	servers []*http.Server
	running sync.WaitGroup
}

func newProxy(t testing.TB, in *namespace, authority *certs.Authority) *proxy {
	t.Helper()
	certificate, err := authority.Certificate(time.Now().Add(24*time.Hour), proxyName, proxyTLS.Addr().String())
	require.NoError(t, err)
	return &proxy{in: in, certificate: certificate, records: map[string]netip.Addr{}}
}

func (p *proxy) open() error {
	plain, err := p.in.listen(proxyPlain, "")
	if err != nil {
		return err
	}
	secure, err := p.in.listen(proxyTLS, "")
	if err != nil {
		_ = plain.Close()
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.mu.Lock()
	p.tunnels, p.cancel = map[net.Conn]struct{}{}, cancel
	p.mu.Unlock()
	p.servers = nil
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*p.certificate}}
	for _, listener := range []net.Listener{plain, tls.NewListener(secure, config)} {
		server := &http.Server{
			Handler: p, ReadHeaderTimeout: upstreamTimeout, ErrorLog: log.New(io.Discard, "", 0),
			BaseContext: func(net.Listener) context.Context { return ctx },
		}
		p.servers = append(p.servers, server)
		p.running.Go(func() { _ = server.Serve(listener) }) // always http.ErrServerClosed: close ends it
	}
	return nil
}

// close ends the listeners and all tunnels.
func (p *proxy) close() {
	p.cancel()
	for _, server := range p.servers {
		_ = server.Close()
	}
	p.mu.Lock()
	for conn := range p.tunnels {
		_ = conn.Close()
	}
	p.tunnels = nil
	p.mu.Unlock()
	p.running.Wait()
}

// require makes the proxy demand basic authentication from now on.
func (p *proxy) require(user, password string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.user = url.UserPassword(user, password)
}

// set gives a name the address that the proxy goes to. It does not ask the host's DNS; what is not set
// is publicA for AWS's names, and unknown otherwise.
func (p *proxy) set(name string, address netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records[name] = address
}

// targets are the authorities that CONNECT was asked for, refused ones included, oldest first.
func (p *proxy) targets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// ServeHTTP implements http.Handler.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.enter() {
		return
	}
	defer p.running.Done()
	if r.Method != http.MethodConnect {
		http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
		return
	}
	address, allowed := p.admit(r)
	if !allowed {
		w.Header().Set("Proxy-Authenticate", `Basic realm="lab"`)
		http.Error(w, "who are you", http.StatusProxyAuthRequired)
		return
	}
	if !address.IsValid() {
		http.Error(w, "no such host", http.StatusBadGateway)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), upstreamTimeout)
	defer cancel()
	upstream, err := p.in.dial(ctx, net.Dialer{}, "tcp", address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer upstream.Close()
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer client.Close()
	if !p.keep(client, upstream) {
		return
	}
	defer p.drop(client, upstream)
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	var backward sync.WaitGroup
	backward.Go(func() { _, _ = io.Copy(client, upstream); _ = client.Close() })
	_, _ = io.Copy(upstream, buffered) // what came with the request, then the connection
	_ = upstream.Close()
	backward.Wait()
}

// admit remembers a request and finds its address, which is not valid where there is none.
func (p *proxy) admit(r *http.Request) (address netip.AddrPort, allowed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.asked) < maxTargets {
		p.asked = append(p.asked, r.Host)
	}
	if p.user != nil {
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte(userAndPassword(p.user)))
		if r.Header.Get("Proxy-Authorization") != want {
			return address, false
		}
	}
	name, number, err := net.SplitHostPort(r.Host)
	port, parseErr := strconv.ParseUint(number, 10, 16)
	if err != nil || parseErr != nil {
		return address, true
	}
	ip, err := netip.ParseAddr(name)
	switch {
	case err == nil:
	case p.records[name].IsValid():
		ip = p.records[name]
	case strings.HasSuffix(name, ".amazonaws.com"), strings.HasSuffix(name, ".api.aws"):
		ip = publicA
	default:
		return address, true
	}
	return netip.AddrPortFrom(ip, uint16(port)), true
}

func userAndPassword(user *url.Userinfo) string {
	password, _ := user.Password()
	return user.Username() + ":" + password
}

// enter makes close wait for a request. It is false when close came first.
func (p *proxy) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tunnels == nil {
		return false
	}
	p.running.Add(1)
	return true
}

// keep makes close end a tunnel. It is false when close came first.
func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tunnels == nil {
		return false
	}
	for _, conn := range conns {
		p.tunnels[conn] = struct{}{}
	}
	return true
}

func (p *proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		delete(p.tunnels, conn)
	}
}
