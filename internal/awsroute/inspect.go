package awsroute

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// maxInspected bounds the addresses of one name that are looked at.
const maxInspected = 8

// Inspection is what one route looks like for one service, step by step.
type Inspection struct {
	Route string
	Kind  Kind
	// Excluded says why the route is not used for the service. Empty: it is used.
	Excluded string
	Targets  []TargetInspection
}

// TargetInspection is one endpoint, public name or proxy of a route.
type TargetInspection struct {
	Name      string // as configured, or the public name, or the proxy's address
	DNSErr    error
	Addresses []AddressInspection
}

// AddressInspection is one address of a target. A step that was not reached is zero.
type AddressInspection struct {
	Address netip.Addr
	Scope   string // private, public or local
	Refused error  // the policy's verdict: a *RefusedError, or nil
	TCP     time.Duration
	TCPErr  error
	// TunnelErr is the proxy's answer, where the target is one.
	TunnelErr error
	TLS       *Certificate
	TLSErr    error
	Latency   time.Duration // TCP and TLS
}

// Certificate is what the other end showed.
type Certificate struct {
	Names    []string
	Issuer   string
	NotAfter time.Time
	Version  uint16
}

// Works says whether some address of the route works.
func (i *Inspection) Works() bool {
	for _, target := range i.Targets {
		for _, a := range target.Addresses {
			if a.TLS != nil && a.TLSErr == nil {
				return true
			}
		}
	}
	return false
}

// Inspect looks at every route for a service of the table's region, at all of them in parallel. It
// changes no verdict.
func (t *Table) Inspect(ctx context.Context, s awsnames.Service) []Inspection {
	d := destination{service: s, region: t.config.Region, host: t.names[0].Public(s), port: "443"}
	inspections := make([]Inspection, len(t.routes))
	var wg sync.WaitGroup
	for i, r := range t.routes {
		inspections[i] = Inspection{Route: r.name, Kind: r.kind}
		targets := r.targets(d)
		switch {
		case !t.config.Policy.permits(r.kind):
			inspections[i].Excluded = "policy " + string(t.config.Policy) + " excludes " + string(r.kind)
			continue
		case len(targets) == 0 && r.proxy != nil && r.proxy.exempts(d):
			inspections[i].Excluded = "no_proxy names " + d.host
			continue
		case len(targets) == 0:
			inspections[i].Excluded = "the route does not serve " + string(s)
			continue
		}
		inspections[i].Targets = make([]TargetInspection, len(targets))
		for j, target := range targets {
			wg.Go(func() { inspections[i].Targets[j] = t.inspectTarget(ctx, r, d, target) })
		}
	}
	wg.Wait()
	return inspections
}

func (t *Table) inspectTarget(ctx context.Context, r *route, d destination, target string) TargetInspection {
	if r.proxy != nil {
		target = r.proxy.address
	}
	inspection := TargetInspection{Name: target}
	host, port := splitPort(target, d.port)
	literal, err := netip.ParseAddr(host)
	addresses := []netip.Addr{literal}
	if err != nil {
		resolver := r.resolver
		if resolver == nil {
			resolver = net.DefaultResolver
		}
		resolving, cancel := context.WithTimeout(ctx, r.timeout)
		addresses, inspection.DNSErr = resolver.LookupNetIP(resolving, "ip", host)
		cancel()
	}
	addresses = addresses[:min(len(addresses), maxInspected)]
	inspection.Addresses = make([]AddressInspection, len(addresses))
	var wg sync.WaitGroup
	for i, address := range addresses {
		wg.Go(func() {
			inspection.Addresses[i] = t.inspectAddress(ctx, r, d, address.Unmap(), port, literal.IsValid())
		})
	}
	wg.Wait()
	return inspection
}

func (t *Table) inspectAddress(ctx context.Context, r *route, d destination, address netip.Addr, port string, literal bool) AddressInspection {
	inspection := AddressInspection{Address: address, Scope: string(scopeOf(address, r.privateCIDRs))}
	if reason, remedy := r.verdict(address, literal); reason != "" {
		inspection.Refused = &RefusedError{Service: string(d.service), Address: address.String(), Route: r.name, Policy: r.policy, Reason: reason, remedy: remedy}
		return inspection
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	started := time.Now()
	conn, err := r.connect(ctx, d.service, net.JoinHostPort(address.String(), port))
	inspection.TCP, inspection.TCPErr = time.Since(started), err
	if err != nil {
		return inspection
	}
	defer conn.Close()
	if r.proxy != nil {
		tunnel, err := r.proxy.connect(ctx, d, func(context.Context, string) (net.Conn, error) { return conn, nil })
		if err != nil {
			inspection.TunnelErr = err
			return inspection
		}
		conn = tunnel
	}
	state, err := t.handshake(ctx, conn, d.host)
	inspection.Latency = time.Since(started)
	if err != nil {
		inspection.TLSErr = err
		return inspection
	}
	leaf := state.PeerCertificates[0]
	inspection.TLS = &Certificate{Names: certificateNames(leaf), Issuer: leaf.Issuer.String(), NotAfter: leaf.NotAfter, Version: state.Version}
	return inspection
}

func certificateNames(c *x509.Certificate) []string {
	if len(c.DNSNames) > 0 {
		return c.DNSNames
	}
	return []string{c.Subject.CommonName}
}
