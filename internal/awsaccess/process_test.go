package awsaccess

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

func TestPortThatALocalUserHasTakenDoesNotStopTheProcess(t *testing.T) {
	t.Setenv("AWS_CA_BUNDLE", "")
	squatter, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer squatter.Close()
	c := NewDefaultConfig()
	c.Region, c.Policy = "us-east-1", awsroute.PrivateOnly
	c.Routes = []awsroute.Route{{Name: "dx", VPCEndpoints: map[awsnames.Service]awsroute.Targets{"all": {"127.0.0.1:1"}}}}
	table, err := awsroute.New(c.Config, awsroute.Options{})
	require.NoError(t, err)
	core, logged := observer.New(zap.ErrorLevel)
	listener, err := open(table, squatter.Addr().String(), zap.New(core))
	require.NoError(t, err)
	defer func() { assert.NoError(t, listener.Shutdown(context.Background())) }()
	assert.NotEqual(t, squatter.Addr().String(), listener.Addr().String())
	assert.Equal(t, 1, logged.FilterMessageSnippet("takes another port").Len())
}
