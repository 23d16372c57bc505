package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/doctor"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// runDoctor runs the command beside a local AWS, which every call goes to.
func runDoctor(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	absent := filepath.Join(t.TempDir(), "absent")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": s.URL, "AWS_REGION": awslocal.DefaultRegion, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": awslocal.DefaultAccessKeyID, "AWS_SECRET_ACCESS_KEY": awslocal.DefaultSecretAccessKey, "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": absent, "AWS_SHARED_CREDENTIALS_FILE": absent, "AWS_CA_BUNDLE": "", "AWS_PROFILE": "", awsaccess.Variable: "",
	} {
		t.Setenv(name, value)
	}
	var out, errs bytes.Buffer
	t.Setenv(reload.StateVariable, t.TempDir())
	command := newCommand(withProviders(otelcol.CollectorSettings{ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
		ProviderFactories: []confmap.ProviderFactory{envprovider.NewFactory(), yamlprovider.NewFactory()},
	}}}), version.Info{Number: "1.2.3"})
	command.SetOut(&out)
	command.SetErr(&errs)
	command.SetArgs(append([]string{"doctor"}, args...))
	err := command.Execute()
	return out.String(), errs.String(), ExitStatus(err)
}

func TestDoctorsExitStatusTellsProblemsFromSuccess(t *testing.T) {
	state := t.TempDir()
	good := "yaml:{exporters: {awscloudwatchlogs: {log_group_name: g}}, extensions: {file_storage: {directory: '" + state + "'}}, service: {extensions: [file_storage], pipelines: {logs: {exporters: [awscloudwatchlogs]}}}}"
	out, errs, status := runDoctor(t, "--config", good)
	assert.Zero(t, status, out)
	assert.Empty(t, errs)
	assert.Contains(t, out, "otelcol-cloudwatch doctor, 1.2.3")
	assert.Contains(t, out, "log group g does not exist yet")

	out, _, status = runDoctor(t, "--config", good, "--set", "exporters.awscloudwatchlogs.log_group_name=other")
	assert.Zero(t, status, out)
	assert.Contains(t, out, "log group other does not exist yet")

	out, errs, status = runDoctor(t, "--config", filepath.Join(state, "absent.yaml"))
	assert.Equal(t, 1, status)
	assert.Contains(t, out, "absent.yaml")
	assert.Empty(t, errs, "the report has said it")

	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--format", "xml"}, `--format "xml" is neither text nor json`},
		{[]string{"--timeout", "0s"}, "leaves no time"},
		{[]string{"--service", "log"}, "it must be one of logs"},
		{[]string{"--region", "nowhere at all"}, "--region"},
		{[]string{"--set", "a=b"}, "name it with --config"},
		{[]string{"--config", good, "--set", "a"}, "not KEY=VALUE"},
		{[]string{"host.yaml"}, "named by --config"},
		{[]string{"--nonsense"}, "unknown flag"},
	} {
		out, errs, status := runDoctor(t, c.args...)
		assert.Equal(t, 2, status, c.args)
		assert.Contains(t, errs, c.want)
		assert.Empty(t, out)
	}
	assert.Equal(t, 1, ExitStatus(errors.New("any other")))
}

func TestDoctorWritesVersionedJSON(t *testing.T) {
	out, _, status := runDoctor(t, "--format", "json", "--service", "logs,xray", "--service", "logs")
	require.Zero(t, status, out)
	var r doctor.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, doctor.ReportVersion, r.Version)
	assert.NotEqual(t, doctor.Problem, r.Status)
	var ids []string
	for _, s := range r.Sections {
		ids = append(ids, s.ID)
	}
	assert.Equal(t, []string{"configuration", "place", "credentials", "logs", "xray", "clock", "files", "state"}, ids)
}

func TestDoctorOpensNoListenerForAConfigurationOnThisMachine(t *testing.T) {
	t.Setenv(awsaccess.Variable, "yaml:{region: eu-central-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {all: 127.0.0.1:1}}]}")
	f := doctorFlags{config: []string{"host.yaml", "file:host.yaml", "env:X", "yaml:a: b", `C:\host.yaml`}}
	restore, err := f.route(t.Context(), otelcol.CollectorSettings{})
	require.NoError(t, err)
	assert.Nil(t, awsaccess.Current())
	require.NoError(t, restore())
	assert.True(t, reload.FromAfar("s3://bucket.s3.eu-central-1.amazonaws.com/a.yaml"))
	assert.True(t, reload.FromAfar("ssm:/fleet/base"))
}
