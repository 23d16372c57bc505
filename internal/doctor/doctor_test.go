package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

const everything = `
extensions:
  endpoint_routing/x: {region: us-east-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {all: %q}}], listen: "127.0.0.1:4443", process_proxy: true}
  endpoint_routing/unused: {region: nowhere}
  file_storage: {directory: %q, create_directory: true}
receivers:
  file_log: {include: [%q]}
exporters:
  awsemf: {log_group_name: "/metrics/{ServiceName}"}
  awscloudwatchlogs: {log_group_name: /logs, sending_queue: {storage: file_storage, sizer: bytes, queue_size: 1000}}
  awsxray: {}
  awscloudwatchlogs/unused: {region: eu-west-1, role_arn: "arn:aws:iam::123456789012:role/unused"}
service:
  extensions: [endpoint_routing/x, file_storage]
  pipelines:
    logs: {receivers: [file_log], exporters: [awscloudwatchlogs]}
    metrics: {receivers: [], exporters: [awsemf]}
    traces: {receivers: [], exporters: [awsxray]}
`

func TestAGoodSetUpHasNothingToReport(t *testing.T) {
	s := serve(t, awslocal.Options{})
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a.log"), []byte("line\n"), 0o600))
	state := filepath.Join(folder, "state", "below")
	o := configured(t, fmt.Sprintf(everything, endpoint(s), state, filepath.Join(folder, "*.log")))
	kernel(t, o.Root, "1\n", "1\n")
	r := run(t.Context(), o, fixed)

	assert.Equal(t, OK, r.Status, "%+v", r)
	assert.Equal(t, ReportVersion, r.Version)
	var ids []string
	for _, section := range r.Sections {
		ids = append(ids, section.ID)
		for _, c := range section.Checks {
			assert.Equal(t, OK, c.Status, "%+v", c)
			assert.Empty(t, c.Remedy, c.ID)
		}
	}
	assert.Equal(t, []string{"configuration", "place", "credentials", "logs", "sts", "xray", "clock", "files", "state"}, ids)
	assert.Equal(t, "arn:aws:iam::123456789012:user/local", of(t, r, "credentials.identity").Detail)
	assert.Equal(t, "…0000", of(t, r, "credentials.source").value("access key"))
	route := of(t, r, "logs.route.dx")
	assert.Regexp(t, `^works in \d+ ms$`, route.Detail)
	assert.Regexp(t, `^127\.0\.0\.1 \(local\), TCP \d+ ms, TLS 1\.3 \d+ ms$`, route.value(endpoint(s)))
	assert.Equal(t, "logs.us-east-1.amazonaws.com and 3 more", route.value("certificate"))
	assert.Contains(t, route.value("issued by"), "cloudwatch-local authority")
	assert.Contains(t, of(t, r, "logs.call").Detail, "log group /logs does not exist yet")
	assert.Equal(t, "sts:GetCallerIdentity", of(t, r, "sts.call").value("call"))
	assert.EqualValues(t, 1, s.Calls("sts", "GetCallerIdentity"))
	assert.EqualValues(t, 1, s.Calls("logs", "DescribeLogStreams"))
	assert.EqualValues(t, 1, s.Calls("xray", "GetSamplingRules"))
	assert.Contains(t, of(t, r, "state.file_storage").Detail, "will be made in "+folder)
	assert.NoFileExists(t, state)
	assert.Equal(t, "1 file can be read", of(t, r, "files.file_log").Detail)
	assert.NotContains(t, fmt.Sprintf("%+v", r), awslocal.DefaultSecretAccessKey)
}

func TestEveryServiceHasItsCall(t *testing.T) {
	s := serve(t, awslocal.Options{})
	o := flags(t)
	o.Routes = "yaml:" + routes(s)
	o.Services = awsnames.Services()
	r := run(t.Context(), o, fixed)
	assert.Equal(t, OK, r.Status, "%+v", r)
	for id, call := range map[string]string{
		"logs.call": "logs:DescribeLogGroups", "monitoring.call": "cloudwatch:ListMetrics", "ssm.call": "ssm:GetParameter",
		"xray.call": "xray:GetSamplingRules",
	} {
		assert.Equal(t, call, of(t, r, id).value("call"))
	}
	for _, s := range []string{"ec2", "s3", "kms", "secretsmanager"} {
		assert.Equal(t, NotChecked, of(t, r, s+".call").Status)
		assert.Equal(t, OK, of(t, r, s+".route.dx").Status)
	}
}

func TestExpiredCredentialsAreAProblemWithARemedy(t *testing.T) {
	s := serve(t, awslocal.Options{})
	c := s.Keys.IssueSession(time.Now(), "machine", "host", time.Hour)
	s.Keys.ExpireSessions(time.Now())
	t.Setenv("AWS_ACCESS_KEY_ID", c.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", c.SecretAccessKey)
	t.Setenv("AWS_SESSION_TOKEN", c.SessionToken)
	o := flags(t)
	o.Routes = "yaml:" + routes(s)
	r := run(t.Context(), o, fixed)
	assert.Equal(t, Problem, r.Status)
	for _, id := range []string{"credentials.identity", "logs.call", "sts.call"} {
		c := of(t, r, id)
		assert.Equal(t, Problem, c.Status, id)
		assert.Contains(t, c.Detail, "ExpiredToken")
		assert.Contains(t, c.Remedy, "renew the credentials")
	}
	assert.Equal(t, OK, of(t, r, "logs.route.dx").Status)
}

func TestAMissingPermissionIsNamed(t *testing.T) {
	s := serve(t, awslocal.Options{Faults: []faults.Rule{{Kind: faults.AccessDenied, Service: "logs"}}})
	o := flags(t)
	o.Routes = "yaml:" + routes(s)
	r := run(t.Context(), o, fixed)
	assert.Equal(t, Warning, r.Status, "delivery does not need it")
	c := of(t, r, "logs.call")
	assert.Equal(t, Warning, c.Status)
	assert.Equal(t, "logs:DescribeLogGroups", c.value("permission"))
	assert.Contains(t, c.Detail, "delivery does not need it")
}

func TestWithoutCredentialsPathsAndClockAreStillChecked(t *testing.T) {
	s := serve(t, awslocal.Options{})
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	o := flags(t)
	o.Routes = "yaml:" + routes(s)
	r := run(t.Context(), o, fixed)
	assert.Equal(t, Problem, of(t, r, "credentials.source").Status)
	assert.NotEmpty(t, of(t, r, "credentials.source").Remedy)
	assert.Equal(t, NotChecked, of(t, r, "logs.call").Status)
	assert.Equal(t, OK, of(t, r, "logs.route.dx").Status)
	assert.Equal(t, OK, of(t, r, "clock.skew").Status)
}

func TestAWrongClockIsToldAndExplainsRefusedSignatures(t *testing.T) {
	for name, c := range map[string]struct {
		ahead time.Duration
		want  Status
	}{
		"right": {0, OK}, "seconds": {-20 * time.Second, OK}, "minutes": {2 * time.Minute, Warning}, "too much": {-10 * time.Minute, Problem},
	} {
		t.Run(name, func(t *testing.T) {
			// The server's clock is the other one for signatures, and ours for the Date header, as net/http writes it.
			s := serve(t, awslocal.Options{Now: func() time.Time { return time.Now().Add(-c.ahead) }})
			o := flags(t)
			o.Routes = "yaml:" + routes(s)
			o.Now = func() time.Time { return time.Now().Add(c.ahead) }
			r := run(t.Context(), o, fixed)
			skew := of(t, r, "clock.skew")
			assert.Equal(t, c.want, skew.Status, skew.Detail)
			assert.Equal(t, c.want == OK, skew.Remedy == "")
			if c.want == Problem {
				assert.Contains(t, skew.Detail, "10m0s behind AWS")
				assert.Contains(t, of(t, r, "logs.call").Remedy, "keep the clock right")
			}
		})
	}
}

func TestAConfigurationThatCannotBeReadIsAProblemAndNothingIsSent(t *testing.T) {
	s := serve(t, awslocal.Options{})
	t.Setenv("AWS_REGION", region)
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://192.0.2.1:1")
	o := flags(t)
	o.Resolve = func(context.Context) (map[string]any, error) {
		return nil, errors.New("line 3: mapping values are not allowed")
	}
	r := run(t.Context(), o, fixed)
	assert.Equal(t, Problem, of(t, r, "configuration.source").Status)
	assert.Contains(t, of(t, r, "configuration.source").Detail, "line 3")
	assert.Equal(t, NotChecked, of(t, r, "logs.route").Status)
	assert.Contains(t, of(t, r, "logs.route").Detail, "--routes")
	assert.Equal(t, NotChecked, of(t, r, "files.none").Status)
	assert.Equal(t, NotChecked, of(t, r, "sts.call").Status)
	assert.Equal(t, OK, of(t, r, "credentials.source").Status, "keys of the environment need no call")
	assert.Equal(t, OK, of(t, r, "place.host").Status)
	assert.Zero(t, requests(s))

	o.Routes = "yaml:" + routes(s)
	r = run(t.Context(), o, fixed)
	assert.Equal(t, OK, of(t, r, "logs.route.dx").Status, "the way is known from --routes")
}

func TestATableThatCannotBeReadIsAProblemAndNothingIsSent(t *testing.T) {
	s := serve(t, awslocal.Options{})
	t.Setenv("AWS_REGION", region)
	o := flags(t)
	o.Routes = "yaml:{region: us-east-1, policy: private, routes: [{name: i, public: {}}]}"
	r := run(t.Context(), o, fixed)
	c := of(t, r, "configuration.routes")
	assert.Equal(t, Problem, c.Status)
	assert.Contains(t, c.Detail, "private_only, prefer_private, any")
	assert.Equal(t, "the route table is not usable", of(t, r, "logs.call").Detail)
	assert.Equal(t, NotChecked, of(t, r, "clock.skew").Status)
	assert.Zero(t, requests(s))
}

func TestWhatHangsIsNotChecked(t *testing.T) {
	bare(t)
	release := make(chan struct{})
	done := make(chan struct{})
	t.Cleanup(func() { close(release); <-done })
	o := flags(t)
	o.Timeout = 50 * time.Millisecond
	o.Resolve = func(context.Context) (map[string]any, error) { defer close(done); <-release; return nil, nil }
	r := run(t.Context(), o, fixed)
	assert.Contains(t, of(t, r, "configuration.source").Detail, "time limit of all checks")
	assert.Equal(t, Problem, r.Status)
}

func TestAServiceThatNeverAnswersEndsWithTheTimeLimit(t *testing.T) {
	s := serve(t, awslocal.Options{Faults: []faults.Rule{{Kind: faults.Stall, Service: "logs"}}})
	o := flags(t)
	o.Routes, o.Timeout = "yaml:"+routes(s), time.Second
	c := of(t, run(t.Context(), o, fixed), "logs.call")
	assert.Equal(t, NotChecked, c.Status)
	assert.Contains(t, c.Detail, "--timeout")
}

func TestAPathThatDoesNotWorkIsOneProblemAndNotThree(t *testing.T) {
	serve(t, awslocal.Options{})
	o := flags(t)
	o.Routes = fmt.Sprintf("yaml:{region: us-east-1, policy: private_only, routes: [{name: dead, vpc_endpoints: {all: %q}}]}", closedPort(t))
	r := run(t.Context(), o, fixed)
	assert.Equal(t, 2, r.Count(Problem), "logs and sts")
	assert.Contains(t, of(t, r, "logs.call").Detail, "as shown above")
	assert.Contains(t, of(t, r, "credentials.identity").Detail, "as shown below")
}

func TestNobodyAnswersWithoutRegion(t *testing.T) {
	bare(t)
	r := run(t.Context(), flags(t), fixed)
	c := of(t, r, "credentials.region")
	assert.Equal(t, Problem, c.Status)
	assert.Contains(t, c.Remedy, "--region")
	assert.Equal(t, "the region is not known", of(t, r, "logs.route").Detail)
}

func TestExportersOfOtherRegionsAreNamed(t *testing.T) {
	s := serve(t, awslocal.Options{})
	text := "exporters: {awsemf: {region: eu-west-1}, awsxray: {region: us-east-1}}\nservice: {pipelines: {metrics: {exporters: [awsemf, awsxray]}}}"
	o := configured(t, text)
	o.Routes = "yaml:" + routes(s)
	c := of(t, run(t.Context(), o, fixed), "credentials.region")
	assert.Equal(t, Problem, c.Status)
	assert.Contains(t, c.Remedy, "add eu-west-1 to other_regions")

	o = flags(t)
	o.Routes, o.Region = "yaml:"+routes(s), "eu-west-1"
	c = of(t, run(t.Context(), o, fixed), "credentials.region")
	assert.Equal(t, Problem, c.Status)
}

func TestAnExportersRoleAndEndpointAreChecked(t *testing.T) {
	s := serve(t, awslocal.Options{})
	t.Setenv("AWS_ENDPOINT_URL", s.URL)
	text := fmt.Sprintf(`
exporters:
  awsemf: {region: us-east-1, role_arn: "arn:aws:iam::123456789012:role/metrics"}
  awscloudwatchlogs: {region: us-east-1, role_arn: "arn:aws:iam::999999999999:role/logs"}
  awscloudwatchlogs/tls: {endpoint: %q}
service: {pipelines: {logs: {exporters: [awsemf, awscloudwatchlogs, awscloudwatchlogs/tls]}}}`, s.TLSURL)
	r := run(t.Context(), configured(t, text), fixed)
	c := of(t, r, "logs.call.awsemf")
	assert.Equal(t, OK, c.Status, c.Detail)
	assert.Equal(t, "arn:aws:iam::123456789012:role/metrics", c.value("role"))
	c = of(t, r, "logs.call.awscloudwatchlogs")
	assert.Equal(t, Problem, c.Status)
	assert.Contains(t, c.Detail, "sts:AssumeRole is not allowed")
	assert.Contains(t, c.Remedy, "trust policy")
	assert.Equal(t, OK, of(t, r, "logs.endpoint.awscloudwatchlogs/tls").Status)
	assert.Equal(t, OK, of(t, r, "logs.call.awscloudwatchlogs/tls").Status)
}

// closedPort is a loopback address that refuses connections.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}
