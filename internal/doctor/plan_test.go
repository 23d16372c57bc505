package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

func planOf(t *testing.T, text string) *plan {
	t.Helper()
	var m map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &m))
	return newPlan(m)
}

func TestOnlyComponentsInUseCount(t *testing.T) {
	p := planOf(t, `
extensions:
  sigv4auth: {region: us-east-1, service: logs, assume_role: {arn: "arn:aws:iam::123456789012:role/x"}}
  awsproxy: {}
  file_storage/unused: {}
  state_storage: {directory: /own}
  file_storage: {directory: /state, compaction: {on_start: true, directory: /tmp/compact}}
receivers:
  filelog/x: {include: /var/log/x.log, exclude: [a, b]}
  file_log/unused: {include: [y]}
exporters:
  otlp_http: {logs_endpoint: "https://logs.us-east-1.amazonaws.com/v1/logs", auth: {authenticator: sigv4auth}}
  otlp_http/xray: {traces_endpoint: "https://xray.us-east-1.amazonaws.com/v1/traces", auth: {authenticator: sigv4auth/other}}
  otlp_http/elsewhere: {endpoint: "https://example.com"}
  cloudwatch_logs: {log_group_name: g}
  awsemf: {sending_queue: {storage: file_storage, sizer: bytes, queue_size: "1000"}}
  awsemf/two: {sending_queue: {storage: file_storage, sizer: bytes, queue_size: 500}}
  awsemf/requests: {sending_queue: {storage: file_storage, queue_size: 500}}
  awsxray/unused: {}
service:
  extensions: [sigv4auth, sigv4auth/other, file_storage, state_storage]
  pipelines:
    logs: {receivers: [filelog/x, forward], exporters: [otlp_http, otlp_http/elsewhere, cloudwatch_logs]}
    metrics: {exporters: [awsemf, awsemf/two, awsemf/requests]}
`)
	names := map[string]bool{}
	for _, c := range p.clients {
		names[c.component+" "+string(c.service)] = c.modified
	}
	assert.Equal(t, map[string]bool{"awsemf logs": false, "awsemf/two logs": false, "awsemf/requests logs": false, "cloudwatch_logs logs": true, "otlp_http logs": false}, names)
	assert.Equal(t, []tail{{component: "filelog/x", include: []string{"/var/log/x.log"}, exclude: []string{"a", "b"}}}, p.tails)
	assert.Equal(t, []store{{component: "state_storage", folders: []string{"/own"}, create: true}, {component: "file_storage", folders: []string{"/state", "/tmp/compact"}, queue: 1500}}, p.stores)
	assert.EqualValues(t, []string{"logs", "ssm", "sts"}, asStrings(p.services([]string{"file:a.yaml", "ssm:/fleet/base"})))
}

func TestServicesOfExtensionsAndOfOTLP(t *testing.T) {
	p := planOf(t, `
extensions: {awsproxy: {}, sigv4auth: {}}
exporters: {otlp_http: {metrics_endpoint: "https://monitoring.eu-central-1.amazonaws.com/v1/metrics", auth: {authenticator: sigv4auth}}}
service: {extensions: [awsproxy, sigv4auth], pipelines: {metrics: {exporters: [otlp_http]}}}`)
	assert.EqualValues(t, []string{"monitoring", "sts", "xray"}, asStrings(p.services(nil)))
}

func asStrings[T ~string](all []T) (texts []string) {
	for _, v := range all {
		texts = append(texts, string(v))
	}
	return texts
}

func TestSettingsOfAnyTypeAreTaken(t *testing.T) {
	for _, text := range []string{"", "service: 1", "service: {extensions: x, pipelines: [a]}", "exporters: {awsemf: 3}\nservice: {pipelines: {logs: {exporters: {a: b}}}}",
		"exporters: {awsemf: {region: [a]}}\nservice: {pipelines: {logs: {exporters: awsemf}}}"} {
		assert.NotPanics(t, func() { planOf(t, text) }, text)
	}
}

func TestWhetherUnmodifiedComponentsTakeTheTable(t *testing.T) {
	const listen = "127.0.0.1:4443"
	private := awsroute.PrivateOnly
	for name, c := range map[string]struct {
		config awsaccess.Config
		of     client
		env    map[string]string
		status Status
		want   string
	}{
		"process_proxy":                   {config: awsaccess.Config{ProcessProxy: true, Config: awsroute.Config{Policy: private, Listen: listen}}, status: OK, want: "process_proxy"},
		"HTTPS_PROXY":                     {config: awsaccess.Config{Config: awsroute.Config{Policy: private, Listen: listen}}, env: map[string]string{"HTTPS_PROXY": "http://localhost:4443"}, status: OK, want: "HTTPS_PROXY"},
		"HTTPS_PROXY and NO_PROXY":        {config: awsaccess.Config{Config: awsroute.Config{Policy: private, Listen: listen}}, env: map[string]string{"HTTPS_PROXY": "http://" + listen, "NO_PROXY": ".amazonaws.com"}, status: Problem, want: "logs would not"},
		"another proxy":                   {config: awsaccess.Config{Config: awsroute.Config{Policy: awsroute.Any, Listen: listen}}, env: map[string]string{"HTTPS_PROXY": "http://proxy:3128"}, status: Problem, want: "logs would not"},
		"listener alone":                  {config: awsaccess.Config{Config: awsroute.Config{Policy: awsroute.Any, Listen: listen}}, status: Problem, want: "logs would not"},
		"nothing, private only":           {config: awsaccess.Config{Config: awsroute.Config{Policy: private}}, status: Problem, want: "logs would not"},
		"nothing, any":                    {config: awsaccess.Config{Config: awsroute.Config{Policy: awsroute.Any}}, status: Warning, want: "logs would not"},
		"proxy_address":                   {config: awsaccess.Config{Config: awsroute.Config{Policy: private, Listen: listen}}, of: client{proxy: "http://" + listen}, status: OK, want: "listener"},
		"proxy_address with a role":       {config: awsaccess.Config{Config: awsroute.Config{Policy: private, Listen: listen}}, of: client{proxy: "http://" + listen, role: "arn"}, status: Problem, want: "sts would not go there"},
		"a socket":                        {config: awsaccess.Config{Config: awsroute.Config{Policy: private, Listen: "unix:///run/x.sock"}}, status: Problem, want: "logs would not"},
		"every address, local HTTPSPROXY": {config: awsaccess.Config{Config: awsroute.Config{Policy: private, Listen: "0.0.0.0:4443"}}, env: map[string]string{"HTTPS_PROXY": "http://" + listen}, status: OK, want: "HTTPS_PROXY"},
	} {
		t.Run(name, func(t *testing.T) {
			bare(t)
			for key, value := range c.env {
				t.Setenv(key, value)
			}
			c.config.Region, c.of.component, c.of.service = region, "awsemf", "logs"
			a := &access{plan: &plan{}, routing: &routing{config: c.config, extension: "endpoint_routing"}}
			got := a.attachCheck(c.of)
			assert.Equal(t, c.status, got.Status, got.Detail)
			assert.Contains(t, got.Detail, c.want)
			if c.status != OK {
				assert.Contains(t, got.Remedy, "process_proxy: true")
			}
		})
	}
}

func TestWhetherOtherComponentsFindTheExtensionsCredentials(t *testing.T) {
	text := `
extensions: {endpoint_routing: {region: us-east-1, policy: any, routes: [{name: i, public: {}}], credentials: {source: ssm_agent}%s}}
exporters: {awsemf: {}}
service: {extensions: [endpoint_routing], pipelines: {metrics: {exporters: [awsemf]}}}`
	for name, c := range map[string]struct {
		more, variable string
		status         Status
		want           string
	}{
		"not served":        {"", "", Warning, "SDK's own chain"},
		"served, not found": {", credentials_endpoint: {endpoint: '127.0.0.1:4442'}", "", Warning, "does not lead"},
		"served":            {", credentials_endpoint: {endpoint: '127.0.0.1:4442'}", "http://127.0.0.1:4442/v1/credentials", OK, "they find them"},
	} {
		t.Run(name, func(t *testing.T) {
			bare(t)
			t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", c.variable)
			p := planOf(t, fmt.Sprintf(text, c.more))
			r := readRouting(t.Context(), Options{}, p)
			require.NoError(t, r.err)
			got, ok := (&access{plan: p, routing: &r}).lentCredentials()
			require.True(t, ok)
			assert.Equal(t, c.status, got.Status)
			assert.Contains(t, got.Detail, c.want)
		})
	}
}

func TestAdviceIsAboutWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"no way to its DNS server":             &net.DNSError{Err: "dial udp 10.9.0.53:53: connect: network is unreachable", Name: "logs.us-east-1.amazonaws.com"},
		"check that the DNS server answers":    &net.DNSError{Err: "server misbehaving", Name: "logs.us-east-1.amazonaws.com"},
		"the proxy takes connections and does": fmt.Errorf("no tunnel in time: %w", context.DeadlineExceeded),
		"let TCP 443 through":                  context.DeadlineExceeded,
	} {
		assert.Contains(t, pathRemedy(err), want)
	}
}

func TestErrorsOfCallsAreSorted(t *testing.T) {
	const user = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: "
	for name, c := range map[string]struct {
		code, message      string
		status             Status
		permission, remedy string
	}{
		"not needed for delivery": {"AccessDeniedException", user + "logs:DescribeLogGroups on resource: * because no identity-based policy allows the logs:DescribeLogGroups action", Warning, "logs:DescribeLogGroups", "none for delivery"},
		"needed for delivery":     {"AccessDeniedException", user + "logs:PutLogEvents on resource: * because no identity-based policy allows it", Problem, "logs:PutLogEvents", "allow logs:PutLogEvents in a policy of the user or role"},
		"endpoint's policy":       {"AccessDeniedException", user + "logs:DescribeLogStreams because no VPC endpoint policy allows the logs:DescribeLogStreams action", Warning, "logs:DescribeLogStreams", "policy of the interface endpoint"},
		"organization's policy":   {"AccessDenied", user + "cloudwatch:PutMetricData with an explicit deny in a service control policy", Problem, "cloudwatch:PutMetricData", "in the service control policy"},
		"role":                    {"AccessDenied", user + "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/y", Problem, "sts:AssumeRole", "trust policy"},
		"no action named":         {"AccessDenied", "Access denied", Problem, "", "ask who keeps the account"},
		"expired":                 {"ExpiredTokenException", "The security token included in the request is expired", Problem, "", "renew"},
		"unknown key":             {"UnrecognizedClientException", "The security token included in the request is invalid.", Problem, "", "check the access key"},
		"wrong secret":            {"InvalidSignatureException", "The request signature we calculated does not match", Problem, "", "secret access key"},
		"throttled":               {"ThrottlingException", "Rate exceeded", Warning, "", "later"},
		"anything else":           {"InvalidParameterException", "x", Problem, "", "try again later"},
	} {
		t.Run(name, func(t *testing.T) {
			f := failureOf(&smithy.GenericAPIError{Code: c.code, Message: c.message})
			assert.Equal(t, c.status, f.status)
			assert.Equal(t, c.permission, f.permission)
			assert.Contains(t, f.remedy(nil), c.remedy)
		})
	}
	f := failureOf(errors.New("the way is lost"))
	assert.Equal(t, Problem, f.status)
	assert.Empty(t, f.code)
}
