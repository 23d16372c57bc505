//go:build linux

package routes

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// from says how a connection leaves the host: by the routing table where it is empty.
type from struct {
	source netip.Addr // the source address
	device string     // the device that the socket is bound to
}

// dialFunc is http.Transport's DialContext.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialer connects as a program on the host does, names looked up at the host's DNS included. The
// addresses of a name are tried in order. 127.0.0.1 is the host's own loopback.
func (l *lab) dialer(way from) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		name, number, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		port, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return nil, err
		}
		var addresses []netip.Addr
		if ip, err := netip.ParseAddr(name); err == nil {
			addresses = []netip.Addr{ip}
		} else if addresses, err = l.lookup(ctx, name); err != nil {
			return nil, err
		}
		dialer := net.Dialer{Control: bind(way.device)}
		if way.source.IsValid() {
			dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(way.source, 0))
		}
		err = fmt.Errorf("%s has no addresses", name)
		for _, ip := range addresses {
			var conn net.Conn
			conn, err = l.host.dial(ctx, dialer, network, netip.AddrPortFrom(ip, uint16(port)))
			if err == nil {
				return conn, nil
			}
		}
		return nil, err
	}
}

// client is an HTTP client on the host that trusts the laboratory's authority; proxy may be nil.
func (l *lab) client(dial dialFunc, proxy *url.URL) *http.Client {
	transport := &http.Transport{
		DialContext: dial, Proxy: http.ProxyURL(proxy), ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: l.roots, MinVersion: tls.VersionTLS12},
	}
	l.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// config is an SDK configuration for the client: AWS's own endpoints, the laboratory's key pair.
func (l *lab) config(client *http.Client) aws.Config {
	return aws.Config{
		Region:           l.region,
		Credentials:      credentials.NewStaticCredentialsProvider(l.keyPair[0], l.keyPair[1], ""),
		HTTPClient:       client,
		RetryMaxAttempts: 1,
	}
}

// soon is the context for a connection that is expected to fail by waiting in vain.
func (l *lab) soon() context.Context {
	ctx, cancel := context.WithTimeout(l.t.Context(), 2*time.Second)
	l.t.Cleanup(cancel)
	return ctx
}

// resolverDial is net.Resolver's Dial for a DNS server that the host reaches.
func (l *lab) resolverDial(server netip.AddrPort) dialFunc {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return l.host.dial(ctx, net.Dialer{}, network, server)
	}
}
