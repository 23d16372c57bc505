package awsaccess

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
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

func TestTableIsFoundInAResolvedConfiguration(t *testing.T) {
	t.Parallel()
	conf := func(used string) *confmap.Conf {
		return confmap.NewFromStringMap(map[string]any{
			"extensions": map[string]any{"endpoint_routing/x": map[string]any{
				"region": "eu-central-1", "policy": "any", "process_proxy": true, "listen": "127.0.0.1:0",
				"routes": []any{map[string]any{"name": "i", "public": map[string]any{}}},
			}, "endpoint_routing/broken": map[string]any{"polcy": "any"}},
			"service": map[string]any{"extensions": []any{"zpages", used}},
		})
	}
	c, found, err := FromConf(conf("endpoint_routing/x"))
	require.NoError(t, err)
	assert.True(t, found)
	assert.True(t, c.ProcessProxy)
	_, found, err = FromConf(conf("other"))
	require.NoError(t, err)
	assert.False(t, found, "no service uses it")
	_, _, err = FromConf(conf("endpoint_routing/broken"))
	require.ErrorContains(t, err, "polcy")
}
