package awsaccess

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// It is the only test here that asks for the proxy: the variable is read once in the life of a process.
func TestListenerOfTheProcessGoesElsewhereWhereItsAddressIsTaken(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	c := NewDefaultConfig()
	c.Region, c.Policy = "eu-central-1", awsroute.Any
	c.Routes = []awsroute.Route{{Name: "internet", Public: &awsroute.Public{}}}
	core, said := observer.New(zap.ErrorLevel)
	p, err := OpenProcess(c, taken.Addr().String(), zap.New(core))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	assert.Equal(t, taken.Addr().String(), p.Listen(), "the extension opens no other one")
	assert.NotContains(t, os.Getenv("HTTPS_PROXY"), taken.Addr().String(), "nothing is sent to whoever has the address")
	assert.True(t, strings.HasPrefix(os.Getenv("HTTPS_PROXY"), "http://127.0.0.1:"))
	assert.Equal(t, 1, said.Len())
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
