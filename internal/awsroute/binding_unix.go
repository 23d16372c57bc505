//go:build unix

package awsroute

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

func bindAddress(socket uintptr, address netip.Addr) error {
	if address.Is4() {
		return unix.Bind(int(socket), &unix.SockaddrInet4{Addr: address.As4()})
	}
	return unix.Bind(int(socket), &unix.SockaddrInet6{Addr: address.As16()})
}
