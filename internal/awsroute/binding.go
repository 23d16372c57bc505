package awsroute

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// localBinding is where connections leave from: a local address, a network interface, or wherever the
// routing table says. It is applied to each socket, so that an address of the other family or an
// interface that comes and goes is met when dialing.
type localBinding struct {
	address netip.Addr
	device  string
}

func newLocalBinding(source string) localBinding {
	if address, err := netip.ParseAddr(source); err == nil {
		return localBinding{address: address}
	}
	return localBinding{device: source}
}

// control binds a socket before it connects.
func (b localBinding) control(network string, c syscall.RawConn) error {
	v6 := strings.HasSuffix(network, "6")
	var failed error
	err := c.Control(func(socket uintptr) {
		switch {
		case b.address.IsValid() && b.address.Is6() != v6:
			failed = fmt.Errorf("source %s is of the other IP version", b.address)
		case b.address.IsValid():
			if failed = bindAddress(socket, b.address); failed != nil {
				failed = fmt.Errorf("cannot send from source %s (is it an address of this host?): %w", b.address, failed)
			}
		case b.device != "":
			device, lookup := net.InterfaceByName(b.device)
			if lookup != nil {
				failed = fmt.Errorf("source %q is neither an IP address nor an interface of this host: %w", b.device, lookup)
			} else if failed = bindDevice(socket, device, v6); failed != nil {
				failed = fmt.Errorf("cannot send from interface %s: %w", b.device, failed)
			}
		}
	})
	if err != nil {
		return err
	}
	return failed
}
