package doctor

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// answering is a resolver that knows some names.
func answering(t *testing.T, names map[string]string) *net.Resolver {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	started, done := make(chan struct{}), make(chan struct{})
	server := &dns.Server{PacketConn: packets, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		reply := new(dns.Msg)
		reply.SetReply(q)
		asked := q.Question[0]
		address, known := names[strings.TrimSuffix(asked.Name, ".")]
		if !known {
			reply.Rcode = dns.RcodeNameError
		} else if asked.Qtype == dns.TypeA {
			reply.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: asked.Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.ParseIP(address).To4()}}
		}
		_ = w.WriteMsg(reply)
	})}
	go func() { defer close(done); _ = server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = server.Shutdown(); <-done })
	address := packets.LocalAddr().String()
	return &net.Resolver{PreferGo: true, Dial: dialer(address)}
}

// serveCertificate is a TLS server that has one certificate for every name.
func serveCertificate(t *testing.T, s *awslocal.Server, until time.Time, names ...string) string {
	t.Helper()
	certificate, err := s.Authority.Certificate(until, names...)
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12})
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { _, _ = conn.Read(make([]byte, 1)); _ = conn.Close() }) // a handshake, and no answer
		}
	})
	t.Cleanup(func() { _ = listener.Close(); wg.Wait() })
	return listener.Addr().String()
}

// refusingUDP is an address where every packet is refused: its port is held, by a socket that hears one other address
// only. A port that was merely free a moment ago may be somebody's by now, whose silence would keep a lookup waiting.
func refusingUDP(t *testing.T) string {
	t.Helper()
	loopback := net.IPv4(127, 0, 0, 1)
	conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: loopback}, &net.UDPAddr{IP: loopback, Port: 9})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

func TestABrokenPathIsNamedWithItsRemedy(t *testing.T) {
	const public = "logs.us-east-1.amazonaws.com"
	s := serve(t, awslocal.Options{})
	resolver := answering(t, map[string]string{"vpce-public.example": "203.0.113.7", "vpce-here.example": "127.0.0.1", public: "10.1.2.3"})
	soonOver := time.Now().Add(3 * 24 * time.Hour)
	for name, c := range map[string]struct {
		policy, route  string
		status         Status
		detail, remedy string
		facts          []string
	}{
		"nothing listens":    {"private_only", "vpc_endpoints: {logs: '" + closedPort(t) + "'}", Problem, "connection refused", "address and port", []string{"TCP: connection refused"}},
		"no such name":       {"private_only", "vpc_endpoints: {logs: vpce-absent.example}", Problem, "no such name for vpce-absent.example", "spelling", []string{"DNS: no such name"}},
		"public address":     {"private_only", "vpc_endpoints: {logs: vpce-public.example}", Problem, "under policy private_only", "private_cidrs", []string{"203.0.113.7 (public), refused: public_address"}},
		"no DNS server":      {"private_only", "private_dns: {}, dns_servers: ['" + refusingUDP(t) + "']", Problem, "DNS", "DNS server", nil},
		"hosts file":         {"any", "vpc_endpoints: {logs: vpce-here.example}", Problem, "an address of this host", "hosts file", []string{"refused: local_address"}},
		"private for public": {"any", "public: {}", Problem, "a private address", "private_dns", []string{"10.1.2.3 (private), refused: private_address"}},
		"another name": {"private_only", "vpc_endpoints: {logs: '" + serveCertificate(t, s, soonOver, "ssm.us-east-1.amazonaws.com") + "'}",
			Problem, "not logs.us-east-1.amazonaws.com", "another service", []string{"ssm.us-east-1.amazonaws.com"}},
		"expired": {"private_only", "vpc_endpoints: {logs: '" + serveCertificate(t, s, time.Now().Add(-time.Hour), public) + "'}",
			Problem, "expired", "clock", []string{public}},
		"expires soon": {"private_only", "vpc_endpoints: {logs: '" + serveCertificate(t, s, soonOver, public) + "'}",
			Warning, "the certificate ends in", "renew", []string{public}},
		"one of two targets":     {"private_only", "vpc_endpoints: {logs: '" + closedPort(t) + "," + endpoint(s) + "'}", Warning, "but not at every address", "address and port", nil},
		"proxy wants a password": {"any", "http_proxy: {url: 'http://" + newProxy(t, "", http.StatusProxyAuthRequired) + "', no_proxy: ''}", Problem, "407", "username and password", nil},
		"proxy refuses":          {"any", "http_proxy: {url: 'http://" + newProxy(t, "", http.StatusForbidden) + "', no_proxy: ''}", Problem, "403 Forbidden", "CONNECT", []string{"proxy: "}},
	} {
		t.Run(name, func(t *testing.T) {
			o := flags(t)
			o.Resolver, o.Services = resolver, nil
			o.Routes = fmt.Sprintf("yaml:{region: us-east-1, policy: %s, probe: {timeout: 2s}, routes: [{name: r, %s}]}", c.policy, c.route)
			route := of(t, run(t.Context(), o, fixed), "logs.route.r")
			assert.Equal(t, c.status, route.Status, "%+v", route)
			assert.Contains(t, route.Detail, c.detail)
			assert.Contains(t, route.Remedy, c.remedy)
			assert.NotEmpty(t, route.Remedy)
			for _, fact := range c.facts {
				assert.Contains(t, fmt.Sprint(route.Facts), fact)
			}
		})
	}
}

func TestARouteThatDoesNotWorkIsAWarningWhereAnotherDoes(t *testing.T) {
	s := serve(t, awslocal.Options{})
	o := flags(t)
	o.Routes = fmt.Sprintf("yaml:{region: us-east-1, policy: private_only, routes: [{name: dead, vpc_endpoints: {all: %q}}, {name: good, vpc_endpoints: {all: %q}}, {name: net, public: {}}]}",
		closedPort(t), endpoint(s))
	r := run(t.Context(), o, fixed)
	assert.Equal(t, Warning, of(t, r, "logs.route.dead").Status)
	assert.Equal(t, OK, of(t, r, "logs.route.good").Status)
	assert.Equal(t, "policy private_only excludes public", of(t, r, "logs.route.net").Detail)
	assert.Equal(t, OK, of(t, r, "logs.call").Status)
}

func TestAServiceWithoutARouteIsAProblemWhereItIsNeeded(t *testing.T) {
	s := serve(t, awslocal.Options{})
	o := configured(t, `{exporters: {awsemf: {role_arn: "arn:aws:iam::123456789012:role/x"}}, service: {pipelines: {metrics: {exporters: [awsemf]}}}}`)
	o.Routes = fmt.Sprintf("yaml:{region: us-east-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {logs: %q}}]}", endpoint(s))
	r := run(t.Context(), o, fixed)
	assert.Equal(t, Problem, of(t, r, "sts.route").Status)
	assert.Contains(t, of(t, r, "sts.route").Remedy, "add sts to vpc_endpoints")
	assert.Equal(t, NotChecked, of(t, r, "sts.route.dx").Status)
	assert.Equal(t, "no route serves it", of(t, r, "sts.call").Detail)
	assert.Equal(t, "no route serves it", of(t, r, "credentials.identity").Detail)
	assert.Equal(t, Problem, of(t, r, "logs.call.awsemf").Status)

	routes := o.Routes
	o = flags(t)
	o.Routes = routes
	r = run(t.Context(), o, fixed)
	assert.Equal(t, Warning, of(t, r, "sts.route").Status, "keys of the environment need no STS")
	assert.Equal(t, OK, of(t, r, "logs.call").Status)
}

// newProxy answers CONNECT with a status, and leads to an address where that is 200.
func newProxy(t *testing.T, to string, status int) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { defer conn.Close(); tunnel(conn, to, status) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); wg.Wait() })
	return listener.Addr().String()
}

func tunnel(conn net.Conn, to string, status int) {
	if r, err := http.ReadRequest(bufio.NewReader(conn)); err != nil || r.Method != http.MethodConnect {
		return
	}
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\n\r\n", status, http.StatusText(status))
	if status != http.StatusOK {
		return
	}
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer far.Close()
	go func() { _, _ = io.Copy(far, conn); _ = far.Close() }()
	_, _ = io.Copy(conn, far)
}

func TestWithoutATableTheWayThatTheProcessWouldTakeIsShown(t *testing.T) {
	s := serve(t, awslocal.Options{})
	look := func(resolver *net.Resolver) Check {
		o := flags(t)
		o.Region, o.Resolver = region, resolver
		o = o.withDefaults()
		table, err := directTable(region, o)
		require.NoError(t, err)
		return directCheck(t.Context(), table, "logs", o)
	}

	c := look(answering(t, nil))
	assert.Equal(t, Problem, c.Status)
	assert.Contains(t, c.Detail, "no such name")
	assert.Equal(t, "Way that DNS answers", c.Title)

	c = look(answering(t, map[string]string{"logs.us-east-1.amazonaws.com": "127.0.0.1"}))
	assert.Contains(t, c.Detail, "an address of this host")
	assert.Len(t, c.Facts, 1, "each address once")

	t.Setenv("HTTPS_PROXY", newProxy(t, endpoint(s), http.StatusOK))
	c = look(noDNS)
	assert.Equal(t, OK, c.Status, "%+v", c)
	assert.Equal(t, "Way through HTTPS_PROXY", c.Title)
	assert.Equal(t, "logs.us-east-1.amazonaws.com and 3 more", c.value("certificate"))

	t.Setenv("NO_PROXY", "amazonaws.com")
	assert.Equal(t, "Way that DNS answers", look(noDNS).Title)

	t.Setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
	_, err := directTable(region, flags(t).withDefaults())
	assert.ErrorContains(t, err, "HTTPS_PROXY cannot be looked at")
}

func TestAnEndpointIsLookedAtWhereItIs(t *testing.T) {
	s := serve(t, awslocal.Options{})
	o := flags(t)
	o.Routes = fmt.Sprintf("yaml:{region: us-east-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {all: %q}}], endpoints: {logs: %q, sts: 'http://%s'}}",
		endpoint(s), s.TLSURL, closedPort(t))
	r := run(t.Context(), o, fixed)
	c := of(t, r, "logs.endpoint")
	assert.Equal(t, OK, c.Status, c.Detail)
	assert.Equal(t, "localhost", c.value("certificate"))
	assert.Equal(t, OK, of(t, r, "logs.call").Status)
	assert.Equal(t, Problem, of(t, r, "sts.endpoint").Status)
	assert.Contains(t, of(t, r, "sts.endpoint").Remedy, "address and port")
}
