package ssmstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a local AWS and a store on it.
type world struct {
	*Store
	aws    *awslocal.Server
	client *ssm.Client
}

func newWorld(t *testing.T, o awslocal.Options) world {
	t.Helper()
	o.IgnoreQuotas = true
	s := awslocal.Serve(t, o)
	config := s.AWSConfig(t.Context())
	client := aws.NewConfig()
	*client = config.Copy()
	if client.HTTPClient == nil {
		client.HTTPClient = newHTTPClient(t)
	}
	return world{New(*client, Options{}), s, ssm.NewFromConfig(*client)}
}

// put writes a parameter as another program would.
func (w world) put(t *testing.T, name, value string) {
	t.Helper()
	_, err := w.client.PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: types.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	require.NoError(t, err)
}

func (w world) read(t *testing.T, r Ref) string {
	t.Helper()
	snap, err := w.Read(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, snap.Documents, 1)
	return string(snap.Documents[0].Text)
}

func (w world) push(t *testing.T, name, text string, o PushOptions) PushResult {
	t.Helper()
	result, err := w.Push(t.Context(), name, []byte(text), o)
	require.NoError(t, err)
	return result
}

func (w world) fault(t *testing.T, rule string) {
	t.Helper()
	r, err := faults.ParseRule(rule)
	require.NoError(t, err)
	_, err = w.aws.Faults.Add(r)
	require.NoError(t, err)
}

// names are those of all parameters, chunks included.
func (w world) names() []string {
	var names []string
	for _, p := range w.aws.SSM.Status().Parameters {
		names = append(names, p.Name)
	}
	return names
}

// large is a text of n bytes, each of its own, that shrinks to about half.
func large(n int, seed string) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "k%s%d: %x\n", seed, i, (i*2654435761)^(i<<13)*0x9E3779B97F4A7C1)
	}
	return b.String()[:n]
}

// awsCLI runs the AWS CLI against the local AWS and reads its JSON into out.
func (w world) awsCLI(t *testing.T, out any, args ...string) {
	t.Helper()
	path, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	command := exec.CommandContext(t.Context(), path, slices.Concat([]string{"ssm"}, args, []string{"--endpoint-url", w.aws.URL, "--output", "json"})...)
	command.Env = w.aws.Env()
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	require.NoError(t, err, "aws %v: %s", args, stderr.String())
	require.NoError(t, json.Unmarshal(text, out))
}

// canceledAfter is a context that ends with the nth call.
type canceledAfter struct {
	API
	n      int
	cancel context.CancelFunc
}

func (c *canceledAfter) PutParameter(ctx context.Context, in *ssm.PutParameterInput, o ...func(*ssm.Options)) (*ssm.PutParameterOutput, error) {
	if c.n--; c.n < 0 {
		c.cancel()
		return nil, ctx.Err()
	}
	return c.API.PutParameter(ctx, in, o...)
}

func newHTTPClient(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
