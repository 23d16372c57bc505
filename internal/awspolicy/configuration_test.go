package awspolicy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	aLogs    = "service: {pipelines: {logs: {receivers: [nop], exporters: [cloudwatch_logs]}}}\n"
	aMetrics = "service: {pipelines: {metrics: {receivers: [nop], exporters: [cloudwatch_emf]}}}\n"
)

func of(t *testing.T, text string, uris ...string) ([]Need, []string) {
	t.Helper()
	var merged map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &merged))
	needs, notes, err := Of(t.Context(), merged, uris)
	require.NoError(t, err)
	return needs, notes
}

func TestEachKeyNeedsItsFeature(t *testing.T) {
	t.Setenv("POLICY_TEST", "/from/environment")
	for _, test := range []struct {
		name, text string
		uris       []string
		// want are features, and what the policy of the host's own identity allows and does not.
		want     []string
		allows   [][2]string
		forbids  [][2]string
		mentions string
	}{
		{
			name: "groups are made", text: aLogs + "exporters: {cloudwatch_logs: {log_group_name: /a, log_stream_name: b}}",
			want:    []string{"logs", "log_creation"},
			allows:  [][2]string{{"logs:PutLogEvents", "arn:aws:logs:x:1:log-group:/a:log-stream:b"}, {"logs:CreateLogGroup", "arn:aws:logs:x:1:log-group:/a:*"}},
			forbids: [][2]string{{"logs:PutLogEvents", "arn:aws:logs:x:1:log-group:/a:log-stream:c"}, {"logs:CreateLogGroup", "arn:aws:logs:x:1:log-group:/ab"}, {"logs:PutRetentionPolicy", "arn:aws:logs:x:1:log-group:/a"}},
		},
		{
			name: "groups are there", text: aLogs + "exporters: {cloudwatch_logs: {log_group_name: /a, log_stream_name: b, create: false, log_retention: 3}}",
			want: []string{"logs"},
		},
		{
			name: "retention, tags and a key", text: aLogs + "exporters: {cloudwatch_logs: {log_group_name: /a, log_stream_name: b, log_retention: 7, tags: {a: b}, kms_key_id: arn}}",
			want: []string{"logs", "log_creation", "log_retention", "log_look", "log_tags"}, mentions: "key_logs",
			allows: [][2]string{{"logs:DescribeLogGroups", "arn:aws:logs:x:1:log-group::log-stream:"}},
		},
		{
			name: "a class", text: aLogs + "exporters: {cloudwatch_logs: {log_group_name: /a, log_stream_name: b, log_group_class: STANDARD}}",
			want: []string{"logs", "log_creation", "log_look"},
		},
		{
			name: "retention of groups that are there", text: aLogs + "exporters: {cloudwatch_logs: {log_group_name: /a, log_stream_name: b, create: false, log_retention: 3, existing_log_retention: extend}}",
			want: []string{"logs", "log_look", "log_retention"},
		},
		{
			name: "placeholders", text: aLogs + `exporters: {cloudwatch_logs: {region: eu-central-1, log_group_name: "${env:POLICY_TEST}/${host:name}/{service.name|\"x\"}", log_stream_name: "{hostname}-{date}"}}`,
			want:    []string{"logs", "log_creation"},
			allows:  [][2]string{{"logs:PutLogEvents", "arn:aws:logs:eu-central-1:1:log-group:/from/environment/h/s:log-stream:a-b"}},
			forbids: [][2]string{{"logs:PutLogEvents", "arn:aws:logs:us-east-1:1:log-group:/from/environment/h/s:log-stream:a-b"}, {"logs:PutLogEvents", "arn:aws:logs:eu-central-1:1:log-group:/other:log-stream:a-b"}},
		},
		{
			name: "metrics without a group", text: aMetrics,
			want: []string{"metrics", "log_creation"}, allows: [][2]string{{"logs:PutLogEvents", "arn:aws:logs:x:1:log-group:/metrics/CWAgent:log-stream:x"}},
		},
		{name: "metrics to the standard output", text: aMetrics + "exporters: {cloudwatch_emf: {output_destination: stdout}}"},
		{name: "a component that no pipeline has", text: "exporters: {awsxray: {}}"},
		{
			name: "Parameter Store", text: aMetrics + "exporters: {cloudwatch_emf: {output_destination: stdout, namespace: '${ssm:/db/name#x}', tags: {a: '${secretsmanager:login#user}'}}}",
			uris: []string{"host.yaml", "ssm:/fleet/", "ssm:base:live", "s3://bucket.s3.eu-central-1.amazonaws.com/a/b.yaml"},
			want: []string{"config_read", "config_read_one", "config_s3", "config_read_one", "config_secrets"},
			allows: [][2]string{
				{"ssm:GetParametersByPath", "arn:aws:ssm:x:1:parameter/fleet"}, {"ssm:GetParameters", "arn:aws:ssm:x:1:parameter/fleet/10"},
				{"ssm:GetParameters", "arn:aws:ssm:x:1:parameter/base"}, {"ssm:GetParameters", "arn:aws:ssm:x:1:parameter/base.chunk.ab.0001"},
				{"ssm:GetParameters", "arn:aws:ssm:x:1:parameter/db/name"}, {"s3:GetObject", "arn:aws:s3:::bucket/a/b.yaml"},
				{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:x:1:secret:login-a1B2c3"},
			},
			forbids: [][2]string{{"ssm:GetParameters", "arn:aws:ssm:x:1:parameter/fleeting"}, {"ssm:GetParametersByPath", "arn:aws:ssm:x:1:parameter/base"}, {"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:x:1:secret:login"}},
		},
		{
			name: "traces", text: "service: {extensions: [awsproxy], pipelines: {traces: {receivers: [awsxray], exporters: [awsxray]}}}\nexporters: {awsxray: {telemetry: {enabled: true}}}",
			want: []string{"trace_sampling", "traces", "trace_telemetry"},
		},
		{
			name: "OTLP", text: "extensions: {sigv4auth: {region: eu-central-1}}\nexporters: {otlp_http: {traces_endpoint: 'https://xray.eu-central-1.amazonaws.com/v1/traces', auth: {authenticator: sigv4auth}}, otlp_http/l: {logs_endpoint: 'https://logs.eu-central-1.amazonaws.com/v1/logs', headers: {x-aws-log-group: /g, x-aws-log-stream: s}, auth: {authenticator: sigv4auth}}, otlp_http/else: {endpoint: 'https://x'}}\nservice: {extensions: [sigv4auth], pipelines: {traces: {exporters: [otlp_http, otlp_http/else, otlp_http/l]}}}",
			want: []string{"traces", "logs"}, allows: [][2]string{{"logs:PutLogEvents", "arn:aws:logs:eu-central-1:1:log-group:/g:log-stream:s"}},
		},
		{
			name: "detectors", text: "processors: {resource_detection: {detectors: '[env, ec2, eks]', ec2: {tags: [x]}, eks: {resource_attributes: {k8s.cluster.name: {enabled: true}}}}, resourcedetection/imds: {detectors: [ec2], ec2: {tags: [x], tags_from_imds: true}}}\nservice: {pipelines: {logs: {processors: [resource_detection, resourcedetection/imds]}}}",
			want: []string{"ec2_tags", "eks_cluster"},
		},
		{
			name: "upstream's exporters", text: "exporters: {awsemf: {log_group_name: '/a/{ClusterName}', log_stream_name: '{TaskId}', log_retention: 1}}\nservice: {pipelines: {metrics: {exporters: [awsemf]}}}",
			want: []string{"metrics", "log_creation", "log_retention"}, allows: [][2]string{{"logs:PutLogEvents", "arn:aws:logs:x:1:log-group:/a/b:log-stream:c"}},
		},
		{
			name: "prometheus", text: "receivers: {prometheus: {config: {scrape_configs: [{job_name: a, ec2_sd_configs: [{port: 1}]}, {job_name: b, rds_sd_configs: [{}], static_configs: [{}]}]}}}\nservice: {pipelines: {metrics: {receivers: [prometheus]}}}",
			want: []string{"ec2_discovery"}, mentions: "rds_sd_configs",
		},
		{name: "an unknown component", text: "service: {pipelines: {metrics: {exporters: [other]}}}", mentions: "no component that is known"},
		{
			name: "another partition", text: aLogs + "exporters: {cloudwatch_logs: {region: cn-north-1, log_group_name: /a, log_stream_name: b}}", want: []string{"logs", "log_creation"},
			allows: [][2]string{{"logs:PutLogEvents", "arn:aws-cn:logs:cn-north-1:1:log-group:/a:log-stream:b"}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			needs, notes := of(t, test.text, test.uris...)
			var features []string
			for _, n := range needs {
				features = append(features, n.Feature)
				assert.Empty(t, n.Principal)
			}
			assert.ElementsMatch(t, test.want, features)
			policy, err := Policy(needs, nil)
			require.NoError(t, err)
			for _, a := range test.allows {
				assert.True(t, policy.Allows(a[0], a[1]), "%s on %s is not allowed by %v", a[0], a[1], policy)
			}
			for _, a := range test.forbids {
				assert.False(t, policy.Allows(a[0], a[1]), "%s on %s is allowed", a[0], a[1])
			}
			if test.mentions == "" {
				assert.Empty(t, notes)
			} else {
				require.Len(t, notes, 1)
				assert.Contains(t, notes[0], test.mentions)
			}
		})
	}
}

func TestEachRoleHasAPolicyOfItsOwn(t *testing.T) {
	t.Parallel()
	const first, second, third = "arn:aws:iam::1:role/first", "arn:aws:iam::2:role/second", "arn:aws:iam::3:role/third"
	text := `
extensions:
  endpoint_routing:
    credentials: {assume_role: [{role_arn: ` + first + `}, {role_arn: ` + second + `}]}
exporters:
  cloudwatch_logs: {log_group_name: /a, log_stream_name: b, create: false}
  cloudwatch_emf: {log_group_name: /m, log_stream_name: b, create: false, role_arn: ` + third + `}
  awsxray: {}
service:
  extensions: [endpoint_routing]
  pipelines: {logs: {exporters: [cloudwatch_logs, cloudwatch_emf, awsxray]}}
`
	type who struct{ principal, feature string }
	whoNeeds := func(text string) (found []who) {
		needs, _ := of(t, text)
		for _, n := range needs {
			found = append(found, who{n.Principal, n.Feature})
		}
		return found
	}
	assert.ElementsMatch(t, []who{
		{"", "assume_role"}, {first, "assume_role"}, {second, "logs"}, {second, "assume_role"}, {third, "metrics"},
		{"", "traces"}, // upstream's exporters do not see the extension's credentials
	}, whoNeeds(text))

	own, _ := of(t, aLogs+"exporters: {cloudwatch_logs: {log_group_name: /a, log_stream_name: b, create: false, credentials: {source: instance, assume_role: [{role_arn: "+first+"}]}}}")
	require.Len(t, own, 2)
	assert.Equal(t, first, own[1].Principal)
}

func TestPoliciesOfDifferentKindsAreNotMixed(t *testing.T) {
	t.Parallel()
	_, err := Policy([]Need{{Feature: "logs"}, {Feature: "trust_ec2"}}, nil)
	assert.ErrorContains(t, err, "attached to different things")
	_, err = Policy([]Need{{Feature: "nonesuch"}}, nil)
	assert.ErrorContains(t, err, "policy --list")
}

func TestWhatIsFilledIsInThePolicy(t *testing.T) {
	t.Parallel()
	d, err := Policy([]Need{{Feature: "trust_irsa"}}, Values{"ACCOUNT": "123456789012", "OIDC_PROVIDER": "issuer.example/x"})
	require.NoError(t, err)
	assert.Empty(t, d.Open())
	assert.Equal(t, "system:serviceaccount:otelcol-cloudwatch:otelcol-cloudwatch", d.Statement[0].Condition["StringEquals"]["issuer.example/x:sub"])
	d, err = Policy([]Need{{Feature: "trust_irsa"}}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"ACCOUNT", "OIDC_PROVIDER"}, d.Open())
}
