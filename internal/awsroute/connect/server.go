package connect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

const (
	// MaxConnections is how many clients are served at once; more are turned away. Each exporter keeps a
	// few connections.
	MaxConnections = 1024
	// headerTimeout is how long a client may take to say where it wants to go.
	headerTimeout = 10 * time.Second
	maxHeader     = 16 << 10
	// dialTimeout bounds all routes together.
	dialTimeout = 30 * time.Second
	// idleTimeout ends a tunnel without traffic. AWS closes idle connections after some seconds.
	idleTimeout = 90 * time.Second
	// drainAsking is how long a tunnel must be silent, after its client spoke last, to be closed because
	// its route is no longer the preferred one. An answer may be awaited.
	drainAsking = 30 * time.Second
	// sweep is how often tunnels are looked at, and drainSweep while some shall be closed.
	sweep      = time.Second
	drainSweep = 5 * time.Millisecond
	// shutdownRest and shutdownAsking are what the end of the process leaves of them: what is in this
	// process has ended before.
	shutdownRest   = 100 * time.Millisecond
	shutdownAsking = 2 * time.Second
)

// drainRest is how long a tunnel must be at rest after an answer to be closed because its route has not
// been the preferred one for a while. Connections that are kept for later requests rest for long. Those
// of a busy sender hardly do: the longer they are on the wrong way, the shorter a pause is waited for.
func drainRest(left time.Duration) time.Duration {
	switch {
	case left < 5*time.Second:
		return 2 * time.Second
	case left < 30*time.Second:
		return 200 * time.Millisecond
	default:
		return 20 * time.Millisecond
	}
}

// Router is the part of a route table that the listener needs; *awsroute.Table has it.
type Router interface {
	Names(host, port string) bool
	Dial(ctx context.Context, network, address string) (net.Conn, string, error)
	Preferred(host, port, route string) bool
}

// Server is a listener and its tunnels.
type Server struct {
	logger   *zap.Logger
	listener net.Listener
	http     *http.Server

	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	router  Router
	tunnels map[*tunnel]struct{}
	waiting int // connections that have no tunnel yet

	maxConnections     int
	idleTimeout, sweep time.Duration
	drainRest          func(left time.Duration) time.Duration
}

// New prepares a server for router.
func New(router Router, logger *zap.Logger) *Server {
	s := &Server{router: router, logger: logger, tunnels: map[*tunnel]struct{}{}, maxConnections: MaxConnections, idleTimeout: idleTimeout, sweep: sweep, drainRest: drainRest}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: headerTimeout, IdleTimeout: headerTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: zap.NewStdLog(logger), ConnState: s.connState,
		BaseContext: func(net.Listener) context.Context { return s.ctx }, // the end of the server ends what dials
	}
	return s
}

// Start listens on host:port or unix:///path, which only the process's user may use.
func (s *Server) Start(listen string) error {
	network, address := awsroute.ListenNetwork(listen)
	if network == "unix" {
		if err := removeStale(address); err != nil {
			return err
		}
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		return fmt.Errorf("listen %q: %w (another program, or another collector, may have it)", listen, err)
	}
	if network == "unix" {
		if err := os.Chmod(address, 0o600); err != nil {
			_ = listener.Close()
			return err
		}
	}
	s.listener = listener
	s.done.Go(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.logger.Error("The CONNECT listener ended", zap.Error(err))
		}
	})
	s.done.Go(s.sweepUntilEnd)
	return nil
}

// removeStale removes a socket that a killed process left. One that somebody listens on stays.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&os.ModeSocket == 0:
		return fmt.Errorf("listen %q: there is a file of another kind; remove it or choose another path", path)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return fmt.Errorf("listen %q: another process serves this socket", path)
	}
	return os.Remove(path)
}

// Route makes new tunnels take another router. Those that are open end when they come to rest.
func (s *Server) Route(router Router) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.router = router
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Tunnels is how many tunnels are open.
func (s *Server) Tunnels() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tunnels)
}

// Shutdown ends the listener, gives requests under way some seconds, until ctx ends, and closes all.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.listener == nil {
		return nil
	}
	err := s.http.Shutdown(ctx) // tunnels are hijacked connections, which it does not know
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for s.closeTunnels(func(t *tunnel) bool { return t.silent(shutdownRest, shutdownAsking) }) > 0 && ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	_ = s.http.Close() // what ctx did not wait for
	s.closeTunnels(func(*tunnel) bool { return true })
	s.done.Wait()
	return err
}

// connState counts connections, and closes those above the limit.
func (s *Server) connState(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.waiting++
		if s.waiting+len(s.tunnels) > s.maxConnections {
			_ = conn.Close()
		}
	case http.StateHijacked, http.StateClosed:
		s.waiting--
	}
}

// closeTunnels closes the tunnels for which match is true and returns how many are left.
func (s *Server) closeTunnels(match func(*tunnel) bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t := range s.tunnels {
		if match(t) {
			t.close()
			delete(s.tunnels, t)
		}
	}
	return len(s.tunnels)
}

// sweepUntilEnd closes tunnels that are idle for too long, and those at rest that would take another route
// today.
func (s *Server) sweepUntilEnd() {
	tick := time.NewTimer(s.sweep)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		draining := false
		s.closeTunnels(func(t *tunnel) bool { // under the lock that guards the router
			if s.router.Preferred(t.host, t.port, t.route) {
				t.left = time.Time{}
				return t.idle() > s.idleTimeout
			}
			if t.left.IsZero() {
				t.left = time.Now()
			}
			done := t.silent(s.drainRest(time.Since(t.left)), drainAsking)
			draining = draining || !done
			return done
		})
		if draining {
			tick.Reset(drainSweep)
		} else {
			tick.Reset(s.sweep)
		}
	}
}

// enter makes Shutdown wait for a request. It is false when Shutdown came first.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.done.Add(1)
	return true
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		return
	}
	defer s.done.Done()
	if r.Method != http.MethodConnect {
		http.Error(w, "this is a proxy for CONNECT to AWS names; it serves nothing else", http.StatusMethodNotAllowed)
		return
	}
	s.mu.Lock()
	router := s.router
	s.mu.Unlock()
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil || !router.Names(host, port) {
		http.Error(w, fmt.Sprintf("%q is no AWS name that this proxy serves: it serves those of the configured regions on port 443", r.Host), http.StatusForbidden)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), dialTimeout)
	defer cancel()
	upstream, route, err := router.Dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		code := http.StatusBadGateway
		if refused := (*awsroute.RefusedError)(nil); errors.As(err, &refused) {
			code = http.StatusForbidden
		}
		http.Error(w, err.Error(), code)
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = upstream.Close()
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	t := newTunnel(client, buffered.Reader, upstream, host, port, route)
	s.mu.Lock()
	ended := s.ctx.Err() != nil
	if !ended {
		s.tunnels[t] = struct{}{}
	}
	s.mu.Unlock()
	if ended {
		t.close()
		return
	}
	t.run()
	s.mu.Lock()
	delete(s.tunnels, t)
	s.mu.Unlock()
}
