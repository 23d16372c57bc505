//go:build linux

package routes

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// cloudAddresses are all addresses in the namespace aws but those of its links and its DNS.
func cloudAddresses() []netip.Addr {
	return slices.Concat(privateAddresses, publicAddresses, otherAddresses)
}

var (
	privateAddresses = []netip.Addr{endpointA, endpointB, endpointA6, endpointB6}
	publicAddresses  = []netip.Addr{publicA, publicB, publicA6}
	otherAddresses   = []netip.Addr{elsewhere, elsewhere6}
)

// serveAWS gives each link its listeners. Several links lead to the same public addresses: each listener
// is bound to its link's device, so that it is known which way a request took.
func (l *lab) serveAWS() {
	for name, addresses := range map[linkName][]netip.Addr{
		linkPrivate:  privateAddresses,
		linkDXPublic: publicAddresses,
		linkInternet: publicAddresses,
		linkUplink:   publicAddresses,
	} {
		for _, address := range addresses {
			l.addFront(name, netip.AddrPortFrom(address, 443), l.aws)
		}
	}
	stranger := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "elsewhere") })
	for _, name := range []linkName{linkInternet, linkUplink} {
		for _, address := range otherAddresses {
			for _, port := range []uint16{80, 443} {
				l.addFront(name, netip.AddrPortFrom(address, port), stranger)
			}
		}
	}
	// What nothing must lead to, though the addresses are AWS's.
	l.addFront(linkPrivate, netip.AddrPortFrom(endpointA, 80), stranger)
	l.addFront(linkInternet, netip.AddrPortFrom(publicA, 80), stranger)
}

func (l *lab) addFront(name linkName, address netip.AddrPort, handler http.Handler) {
	k := l.links[name]
	k.services = append(k.services, &front{lab: l, link: k, address: address, handler: handler})
}

// front is one address of the namespace aws as seen from one link.
type front struct {
	lab     *lab
	link    *link
	address netip.AddrPort
	handler http.Handler

	server  *http.Server
	running sync.WaitGroup // what serves, and the requests

	mu     sync.Mutex
	opened bool
}

func (f *front) open() error {
	listener, err := f.link.far.listen(f.address, f.link.farDevice)
	if err != nil {
		return err
	}
	f.server = &http.Server{
		Handler: f, TLSConfig: f.lab.authority.TLSConfig(), ReadHeaderTimeout: time.Minute,
		ErrorLog: log.New(io.Discard, "", 0), // probes that go away after the handshake are no news
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				f.lab.arrived.add(arrival{link: f.link.name, address: f.address})
			}
		},
	}
	f.mu.Lock()
	f.opened = true
	f.mu.Unlock()
	f.running.Go(func() { // what Serve returns is always http.ErrServerClosed: close ends it
		if f.address.Port() == 443 {
			_ = f.server.ServeTLS(listener, "", "")
			return
		}
		_ = f.server.Serve(listener)
	})
	return nil
}

// close ends the listener, its connections and its requests: what is counted after it has not come by it.
func (f *front) close() {
	f.mu.Lock()
	f.opened = false
	f.mu.Unlock()
	_ = f.server.Close()
	f.running.Wait()
}

// enter makes close wait for a request. It is false when close came first.
func (f *front) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opened {
		f.running.Add(1)
	}
	return f.opened
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !f.enter() {
		return
	}
	defer f.running.Done()
	f.lab.arrived.add(arrival{f.link.name, f.address, cmp.Or(r.Host, "-"), signedService(r)})
	f.handler.ServeHTTP(w, r)
}

// signedService is the service in the scope of a signature (KEY/DATE/REGION/SERVICE/aws4_request), "-"
// where there is none.
func signedService(r *http.Request) string {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if parts := strings.SplitN(scope, "/", 5); len(parts) == 5 {
		return parts[3]
	}
	return "-"
}

// arrival is a connection, or with a service a request, that came to an address by a link.
type arrival struct {
	link    linkName
	address netip.AddrPort
	host    string // of the request; "" for the connection itself
	service string // that the request was signed for
}

// maxArrivals bounds the kinds of arrivals that are told apart.
const maxArrivals = 10_000

// arrivals counts what arrived, by kind.
type arrivals struct {
	mu     sync.Mutex
	counts map[arrival]int
}

func (a *arrivals) add(kind arrival) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.counts == nil {
		a.counts = map[arrival]int{}
	}
	if _, known := a.counts[kind]; known || len(a.counts) < maxArrivals {
		a.counts[kind]++
	}
}

// count is how many arrivals are of a kind.
func (a *arrivals) count(of func(arrival) bool) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for kind, times := range a.counts {
		if of(kind) {
			n += times
		}
	}
	return n
}

// connections is how many connections came by a link, without a request or with many.
func (a *arrivals) connections(name linkName) int {
	return a.count(func(kind arrival) bool { return kind.link == name && kind.host == "" })
}

// requests is how many requests came by a link.
func (a *arrivals) requests(name linkName) int {
	return a.count(func(kind arrival) bool { return kind.link == name && kind.host != "" })
}

// requestsAt is how many requests came to an address, by any link.
func (a *arrivals) requestsAt(address netip.Addr) int {
	return a.count(func(kind arrival) bool { return kind.address.Addr() == address && kind.host != "" })
}

// services are the services that requests by a link were signed for, in order.
func (a *arrivals) services(name linkName) []string {
	var services []string
	a.count(func(kind arrival) bool {
		if kind.link == name && kind.host != "" {
			services = append(services, kind.service)
		}
		return false
	})
	slices.Sort(services)
	return slices.Compact(services)
}

func (a *arrivals) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var lines []string
	for kind, times := range a.counts {
		what := "connections"
		if kind.host != "" {
			what = fmt.Sprintf("requests to %q signed for %s", kind.host, kind.service)
		}
		lines = append(lines, fmt.Sprintf("  by %s at %s: %d %s\n", kind.link, kind.address, times, what))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
