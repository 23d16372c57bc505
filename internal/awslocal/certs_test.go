package awslocal_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"

	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// TestSDKReachesAWSNamesOverTLS sends the names of AWS to the server, as DNS does with an interface
// endpoint, with nothing but the authority's certificate trusted.
func TestSDKReachesAWSNamesOverTLS(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{ListenTLS: "127.0.0.1:0"})
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(s.Authority.PEM()))
	for _, endpoint := range []string{
		"", // the SDK's own choice, sts.us-east-1.amazonaws.com
		"https://vpce-0a1b-c2d3.sts.us-east-1.vpce.amazonaws.com",
		"https://vpce-0a1b-c2d3-us-east-1a.sts.us-east-1.vpce.amazonaws.com",
	} {
		config := s.AWSConfig(context.Background())
		config.BaseEndpoint = nil
		if endpoint != "" {
			config.BaseEndpoint = aws.String(endpoint)
		}
		config.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
			tr.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
			tr.Proxy = nil
			tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(s.TLSURL, "https://"))
			}
		})
		identity, err := sts.NewFromConfig(config).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		require.NoError(t, err, endpoint)
		assert.Equal(t, "123456789012", *identity.Account)
	}
}

func TestCLITrustsTheAuthority(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{ListenTLS: "127.0.0.1:0"})
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(bundle, s.Authority.PEM(), 0o600))
	out, err := awsCommand(t, append(s.Env(), "AWS_CA_BUNDLE="+bundle), "sts", "get-caller-identity", "--endpoint-url", s.TLSURL).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "user/local")
}
