package awsconfig

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	account = awslocal.DefaultAccount
	roleARN = "arn:aws:iam::" + account + ":role/collector"

	deadline = 2 * time.Minute
	tick     = 10 * time.Millisecond
)

// serve starts a server, and leads calls to it.
func serve(t *testing.T, o awslocal.Options) *awslocal.Server {
	t.Helper()
	awslocal.OutsideAWS(t)
	o.IgnoreQuotas = true
	s := awslocal.Serve(t, o)
	t.Setenv("AWS_ENDPOINT_URL", s.URL)
	t.Setenv("AWS_REGION", awslocal.DefaultRegion)
	return s
}

func load(t *testing.T, c Config, o Options) *Session {
	t.Helper()
	s, err := Load(t.Context(), c, o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func whoAmI(ctx context.Context, s *Session) (string, error) {
	out, err := sts.NewFromConfig(s.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return *out.Arn, nil
}

func requireIdentity(t *testing.T, s *Session, want string) {
	t.Helper()
	got, err := whoAmI(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func sessionARN(role, session string) string {
	return fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", account, role, session)
}

// ini is a shared credentials file with keys in one profile.
func ini(profile string, c auth.Credentials) string {
	return fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n",
		profile, c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
}

func issue(s *awslocal.Server, session string) auth.Credentials {
	return s.Keys.IssueSession(time.Now(), "machine", session, time.Hour)
}

// write replaces a file as the careful do.
func write(t *testing.T, file, content string) {
	t.Helper()
	fresh := file + ".new"
	require.NoError(t, os.WriteFile(fresh, []byte(content), 0o600))
	require.NoError(t, os.Rename(fresh, file))
}

// router dials one server for every name, but for the loopback addresses that stand for metadata.
type router struct {
	server     string
	pool       *x509.CertPool
	generation atomic.Uint64

	mu     sync.Mutex
	dialed []string
}

func (r *router) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	r.mu.Lock()
	r.dialed = append(r.dialed, address)
	r.mu.Unlock()
	if host, _, _ := net.SplitHostPort(address); !net.ParseIP(host).IsLoopback() {
		address = r.server
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

func (r *router) Generation() uint64      { return r.generation.Load() }
func (r *router) RootCAs() *x509.CertPool { return r.pool }

func (r *router) addresses() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.dialed)
}

// serveTLS starts a server under AWS's names, and a router that leads there.
func serveTLS(t *testing.T, o awslocal.Options) (*awslocal.Server, *router) {
	t.Helper()
	o.ListenTLS = "127.0.0.1:0"
	s := serve(t, o)
	require.NoError(t, os.Unsetenv("AWS_ENDPOINT_URL"))
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(s.Authority.PEM()))
	return s, &router{server: strings.TrimPrefix(s.TLSURL, "https://"), pool: pool}
}

// clock is a clock that stands until it is moved.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func keys(id string) aws.Credentials {
	return aws.Credentials{AccessKeyID: id, SecretAccessKey: "secret of " + id}
}
