package e2e

import (
	"io"
	"net"
	"sync"
)

// forwarder carries connections from a listener to an address until stop.
type forwarder struct {
	listener net.Listener
	to       string

	mu      sync.Mutex
	open    map[net.Conn]struct{} // nil once stopped
	running sync.WaitGroup
}

func newForwarder(listener net.Listener, to string) *forwarder {
	f := &forwarder{listener: listener, to: to, open: map[net.Conn]struct{}{}}
	f.running.Go(f.accept)
	return f
}

func (f *forwarder) accept() {
	for {
		client, err := f.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", f.to)
		if err != nil || !f.keep(client, server) {
			client.Close()
			continue
		}
		f.running.Go(func() { carry(server, client) })
		f.running.Go(func() { carry(client, server) })
	}
}

func (f *forwarder) keep(connections ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		return false
	}
	for _, c := range connections {
		f.open[c] = struct{}{}
	}
	return true
}

// carry copies one direction; the end of one is the end of both.
func carry(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	to.Close()
	from.Close()
}

func (f *forwarder) stop() {
	f.listener.Close()
	f.mu.Lock()
	for c := range f.open {
		c.Close()
	}
	f.open = nil
	f.mu.Unlock()
	f.running.Wait()
}
