package awsroute

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

func bindDevice(socket uintptr, device *net.Interface, v6 bool) error {
	if v6 {
		return unix.SetsockoptInt(int(socket), unix.IPPROTO_IPV6, unix.IPV6_BOUND_IF, device.Index)
	}
	return unix.SetsockoptInt(int(socket), unix.IPPROTO_IP, unix.IP_BOUND_IF, device.Index)
}

// setUnacknowledged does nothing: keep-alives alone find dead paths here.
func setUnacknowledged(uintptr, time.Duration) {}
