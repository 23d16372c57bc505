package tcplogreceiver

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"
)

const (
	// firstBytes is what each connection has for a line, whatever others have. Most EMF documents fit into it.
	firstBytes = 16 << 10
	// maxBatch and maxBatchBytes bound what is handed on at once: as many lines as upstream hands on, and a request of CloudWatch's.
	maxBatch      = 100
	maxBatchBytes = 1 << 20
	// handshakeTimeout bounds what says nothing on a connection of TLS.
	handshakeTimeout = 10 * time.Second
	// firstRead is how long a connection that has to go may take for its first bytes.
	firstRead = 100 * time.Millisecond
)

// reader reads one connection.
type reader struct {
	conn  net.Conn
	host  string
	input *input

	// turn and known are of places.
	turn  uint64
	known bool

	heard    atomic.Bool // something was read of it
	finished atomic.Bool // it has a line, and waits for the pipeline
	evicted  reasonValue // why it has to go
}

// reasonValue is a reason, empty until there is one.
type reasonValue struct{ v atomic.Pointer[string] }

// Load returns the reason.
func (r *reasonValue) Load() string {
	if p := r.v.Load(); p != nil {
		return *p
	}
	return ""
}

// evict closes the connection. It is counted once. What came on it before is read, if nothing was yet: a program may have sent a
// line and be done.
func (r *reader) evict(reason string) {
	if !r.evicted.v.CompareAndSwap(nil, &reason) {
		return
	}
	r.input.telemetry.closed(reason)
	if reason == reasonConnections && !r.heard.Load() {
		_ = r.conn.SetReadDeadline(time.Now().Add(firstRead)) // a connection that was closed meanwhile ends anyhow
		return
	}
	_ = r.conn.Close() // its reader ends
}

// run reads until the connection ends, and hands lines on.
func (r *reader) run(ctx context.Context) {
	defer func() {
		r.input.unfinished.release(r)
		_ = r.conn.Close() // it was read
	}()
	if !r.handshake(ctx) {
		return
	}
	buffer := make([]byte, 0, firstBytes)
	for {
		n, err := r.conn.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		r.heard.Store(true)
		if r.evicted.Load() != "" {
			r.lines(ctx, buffer, false)
			return
		}
		rest, more := r.lines(ctx, buffer, err != nil)
		if err != nil || !more {
			return
		}
		buffer = r.kept(buffer, rest)
		if len(buffer) == cap(buffer) {
			if buffer = r.larger(buffer); buffer == nil {
				return
			}
		}
	}
}

// kept moves the beginning of the next line to the front. What a long line has taken is given back.
func (r *reader) kept(buffer, rest []byte) []byte {
	if cap(buffer) > firstBytes && len(rest) < firstBytes {
		r.input.unfinished.release(r)
		return append(make([]byte, 0, firstBytes), rest...)
	}
	return buffer[:copy(buffer, rest)]
}

// larger has room for more of a line; nil: there is none.
func (r *reader) larger(buffer []byte) []byte {
	most := r.input.maxLine
	if len(buffer) >= most {
		r.evict(reasonTooLong)
		return nil
	}
	size := min(2*cap(buffer), most)
	// While it is copied the line is there twice.
	if !r.input.unfinished.grow(r, int64(size)) {
		r.evict(reasonMemory)
		return nil
	}
	to := append(make([]byte, 0, size), buffer...)
	if cap(buffer) > firstBytes {
		r.input.unfinished.shrink(r, int64(cap(buffer)))
	}
	return to
}

// lines hands on the lines that a buffer has, and returns what is left of it. more is false where nothing further may be read.
func (r *reader) lines(ctx context.Context, buffer []byte, end bool) (rest []byte, more bool) {
	rest = buffer
	for {
		batch, left, err := r.batch(rest, end)
		if rest = left; len(batch) == 0 {
			return rest, err == nil
		}
		r.input.places.heard(r)
		r.finished.Store(true)
		delivered := r.input.deliver(ctx, r.conn, batch)
		r.finished.Store(false)
		if err != nil || !delivered || r.input.single {
			return rest, false
		}
	}
}

// batch takes lines from the front of a buffer, as many as may be handed on at once.
func (r *reader) batch(buffer []byte, end bool) (batch [][]byte, rest []byte, err error) {
	bytes, costs := 0, int64(0)
	for rest = buffer; len(rest) > 0 && len(batch) < maxBatch; {
		advance, line, err := r.input.split(rest, end)
		if err != nil {
			return batch, rest, err
		}
		if line != nil {
			bytes, costs = bytes+len(line), costs+cost(len(line))
			if len(batch) > 0 && (bytes > maxBatchBytes || costs > r.input.inFlight.limit) {
				return batch, rest, nil // it is the first of the next batch
			}
			batch = append(batch, line)
		}
		if advance == 0 {
			return batch, rest, nil
		}
		rest = rest[advance:]
	}
	return batch, rest, nil
}

// handshake makes a connection of TLS, where the configuration has it.
func (r *reader) handshake(ctx context.Context) bool {
	secure, ok := r.conn.(*tls.Conn)
	if !ok {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		r.evict(reasonTLS)
		return false
	}
	return true
}
