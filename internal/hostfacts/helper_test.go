package hostfacts

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const dmi = "/sys/class/dmi/id/"

// variables are those that facts come from, beside AWS's and Kubernetes' own.
var variables = []string{
	TimeoutVariable, "K8S_POD_NAME", "POD_NAME", "K8S_NAMESPACE", "K8S_POD_NAMESPACE", "POD_NAMESPACE", "K8S_NODE_NAME", "NODE_NAME",
}

// bare is a host outside AWS that nobody knows anything about.
func bare(t *testing.T) *Finder {
	t.Helper()
	awslocal.OutsideAWS(t)
	for _, name := range variables {
		t.Setenv(name, "")
	}
	return finder(t)
}

// finder is one of a host of a test, with the environment as it is.
func finder(t *testing.T) *Finder {
	t.Helper()
	f := New(t.TempDir())
	f.fullName = func() (string, error) { return "web-1.example.internal", nil }
	f.outbound = func(context.Context, string) netip.Addr { return netip.Addr{} }
	f.interfaces = func() ([]net.Addr, error) { return nil, errors.New("none") }
	return f
}

// inAWS serves metadata and makes the environment lead there.
func inAWS(t *testing.T, o awslocal.Options) *Finder {
	t.Helper()
	bare(t)
	o.IgnoreQuotas = true
	s := awslocal.Serve(t, o)
	for _, v := range s.Metadata.Env(s.URL) {
		key, value, _ := strings.Cut(v, "=")
		t.Setenv(key, value)
	}
	return finder(t)
}

// write makes a file of a host.
func write(t *testing.T, f *Finder, path, text string) {
	t.Helper()
	path = filepath.Join(f.root, path)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// silent is a metadata service that takes connections and never answers. It says how many there were.
func silent(t *testing.T) (url string, asked func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	connections := make(chan net.Conn, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections <- conn
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
		close(connections)
		for conn := range connections {
			_ = conn.Close()
		}
	})
	return "http://" + listener.Addr().String(), func() int { return len(connections) }
}

// clock is a time that a test sets.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }
