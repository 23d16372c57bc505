package awslocal

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// TB is the part of testing.TB that Serve uses.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Serve starts a server that ends with the test. Quotas are enforced unless the options say
// otherwise, as AWS does.
func Serve(t TB, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatalf("awslocal: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// EnvironmentTB is the part of testing.TB that OutsideAWS uses.
type EnvironmentTB interface {
	TB
	Setenv(key, value string)
	TempDir() string
}

// OutsideAWS makes the test's process one that knows nothing of AWS, Kubernetes or a proxy: no variable
// names one, no shared file exists, and no metadata service is asked. It lasts as long as the test.
func OutsideAWS(t EnvironmentTB) {
	t.Helper()
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "AWS_") && !strings.HasPrefix(name, "ECS_") &&
			!strings.HasPrefix(name, "KUBERNETES_") && !strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			continue
		}
		t.Setenv(name, "") // which brings it back in the end
		if err := os.Unsetenv(name); err != nil {
			t.Fatalf("awslocal: %v", err)
		}
	}
	absent := filepath.Join(t.TempDir(), "absent")
	t.Setenv("AWS_CONFIG_FILE", absent)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", absent)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// AWSConfig is an SDK configuration for this server: its region, its key pair, its address (TLS where
// there is a TLS listener, with its authority trusted).
func (s *Server) AWSConfig(context.Context) aws.Config {
	config := aws.Config{
		Region:       s.options.Region,
		Credentials:  credentials.NewStaticCredentialsProvider(s.options.AccessKeyID, s.options.SecretAccessKey, ""),
		BaseEndpoint: aws.String(cmp.Or(s.TLSURL, s.URL)),
	}
	if s.TLSURL != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(s.Authority.PEM())
		config.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		})
	}
	return config
}

// Env is the environment for a process, such as the AWS CLI or the collector, that shall talk to this
// server and to nothing else: the test's own environment without its AWS settings, and with this
// server's address, region and key pair.
func (s *Server) Env() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AWS_") {
			env = append(env, v)
		}
	}
	return append(env,
		"AWS_ENDPOINT_URL="+s.URL,
		"AWS_REGION="+s.options.Region,
		"AWS_DEFAULT_REGION="+s.options.Region,
		"AWS_ACCESS_KEY_ID="+s.options.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+s.options.SecretAccessKey,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_PAGER=",
	)
}
