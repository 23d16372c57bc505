package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
)

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
	settings := withProviders(otelcol.CollectorSettings{ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
		ProviderFactories: []confmap.ProviderFactory{envprovider.NewFactory(), yamlprovider.NewFactory()},
	}}})
	open := func(args ...string) (*awsaccess.Process, func()) {
		t.Helper()
		a := newAccess(settings, parseArgs(args))
		require.NoError(t, a.open(context.Background()))
		return awsaccess.Current(), a.close
	}
	opens := func(args ...string) bool {
		process, end := open(args...)
		end()
		return process != nil
	}
	write(", process_proxy: true", "other")
	assert.False(t, opens("--config", path), "no service uses it")
	write("", "endpoint_routing/x")
	assert.False(t, opens("--config", path), "without process_proxy")
	write(", process_proxy: true", "endpoint_routing/x")
	assert.False(t, opens("components"))
	assert.False(t, opens("--config", "ssm:/fleet", "--config", "https://example.com/x"))
	assert.False(t, opens("--config", "yaml:{"), "the collector says what is wrong")

	process, end := open("--config", "ssm:/fleet", "--config", path)
	require.NotNil(t, process)
	assert.Equal(t, "127.0.0.1:0", process.Listen())
	end()
	assert.Nil(t, awsaccess.Current())

	for _, broken := range []string{"yaml:{", "yaml:{extensions: {endpoint_routing: {region: '${ssm:/region}'}}, service: {extensions: [endpoint_routing]}}", "dir:" + filepath.Join(t.TempDir(), "absent")} {
		collector := newAccess(settings, parseArgs([]string{"--config", "ssm:/fleet", "--config", broken}))
		require.NoError(t, collector.open(context.Background()), "the collector may have a last known good configuration")
		command := newAccess(settings, parseArgs([]string{"validate", "--config", "ssm:/fleet", "--config", broken}))
		for _, err := range []error{collector.reach(context.Background()), command.open(context.Background())} {
			require.ErrorContains(t, err, "the way to AWS must be known", "nothing is fetched by a way that nobody knows")
			require.ErrorContains(t, err, awsaccess.Variable)
		}
	}

	mended := newAccess(settings, parseArgs([]string{"--config", "ssm:/fleet", "--config", path}))
	write(", polcy: any", "endpoint_routing/x")
	require.NoError(t, mended.open(context.Background()))
	require.ErrorContains(t, mended.reach(context.Background()), "polcy")
	write("", "endpoint_routing/x")
	require.NoError(t, mended.reach(context.Background()), "the way is looked for again where something is to be fetched")
	mended.close()
	write(", process_proxy: true", "endpoint_routing/x")
	require.ErrorContains(t, newAccess(settings, parseArgs([]string{"--config", path})).open(context.Background()),
		"HTTPS_PROXY", "a table that cannot be used, as the variable was read before, stops the start: calls would leave it")

	t.Setenv(awsaccess.Variable, "/absent/routes.yaml")
	require.ErrorContains(t, newAccess(settings, parseArgs([]string{"--config", path})).open(context.Background()),
		"/absent/routes.yaml", "a table that was named and cannot be read stops the start")
	t.Setenv(awsaccess.Variable, "yaml:{"+routes+", process_proxy: true}")
	require.ErrorContains(t, newAccess(settings, commandLine{}).open(context.Background()), "HTTPS_PROXY", "another port, and the variable has been read")
}
