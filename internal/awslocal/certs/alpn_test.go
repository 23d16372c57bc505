package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/certs"
)

func TestClientsChooseBetweenHTTP1AndHTTP2(t *testing.T) {
	a, err := certs.New(time.Now())
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS, server.EnableHTTP2 = a.TLSConfig(), true
	server.StartTLS()
	defer server.Close()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(a.PEM()))
	for _, want := range []int{1, 2} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}, ForceAttemptHTTP2: want == 2}
		response, err := (&http.Client{Transport: transport}).Get(server.URL)
		require.NoError(t, err)
		assert.Equal(t, want, response.ProtoMajor)
		assert.NoError(t, response.Body.Close())
		transport.CloseIdleConnections()
	}
}
