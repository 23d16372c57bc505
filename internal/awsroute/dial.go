package awsroute

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// A connection at rest whose path dies is found out after idle + count*interval.
const (
	keepAliveIdle     = 10 * time.Second
	keepAliveInterval = 5 * time.Second
	keepAliveCount    = 3
	// unacknowledged is how long sent data may stay unacknowledged (RFC 5482): less than the 5 seconds
	// after which exporters give a request up and send it again (exporterhelper's default timeout).
	// Otherwise the kernel could deliver it the first time when the path comes back.
	unacknowledged = 4 * time.Second
)

// route is one route ready for use.
type route struct {
	config Route
	name   string
	kind   Kind
	region string // of interface endpoints

	policy       Policy
	privateCIDRs []netip.Prefix
	resolver     *net.Resolver
	local        localBinding
	proxy        *proxy
	socks        *url.URL // a SOCKS5 proxy, in proxy's place
	timeout      time.Duration
	observe      func(*RefusedError)

	sent, received, connections atomic.Int64
}

// dial tries the route's targets for d in order. It returns the target that answered.
func (r *route) dial(ctx context.Context, d destination) (net.Conn, string, error) {
	var errs []error
	for _, target := range r.targets(d) {
		conn, err := r.dialTarget(ctx, d, target)
		if err == nil {
			return conn, target, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, "", errors.Join(errs...)
}

// dialTarget connects to one target, or to d through the proxy.
func (r *route) dialTarget(ctx context.Context, d destination, target string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	if r.proxy != nil {
		conn, err := r.proxy.connect(ctx, d, func(ctx context.Context, address string) (net.Conn, error) {
			return r.connect(ctx, d.service, address)
		})
		if err != nil {
			return nil, fmt.Errorf("proxy %s: %w", r.proxy.url.Host, err)
		}
		return conn, nil
	}
	if r.socks != nil {
		conn, err := r.dialSOCKS(ctx, net.JoinHostPort(d.host, d.port))
		if err != nil {
			return nil, fmt.Errorf("proxy %s: %w", r.socks.Host, err)
		}
		return conn, nil
	}
	host, port := splitPort(target, d.port)
	return r.connect(ctx, d.service, net.JoinHostPort(host, port))
}

// connect makes a TCP connection. The net package resolves the name and tries its addresses (RFC
// 8305); every address passes the verdict before the kernel gets it.
func (r *route) connect(ctx context.Context, service awsnames.Service, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	_, parseErr := netip.ParseAddr(host)
	literal := parseErr == nil
	dialer := net.Dialer{
		Resolver: r.resolver,
		KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount,
		},
		ControlContext: func(_ context.Context, network, resolved string, c syscall.RawConn) error {
			to, err := netip.ParseAddrPort(resolved)
			if err != nil {
				return err
			}
			if reason, remedy := r.verdict(to.Addr(), literal); reason != "" {
				refused := &RefusedError{
					Service: cmp.Or(string(service), host), service: service, Address: to.Addr().String(), Route: r.name,
					Policy: r.policy, Reason: reason, remedy: remedy,
				}
				r.observe(refused)
				return refused
			}
			return r.local.control(network, c)
		},
	}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Not before: it would bound the attempt to connect, which has its own limit.
		if raw, err := tcp.SyscallConn(); err == nil {
			_ = raw.Control(func(socket uintptr) { setUnacknowledged(socket, unacknowledged) })
		}
	}
	return conn, err
}

// controlRecord is the size of a write that asks nothing: a TLS alert, or an HTTP/2 acknowledgement. A
// signed request is longer: its signature alone has 64 characters.
const controlRecord = 64

// counted is a connection that counts into its route.
//
// A connection that is closed while an answer is awaited is aborted: what the kernel has not got rid of
// is thrown away. It would otherwise go on to send the request for minutes, and if the path came back
// deliver what the caller has long sent again on another one.
type counted struct {
	net.Conn
	route  *route
	asking atomic.Bool // the last thing of size was written
	closed atomic.Bool
}

func (r *route) count(conn net.Conn) net.Conn {
	r.connections.Add(1)
	return &counted{Conn: conn, route: r}
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.asking.Store(false)
		c.route.received.Add(int64(n))
	}
	return n, err
}

func (c *counted) Write(p []byte) (int, error) {
	if len(p) > controlRecord {
		c.asking.Store(true)
	}
	n, err := c.Conn.Write(p)
	c.route.sent.Add(int64(n))
	return n, err
}

func (c *counted) Close() error {
	if c.closed.Swap(true) {
		return c.Conn.Close()
	}
	c.route.connections.Add(-1)
	if c.asking.Load() {
		if tcp := tcpOf(c.Conn); tcp != nil {
			_ = tcp.SetLinger(0)
		}
	}
	return c.Conn.Close()
}

// tcpOf is the TCP connection beneath TLS to a proxy.
func tcpOf(conn net.Conn) *net.TCPConn {
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = over.NetConn()
	}
	tcp, _ := conn.(*net.TCPConn)
	return tcp
}

// Asking says whether an answer is awaited on a connection that a table has dialed: nothing of size has
// come since something was sent.
func Asking(conn net.Conn) bool {
	c, ok := conn.(*counted)
	return ok && c.asking.Load()
}

// CloseWrite ends the sending direction, where the connection beneath can.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// dialLocal connects to loopback or a metadata service, and to nothing else.
func dialLocal(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{
		Timeout: 5 * time.Second, // a bound only: these answer at once or never
		ControlContext: func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
			if to, err := netip.ParseAddrPort(resolved); err != nil || !isHostLocal(to.Addr().String()) {
				return fmt.Errorf("%s led to %s, which is not on this host", address, resolved)
			}
			return nil
		},
	}
	return dialer.DialContext(ctx, network, address)
}
