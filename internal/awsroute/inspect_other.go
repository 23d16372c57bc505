package awsroute

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// maxOthers bounds the hosts of other_hosts that are looked at.
	maxOthers = 64
	// inspectTimeout bounds what is looked at of one of them: somebody waits for the report.
	inspectTimeout = 5 * time.Second
)

// OtherInspection is what the way to one host of other_hosts looks like.
type OtherInspection struct {
	// Host is as it is listed, and Via the word of its entry.
	Host, Via string
	// Pattern says that it stands for more than one host, so that there is nothing to look at.
	Pattern bool
	// Route is the way that is taken: the name of a route, direct, private or HTTPS_PROXY; empty where it is refused.
	Route string
	// Before says that an earlier entry decides, whose word is Via then.
	Before bool
	// Refused says why no connection is made, whatever the addresses are; nil where one is.
	Refused error
	// Resolved is the name that this host resolves: the host's, or the proxy's, which resolves the host's itself.
	Resolved  string
	DNSErr    error
	Addresses []AddressInspection
	// Dialed says that a connection was tried, which needs a port; Err is what came of it.
	Dialed bool
	Err    error
	Took   time.Duration
}

// InspectOthers looks at the hosts that other_hosts lists, in its order, at all of them in parallel. more is how many were
// left out.
func (t *Table) InspectOthers(ctx context.Context) (all []OtherInspection, more int) {
	for i, entry := range t.config.OtherHosts {
		for j, host := range entry.Hosts {
			if len(all) == maxOthers {
				more++
				continue
			}
			p := t.others[i].patterns[j]
			one := OtherInspection{Host: host, Via: entry.Via}
			one.Pattern = p.below || p.ranges.IsValid() && !p.ranges.IsSingleIP()
			if !one.Pattern && entry.Via != ViaRefuse {
				one.Via, one.Before = t.decides(i, p)
			}
			all = append(all, one)
		}
	}
	var wg sync.WaitGroup
	for i := range all {
		if one := &all[i]; !one.Pattern && one.Via != ViaRefuse {
			wg.Go(func() { t.inspectOther(ctx, one) })
		}
	}
	wg.Wait()
	return all, more
}

// hostAndPort are those of a pattern of one host; the port is 443 where it has none.
func (p hostPattern) hostAndPort() (host, port string, ported bool) {
	if host = p.name; p.ranges.IsValid() {
		host = p.ranges.Addr().String()
	}
	if p.port == "" {
		return host, "443", false
	}
	return host, p.port, true
}

// decides is the word of the entry that decides on a host of entry i, and whether it is an earlier one.
func (t *Table) decides(i int, p hostPattern) (via string, before bool) {
	host, port, _ := p.hostAndPort()
	for j, o := range t.others[:i] {
		if slices.ContainsFunc(o.patterns, func(q hostPattern) bool { return q.matches(host, port) }) {
			return t.others[j].via, true
		}
	}
	return t.others[i].via, false
}

func (t *Table) inspectOther(ctx context.Context, one *OtherInspection) {
	p, err := parseHost(one.Host)
	if err != nil {
		one.Refused = err
		return
	}
	host, port, ported := p.hostAndPort()
	if one.Refused = t.Refuses(host, port); one.Refused != nil {
		return
	}
	r, err := t.otherRoute(host, port)
	if err != nil || r == nil { // a name that the table serves goes its own way
		one.Refused = err
		return
	}
	one.Route, one.Resolved = r.name, host
	target := net.JoinHostPort(host, port)
	switch {
	case r.proxy != nil:
		target = r.proxy.address
	case r.socks != nil:
		target = r.socks.Host
	}
	if name, _ := splitPort(target, port); name != "" {
		one.Resolved = strings.Trim(name, "[]")
	}
	ctx, cancel := context.WithTimeout(ctx, min(r.timeout, inspectTimeout))
	defer cancel()
	literal, err := netip.ParseAddr(one.Resolved)
	addresses := []netip.Addr{literal}
	if err != nil {
		resolver := r.resolver
		if resolver == nil {
			resolver = net.DefaultResolver
		}
		if addresses, one.DNSErr = resolver.LookupNetIP(ctx, "ip", one.Resolved); one.DNSErr != nil {
			return
		}
	}
	for _, address := range addresses[:min(len(addresses), maxInspected)] {
		a := AddressInspection{Address: address.Unmap(), Scope: string(scopeOf(address.Unmap(), r.privateCIDRs))}
		if reason, remedy := r.verdict(address, literal.IsValid()); reason != "" {
			a.Refused = &RefusedError{Service: one.Host, Address: a.Address.String(), Route: r.name, Policy: r.policy, Reason: reason, remedy: remedy}
		}
		one.Addresses = append(one.Addresses, a)
	}
	if !ported {
		return
	}
	one.Dialed = true
	began := time.Now()
	conn, _, err := t.DialAny(ctx, "tcp", net.JoinHostPort(host, port))
	if one.Took, one.Err = time.Since(began), err; err == nil {
		_ = conn.Close() // nothing was sent
	}
}
