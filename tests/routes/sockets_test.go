//go:build linux

package routes

import (
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A child has copies of all sockets of this process from its fork to its exec, and this package starts a
// program at every turn. Closing a socket that has copies ends nothing: a listener was seen to accept two
// connections in 150 after its end. So sockets are told that they are at their end before they are closed,
// which copies cannot outlast.

// shut ends a socket, whoever has a copy of it: a listener refuses, a connection says that it is over.
func shut(socket syscall.Conn) {
	raw, err := socket.SyscallConn()
	if err == nil {
		// It fails where the other side has ended the connection before.
		_ = raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RDWR) })
	}
}

// listener is a TCP listener whose end is the end of every connection that it has accepted, also of one
// that a server has not noted yet.
type listener struct {
	*net.TCPListener

	mu   sync.Mutex
	open map[*accepted]struct{} // nil once closed
}

func newListener(socket *net.TCPListener) *listener {
	return &listener{TCPListener: socket, open: map[*accepted]struct{}{}}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	a := &accepted{TCPConn: conn, by: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		shut(conn)
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	l.open[a] = struct{}{}
	return a, nil
}

// Close refuses connections from now on and resets those that are open.
func (l *listener) Close() error {
	shut(l.TCPListener)
	err := l.TCPListener.Close()
	l.mu.Lock()
	open := l.open
	l.open = nil
	l.mu.Unlock()
	for a := range open {
		shut(a.TCPConn)
		_ = a.TCPConn.Close()
	}
	return err
}

// accepted is a connection that its listener knows.
type accepted struct {
	*net.TCPConn
	by *listener
}

// Close implements net.Conn.
func (a *accepted) Close() error {
	a.by.mu.Lock()
	delete(a.by.open, a)
	a.by.mu.Unlock()
	return a.TCPConn.Close()
}

// packetListener is a UDP socket that gets nothing more once it is closed.
type packetListener struct{ *net.UDPConn }

// Close implements net.PacketConn. A UDP socket cannot be shut down; one that is connected to itself gets
// nothing from others, who are told that the port is closed.
func (p packetListener) Close() error {
	if raw, err := p.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			if address, err := unix.Getsockname(int(fd)); err == nil {
				_ = unix.Connect(int(fd), address)
			}
		})
	}
	return p.UDPConn.Close()
}

// reusable lets a socket take the address of one that a child still has a copy of.
func reusable(_, _ string, raw syscall.RawConn) error {
	var err error
	if failed := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) }); failed != nil {
		return failed
	}
	return err
}
