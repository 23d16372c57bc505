package otlpreceiver

import (
	"net"
	"sync"
	"sync/atomic"
)

// limited is a listener with a bound of open connections. Further ones are closed at once: a sender tries again later, where
// one that waits would seem to be served.
type limited struct {
	net.Listener
	protocol string
	max      int64
	open     atomic.Int64
	refused  func(protocol string, limit int)
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.max {
			return &counted{Conn: c, of: l}, nil
		}
		l.open.Add(-1)
		_ = c.Close() // nothing was said on it
		l.refused(l.protocol, int(l.max))
	}
}

type counted struct {
	net.Conn
	of     *limited
	closed sync.Once
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.closed.Do(func() { c.of.open.Add(-1) })
	return c.Conn.Close()
}
