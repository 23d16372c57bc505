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
		{"exporters::otlp", "endpoint", "gateway.example", "4317"},
	}, hostsOf(m))
}

func TestWhatGoesPastTheTableIsFound(t *testing.T) {
	var m map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(`
receivers:
  prometheus/unused: {config: {scrape_configs: [{job_name: x, ec2_sd_configs: [{port: 1}]}]}}
  prometheus:
    config:
      scrape_configs:
        - {job_name: aws, ec2_sd_configs: [{proxy_from_environment: true}, {port: 1}], rds_sd_configs: [{proxy_from_environment: true}]}
        - {job_name: web, http_sd_configs: [{url: "https://sd.example"}]}
        - {job_name: own, http_sd_configs: [{url: "https://sd.example", proxy_url: "http://proxy"}], static_configs: [{targets: ["a:1"]}]}
exporters:
  otlp: {endpoint: "http://grpc.example:4317"}
  otlp_http: {endpoint: "http://plain.example:4318"}
  otlp_http/here: {endpoint: "http://127.0.0.1:4318"}
  otlp_http/proxied: {endpoint: "http://plain.example", proxy_url: "http://proxy"}
service:
  pipelines: {metrics: {receivers: [prometheus], exporters: [otlp, otlp_http, otlp_http/here, otlp_http/proxied]}}
`), &m))
	assert.Equal(t, []past{
		{"receivers::prometheus", "config::scrape_configs (aws)::ec2_sd_configs", "set proxy_from_environment: true in it", true},
		{"receivers::prometheus", "config::scrape_configs (web)::http_sd_configs", "set proxy_from_environment: true in it", false},
		{"exporters::otlp_http", "endpoint", `"http://plain.example:4318" has no TLS, and HTTPS_PROXY does not concern it: use https`, false},
	}, pastOf(m))
}
