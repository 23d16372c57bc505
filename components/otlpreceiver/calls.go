package otlpreceiver

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// callBytes is the part of max_in_flight that makes room for one call more: HTTP/2 makes a goroutine and buffers of each before
	// anything could refuse it, 14 KB, and as much again becomes garbage.
	callBytes = 64 << 10
	// leavingPart of the limit may be calls that are about to end while further connections are accepted.
	leavingPart = 8
	// answerTimeout is how long a client may take to read an answer. One that reads nothing would keep its calls for ever.
	answerTimeout = 30 * time.Second
)

// calls are the requests of all connections that are being served, from before anything is read of their bodies. When there are
// too many the connection that has most of them is closed: 500 connections with 100 calls each were seen to take 700 MB.
type calls struct {
	limit   int
	refused func(limit int)

	mu      sync.Mutex
	gone    sync.Cond
	total   int // of connections that have not been closed for others
	leaving int // of those that have, and whose handlers have not seen it yet
	of      map[net.Conn]*share
}

// share are the calls of a connection.
type share struct {
	calls  int
	closed bool
}

// newCalls makes room for one call of each connection of both protocols at least.
func newCalls(l Limits, refused func(limit int)) *calls {
	c := &calls{limit: max(int(l.MaxInFlight/callBytes), 2*l.MaxConnections), refused: refused, of: map[net.Conn]*share{}}
	c.gone.L = &c.mu
	return c
}

// settle waits until most calls of closed connections have ended. Who opens another connection for each that is closed waits in
// the system's queue meanwhile.
func (c *calls) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.leaving > c.limit/leavingPart {
		c.gone.Wait()
	}
}

type connKey struct{}

// attach lets requests know their connection.
func (c *calls) attach(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// bound counts what a handler serves.
func (c *calls) bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		conn, ok := q.Context().Value(connKey{}).(net.Conn)
		if !ok {
			next.ServeHTTP(w, q)
			return
		}
		if !c.begin(conn) {
			return // the connection was closed
		}
		defer c.end(conn)
		next.ServeHTTP(w, q)
	})
}

// begin counts a call, and reports whether its connection is served.
func (c *calls) begin(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of[conn]
	if s == nil {
		s = &share{}
		c.of[conn] = s
	}
	s.calls++
	if s.closed {
		c.leaving++
		c.leave(conn, s)
		return false
	}
	if c.total++; c.total <= c.limit {
		return true
	}
	most, largest := conn, s
	for other, o := range c.of {
		if !o.closed && o.calls > largest.calls {
			most, largest = other, o
		}
	}
	largest.closed = true
	c.total -= largest.calls
	c.leaving += largest.calls
	c.refused(c.limit)
	_ = most.Close() // its calls end
	if largest == s {
		c.leave(conn, s)
		return false
	}
	return true
}

func (c *calls) end(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of[conn]
	if !s.closed {
		c.total--
	}
	c.leave(conn, s)
}

func (c *calls) leave(conn net.Conn, s *share) {
	if s.closed {
		c.leaving--
		c.gone.Broadcast()
	}
	if s.calls--; s.calls == 0 {
		delete(c.of, conn)
	}
}

// answering bounds how long a client takes to read the answer that is about to be written.
func answering(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout)) // a writer of tests has none
}

// answered waits until an answer with a body is on its way. Otherwise net/http does, when the call is not counted any more.
func answered(w http.ResponseWriter) {
	_ = http.NewResponseController(w).Flush() // a client that has gone sends it again
}
