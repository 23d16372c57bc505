package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

const (
	workspaceHost = "aps-workspaces.us-east-1.amazonaws.com"
	anywhereHost  = "rolesanywhere.us-east-1.amazonaws.com"
	vendorHost    = "otlp.vendor.example"
)

// elsewhere are services that cloudwatch-local does not play, under one certificate: Managed Prometheus, IAM Roles
// Anywhere, a vendor.
type elsewhere struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string // HOST SIGNED
}

func newElsewhere(t *testing.T, aws *awslocal.Server) *elsewhere {
	t.Helper()
	certificate, err := aws.Authority.Certificate(time.Now().Add(time.Hour), workspaceHost, anywhereHost, vendorHost)
	require.NoError(t, err)
	e := &elsewhere{}
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.calls = append(e.calls, fmt.Sprint(r.Host, " ", strings.Contains(r.Header.Get("Authorization"), "/aps/aws4_request")))
	}))
	e.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}} //nolint:gosec // a test
	e.StartTLS()
	t.Cleanup(e.Close)
	return e
}

func (e *elsewhere) called(call string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.calls, call)
}

// corporateProxy leads AWS's names that cloudwatch-local serves there, and all others elsewhere. It wants a password.
func corporateProxy(t *testing.T, aws, others string) string {
	t.Helper()
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:secret"))
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := others
		if strings.HasPrefix(r.Host, "logs.") || strings.HasPrefix(r.Host, "sts.") {
			to = aws
		}
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") != want {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		upstream, err := net.Dial("tcp", to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go carry(upstream, client)
		go carry(client, upstream)
	}))
	t.Cleanup(proxy.Close)
	return "http://user:secret@" + strings.TrimPrefix(proxy.URL, "http://")
}

// others is what a configuration sends beside CloudWatch: remote write to Managed Prometheus, OTLP to a vendor.
const others = `yaml:
extensions: {sigv4auth: {region: us-east-1, service: aps}}
exporters:
  prometheusremotewrite: {endpoint: "https://` + workspaceHost + `/workspaces/ws-1/api/v1/remote_write", auth: {authenticator: sigv4auth}}
  otlp_http: {endpoint: "https://` + vendorHost + `"}
service:
  extensions: [sigv4auth]
  pipelines: {metrics/others: {receivers: [host_metrics], exporters: [prometheusremotewrite, otlp_http]}}`

// routed is a collector whose process_proxy is on, with nothing in its environment that leads to AWS.
func routed(t *testing.T, server *awslocal.Server, routes string) (*setup, *writer, string) {
	t.Helper()
	w := newWriter(t, "app.log")
	w.append(10)
	s := newSetup(t, server, w.path)
	ca, listen := filepath.Join(t.TempDir(), "ca.pem"), ports.FreeAddress(t)
	require.NoError(t, os.WriteFile(ca, server.Authority.PEM(), 0o600))
	delete(s.env, "AWS_ENDPOINT_URL")
	s.env["AWS_CA_BUNDLE"], s.env["SSL_CERT_FILE"], s.env["AWS_EC2_METADATA_DISABLED"] = ca, ca, "true"
	s.configs = []string{"host.yaml", "yaml:extensions: {endpoint_routing: {region: us-east-1, " + routes + ", listen: '" + listen + "', process_proxy: true}}\nservice: {extensions: [endpoint_routing]}", others}
	return s, w, listen
}

func TestProcessProxyCutsNothingOffThatWentThroughTheCorporateProxy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		environment bool
		via         string
	}{
		"as the environment says":          {true, "environment"},
		"by a route's proxy":               {false, "corp"},
		"without a word about other hosts": {true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{ListenTLS: "127.0.0.1:0"})
			e := newElsewhere(t, server)
			proxy := corporateProxy(t, strings.TrimPrefix(server.TLSURL, "https://"), e.Listener.Addr().String())
			helper := filepath.Join(t.TempDir(), "helper")
			require.NoError(t, os.WriteFile(helper+".sh", []byte("#!/bin/sh\necho \"$HTTPS_PROXY\" > "+helper+".env\necho '{\"Version\":1,\"AccessKeyId\":\""+awslocal.DefaultAccessKeyID+"\",\"SecretAccessKey\":\""+awslocal.DefaultSecretAccessKey+"\"}'\n"), 0o700))
			routes := "policy: any, routes: [{name: corp, http_proxy: {url: '" + proxy + "'}}], credentials: {source: process, process: " + helper + ".sh}"
			if test.via != "" {
				routes += ", other_hosts: " + test.via
			}
			s, w, listen := routed(t, server, routes)
			if test.environment {
				s.env["HTTPS_PROXY"] = proxy
			}
			collector := s.startHealthy()
			r := newReader(t, server)
			await(t, "the lines", func() bool { return len(r.numbers(filepath.Base(w.path))) >= 10 })
			await(t, "remote write, signed", func() bool { return e.called(workspaceHost + " true") })
			await(t, "OTLP", func() bool { return e.called(vendorHost + " false") })

			// What credentials come from inherits a way that works, for AWS and for others.
			text, err := os.ReadFile(helper + ".env")
			require.NoError(t, err)
			given, err := url.Parse(strings.TrimSpace(string(text)))
			require.NoError(t, err)
			assert.Equal(t, listen, given.Host)
			pool := x509.NewCertPool()
			pool.AppendCertsFromPEM(server.Authority.PEM())
			for _, host := range []string{anywhereHost, vendorHost} {
				answer, err := through(t, given, pool).Get("https://" + host + "/sessions")
				require.NoError(t, err)
				_ = answer.Body.Close()
			}
			// Another user of this host is led to AWS alone: not to the vendor with the corporate proxy's password.
			stranger := through(t, &url.URL{Scheme: "http", Host: listen}, pool)
			_, err = stranger.Get("https://" + vendorHost + "/")
			require.ErrorContains(t, err, "no AWS name that this proxy serves")
			answer, err := stranger.Get("https://" + anywhereHost + "/")
			require.NoError(t, err)
			_ = answer.Body.Close()
			collector.stop()
			assert.Zero(t, s.logged(given.User.String()), "the token is nobody's to read")
		})
	}
}

// through is a client of a proxy.
func through(t *testing.T, proxy *url.URL, pool *x509.CertPool) *http.Client {
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool}} //nolint:gosec // a test
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestPrivateOnlyTellsAtTheStartWhatItIsGoingToRefuse(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{ListenTLS: "127.0.0.1:0"})
	to := strings.TrimPrefix(server.TLSURL, "https://")
	s, w, _ := routed(t, server, "policy: private_only, routes: [{name: dx, vpc_endpoints: {logs: '"+to+"', sts: '"+to+"'}}]")
	s.env["HTTPS_PROXY"] = corporateProxy(t, to, to) // which private_only does not take
	collector := s.startHealthy()
	r := newReader(t, server)
	await(t, "the lines", func() bool { return len(r.numbers(filepath.Base(w.path))) >= 10 })
	await(t, "refusals", func() bool { return s.metric("endpoint_routing_refusals", `reason="unknown_name"`) >= 2 })
	assert.Equal(t, 2, s.logged("What a component calls is going to be refused"))
	assert.Positive(t, s.logged("no route serves aps-workspaces in us-east-1: add it to the vpc_endpoints of a route"))
	assert.Positive(t, s.logged(`{hosts: [\"`+vendorHost+`\"], via: direct}`))
	await(t, "the refusals' log", func() bool { return s.logged("A connection was refused by the route policy") == 2 })
	collector.stop()
}

func TestNoProxyThatNamesAWSEndsTheStartUnderPrivateOnly(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{ListenTLS: "127.0.0.1:0"})
	to := strings.TrimPrefix(server.TLSURL, "https://")
	for _, value := range []string{".api.aws", workspaceHost, "*"} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			s, _, _ := routed(t, server, "policy: private_only, routes: [{name: dx, vpc_endpoints: {all: '"+to+"'}}]")
			s.env["NO_PROXY"] = value
			collector := s.start()
			select {
			case err := <-collector.done:
				require.Error(t, err)
			case <-time.After(patience):
				t.Fatal("it started")
			}
			assert.Positive(t, s.logged("take AWS names out of NO_PROXY"))
		})
	}
}
