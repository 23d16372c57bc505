package awsaccess

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// It is one test: net/http reads the proxy's variable once in the life of a process.
func TestPortThatALocalUserHasTakenDoesNotStopTheProcess(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "AWS_CA_BUNDLE"} {
		t.Setenv(name, "")
	}
	squatter, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer squatter.Close()
	c := NewDefaultConfig()
	c.Region, c.Policy, c.Listen, c.ProcessProxy = "us-east-1", awsroute.PrivateOnly, squatter.Addr().String(), true
	c.Routes = []awsroute.Route{{Name: "dx", VPCEndpoints: map[awsnames.Service]awsroute.Targets{"all": {"127.0.0.1:1"}}}}
	core, logged := observer.New(zap.ErrorLevel)
	p, err := OpenProcess(c, c.Listen, zap.New(core))
	require.NoError(t, err)
	defer func() { _ = p.Close() }()
	assert.Equal(t, 1, logged.FilterMessageSnippet("took another port").Len())
	assert.NotEqual(t, squatter.Addr().String(), p.listener.Addr().String())
	assert.Equal(t, c.Listen, p.Listen(), "the extension does not try again")

	// A later configuration is proved, too.
	require.NoError(t, p.Prove(c, zap.NewNop()))
	c.OtherRegions = []string{"nowhere at all"}
	require.Error(t, p.Prove(c, zap.NewNop()))
}
