package endpointrouting

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/endpointrouting/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
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
		{component: "receivers::prometheus", key: "config::scrape_configs (aws)::ec2_sd_configs", remedy: "set proxy_from_environment: true in it", aws: true},
		{component: "receivers::prometheus", key: "config::scrape_configs (web)::http_sd_configs", remedy: "set proxy_from_environment: true in it"},
		{component: "receivers::prometheus", key: "config::scrape_configs (own)::static_configs", host: "a", port: "1", scrape: true,
			remedy: "a:1: scrape it over TLS (scheme: https, proxy_from_environment: true), by a private address, or name the host in other_hosts if it is in your network"},
		{component: "exporters::otlp_http", key: "endpoint", host: "plain.example", port: "4318",
			remedy: `"http://plain.example:4318" has no TLS, and HTTPS_PROXY does not concern it: use https, or name the host in other_hosts if it is in your network`},
	}, pastOf(m))
}

// Under private_only a start fails where something would leave the private network past the table, and what is in it goes on.
func TestWhatLeavesThePrivateNetworkPastTheTableEndsTheStart(t *testing.T) {
	for name, tt := range map[string]struct {
		text, want string
		told       int
	}{
		"plain, a name":                       {`exporters: {x: {endpoint: "http://vendor.example:4318"}}`, "exporters::x: endpoint goes past", 0},
		"plain, public":                       {`exporters: {x: {endpoint: "http://198.51.100.7:4318"}}`, "exporters::x: endpoint goes past", 0},
		"plain, AWS":                          {`exporters: {x: {endpoint: "http://logs.eu-central-1.amazonaws.com"}}`, "exporters::x: endpoint goes past", 0},
		"plain, an extension":                 {`extensions: {x: {token_url: "http://login.example"}}`, "extensions::x: token_url goes past", 0},
		"plain, private":                      {`exporters: {x: {endpoint: "http://10.1.2.3:4318"}}`, "", 0},
		"plain, named":                        {`exporters: {x: {endpoint: "http://gateway.corp.example:4318"}}`, "", 0},
		"plain, this host":                    {`exporters: {x: {endpoint: "http://localhost:4318"}}`, "", 0},
		"scrape, public":                      {`receivers: {prometheus: {config: {scrape_configs: [{job_name: j, static_configs: [{targets: ["198.51.100.7:9100"]}]}]}}}`, "scrape_configs (j)::static_configs goes past", 0},
		"scrape, AWS":                         {`receivers: {prometheus: {config: {scrape_configs: [{job_name: j, scheme: https, static_configs: [{targets: [monitoring.eu-central-1.amazonaws.com]}]}]}}}`, "set proxy_from_environment: true in the job", 0},
		"scrape, by the table":                {`receivers: {prometheus: {config: {scrape_configs: [{job_name: j, scheme: https, proxy_from_environment: true, static_configs: [{targets: [monitoring.eu-central-1.amazonaws.com]}]}]}}}`, "", 0},
		"scrape, the environment without TLS": {`receivers: {prometheus: {config: {scrape_configs: [{job_name: j, proxy_from_environment: true, static_configs: [{targets: ["198.51.100.7:9100"]}]}]}}}`, "goes past", 0},
		"scrape, a name":                      {`receivers: {prometheus: {config: {scrape_configs: [{job_name: j, static_configs: [{targets: ["node7:9100"]}]}]}}}`, "", 1},
		"scrape, private":                     {`receivers: {prometheus: {config: {scrape_configs: [{job_name: j, static_configs: [{targets: ["10.0.0.1:9100", "127.0.0.1:8888", "localhost:1", "[fd00::1]:9100"]}]}]}}}`, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var m map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(tt.text), &m))
			m["service"] = map[string]any{"extensions": []any{"x"}, "pipelines": map[string]any{"logs": map[string]any{"receivers": []any{"prometheus"}, "exporters": []any{"x"}}}}
			c := awsaccess.NewDefaultConfig()
			c.ProcessProxy, c.Listen = true, "127.0.0.1:0"
			c.Region, c.Policy = "eu-central-1", awsroute.PrivateOnly
			c.Routes = []awsroute.Route{{Name: "private", PrivateDNS: &awsroute.PrivateDNS{}}}
			c.OtherHosts = awsroute.OtherHosts{{Hosts: []string{"*.corp.example"}, Via: "direct"}}
			core, told := observer.New(zap.WarnLevel)
			set := extensiontest.NewNopSettings(metadata.Type)
			set.Logger = zap.New(core)
			e, err := newExtension(set, &c)
			require.NoError(t, err)
			err = e.NotifyConfig(t.Context(), confmap.NewFromStringMap(m))
			if tt.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.want)
			}
			assert.Len(t, told.FilterMessageSnippet("goes past").All(), tt.told)
		})
	}
}
