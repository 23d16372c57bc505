package otlpreceiver

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// limited is a listener with a bound of open connections. Further ones are closed at once: a sender tries again later, where
// one that waits would seem to be served.
type limited struct {
	net.Listener
	protocol string
	max      int64
	open     atomic.Int64
	refused  func(protocol string, limit int)
	// settle waits until there is room for what a connection may begin.
	settle func()
	// lifetime is how long a connection may last. 0: it has no bound.
	lifetime time.Duration
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	for {
		l.settle()
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.max {
			to := &counted{Conn: c, of: l}
			if l.lifetime > 0 {
				to.end = time.AfterFunc(l.lifetime, func() { _ = c.Close() }) // whoever reads it closes the rest
			}
			return to, nil
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
	end    *time.Timer
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.closed.Do(func() {
		c.of.open.Add(-1)
		if c.end != nil {
			c.end.Stop()
		}
	})
	return c.Conn.Close()
}
