package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/certs"
)

// handshake connects to a server with the given configuration and verifies it for name.
func handshake(t *testing.T, config *tls.Config, a *certs.Authority, name string) error {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = tls.Server(server, config).Handshake()
		server.Close()
	}()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(a.PEM()))
	err := tls.Client(client, &tls.Config{ServerName: name, RootCAs: pool}).Handshake()
	client.Close()
	<-done
	return err
}

func TestNamesOfAWSAndLoopbackVerify(t *testing.T) {
	a, err := certs.New(time.Now())
	require.NoError(t, err)
	for _, name := range []string{
		"logs.eu-central-1.amazonaws.com", "logs-fips.us-east-1.amazonaws.com", "monitoring.us-gov-west-1.api.aws",
		"ssm.cn-north-1.amazonaws.com.cn", "sts.amazonaws.com", "sts.eu-central-1.amazonaws.com",
		"logs.eusc-de-east-1.amazonaws.eu", "xray.us-iso-east-1.c2s.ic.gov", "logs.us-isob-east-1.api.aws.scloud",
		"vpce-0a1-x.logs.eu-central-1.vpce.amazonaws.com",
		"vpce-0a1-x-eu-central-1a.logs.eu-central-1.vpce.amazonaws.com",
		"localhost", "127.0.0.1", "::1",
	} {
		assert.NoError(t, handshake(t, a.TLSConfig(), a, name), name)
	}
}

func TestAnInterfaceEndpointsCertificateCoversThePublicName(t *testing.T) {
	a, err := certs.New(time.Now())
	require.NoError(t, err)
	config := a.TLSConfig()
	// A client that dials the endpoint and asks for the public name gets the same certificate.
	endpoint, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: "vpce-1-a.logs.eu-central-1.vpce.amazonaws.com"})
	require.NoError(t, err)
	public, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: "logs.eu-central-1.amazonaws.com"})
	require.NoError(t, err)
	assert.Same(t, endpoint, public)
	other, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: "logs.eu-west-1.amazonaws.com"})
	require.NoError(t, err)
	assert.NotSame(t, public, other)
}

func TestOtherNamesAreRefused(t *testing.T) {
	a, err := certs.New(time.Now())
	require.NoError(t, err)
	for _, name := range []string{
		"example.com", "amazonaws.com", "logs.amazonaws.com", "logs.eu-central-1.amazonaws.com.example.com",
		"evil.logs.eu-central-1.amazonaws.com", "bucket.eu-central-1.amazonaws.com", "a.logs.eu-central-1.vpce.amazonaws.com", "10.0.0.1",
	} {
		_, err := a.TLSConfig().GetCertificate(&tls.ClientHelloInfo{ServerName: name})
		assert.ErrorContains(t, err, name)
	}
}

func TestExpiredAndWrongCertificatesCanBeMade(t *testing.T) {
	a, err := certs.New(time.Now())
	require.NoError(t, err)
	expired, err := a.Certificate(time.Now().Add(-time.Minute), "logs.eu-central-1.amazonaws.com")
	require.NoError(t, err)
	assert.ErrorContains(t, handshake(t, &tls.Config{Certificates: []tls.Certificate{*expired}}, a, "logs.eu-central-1.amazonaws.com"), "expired")
	wrong, err := a.Certificate(time.Now().Add(time.Hour), "example.com")
	require.NoError(t, err)
	assert.ErrorContains(t, handshake(t, &tls.Config{Certificates: []tls.Certificate{*wrong}}, a, "logs.eu-central-1.amazonaws.com"), "not logs.eu-central-1")
}

func TestAuthorityIsKeptInAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	now := time.Now()
	_, err := certs.Load(dir, now)
	require.ErrorIs(t, err, fs.ErrNotExist)

	a, err := certs.New(now)
	require.NoError(t, err)
	require.NoError(t, a.Save(dir))
	info, err := os.Stat(filepath.Join(dir, "ca-key.pem"))
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

	b, err := certs.Load(dir, now)
	require.NoError(t, err)
	assert.Equal(t, a.PEM(), b.PEM())
	assert.NoError(t, handshake(t, b.TLSConfig(), a, "localhost"))

	_, err = certs.Load(dir, now.Add(11*365*24*time.Hour))
	assert.ErrorContains(t, err, "expired")

	other, err := certs.New(now)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), other.PEM(), 0o600))
	_, err = certs.Load(dir, now)
	assert.ErrorContains(t, err, "does not belong")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca-key.pem"), []byte("x"), 0o600))
	_, err = certs.Load(dir, now)
	assert.ErrorContains(t, err, "EC PRIVATE KEY")
}
