package awslocal

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/certs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/logs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metrics"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/otlp"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/page"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/ssm"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/sts"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/xray"
)

const (
	// idleTimeout closes connections that rest; longer than any client's own.
	idleTimeout = 5 * time.Minute
	// readHeaderTimeout ends connections that never send a request.
	readHeaderTimeout = 30 * time.Second
	// shownEvents is how many events of a stream the status page has.
	shownEvents = 5
)

// Server is one local AWS account in one region. Its state is its own.
type Server struct {
	// URL is the address of the plain HTTP listener, http://HOST:PORT, once Start returned.
	URL string
	// TLSURL is the address of the TLS listener, https://HOST:PORT, or "" where there is none.
	TLSURL string

	Logs      *logs.Service
	Metrics   *metrics.Service
	SSM       *ssm.Service
	XRay      *xray.Service
	OTLP      *otlp.Service
	Metadata  *metadata.Service
	Faults    *faults.Set
	Keys      *auth.Keyring
	Authority *certs.Authority // nil without a TLS listener

	options  Options
	started  time.Time
	services map[string]map[string]wire.Handler // by service and operation
	counters *counters
	quotas   *quotas // nil when they are ignored
	control  http.Handler
	page     http.Handler

	stop     context.CancelFunc // ends requests that a fault made wait
	stopping <-chan struct{}
	servers  []*http.Server
	running  sync.WaitGroup // what listens, and the requests
	mu       sync.Mutex
	closed   bool
}

// New makes a server that does not listen yet.
func New(o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, started: o.Now(), counters: newCounters(), Authority: o.Authority}
	s.Keys = auth.NewKeyring(o.Account)
	s.Keys.AddUser(DefaultUser, o.AccessKeyID, o.SecretAccessKey)
	s.Faults = faults.New(o.Seed)
	for _, rule := range o.Faults {
		if _, err := s.Faults.Add(rule); err != nil {
			return nil, err
		}
	}
	s.Metrics = metrics.New(metrics.Config{Region: o.Region, Account: o.Account, Now: o.Now})
	s.Logs = logs.New(logs.Config{
		Region: o.Region, Account: o.Account, MaxBytes: o.MaxLogBytes,
		OmitSequenceToken: o.OmitSequenceToken, OnEMF: s.Metrics.IngestEMF, OnEvent: o.OnLogEvent,
	})
	s.SSM = ssm.New(ssm.Config{Region: o.Region, Account: o.Account})
	s.XRay = xray.New(xray.Config{Region: o.Region, Account: o.Account})
	s.Metadata = metadata.New(metadata.Config{
		Now: o.Now, Region: o.Region, Account: o.Account, Keyring: s.Keys, EC2: o.EC2, ECS: o.ECS, SessionDuration: o.SessionDuration,
	})
	s.services = map[string]map[string]wire.Handler{
		wire.Logs:       s.Logs.Operations(),
		wire.Monitoring: s.Metrics.Operations(),
		wire.SSM:        s.SSM.Operations(),
		wire.STS:        sts.New(sts.Config{Account: o.Account, Keyring: s.Keys}).Operations(),
		wire.XRay:       s.XRay.Operations(),
	}
	s.OTLP = otlp.New(otlp.Config{PutLogEvents: s.services[wire.Logs]["PutLogEvents"]})
	for service, operations := range s.OTLP.Operations() {
		maps.Copy(s.services[service], operations)
	}
	if !o.IgnoreQuotas {
		s.quotas = newQuotas()
	}
	if o.ListenTLS != "" && s.Authority == nil {
		if s.Authority, err = certs.New(o.Now()); err != nil {
			return nil, err
		}
	}
	s.page = page.Handler(s.Status)
	s.control = s.controlHandler()
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.stopping = cancel, ctx.Done()
	return s, nil
}

// Start listens and serves until Close.
func (s *Server) Start() error {
	address, err := s.serve(s.options.Listen, nil)
	if err != nil {
		return err
	}
	s.URL = "http://" + address
	if s.options.ListenTLS != "" {
		address, err := s.serve(s.options.ListenTLS, s.Authority.TLSConfig())
		if err != nil {
			s.Close()
			return err
		}
		s.TLSURL = "https://" + address
	}
	return nil
}

func (s *Server) serve(address string, config *tls.Config) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("listen on %s: %w; choose another address or stop what listens there", address, err)
	}
	server := &http.Server{
		Handler: http.HandlerFunc(s.serveUntilClosed), TLSConfig: config,
		ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout,
	}
	s.servers = append(s.servers, server)
	s.running.Go(func() {
		if config != nil {
			_ = server.ServeTLS(listener, "", "") // always http.ErrServerClosed: Close ends it
			return
		}
		_ = server.Serve(listener)
	})
	return listener.Addr().String(), nil
}

// Shutdown stops listening and waits for the requests in flight, until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Shutdown(ctx))
	}
	s.Close() // what is left where ctx has ended, and a connection that was accepted at the last moment
	return errors.Join(errs...)
}

// Close stops listening and cuts what is in flight. Nothing changes any more when it has returned. A request must not
// call it.
func (s *Server) Close() {
	s.stop()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, server := range s.servers {
		_ = server.Close() // the listener's own error helps nobody at the end
	}
	s.running.Wait()
}

// serveUntilClosed is ServeHTTP for what comes by the server's own listeners. http.Server's Close neither waits for
// requests nor closes a connection that was just accepted.
func (s *Server) serveUntilClosed(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	s.running.Add(1)
	s.mu.Unlock()
	defer s.running.Done()
	s.ServeHTTP(w, r)
}

// Status is everything that the status page shows.
func (s *Server) Status() page.Data {
	o := s.options
	return page.Data{
		Version: o.Version, Listen: s.URL, Region: o.Region, Account: o.Account, AccessKeyID: o.AccessKeyID,
		Started: s.started, Now: o.Now(),
		Requests: s.counters.snapshot(),
		Logs:     s.Logs.Status(shownEvents), Metrics: s.Metrics.Status(), SSM: s.SSM.Status(), XRay: s.XRay.Status(), OTLP: s.OTLP.Status(),
		Faults: s.Faults.List(),
	}
}
