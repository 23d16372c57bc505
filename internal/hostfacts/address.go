package hostfacts

import (
	"context"
	"net"
	"net/netip"
)

// Addresses that nobody has (RFC 5737, RFC 3849), so that the default route leads there. Nothing is sent:
// connecting a UDP socket only chooses the source.
const (
	farIPv4 = "192.0.2.1:9"
	farIPv6 = "[2001:db8::1]:9"
)

// outbound is the address that the default route of "udp4" or "udp6" leaves from; invalid without one.
func outbound(ctx context.Context, network string) netip.Addr {
	far := farIPv4
	if network == "udp6" {
		far = farIPv6
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, far)
	if err != nil {
		return netip.Addr{}
	}
	defer func() { _ = conn.Close() }() // nothing was written
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.Addr{}
	}
	return local.AddrPort().Addr().Unmap()
}

// firstOf is the first address of a family that others can reach this host at; private ones count.
func firstOf(addresses []net.Addr, v6 bool) netip.Addr {
	for _, a := range addresses {
		network, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		if ip, ok := netip.AddrFromSlice(network.IP); ok && usable(ip.Unmap(), v6) {
			return ip.Unmap()
		}
	}
	return netip.Addr{}
}

func usable(ip netip.Addr, v6 bool) bool {
	return ip.IsValid() && ip.Is6() == v6 && ip.IsGlobalUnicast()
}

// address is this host's address of a family, as text; empty where it has none.
func (f *Finder) address(ctx context.Context, v6 bool) string {
	network := "udp4"
	if v6 {
		network = "udp6"
	}
	ip := f.outbound(ctx, network)
	if !usable(ip, v6) {
		all, err := f.interfaces()
		if err != nil {
			return ""
		}
		ip = firstOf(all, v6)
	}
	if !ip.IsValid() {
		return ""
	}
	return ip.WithZone("").String()
}
