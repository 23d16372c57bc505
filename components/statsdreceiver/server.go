package statsdreceiver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
)

const (
	// maxDatagram is the largest one of UDP over IPv6.
	maxDatagram = 65527
	// maxLine bounds a line by TCP, which would otherwise be kept until it ends.
	maxLine = 64 << 10
	// defaultEndpoint and defaultSocket are those that upstream documents.
	defaultEndpoint = "localhost:8125"
	defaultSocket   = "/var/run/statsd-receiver.sock"
)

// server takes lines, and hands them on in the goroutine that read them.
type server struct {
	packets  net.PacketConn
	listener net.Listener
	path     string // of a socket that is removed at the end
	max      int
	line     func(line []byte, from net.Addr)
	refused  func(reason string)

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	done  bool
	wait  sync.WaitGroup
}

// listen opens what the configuration says.
func listen(ctx context.Context, c *Config) (*server, error) {
	s := &server{max: c.Limits.MaxConnections, conns: map[net.Conn]struct{}{}}
	transport, endpoint := address(c)
	var lc net.ListenConfig
	var err error
	switch transport {
	case "udp", "udp4", "udp6":
		s.packets, err = lc.ListenPacket(ctx, transport, endpoint)
	case "tcp", "tcp4", "tcp6":
		s.listener, err = lc.Listen(ctx, transport, endpoint)
	case "unixgram":
		err = s.unix(ctx, endpoint, c)
	default:
		err = errors.New("transport " + transport + " is none of udp, tcp and unixgram")
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// address is where to listen. An empty endpoint is the default of its transport: to the system it would be any port of all addresses.
func address(c *Config) (transport, endpoint string) {
	transport, endpoint = strings.ToLower(string(c.NetAddr.Transport)), c.NetAddr.Endpoint
	if transport == "" {
		transport = "udp"
	}
	if endpoint == "" {
		endpoint = defaultEndpoint
	}
	if transport == "unixgram" && endpoint == defaultEndpoint { // none was given
		endpoint = defaultSocket
	}
	return transport, endpoint
}

func (s *server) unix(ctx context.Context, path string, c *Config) error {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 { // of a run that was killed
		_ = os.Remove(path) // listening says what is wrong
	}
	var lc net.ListenConfig
	var err error
	if s.packets, err = lc.ListenPacket(ctx, "unixgram", path); err != nil {
		return err
	}
	s.path = path
	if conn, ok := s.packets.(*net.UnixConn); ok && c.SocketBufferSize > 0 {
		err = conn.SetReadBuffer(c.SocketBufferSize)
	}
	if err = errors.Join(err, os.Chmod(path, c.SocketPermissions)); err != nil {
		return errors.Join(err, s.packets.Close())
	}
	return nil
}

// serve reads until close. fail is told of an error that ends it.
func (s *server) serve(fail func(error)) {
	s.wait.Go(func() {
		var err error
		if s.packets != nil {
			err = s.readPackets()
		} else {
			err = s.accept()
		}
		if !errors.Is(err, net.ErrClosed) {
			fail(err)
		}
	})
}

func (s *server) readPackets() error {
	text := make([]byte, maxDatagram)
	for {
		n, from, err := s.packets.ReadFrom(text)
		if from == nil { // a program whose socket has no name
			from = s.packets.LocalAddr()
		}
		s.lines(text[:n], from)
		if err != nil {
			var temporary net.Error
			if errors.As(err, &temporary) && temporary.Timeout() {
				continue
			}
			return err
		}
	}
}

func (s *server) lines(text []byte, from net.Addr) {
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		if len(line) > 0 {
			s.line(line, from)
		}
	}
}

func (s *server) accept() error {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return err
		}
		s.mu.Lock()
		full := s.done || len(s.conns) >= s.max
		if !full {
			s.conns[conn] = struct{}{}
			s.wait.Go(func() { s.readConn(conn) })
		}
		s.mu.Unlock()
		if full {
			_ = conn.Close() // nothing was read of it
			s.refused(reasonConnections)
		}
	}
}

func (s *server) readConn(conn net.Conn) {
	defer func() {
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
		_ = conn.Close() // it was read
	}()
	r := bufio.NewReaderSize(conn, 4<<10)
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			s.refused(reasonTooLong)
			return // what follows is the rest of it
		}
		line = append(line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if text := bytes.TrimSpace(line); err == nil && len(text) > 0 {
			s.line(text, conn.RemoteAddr())
		}
		if err != nil {
			return
		}
		line = line[:0]
	}
}

// close stops reading, and waits for what reads.
func (s *server) close() error {
	var errs []error
	if s.packets != nil {
		errs = append(errs, s.packets.Close())
	}
	if s.listener != nil {
		errs = append(errs, s.listener.Close())
	}
	s.mu.Lock()
	s.done = true
	for conn := range s.conns {
		_ = conn.Close() // its reader ends
	}
	s.mu.Unlock()
	s.wait.Wait()
	if s.path != "" {
		if err := os.Remove(s.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
