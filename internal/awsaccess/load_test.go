package awsaccess

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

const table = `region: eu-central-1
policy: private_only
routes: [{name: dx, vpc_endpoints: {logs: "${env:ENDPOINTS}"}}]
listen: 127.0.0.1:4443
process_proxy: true
credentials: {source: instance}
credentials_endpoint: {endpoint: "127.0.0.1:0"}
`

func TestOneFileServesTheCollectorAndWhatRunsBeforeIt(t *testing.T) {
	t.Setenv("ENDPOINTS", "10.0.0.1, 10.0.0.2")
	path := filepath.Join(t.TempDir(), "routes.yaml")
	layer := "exporters: {cloudwatch_emf: {}}\nextensions:\n  file_storage: {}\n  endpoint_routing: {region: eu-central-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {logs: '${env:ENDPOINTS}'}}], " +
		"listen: '127.0.0.1:4443', process_proxy: true, credentials: {source: instance}, credentials_endpoint: {endpoint: '127.0.0.1:0'}}\n"
	require.NoError(t, os.WriteFile(path, []byte(layer), 0o600))
	for _, value := range []string{path, "file:" + path, "yaml:" + table, "yaml:" + layer, "yaml:" + strings.Replace(layer, "endpoint_routing:", "endpoint_routing/corp:", 1)} {
		t.Setenv(Variable, value)
		c, set, err := FromEnvironment(context.Background())
		require.NoError(t, err)
		assert.True(t, set)
		assert.Equal(t, awsroute.PrivateOnly, c.Policy)
		assert.Equal(t, awsroute.Targets{"10.0.0.1", "10.0.0.2"}, c.Routes[0].VPCEndpoints["logs"])
		assert.Equal(t, awsconfig.SourceInstance, c.Credentials.Source)
		assert.True(t, c.HasCredentials())
		assert.True(t, c.ProcessProxy)
		assert.Equal(t, awsroute.NewDefaultConfig().Probe, c.Probe)
	}
	t.Setenv(Variable, "")
	_, set, err := FromEnvironment(context.Background())
	require.NoError(t, err)
	assert.False(t, set)
}

func TestMistakesAreNamed(t *testing.T) {
	t.Setenv("ENDPOINTS", "10.0.0.1")
	for name, c := range map[string]struct{ uri, want string }{
		"no file":                {filepath.Join(t.TempDir(), "absent.yaml"), "absent.yaml"},
		"another extension":      {"yaml:extensions: {file_storage: {}}", "none of them is endpoint_routing"},
		"two of them":            {"yaml:extensions: {endpoint_routing/a: {region: eu-central-1}, endpoint_routing/b: {region: eu-central-1}}", "there are endpoint_routing/a and endpoint_routing/b: name one of them in service::extensions"},
		"nothing":                {"yaml:{}", "region is not set"},
		"unknown key":            {"yaml:" + table + "polcy: any", "polcy"},
		"proxy without listener": {"yaml:{region: eu-central-1, policy: any, routes: [{name: i, public: {}}], process_proxy: true}", "HTTPS_PROXY can only name host:port"},
		"credentials":            {"yaml:{region: eu-central-1, policy: any, routes: [{name: i, public: {}}], credentials: {source: process}}", "process"},
		"credentials for others": {"yaml:{region: eu-central-1, policy: any, routes: [{name: i, public: {}}], credentials_endpoint: {endpoint: '0.0.0.0:1'}}", "not on loopback"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(Variable, c.uri)
			_, _, err := FromEnvironment(context.Background())
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, Variable)
		})
	}
}

func TestTheServiceSaysWhichOfSeveralTablesCounts(t *testing.T) {
	of := func(region string) string {
		return "{region: " + region + ", policy: any, routes: [{name: i, public: {}}]}"
	}
	c, err := Load(t.Context(), "yaml:extensions: {endpoint_routing: "+of("eu-west-1")+", endpoint_routing/corp: "+of("eu-central-1")+"}\nservice: {extensions: [health_check, endpoint_routing/corp]}")
	require.NoError(t, err)
	assert.Equal(t, "eu-central-1", c.Region)
}

// Passwords and other values that YAML takes for something else arrive as they are.
func TestValuesOfTheEnvironmentArriveAsTheyAre(t *testing.T) {
	const text = "extensions: {endpoint_routing: {region: eu-central-1, policy: any, routes: [{name: p, http_proxy: {url: 'http://p:1', username: u, password: '${env:PW}'}}], " +
		"credentials: {source: static, static: {access_key_id: '${env:PW}', secret_access_key: 'a${env:PW}'}}}}\nservice: {extensions: [endpoint_routing]}\n"
	for _, value := range []string{
		"plain", "0123456", "1e5", "12345678901234567890", "true", "no", "null", "~", "2026-01-02", "2026-01-02T03:04:05Z", "0x1F", "1_000", "1:30", "0o17", ".5", ".inf",
		"#hash", "abc #def", "*star", "&amp", "!bang", "%41", "@at", "`tick", "a: b c", "[abc", "{abc", "- dash", "? q", "|", ">", "\"quoted\"", "it's", " spaces ", "back\\slash\\n",
		"p@ss$w0rd", "p@ss$$w0rd", "${HOME}x", "$${x}", "$", "\u00fcn\u00ef", "---", "...",
	} {
		t.Run(value, func(t *testing.T) {
			t.Setenv("PW", value)
			check := func(c Config, err error) {
				require.NoError(t, err)
				assert.Equal(t, value, string(c.Routes[0].HTTPProxy.Password))
				assert.Equal(t, value, c.Credentials.Static.AccessKeyID)
				assert.Equal(t, "a"+value, string(c.Credentials.Static.SecretAccessKey))
			}
			check(Load(context.Background(), "yaml:"+text))
			var m map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(text), &m))
			c, found, err := FromLayers(context.Background(), m)
			assert.True(t, found)
			check(c, err)
		})
	}
}
