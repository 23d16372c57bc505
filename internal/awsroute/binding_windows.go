package awsroute

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/windows"
)

// From ws2ipdef.h: both options are called *_UNICAST_IF and have the same number.
const unicastInterface = 31

// tcpMaxRetransmission is TCP_MAXRT of ws2ipdef.h: seconds.
const tcpMaxRetransmission = 5

func bindAddress(socket uintptr, address netip.Addr) error {
	if address.Is4() {
		return windows.Bind(windows.Handle(socket), &windows.SockaddrInet4{Addr: address.As4()})
	}
	return windows.Bind(windows.Handle(socket), &windows.SockaddrInet6{Addr: address.As16()})
}

// bindDevice chooses the interface. For IPv4 Windows wants its index in network byte order.
func bindDevice(socket uintptr, device *net.Interface, v6 bool) error {
	if v6 {
		return windows.SetsockoptInt(windows.Handle(socket), windows.IPPROTO_IPV6, unicastInterface, device.Index)
	}
	var index [4]byte
	binary.BigEndian.PutUint32(index[:], uint32(device.Index))
	return windows.SetsockoptInt(windows.Handle(socket), windows.IPPROTO_IP, unicastInterface, int(binary.NativeEndian.Uint32(index[:])))
}

func setUnacknowledged(socket uintptr, limit time.Duration) {
	_ = windows.SetsockoptInt(windows.Handle(socket), windows.IPPROTO_TCP, tcpMaxRetransmission, int(limit.Seconds()))
}
