package awsroute

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cabundle"
)

// proxy asks an HTTP proxy for tunnels (RFC 9110, section 9.3.6).
type proxy struct {
	url     *url.URL
	address string
	tls     *tls.Config // nil: the proxy speaks plain HTTP
	exempt  func(*url.URL) (*url.URL, error)
}

func newProxy(c *HTTPProxy) (*proxy, error) {
	u, err := c.parse()
	if err != nil {
		return nil, err
	}
	p := &proxy{url: u}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	p.address = net.JoinHostPort(host, port)
	if u.Scheme == "https" {
		p.tls = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		if c.CAFile != "" {
			if p.tls.RootCAs, err = readPool(c.CAFile); err != nil {
				return nil, err
			}
		}
	}
	fromEnvironment := httpproxy.FromEnvironment()
	rules := httpproxy.Config{HTTPSProxy: "http://proxy.invalid", NoProxy: fromEnvironment.NoProxy}
	if c.NoProxy != nil {
		rules.NoProxy = *c.NoProxy
	}
	p.exempt = rules.ProxyFunc()
	return p, nil
}

// exempts says whether no_proxy names d.
func (p *proxy) exempts(d destination) bool {
	through, err := p.exempt(&url.URL{Scheme: "https", Host: net.JoinHostPort(d.host, d.port)})
	return err != nil || through == nil
}

// connect opens a tunnel to d over a connection that dial makes to the proxy.
func (p *proxy) connect(ctx context.Context, d destination, dial func(ctx context.Context, address string) (net.Conn, error)) (net.Conn, error) {
	conn, err := dial(ctx, p.address)
	if err != nil {
		return nil, err
	}
	// The handshake below reads and writes without a context: its end cuts them short.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	tunnel, err := p.handshake(ctx, conn, d)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("no tunnel in time: %w", ctx.Err())
		}
		return nil, err
	}
	return tunnel, nil
}

func (p *proxy) handshake(ctx context.Context, conn net.Conn, d destination) (net.Conn, error) {
	if p.tls != nil {
		secured := tls.Client(conn, p.tls)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("TLS to the proxy: %w", err)
		}
		conn = secured
	}
	target := net.JoinHostPort(d.host, d.port)
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: target}, Host: target, Header: http.Header{}}
	if user := p.url.User; user != nil {
		password, _ := user.Password()
		request.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	if err := request.Write(conn); err != nil {
		return nil, fmt.Errorf("CONNECT %s: %w", target, err)
	}
	reader := bufio.NewReader(&bounded{Conn: conn, left: maxProxyAnswer})
	answer, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, fmt.Errorf("the answer to CONNECT %s: %w", target, err)
	}
	switch {
	case answer.StatusCode == http.StatusProxyAuthRequired:
		return nil, fmt.Errorf("CONNECT %s: %s: the proxy wants other credentials (http_proxy::username and password)", target, answer.Status)
	case answer.StatusCode/100 != 2:
		return nil, fmt.Errorf("CONNECT %s: %s: the proxy does not let this name through", target, answer.Status)
	case reader.Buffered() > 0:
		return nil, errors.New("the proxy sent data before the tunnel was used")
	}
	return conn, nil
}

// maxProxyAnswer bounds the header of a proxy's answer, as net/http does for its own.
const maxProxyAnswer = 64 << 10

// bounded reads so many bytes of a connection and no more.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, fmt.Errorf("more than %d bytes of header", maxProxyAnswer)
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// readPool reads the PEM certificates of a file.
func readPool(path string) (*x509.CertPool, error) {
	text, err := cabundle.Read(path)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pool, nil
}
