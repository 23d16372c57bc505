package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
)

func TestCommandAndConfigurationsOfACommandLine(t *testing.T) {
	for line, want := range map[string]struct {
		command string
		configs []string
	}{
		"":                                      {"", nil},
		"--config a.yaml":                       {"", []string{"a.yaml"}},
		"--config=a.yaml --config file:b.yaml":  {"", []string{"a.yaml", "file:b.yaml"}},
		"-config a.yaml --set x.y=1":            {"", []string{"a.yaml"}},
		"--feature-gates -x validate":           {"validate", nil},
		"validate --config a.yaml":              {"validate", []string{"a.yaml"}},
		"doctor --service logs --config a.yaml": {"doctor", []string{"a.yaml"}},
		"--version":                             {"--version", nil},
		"--config":                              {"", nil},
	} {
		args := strings.Fields(line)
		assert.Equal(t, want.command, commandOf(args), line)
		assert.Equal(t, want.configs, configsOf(args), line)
	}
}

// It is one test: the proxy's variable is read once in the life of a process.
func TestAccessIsOpenBeforeTheCollectorIs(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "AWS_CA_BUNDLE", awsaccess.Variable} {
		t.Setenv(name, "")
	}
	const routes = "region: eu-central-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {all: 127.0.0.1:1}}], listen: '127.0.0.1:0'"
	path := filepath.Join(t.TempDir(), "routes.yaml")
	write := func(more, used string) {
		require.NoError(t, os.WriteFile(path, []byte("extensions: {endpoint_routing/x: {"+routes+more+"}}\nservice: {extensions: ["+used+"]}\n"), 0o600))
	}
	open := func(args ...string) *awsaccess.Process {
		t.Helper()
		process, err := openAccess(context.Background(), args)
		require.NoError(t, err)
		return process
	}
	write(", process_proxy: true", "other")
	assert.Nil(t, open("--config", path), "no service uses it")
	write("", "endpoint_routing/x")
	assert.Nil(t, open("--config", path), "without process_proxy")
	write(", process_proxy: true", "endpoint_routing/x")
	assert.Nil(t, open("components"))
	assert.Nil(t, open("--config", "ssm:/fleet", "--config", "https://example.com/x"))
	assert.Nil(t, open("--config", "yaml:{"), "the collector says what is wrong")

	process := open("--config", "ssm:/fleet", "--config", path)
	require.NotNil(t, process)
	assert.Equal(t, "127.0.0.1:0", process.Listen())
	assert.Same(t, process, awsaccess.Current())
	require.NoError(t, process.Close())
	assert.Nil(t, awsaccess.Current())

	t.Setenv(awsaccess.Variable, "/absent/routes.yaml")
	_, err := openAccess(context.Background(), []string{"--config", path})
	require.ErrorContains(t, err, "/absent/routes.yaml", "a table that was named and cannot be read stops the start")
	t.Setenv(awsaccess.Variable, "yaml:{"+routes+", process_proxy: true}")
	_, err = openAccess(context.Background(), nil)
	require.ErrorContains(t, err, "HTTPS_PROXY", "another port, and the variable has been read")
}
