// Package ports hands out ports for programs that tests start.
//
// A port that was free when a test asked may be somebody else's when the program binds it a second later: another
// test's, another checkout's, or that of a connection on its way out, for which the system takes any port of its own
// range. So ports come from below that range, each once, and a process has blocks of them to itself.
package ports

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
)

const (
	// first is where the blocks begin: above the ports that this project listens on by default. last is below 32768,
	// where Linux begins to take ports for outgoing connections (ip_local_port_range); others begin later.
	first, last = 26000, 32000
	block       = 50
	blocks      = (last - first) / block
)

var (
	mu       sync.Mutex
	reserved []net.Listener // on the first port of each block of this process, until it ends
	given    int            // of the ports of all its blocks
	tried    int            // blocks
)

// Address is a free address on 127.0.0.1 that no other test gets.
func Address() (string, error) {
	mu.Lock()
	defer mu.Unlock()
	for range blocks * block {
		if given == len(reserved)*(block-1) && !reserve() {
			if len(reserved) == 0 {
				return "", errors.New("no block of ports is free: " + rangeText)
			}
			given = 0 // the oldest again
		}
		number := reserved[given/(block-1)].Addr().(*net.TCPAddr).Port + 1 + given%(block-1)
		given++
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(number))
		if listener, err := net.Listen("tcp", address); err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("no port is free: " + rangeText)
}

var rangeText = fmt.Sprintf("tests use those from %d to %d on 127.0.0.1", first, last)

// reserve takes another block, where one is left.
func reserve() bool {
	for ; tried < blocks; tried++ {
		number := first + (os.Getpid()*7+tried)%blocks*block
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(number)))
		if err == nil {
			reserved = append(reserved, listener)
			tried++
			return true
		}
	}
	return false
}

// TB is the part of testing.TB that the rest uses.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// FreeAddress is Address for a test.
func FreeAddress(t TB) string {
	t.Helper()
	address, err := Address()
	if err != nil {
		t.Fatalf("ports: %v", err)
	}
	return address
}

// Free is the port of FreeAddress.
func Free(t TB) string {
	t.Helper()
	_, port, err := net.SplitHostPort(FreeAddress(t))
	if err != nil {
		t.Fatalf("ports: %v", err)
	}
	return port
}
