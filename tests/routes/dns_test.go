//go:build linux

package routes

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// maxAsked bounds the names whose queries are counted.
const maxAsked = 10_000

// record is what a name answers with, and how often it was asked for each type of record.
type record struct {
	addresses func(query int) []netip.Addr
	queries   map[uint16]int
}

// dnsServer answers with what the test has set, with a time to live of 0, and NXDOMAIN for the rest.
type dnsServer struct {
	t       testing.TB
	in      *namespace
	address netip.AddrPort

	mu      sync.Mutex
	records map[string]*record
	aliases map[string]string
	asked   map[string]int

	servers []*dns.Server
	running sync.WaitGroup
}

func newDNSServer(t testing.TB, in *namespace, address netip.AddrPort) *dnsServer {
	return &dnsServer{
		t: t, in: in, address: address,
		records: map[string]*record{}, aliases: map[string]string{}, asked: map[string]int{},
	}
}

func (s *dnsServer) open() error {
	packet, err := s.in.listenPacket(s.address)
	if err != nil {
		return err
	}
	stream, err := s.in.listen(s.address, "")
	if err != nil {
		_ = packet.Close()
		return err
	}
	s.servers = []*dns.Server{{PacketConn: packet, Handler: s}, {Listener: stream, Handler: s}}
	started := make(chan struct{}, len(s.servers))
	for _, server := range s.servers {
		server.NotifyStartedFunc = func() { started <- struct{}{} }
		s.running.Go(func() { _ = server.ActivateAndServe() }) // close ends it
	}
	for range s.servers {
		<-started // before that, Shutdown does nothing
	}
	return nil
}

func (s *dnsServer) close() {
	for _, server := range s.servers {
		_ = server.ShutdownContext(context.Background())
	}
	s.servers = nil
	s.running.Wait()
}

// set gives a name its addresses, from the next query on; without addresses the name does not exist.
func (s *dnsServer) set(name string, addresses ...netip.Addr) {
	if len(addresses) == 0 {
		s.respond(name, nil)
		return
	}
	addresses = slices.Clone(addresses)
	s.respond(name, func(int) []netip.Addr { return addresses })
}

// respond gives a name the addresses that a function says, for the first, second, … query of each type
// of record: to answer differently to who asks twice.
func (s *dnsServer) respond(name string, addresses func(query int) []netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = dns.CanonicalName(name)
	delete(s.aliases, name)
	delete(s.records, name)
	if addresses != nil {
		s.records[name] = &record{addresses, map[uint16]int{}}
	}
}

// alias makes a name a CNAME of another one, which set gives its addresses.
func (s *dnsServer) alias(name, target string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aliases[dns.CanonicalName(name)] = dns.CanonicalName(target)
}

// queries is how often a name was asked for, each type of record counted.
func (s *dnsServer) queries(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[dns.CanonicalName(name)]
}

func (s *dnsServer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.asked)) {
		parts = append(parts, fmt.Sprintf("%s %d times", name, s.asked[name]))
	}
	return strings.Join(parts, ", ")
}

// ServeDNS implements dns.Handler.
func (s *dnsServer) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	answer := new(dns.Msg).SetReply(query)
	answer.Authoritative = true
	if len(query.Question) == 1 {
		s.answer(answer, query.Question[0])
	}
	_ = w.WriteMsg(answer) // who asked may be gone
}

func (s *dnsServer) answer(answer *dns.Msg, question dns.Question) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := dns.CanonicalName(question.Name)
	if _, known := s.asked[name]; known || len(s.asked) < maxAsked {
		s.asked[name]++
	}
	owner := question.Name // as it was asked: clients may check the letters' case
	if target, ok := s.aliases[name]; ok {
		answer.Answer = append(answer.Answer, &dns.CNAME{Hdr: header(owner, dns.TypeCNAME), Target: target})
		owner, name = target, target
	}
	known, ok := s.records[name]
	if !ok {
		answer.Rcode = dns.RcodeNameError
		return
	}
	known.queries[question.Qtype]++
	for _, address := range known.addresses(known.queries[question.Qtype]) {
		switch {
		case question.Qtype == dns.TypeA && address.Is4():
			answer.Answer = append(answer.Answer, &dns.A{Hdr: header(owner, dns.TypeA), A: net.IP(address.AsSlice())})
		case question.Qtype == dns.TypeAAAA && address.Is6():
			answer.Answer = append(answer.Answer, &dns.AAAA{Hdr: header(owner, dns.TypeAAAA), AAAA: net.IP(address.AsSlice())})
		}
	}
}

func header(owner string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: kind, Class: dns.ClassINET}
}

// lookup asks the host's DNS server, from the host. Of a name that does not exist it says so with a
// *net.DNSError.
func (l *lab) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	conn, err := l.host.dial(ctx, net.Dialer{}, "udp", hostDNS)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var addresses []netip.Addr
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		query := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind)
		answer, _, err := new(dns.Client).ExchangeWithConnContext(ctx, query, &dns.Conn{Conn: conn})
		if err != nil {
			return nil, err
		}
		if answer.Rcode != dns.RcodeSuccess {
			return nil, &net.DNSError{Err: dns.RcodeToString[answer.Rcode], Name: name, Server: hostDNS.String(), IsNotFound: answer.Rcode == dns.RcodeNameError}
		}
		for _, record := range answer.Answer {
			switch record := record.(type) {
			case *dns.A:
				addresses = append(addresses, netip.AddrFrom4([4]byte(record.A.To4())))
			case *dns.AAAA:
				addresses = append(addresses, netip.AddrFrom16([16]byte(record.AAAA)))
			}
		}
	}
	if len(addresses) == 0 {
		return nil, &net.DNSError{Err: "no addresses", Name: name, Server: hostDNS.String(), IsNotFound: true}
	}
	return addresses, nil
}
