package endpointrouting

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestHostsThatRunningComponentsCallAreFound(t *testing.T) {
	var m map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(`
extensions:
  endpoint_routing: {endpoints: {logs: "https://emulator.example"}}
  oauth: {token_url: "https://login.example/token"}
  unused: {url: "https://unused.example"}
receivers:
  prometheus: {config: {scrape_configs: [{http_sd_configs: [{url: "https://sd.example:8443/x"}]}]}}
  otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}}}
exporters:
  otlp: {endpoint: "gateway.example:4317"}
  otlp/plain: {endpoint: "http://plain.example:4318"}
  otlp/proxied: {endpoint: "https://proxied.example", proxy_url: "http://proxy"}
  otlp/unused: {endpoint: "https://unused.example"}
  file: {path: "https://"}
service:
  extensions: [endpoint_routing, oauth]
  pipelines: {metrics: {receivers: [prometheus, otlp], exporters: [otlp, otlp/plain, otlp/proxied, file]}}
`), &m))
	assert.Equal(t, []called{
		{"extensions::oauth", "token_url", "login.example", "443"},
		{"receivers::prometheus", "config::scrape_configs::http_sd_configs::url", "sd.example", "8443"},
		{"exporters::otlp", "endpoint", "gateway.example", "4317"},
	}, hostsOf(m))
}
