package awsroute

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/certs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const logsName = "logs.us-east-1.amazonaws.com"

var authority = sync.OnceValue(func() *certs.Authority {
	a, err := certs.New(time.Now())
	if err != nil {
		panic(err)
	}
	return a
})

// endpoint is an AWS endpoint on a loopback address: TLS under any AWS name.
type endpoint struct {
	address, port string
	accepted      atomic.Int64
	from          atomic.Value // the last client's IP address
	stop          func()
}

func newEndpoint(t *testing.T, ip string) *endpoint {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	require.NoError(t, err)
	e := &endpoint{address: listener.Addr().String()}
	_, e.port, _ = net.SplitHostPort(e.address)
	server := &httptest.Server{Listener: listener, Config: &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }),
		ConnState: func(c net.Conn, s http.ConnState) {
			if s == http.StateNew {
				e.accepted.Add(1)
				host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
				e.from.Store(host)
			}
		},
		ErrorLog: quiet(),
	}}
	server.TLS = authority().TLSConfig()
	server.StartTLS()
	e.stop = sync.OnceFunc(server.Close)
	t.Cleanup(e.stop)
	return e
}

// closedPort is a loopback address that refuses connections.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func authorityFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, authority().PEM(), 0o600))
	return path
}

// parse reads a configuration as the collector does, without expanding anything in it.
func parse(text string) (Config, error) {
	m := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &m); err != nil {
		return Config{}, err
	}
	c := NewDefaultConfig()
	if err := confmap.NewFromStringMap(m).Unmarshal(&c); err != nil {
		return Config{}, err
	}
	return c, c.Validate()
}

// newTable makes a table of YAML that trusts the endpoints.
func newTable(t *testing.T, text string, o Options) *Table {
	t.Helper()
	t.Setenv("NO_PROXY", "")
	c, err := parse(text)
	require.NoError(t, err)
	c.CAFile = authorityFile(t)
	table, err := New(c, o)
	require.NoError(t, err)
	t.Cleanup(table.Shutdown)
	return table
}

// reach makes an HTTPS request for host by the table's way.
func reach(t *testing.T, table *Table, host string) error {
	t.Helper()
	transport := &http.Transport{DialContext: table.DialContext, TLSClientConfig: &tls.Config{RootCAs: table.RootCAs()}}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Get("https://" + host + "/")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, host, string(body), "the Host header stays")
	return nil
}

// nameserver answers one set of records, which a test changes at any time.
type nameserver struct {
	mu      sync.Mutex
	records map[string][]string
	address string
}

func newNameserver(t *testing.T) *nameserver {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &nameserver{records: map[string][]string{}, address: packets.LocalAddr().String()}
	started := make(chan struct{})
	server := &dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(n.answer), NotifyStartedFunc: func() { close(started) }}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = server.Shutdown(); <-done })
	return n
}

func (n *nameserver) set(name string, addresses ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.records[name+"."] = addresses
}

func (n *nameserver) resolver() *net.Resolver { return askServers([]string{n.address}) }

func (n *nameserver) answer(w dns.ResponseWriter, question *dns.Msg) {
	n.mu.Lock()
	defer n.mu.Unlock()
	reply := new(dns.Msg)
	reply.SetReply(question)
	asked := question.Question[0]
	addresses, known := n.records[asked.Name]
	if !known {
		reply.Rcode = dns.RcodeNameError
	}
	for _, address := range addresses {
		ip, header := net.ParseIP(address), dns.RR_Header{Name: asked.Name, Rrtype: asked.Qtype, Class: dns.ClassINET}
		switch v4 := ip.To4(); {
		case v4 != nil && asked.Qtype == dns.TypeA:
			reply.Answer = append(reply.Answer, &dns.A{Hdr: header, A: v4})
		case v4 == nil && asked.Qtype == dns.TypeAAAA:
			reply.Answer = append(reply.Answer, &dns.AAAA{Hdr: header, AAAA: ip})
		}
	}
	_ = w.WriteMsg(reply)
}
