package doctor

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// endpointCheck looks at a URL that is called instead of AWS's name: it is dialed directly, or by the
// table's rules for such URLs.
func (a *access) endpointCheck(ctx context.Context, id, url string) Check {
	c := Check{ID: id, Title: "Endpoint " + url, Status: OK}
	host, port, err := awsnames.Custom(url)
	if err != nil {
		c.Status, c.Detail, c.Remedy = Problem, oneLine(err), "write https://HOST or https://HOST:PORT"
		return c
	}
	dial := (&net.Dialer{Resolver: a.options.Resolver}).DialContext
	if t := a.routing.table; t != nil {
		if !t.Names(host, port) {
			return notChecked(id, c.Title, "the route table does not serve it; add it to the table's endpoints, or use vpc_endpoints of a route")
		}
		dial = t.DialContext
	}
	started := time.Now()
	conn, err := dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		c.Status, c.Detail, c.Remedy = Problem, "does not work: "+brief(err), pathRemedy(err)
		return c
	}
	defer func() { _ = conn.Close() }() // nothing was written that could be lost
	took := time.Since(started)
	line := fmt.Sprintf("%s%s, TCP %s", conn.RemoteAddr(), scope(conn.RemoteAddr()), millis(took))
	if strings.HasPrefix(url, "https:") {
		config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		if a.ways != nil {
			config.RootCAs = a.ways.RootCAs()
		}
		secured := tls.Client(conn, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			c.Status, c.Detail, c.Remedy = Problem, "does not work: "+brief(err), pathRemedy(err)
			c.fact(host, line)
			if leaf := shown(err); leaf != nil {
				c.certificate(leaf)
			}
			return c
		}
		state := secured.ConnectionState()
		line += fmt.Sprintf(", %s %s", tls.VersionName(state.Version), millis(time.Since(started)-took))
		leaf := state.PeerCertificates[0]
		c.fact(host, line)
		c.certificate(&awsroute.Certificate{Names: leaf.DNSNames, Issuer: leaf.Issuer.String(), NotAfter: leaf.NotAfter})
	} else {
		c.fact(host, line+", no TLS")
	}
	c.Detail = "works in " + millis(time.Since(started))
	return c
}

// scope is the kind of an address in words, where it is clear.
func scope(address net.Addr) string {
	to, err := netip.ParseAddrPort(address.String())
	switch {
	case err != nil:
		return ""
	case to.Addr().IsLoopback():
		return " (this host)"
	case to.Addr().IsPrivate():
		return " (private)"
	}
	return " (public)"
}
