package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// withoutEventLogs makes windows.yaml start where there is no Windows: its event log receivers refuse
// to, and are the only part of it that only a Windows machine can show.
const withoutEventLogs = "yaml:receivers: {windows_event_log/system: null, windows_event_log/application: null}"

func TestShippedConfigurationsStart(t *testing.T) {
	t.Parallel()
	for name, configs := range map[string][]string{
		"a Linux host, told the endpoint by the SDK's own variable": {"host.yaml"},
		"a Linux host with the local layer":                         {"host.yaml", "local.yaml"},
		"a Windows host with the local layer":                       {"windows.yaml", "local.yaml", withoutEventLogs},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{})
			w := newWriter(t, "app.log")
			w.append(10)
			setup := newSetup(t, server, w.path)
			setup.configs = configs
			collector := setup.startHealthy()
			await(t, "the lines", func() bool { return counted(server) == 10 })
			await(t, "metrics", func() bool { return len(server.Metrics.Status().Series) > 0 })
			collector.stop()
		})
	}
}

// The two hosts' configurations are files of their own, so that each can be read alone; what should be
// the same in both is.
func TestHostsSendAlike(t *testing.T) {
	t.Parallel()
	sections := func(name string) map[string]any {
		text, err := os.ReadFile(filepath.Join(root, "config", name))
		require.NoError(t, err)
		var config map[string]any
		require.NoError(t, yaml.Unmarshal(text, &config))
		// Event logs need a queue, and share the exporter.
		delete(config["exporters"].(map[string]any)["cloudwatch_logs"].(map[string]any), "sending_queue")
		return map[string]any{"exporters": config["exporters"], "processors": config["processors"]}
	}
	assert.Equal(t, sections("host.yaml"), sections("windows.yaml"))
}

func TestEveryVariableIsDocumented(t *testing.T) {
	t.Parallel()
	documentation, err := os.ReadFile(filepath.Join(root, "config", "README.md"))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(root, "config", "*.yaml"))
	require.NoError(t, err)
	layers, err := filepath.Glob(filepath.Join(root, "config", "*", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, layers)
	for _, file := range append(files, layers...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`\$\{env:(\w+)(:-)?`).FindAllStringSubmatch(string(text), -1) {
			assert.Regexp(t, "(?m)^\\|[^|]*`"+match[1]+"`", string(documentation), "%s is used in %s", match[1], file)
			assert.NotEmpty(t, match[2], "%s has no default in %s", match[1], file)
		}
	}
}

// Outside AWS the metadata address may swallow packets: a start must not wait for it.
func TestStartAsksNoMetadataService(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	asked := make(chan struct{}, 100)
	go func() {
		for {
			if _, err := silent.Accept(); err != nil { // accepted, never answered
				return
			}
			asked <- struct{}{}
		}
	}()
	defer silent.Close()

	server := awslocal.Serve(t, awslocal.Options{})
	setup := newSetup(t, server, newWriter(t, "none.log").path)
	delete(setup.env, "AWS_EC2_METADATA_DISABLED")
	setup.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://" + silent.Addr().String()
	collector := setup.startHealthy()
	await(t, "metrics", func() bool { return len(server.Metrics.Status().Series) > 0 })
	collector.stop()
	assert.Empty(t, asked, "questions to the metadata service")

	// With the cloud's detectors the service is asked, and the start goes on without an answer.
	setup.env["OTELCOL_CLOUDWATCH_DETECTORS"] = "[env, ec2, system]"
	collector = setup.startHealthy()
	collector.stop()
	assert.NotEmpty(t, asked, "questions to the metadata service")
}

func TestCommandsOfTheCollector(t *testing.T) {
	t.Parallel()
	run := func(args ...string) (string, error) {
		command := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), args...)
		command.Env = []string{"AWS_REGION=us-east-1", "OTELCOL_CLOUDWATCH_STATE_DIR=" + t.TempDir()}
		command.Dir = filepath.Join(root, "config")
		out, err := command.CombinedOutput()
		return string(out), err
	}
	tests := []struct {
		name string
		args []string
		want string
		fail bool
	}{
		{"version", []string{"--version"}, `^otelcol-cloudwatch \d+\.\d+\.\d+`, false},
		{"components", []string{"components"}, `(?s)name: host_metrics\n.*name: cloudwatch_emf\n`, false},
		{"validate", []string{"validate", "--config", "host.yaml"}, `^$`, false},
		{"validate what is wrong", []string{"validate", "--config", "host.yaml", "--config", "yaml:exporters::cloudwatch_emf::namespase: x"}, "namespase", true},
		{"print-config", []string{"print-config", "--config", "host.yaml"}, `namespace: CWAgent`, false},
		{"featuregate", []string{"featuregate"}, `awsemf.nodimrollupdefault`, false},
		{"no configuration", nil, `at least one config flag must be provided`, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out, err := run(test.args...)
			assert.Regexp(t, test.want, out)
			assert.Equal(t, test.fail, err != nil, "exit: %v", err)
		})
	}
}
