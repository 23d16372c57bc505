package connect

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// answerTimeout is how long a client may take to accept the answer to its CONNECT.
const answerTimeout = 10 * time.Second

// tunnel carries bytes between a client and AWS, both ways.
type tunnel struct {
	client, upstream  net.Conn
	fromClient        io.Reader // the client's connection after what the HTTP server has read ahead
	host, port, route string
	active            atomic.Int64 // UnixNano of the last bytes
	spoke             atomic.Bool  // the client has sent something
	left              time.Time    // since when its route has not been the preferred one; the sweeper's
	closing           sync.Once
}

func newTunnel(client net.Conn, buffered *bufio.Reader, upstream net.Conn, host, port, route string) *tunnel {
	t := &tunnel{client: client, upstream: upstream, fromClient: client, host: host, port: port, route: route}
	if n := buffered.Buffered(); n > 0 {
		ahead, _ := buffered.Peek(n)
		t.fromClient = io.MultiReader(bytes.NewReader(bytes.Clone(ahead)), client)
	}
	t.touch()
	return t
}

func (t *tunnel) touch() { t.active.Store(time.Now().UnixNano()) }

func (t *tunnel) idle() time.Duration { return time.Since(time.Unix(0, t.active.Load())) }

// silent says whether nothing has passed for rest, where an answer was the last thing, or for asking
// where the client was.
func (t *tunnel) silent(rest, asking time.Duration) bool {
	if awsroute.Asking(t.upstream) {
		return t.idle() > asking
	}
	return t.idle() > rest
}

// run answers the client and copies until both sides have ended, or one has failed.
func (t *tunnel) run() {
	defer t.close()
	_ = t.client.SetDeadline(time.Now().Add(answerTimeout))
	if _, err := io.WriteString(t.client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	_ = t.client.SetDeadline(time.Time{})
	var both sync.WaitGroup
	both.Go(func() { t.copy(t.upstream, &touching{t.fromClient, t, true}) })
	both.Go(func() { t.copy(t.client, &touching{t.upstream, t, false}) })
	both.Wait()
}

// copy moves bytes one way. The end of one direction is passed on, so that the other can finish; an
// error ends both. So does a client that leaves without its answer: it has given the request up, and
// may send it again by another way.
func (t *tunnel) copy(to net.Conn, from io.Reader) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err != nil || !ok || to == t.upstream && awsroute.Asking(t.upstream) || half.CloseWrite() != nil {
		t.close()
	}
}

func (t *tunnel) close() {
	t.closing.Do(func() {
		_ = t.client.Close()
		_ = t.upstream.Close()
	})
}

// touching notes that bytes came.
type touching struct {
	io.Reader
	tunnel *tunnel
	client bool // the bytes are the client's
}

func (r *touching) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.tunnel.touch()
		if r.client {
			r.tunnel.spoke.Store(true)
		}
	}
	return n, err
}
