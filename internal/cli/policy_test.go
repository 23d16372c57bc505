package cli

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awspolicy"
)

var withRoles = map[string]string{
	"host.yaml": `
exporters:
  cloudwatch_logs: {log_group_name: /fleet/a, log_stream_name: "{hostname}", create: false}
  cloudwatch_emf: {log_group_name: /fleet/m, log_stream_name: s, create: false, role_arn: "arn:aws:iam::123456789012:role/metrics"}
service: {pipelines: {logs: {exporters: [cloudwatch_logs]}, metrics: {exporters: [cloudwatch_emf]}}}
`,
	"none.yaml": "service: {pipelines: {logs: {exporters: [debug]}}}\n",
}

func TestPolicyPrintsWhatTheConfigurationNeeds(t *testing.T) {
	t.Parallel()
	out, errs, status := runWith(newPolicyCommandWith(texts(withRoles)), "--config", "host.yaml", "--fill", "ACCOUNT=210987654321")
	require.Zero(t, status, errs)
	var d awspolicy.Document
	require.NoError(t, json.Unmarshal([]byte(out), &d))
	assert.Equal(t, awspolicy.Version, d.Version)
	assert.Equal(t, []string{"logs:PutLogEvents", "sts:AssumeRole"}, d.Actions())
	assert.Equal(t, []string{"arn:aws:logs:*:210987654321:log-group:/fleet/a:log-stream:*"}, d.Statement[1].Resource)
	assert.Contains(t, errs, "--role arn:aws:iam::123456789012:role/metrics")

	out, errs, status = runWith(newPolicyCommandWith(texts(withRoles)), "--config", "host.yaml", "--role", "arn:aws:iam::123456789012:role/metrics", "--format", "text")
	require.Zero(t, status, errs)
	assert.Equal(t, `WriteLogEvents: every line, and every metric as a line of embedded metric format
  logs:PutLogEvents
    on arn:aws:logs:*:*:log-group:/fleet/m:log-stream:s

NEEDED BY                  FEATURE
exporters::cloudwatch_emf  metrics
`, out)
	assert.Empty(t, errs)
}

func TestPolicyOfFeatures(t *testing.T) {
	t.Parallel()
	out, errs, status := runWith(newPolicyCommandWith(texts(nil)), "--feature", "trust_ecs_task")
	require.Zero(t, status, errs)
	assert.Contains(t, out, `"Service": "ecs-tasks.amazonaws.com"`)
	assert.Equal(t, "to be filled: ACCOUNT\nhint: --fill ACCOUNT=…\n", errs)
	out, _, status = runWith(newPolicyCommandWith(texts(nil)), "--list")
	require.Zero(t, status)
	for _, f := range awspolicy.Features {
		assert.Contains(t, out, f.Name)
	}
}

func TestPolicySaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":                {nil, "name a configuration with --config, or a feature with --feature"},
		"an argument":            {[]string{"host.yaml"}, `no argument such as "host.yaml"`},
		"a format":               {[]string{"--feature", "logs", "--format", "xml"}, `--format "xml"`},
		"a feature":              {[]string{"--feature", "log"}, `"log" is no feature`},
		"kinds":                  {[]string{"--feature", "logs,trust_ec2"}, "attached to different things"},
		"a fill":                 {[]string{"--feature", "logs", "--fill", "account"}, "is not PLACE=VALUE"},
		"a role alone":           {[]string{"--feature", "logs", "--role", "x"}, "name it with --config"},
		"another role":           {[]string{"--config", "host.yaml", "--role", "x"}, `it assumes ["arn:aws:iam::123456789012:role/metrics"]`},
		"no AWS":                 {[]string{"--config", "none.yaml"}, "calls nothing of AWS"},
		"a file that is missing": {[]string{"--config", "missing.yaml"}, "cannot read missing.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, errs, status := runWith(newPolicyCommandWith(texts(withRoles)), test.args...)
			assert.Equal(t, 1, status)
			assert.Contains(t, errs, test.want)
		})
	}
}
