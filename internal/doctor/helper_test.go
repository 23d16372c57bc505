package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const region = awslocal.DefaultRegion

// bare is a process that knows of no AWS and of no routes.
func bare(t *testing.T) {
	t.Helper()
	awslocal.OutsideAWS(t)
	t.Setenv(awsaccess.Variable, "")
}

// serve starts AWS with TLS, and gives the process its keys.
func serve(t *testing.T, o awslocal.Options) *awslocal.Server {
	t.Helper()
	bare(t)
	o.IgnoreQuotas, o.ListenTLS = true, "127.0.0.1:0"
	s := awslocal.Serve(t, o)
	t.Setenv("AWS_ACCESS_KEY_ID", awslocal.DefaultAccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", awslocal.DefaultSecretAccessKey)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, s.Authority.PEM(), 0o600))
	t.Setenv("AWS_CA_BUNDLE", ca)
	return s
}

// endpoint is where an interface endpoint of every service would be: a server's TLS listener.
func endpoint(s *awslocal.Server) string { return strings.TrimPrefix(s.TLSURL, "https://") }

// routes is a table whose only route is the server.
func routes(s *awslocal.Server) string {
	return fmt.Sprintf("{region: %s, policy: private_only, routes: [{name: dx, vpc_endpoints: {all: %q}}]}", region, endpoint(s))
}

// configured are options for a configuration in YAML.
func configured(t *testing.T, text string) Options {
	t.Helper()
	var m map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &m))
	return Options{
		Sources: []string{"collector.yaml"}, Root: t.TempDir(), Resolver: noDNS, Build: "test",
		Resolve: func(context.Context) (map[string]any, error) { return confmap.NewFromStringMap(m).ToStringMap(), nil },
	}
}

// flags are options without a configuration.
func flags(t *testing.T) Options {
	t.Helper()
	return Options{Root: t.TempDir(), Resolver: noDNS, Build: "test"}
}

// noDNS answers nothing, and asks nobody.
var noDNS = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("this test has no DNS server")
}}

// fixed is a host that says what a test wants.
var fixed = host{
	open: tryOpen, writable: func(string) error { return nil },
	space: func(string) (space, error) { return space{free: 20 << 30, total: 40 << 30}, nil },
}

// of is one check of a report.
func of(t *testing.T, r *Report, id string) Check {
	t.Helper()
	var ids []string
	for _, s := range r.Sections {
		for _, c := range s.Checks {
			if c.ID == id {
				return c
			}
			ids = append(ids, c.ID)
		}
	}
	require.Failf(t, "no such check", "%s is not among %s", id, strings.Join(ids, ", "))
	return Check{}
}

// fact is the first fact of that name.
func (c Check) value(name string) string {
	for _, f := range c.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// requests is how many calls of AWS arrived.
func requests(s *awslocal.Server) (n int64) {
	for _, c := range s.Status().Requests {
		n += c.Count
	}
	return n
}

// dialer leads to one address.
func dialer(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}
