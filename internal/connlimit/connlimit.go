// Package connlimit keeps an HTTP server on a host with many users reachable. A connection whose client has not shown
// who it is costs a place; when the places are full the oldest such connection is closed and not the newest. So
// whoever holds all places has to take them again all the time, and a client that speaks at once is heard.
package connlimit

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// Limit counts the connections of one server.
type Limit struct {
	maxUnknown, maxKnown int

	mu      sync.Mutex
	unknown *list.List // of net.Conn, the oldest in front
	entries map[net.Conn]*list.Element
	known   map[net.Conn]struct{}

	closed atomic.Int64
}

// key is where a request's context has its connection.
type key struct{}

type place struct {
	limit *Limit
	conn  net.Conn
}

// Attach makes a server, which does not serve yet, keep to maxUnknown connections whose client is unknown. Beyond
// maxKnown known ones a further one keeps its place among the unknown.
func Attach(server *http.Server, maxUnknown, maxKnown int) *Limit {
	l := &Limit{maxUnknown: maxUnknown, maxKnown: maxKnown, unknown: list.New(), entries: map[net.Conn]*list.Element{}, known: map[net.Conn]struct{}{}}
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		l.add(conn)
		return context.WithValue(ctx, key{}, place{l, conn})
	}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateClosed || state == http.StateHijacked {
			l.remove(conn)
		}
	}
	return l
}

// Closed is how many connections were closed for others.
func (l *Limit) Closed() int64 { return l.closed.Load() }

// Known says that the client of a request has shown who it is: its connection is not closed for others.
func Known(r *http.Request) {
	if p, ok := r.Context().Value(key{}).(place); ok {
		p.limit.promote(p.conn)
	}
}

func (l *Limit) add(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[conn] = l.unknown.PushBack(conn)
	if l.unknown.Len() > l.maxUnknown {
		oldest := l.unknown.Front()
		l.unknown.Remove(oldest)
		delete(l.entries, oldest.Value.(net.Conn))
		_ = oldest.Value.(net.Conn).Close()
		l.closed.Add(1)
	}
}

func (l *Limit) promote(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if entry := l.entries[conn]; entry != nil && len(l.known) < l.maxKnown {
		l.unknown.Remove(entry)
		delete(l.entries, conn)
		l.known[conn] = struct{}{}
	}
}

func (l *Limit) remove(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if entry := l.entries[conn]; entry != nil {
		l.unknown.Remove(entry)
		delete(l.entries, conn)
	}
	delete(l.known, conn)
}
