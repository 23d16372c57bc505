package awsroute

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// bindDevice needs CAP_NET_RAW on kernels before 5.7.
func bindDevice(socket uintptr, device *net.Interface, _ bool) error {
	return unix.SetsockoptString(int(socket), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, device.Name)
}

// setUnacknowledged bounds how long a dead path goes unnoticed while data is under way. A kernel that
// refuses keeps its own, longer bound.
func setUnacknowledged(socket uintptr, limit time.Duration) {
	_ = unix.SetsockoptInt(int(socket), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
}
