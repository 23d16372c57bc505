package e2e

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awspolicy"
)

// prefixes are the names that IAM has for services, where they are others than those of their endpoints.
var prefixes = map[string]string{"monitoring": "cloudwatch"}

// unpermitted are operations that need no permission.
var unpermitted = []string{"sts:GetCallerIdentity", "sts:AssumeRoleWithWebIdentity"}

// counts are the calls that a server has seen, by actions of IAM.
func counts(server *awslocal.Server) map[string]int64 {
	all := map[string]int64{}
	for _, o := range server.Status().Requests {
		service := o.Service
		if p, ok := prefixes[service]; ok {
			service = p
		}
		if action := service + ":" + o.Operation; !slices.Contains(unpermitted, action) {
			all[action] = o.Count
		}
	}
	return all
}

// policy is what the command says that the setup's configuration needs.
func (s *setup) policy(more ...string) awspolicy.Document {
	s.t.Helper()
	args := []string{"policy"}
	for _, config := range s.configs {
		if !strings.Contains(config, ":") {
			config = filepath.Join(root, "config", config)
		}
		args = append(args, "--config", config)
	}
	command := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), append(args, more...)...)
	for name, value := range s.env {
		command.Env = append(command.Env, name+"="+value)
	}
	var errs strings.Builder
	command.Stderr = &errs
	out, err := command.Output()
	require.NoError(s.t, err, errs.String())
	var d awspolicy.Document
	require.NoError(s.t, json.Unmarshal(out, &d), string(out))
	return d
}

// The policy of a configuration allows everything that cloudwatch-local sees the collector do, on what it does it
// to, and nothing that it was not seen to do, but for what each row explains.
func TestPolicyIsWhatTheCollectorCalls(t *testing.T) {
	t.Parallel()
	there := func(t *testing.T, _ *setup, server *awslocal.Server) {
		client := cloudwatchlogs.NewFromConfig(server.AWSConfig(context.Background()))
		for group, stream := range map[string]string{"/otelcol-cloudwatch/host": "all", "/otelcol-cloudwatch/metrics": "host-metrics"} {
			_, err := client.CreateLogGroup(context.Background(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})
			require.NoError(t, err)
			_, err = client.CreateLogStream(context.Background(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
			require.NoError(t, err)
		}
	}
	const look = "logs:DescribeLogGroups" // of groups that exist, which one row has
	for _, test := range []struct {
		name    string
		looks   bool
		configs []string
		prepare func(t *testing.T, s *setup, server *awslocal.Server)
		// unseen are actions that nothing here can provoke, with the reason.
		unseen map[string]string
	}{
		{name: "a Linux host", configs: []string{"host.yaml", "local.yaml"}},
		{name: "a Windows host", configs: []string{"windows.yaml", "local.yaml", withoutEventLogs}},
		{
			name:    "groups with retention, tags and placeholders",
			configs: []string{"host.yaml", "local.yaml", `yaml:exporters::cloudwatch_logs: {log_group_name: "/fleet/{env:POLICY_STAGE}/{hostname}", log_retention: 30, tags: {team: a}}`},
			prepare: func(_ *testing.T, s *setup, _ *awslocal.Server) { s.env["POLICY_STAGE"] = "prod" },
			unseen:  map[string]string{"logs:TagResource": "CreateLogGroup sets the tags; AWS asks for this permission besides"},
		},
		{
			name:    "groups that are there",
			configs: []string{"host.yaml", "local.yaml", "yaml:exporters: {cloudwatch_logs: {create: false, log_stream_name: all}, cloudwatch_emf: {create: false}}"},
			prepare: there,
		},
		{
			name:    "groups that are there with another retention",
			looks:   true,
			configs: []string{"host.yaml", "local.yaml", "yaml:exporters: {cloudwatch_logs: {create: false, log_stream_name: all, log_retention: 7, existing_log_retention: set}, cloudwatch_emf: {create: false}}"},
			prepare: there,
		},
		{
			name:    "layers and values of Parameter Store",
			configs: []string{"host.yaml", "local.yaml", "ssm:/fleet/", "ssm:/base"},
			prepare: func(t *testing.T, _ *setup, server *awslocal.Server) {
				put(t, server, "/fleet/10-base", "exporters: {cloudwatch_logs: {log_group_name: /from/ssm}}")
				put(t, server, "/base", "exporters: {cloudwatch_logs: {log_stream_name: '${ssm:/stream/name}'}}")
				put(t, server, "/stream/name", "one")
			},
		},
		{
			name:    "a role on top",
			configs: []string{"host.yaml", "local.yaml", "yaml:exporters: {cloudwatch_logs: {role_arn: 'arn:aws:iam::123456789012:role/logs-writer'}}"},
		},
		{
			name: "upstream's exporters",
			configs: []string{"host.yaml", "local.yaml", `yaml:
exporters:
  awsemf: {region: us-east-1, endpoint: "${env:AWS_ENDPOINT_URL}", log_group_name: "/up/{NodeName}", log_stream_name: s, log_retention: 7}
  awscloudwatchlogs: {region: us-east-1, endpoint: "${env:AWS_ENDPOINT_URL}", log_group_name: /up/logs, log_stream_name: s}
service::pipelines: {metrics/host: {exporters: [awsemf]}, logs/files: {exporters: [awscloudwatchlogs]}}`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{})
			w := newWriter(t, "app.log")
			w.append(10)
			s := newSetup(t, server, w.path)
			s.configs = test.configs
			if test.prepare != nil {
				test.prepare(t, s, server)
			}
			policies := []awspolicy.Document{s.policy()}
			for _, statement := range policies[0].Statement {
				if slices.Contains(statement.Action, "sts:AssumeRole") {
					policies = append(policies, s.policy("--role", statement.Resource[0]))
				}
			}
			var allowed []string
			for _, d := range policies {
				allowed = append(allowed, d.Actions()...)
			}

			// What was called until here is the test's, and the command's.
			before := counts(server)
			called := func() (actions []string) {
				for action, n := range counts(server) {
					if n > before[action] {
						actions = append(actions, action)
					}
				}
				return actions
			}
			collector := s.startHealthy()
			for _, action := range allowed {
				if test.unseen[action] == "" && (action != look || test.looks) {
					await(t, action+", which is allowed", func() bool { return slices.Contains(called(), action) })
				}
			}
			await(t, "the lines", func() bool { return counted(server) >= 10 })
			await(t, "metrics", func() bool { return len(server.Metrics.Status().Series) > 0 })
			collector.stop()

			assert.Subset(t, allowed, called(), "what the collector was seen to call")
			written := 0
			for _, group := range server.Logs.Status(0).Groups {
				for _, stream := range group.Streams {
					written++
					arn := group.ARN + ":log-stream:" + stream.Name
					assert.True(t, slices.ContainsFunc(policies, func(d awspolicy.Document) bool { return d.Allows("logs:PutLogEvents", arn) }), "%s was written to", arn)
				}
			}
			assert.GreaterOrEqual(t, written, 2, "streams")
		})
	}
}

// config push and what goes with it, by the policy of the feature.
func TestPolicyOfConfigPushIsWhatItCalls(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	s := newSetup(t, server, "/var/log/none.log")
	large := filepath.Join(t.TempDir(), "large.yaml")
	host, err := os.ReadFile(filepath.Join(root, "config", "host.yaml"))
	require.NoError(t, err)
	run := func(args ...string) {
		t.Helper()
		command := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), append([]string{"config"}, args...)...)
		for name, value := range s.env {
			command.Env = append(command.Env, name+"="+value)
		}
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	for range 3 { // what is random is not compressed, and needs chunks
		noise := make([]byte, 20<<10)
		_, _ = rand.Read(noise)
		require.NoError(t, os.WriteFile(large, append([]byte("# "+hex.EncodeToString(noise)+"\n"), host...), 0o600))
		run("push", large, "ssm:/otelcol-cloudwatch/base", "--yes")
	}
	run("list", "ssm:/otelcol-cloudwatch/")
	run("history", "ssm:/otelcol-cloudwatch/base")
	run("pull", "ssm:/otelcol-cloudwatch/base", "-o", filepath.Join(t.TempDir(), "base.yaml"))
	run("rollback", "ssm:/otelcol-cloudwatch/base", "--yes")

	policy, err := awspolicy.Policy([]awspolicy.Need{{Feature: "config_push"}}, nil)
	require.NoError(t, err)
	var called []string
	for action := range counts(server) {
		called = append(called, action)
	}
	assert.Subset(t, policy.Actions(), called)
	unseen := map[string]string{
		"ssm:DeleteParameters":   "chunks of versions that are older than Parameter Store keeps: a hundred pushes later",
		"ssm:DescribeParameters": "the same",
	}
	for _, action := range policy.Actions() {
		assert.True(t, slices.Contains(called, action) || unseen[action] != "", "%s is allowed, and was not seen", action)
	}
}

func TestPolicyKnowsEveryComponent(t *testing.T) {
	t.Parallel()
	out, err := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), "components").Output()
	require.NoError(t, err)
	var listed map[string]any
	require.NoError(t, yaml.Unmarshal(out, &listed))
	for _, part := range []string{"receivers", "processors", "exporters", "extensions", "connectors"} {
		require.NotEmpty(t, listed[part])
		for _, c := range listed[part].([]any) {
			name := c.(map[string]any)["name"].(string)
			assert.True(t, awspolicy.Known(part, name), "internal/awspolicy/components.go does not say what %s %s needs", part, name)
		}
	}
}
