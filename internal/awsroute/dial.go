package awsroute

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// A connection whose path dies is found out after idle + count*interval, and after as long with data
// under way, so that a request fails and takes the next route.
const (
	keepAliveIdle     = 10 * time.Second
	keepAliveInterval = 5 * time.Second
	keepAliveCount    = 3
	// unacknowledged is how long sent data may stay unacknowledged (RFC 5482).
	unacknowledged = keepAliveIdle + keepAliveCount*keepAliveInterval
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
					Service: string(service), Address: to.Addr().String(), Route: r.name,
					Policy: r.policy, Reason: reason, remedy: remedy,
				}
				r.observe(refused)
				return refused
			}
			return r.local.control(network, c)
		},
	}
	return dialer.DialContext(ctx, "tcp", address)
}

// counted is a connection that counts into its route.
type counted struct {
	net.Conn
	route  *route
	closed atomic.Bool
}

func (r *route) count(conn net.Conn) net.Conn {
	r.connections.Add(1)
	return &counted{Conn: conn, route: r}
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.route.received.Add(int64(n))
	return n, err
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.route.sent.Add(int64(n))
	return n, err
}

func (c *counted) Close() error {
	if !c.closed.Swap(true) {
		c.route.connections.Add(-1)
	}
	return c.Conn.Close()
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
