package credserver

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/connlimit"
)

const (
	// path is where the credentials are.
	path = "/v1/credentials"
	// tokenBytes is the token's length: 256 bits.
	tokenBytes = 32

	// A request has a token of 64 characters and no body, and comes from this machine.
	maxHeaderBytes = 16 << 10
	readTimeout    = 5 * time.Second
	// retrieveTimeout bounds the fetch of credentials; SDKs wait for a second or two and then ask again.
	retrieveTimeout = 20 * time.Second
	writeTimeout    = retrieveTimeout + 5*time.Second
	idleTimeout     = 30 * time.Second
	// maxConnections is that of all programs together that have shown the token; one SDK client opens one. maxUnknown
	// is that of those that have not, of which the oldest is closed for a new one.
	maxConnections = 256
	maxUnknown     = 64
)

// Server serves the credentials of one provider.
type Server struct {
	config   Config
	provider aws.CredentialsProvider
	logger   *zap.Logger
	now      func() time.Time

	token   string
	url     string
	http    *http.Server
	running sync.WaitGroup
	failing atomic.Bool // whether the last fetch failed
}

// New makes a server that does not listen yet.
func New(c Config, provider aws.CredentialsProvider, logger *zap.Logger) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if logger == nil {
		logger = zap.NewNop()
	}
	secret := make([]byte, tokenBytes)
	rand.Read(secret) // never returns an error
	return &Server{config: c, provider: provider, logger: logger, now: time.Now, token: hex.EncodeToString(secret)}, nil
}

// URL is the value of AWS_CONTAINER_CREDENTIALS_FULL_URI, once Start returned.
func (s *Server) URL() string { return s.url }

// Token is the value of AWS_CONTAINER_AUTHORIZATION_TOKEN.
func (s *Server) Token() string { return s.token }

// Start listens, writes the token's file and serves until Shutdown.
func (s *Server) Start() error {
	endpoint := cmp.Or(s.config.Endpoint, DefaultEndpoint)
	listener, err := net.Listen("tcp", endpoint)
	if err != nil {
		return fmt.Errorf("serve credentials on %s: %w; choose another endpoint or stop what listens there", endpoint, err)
	}
	if address, ok := listener.Addr().(*net.TCPAddr); !ok || !address.IP.IsLoopback() {
		return errors.Join(fmt.Errorf("serve credentials on %s (%s): %w", endpoint, listener.Addr(), errNotLoopback), listener.Close())
	}
	if err := s.writeToken(); err != nil {
		return errors.Join(err, listener.Close())
	}
	s.url = "http://" + listener.Addr().String() + path
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       zap.NewStdLog(s.logger),
	}
	connlimit.Attach(s.http, maxUnknown, maxConnections)
	s.running.Go(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.logger.Error("AWS credentials are no longer served", zap.Error(err))
		}
	})
	s.logger.Info("AWS credentials are served on loopback", zap.String("url", s.url), zap.String("token_file", s.config.TokenFile))
	return nil
}

// Shutdown stops listening, waits for the requests in flight until ctx ends, and removes the token's
// file.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.http == nil {
		return nil
	}
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.running.Wait()
	return errors.Join(err, s.removeToken())
}

// writeToken puts the token into its file in one step, so that a reader finds all of it or what was
// there before.
func (s *Server) writeToken() error {
	if s.config.TokenFile == "" {
		return nil
	}
	fail := func(err error) error {
		return fmt.Errorf("token_file %q: %w; its folder must be writable for the collector's user", s.config.TokenFile, err)
	}
	// Below /run there is nothing after a boot, unless the service manager makes it.
	if err := os.MkdirAll(filepath.Dir(s.config.TokenFile), 0o700); err != nil {
		return fail(err)
	}
	f, err := os.CreateTemp(filepath.Dir(s.config.TokenFile), ".token-*") // mode 0600
	if err != nil {
		return fail(err)
	}
	_, err = f.WriteString(s.token)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.config.TokenFile)
	}
	if err != nil {
		return fail(errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// removeToken leaves the file of another server, started since, alone.
func (s *Server) removeToken() error {
	if s.config.TokenFile == "" {
		return nil
	}
	if content, err := os.ReadFile(s.config.TokenFile); err != nil || string(content) != s.token {
		return nil
	}
	return os.Remove(s.config.TokenFile)
}
