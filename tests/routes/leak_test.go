//go:build linux

package routes

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/logs"
)

// everything is every component that calls AWS, each with a role, so that each calls STS. It is fetched from Parameter Store, with a role of its own.
const everything = `
receivers:
  otlp: {protocols: {http: {endpoint: 127.0.0.1:4318}}}
extensions:
  awsproxy: {endpoint: 127.0.0.1:2000, region: eu-central-1, role_arn: "arn:aws:iam::123456789012:role/proxy"}
  sigv4auth: {region: eu-central-1, service: xray, assume_role: {arn: "arn:aws:iam::123456789012:role/otlp", sts_region: eu-central-1}}
exporters:
  cloudwatch_emf: {role_arn: "arn:aws:iam::123456789012:role/emf"}
  awsemf: {region: eu-central-1, namespace: Upstream, log_group_name: /upstream/metrics, role_arn: "arn:aws:iam::123456789012:role/upstream"}
  cloudwatch_logs: {role_arn: "arn:aws:iam::123456789012:role/logs"}
  awscloudwatchlogs: {region: eu-central-1, log_group_name: /upstream, log_stream_name: s, role_arn: "arn:aws:iam::123456789012:role/upstream"}
  awsxray: {region: eu-central-1, role_arn: "arn:aws:iam::123456789012:role/xray"}
  otlp_http: {endpoint: "https://xray.eu-central-1.amazonaws.com", auth: {authenticator: sigv4auth}, compression: none, retry_on_failure: {enabled: false}}
service:
  extensions: [awsproxy, sigv4auth]
  pipelines:
    traces: {receivers: [otlp], exporters: [awsxray, otlp_http]}
    logs/upstream: {receivers: [otlp], exporters: [awscloudwatchlogs]}
    metrics/host: {exporters: [awsemf]}
`

const span = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"app"}}]},"scopeSpans":[{"spans":[{` +
	`"traceId":"5759e988bd862e3fe1be46a994272793","spanId":"53995c3f42cd8ad8","name":"work","kind":2,"startTimeUnixNano":"1764000000000000000","endTimeUnixNano":"1764000001000000000"}]}]}]}`

const logRecord = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"%d","body":{"stringValue":"line"}}]}]}]}`

// TestNothingLeavesByAnotherLink runs the whole product under private_only on a machine whose other
// links all lead to AWS, and counts what leaves by them.
func TestNothingLeavesByAnotherLink(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/private-vif.yaml", awslocal.Options{})
	s.put("/fleet/everything", everything)
	// Roles are credentials: a fetched layer chooses them only where the host allows it.
	s.configs = append(s.configs, "yaml:remote_layers: {allow: [credentials]}", "ssm:/fleet/everything?poll=10s&role_arn=arn:aws:iam::123456789012:role/config")
	before := s.mark()
	collector := s.collect()
	s.write(10_000)
	s.delivered()
	s.measured()
	client := s.client(s.dialer(from{}), nil)
	answer, err := client.Post("http://127.0.0.1:4318/v1/traces", "application/json", strings.NewReader(span))
	require.NoError(t, err)
	assert.NoError(t, answer.Body.Close())
	answer, err = client.Post("http://127.0.0.1:4318/v1/logs", "application/json", strings.NewReader(fmt.Sprintf(logRecord, time.Now().UnixNano())))
	require.NoError(t, err)
	assert.NoError(t, answer.Body.Close())
	await(t, "the record of upstream's exporter", func() bool {
		return slices.ContainsFunc(s.aws.Logs.Status(0).Groups, func(g logs.GroupStatus) bool {
			return g.Name == "/upstream" && len(g.Streams) == 1 && g.Streams[0].Events == 1
		})
	})
	await(t, "metrics of upstream's exporter", func() bool {
		return slices.ContainsFunc(s.aws.Logs.Status(0).Groups, func(g logs.GroupStatus) bool { return g.Name == "/upstream/metrics" && len(g.Streams) > 0 })
	})
	await(t, "the segment", func() bool { return s.aws.XRay.Status().Segments > 0 })
	isOTLP := func(a arrival) bool { return a.host == publicXRay && a.service == "xray" }
	await(t, "OTLP", func() bool { return s.arrived.count(isOTLP) >= 2 })
	answer, err = client.Post("http://127.0.0.1:2000/GetSamplingRules", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	assert.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusOK, answer.StatusCode)

	// Beside the running collector; sigv4auth calls STS while it validates its configuration.
	validate := []string{collectorBinary(t), "validate"}
	doctor := []string{collectorBinary(t), "doctor", "--service", "logs", "--service", "ssm", "--service", "sts", "--service", "xray", "--service", "monitoring"}
	for _, config := range s.configs {
		doctor = append(doctor, "--config", config)
		validate = append(validate, "--config", config)
	}
	s.run(validate, s.env...)
	_ = s.exec(doctor, s.env...).wait() // its own tests are about what it says
	collector.stop()

	s.exactlyOnce()
	before.onlyUsed(linkPrivate)
	assert.Equal(t, []string{"logs", "monitoring", "ssm", "sts", "xray"}, s.arrived.services(linkPrivate))
	assert.GreaterOrEqual(t, s.aws.Calls("ssm", "GetParameters")+s.aws.Calls("ssm", "GetParameter"), int64(3), "by the collector, validate and doctor")
	for _, link := range dataLinks {
		t.Logf("packets sent by %-9s %d", link, before.sent(link))
	}
	t.Logf("arrived:\n%s", &s.arrived)
}

// TestWithoutTheProxyVariableARoleLeaks shows that the leak test can fail: proxy_address does not reach
// the STS call of an unmodified exporter.
func TestWithoutTheProxyVariableARoleLeaks(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/private-vif.yaml", awslocal.Options{})
	s.configs = append(s.configs, "yaml:extensions::endpoint_routing::process_proxy: false",
		`yaml:exporters: {cloudwatch_emf: null, awsemf: {region: eu-central-1, namespace: CWAgent, role_arn: "arn:aws:iam::123456789012:role/emf", proxy_address: "http://127.0.0.1:4443"}}`,
		`yaml:service: {pipelines: {metrics/host: {exporters: [awsemf]}}}`)
	s.write(10)
	s.collect()
	s.delivered()
	s.measured()
	assert.Equal(t, []string{"sts"}, s.arrived.services(linkInternet))
	assert.Equal(t, []string{"logs"}, s.arrived.services(linkPrivate))
}
