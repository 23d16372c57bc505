package ssmprovider

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a local AWS that is called without a network, so that it runs on a bubble's clock, too.
type world struct {
	*awslocal.Server
	config aws.Config
	client *ssm.Client

	mu     sync.Mutex
	opened []awsconfig.Config
	ended  int
}

func newWorld(t *testing.T, o awslocal.Options) *world {
	t.Helper()
	s, err := awslocal.New(o)
	require.NoError(t, err)
	w := &world{Server: s, config: aws.Config{
		Region:       awslocal.DefaultRegion,
		BaseEndpoint: aws.String("http://ssm.local"),
		HTTPClient:   &http.Client{Transport: w2h{s}},
		Credentials:  credentials.NewStaticCredentialsProvider(awslocal.DefaultAccessKeyID, awslocal.DefaultSecretAccessKey, ""),
	}}
	w.client = ssm.NewFromConfig(w.config)
	return w
}

// w2h carries a request to a handler.
type w2h struct{ http.Handler }

func (h w2h) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	h.ServeHTTP(recorder, in)
	return recorder.Result(), nil
}

func (w *world) open(_ context.Context, c awsconfig.Config) (*ssmstore.Store, func(), error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened = append(w.opened, c)
	return ssmstore.New(w.config, ssmstore.Options{}), func() { w.mu.Lock(); w.ended++; w.mu.Unlock() }, nil
}

// provider is one on this AWS. It must be shut down.
func (w *world) provider(logger *zap.Logger) *provider {
	return NewFactoryWith(w.open).Create(confmap.ProviderSettings{Logger: logger}).(*provider)
}

func (w *world) put(t *testing.T, name, value string, secure ...bool) {
	t.Helper()
	kind := types.ParameterTypeString
	if len(secure) > 0 && secure[0] {
		kind = types.ParameterTypeSecureString
	}
	_, err := w.client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: &value, Type: kind, Overwrite: aws.Bool(true)})
	require.NoError(t, err)
}

func (w *world) fault(t *testing.T, rule string) string {
	t.Helper()
	r, err := faults.ParseRule(rule)
	require.NoError(t, err)
	r, err = w.Faults.Add(r)
	require.NoError(t, err)
	return r.ID
}

// reads are the calls that share the quota.
func (w *world) reads() int64 {
	return w.Calls("ssm", "GetParameter") + w.Calls("ssm", "GetParameters") + w.Calls("ssm", "GetParametersByPath")
}

// counter counts changes.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) changed(e *confmap.ChangeEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.Error != nil {
		c.n = -1000 // it would end the collector
	}
	c.n++
}

func (c *counter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func shutdown(t *testing.T, p *provider) { assert.NoError(t, p.Shutdown(context.Background())) }
