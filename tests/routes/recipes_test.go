//go:build linux

package routes

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// TestEachRecipeTakesItsOwnWay starts every file of config/routes, and counts packets on every link.
func TestEachRecipeTakesItsOwnWay(t *testing.T) {
	t.Parallel()
	recipes := map[string]struct {
		prepare func(*station)
		links   []linkName
	}{
		"vpc-private-dns.yaml": {func(s *station) { s.dns.set(publicLogs, endpointA, endpointB) }, []linkName{linkPrivate}},
		"private-vif.yaml":     {func(*station) {}, []linkName{linkPrivate}},
		"internet.yaml":        {func(*station) {}, []linkName{linkInternet}},
		"public-vif.yaml":      {func(*station) {}, []linkName{linkDXPublic}},
		"http-proxy.yaml": {func(s *station) {
			s.proxy.require("ann", "secret")
			s.env = append(s.env, "PROXY_USERNAME=ann", "PROXY_PASSWORD=secret")
		}, []linkName{linkProxy}},
		"failover.yaml": {func(s *station) { // no probes of the routes in reserve, and a slow machine is no outage
			s.configs = append(s.configs, "yaml:extensions::endpoint_routing::probe: {standby: false, timeout: 1m}")
		}, []linkName{linkPrivate}},
	}
	files, err := filepath.Glob(filepath.Join(root, "config", "routes", "*.yaml"))
	require.NoError(t, err)
	require.Len(t, files, len(recipes), "every recipe is started here")
	for name, recipe := range recipes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, filepath.Join("routes", name), awslocal.Options{})
			recipe.prepare(s)
			s.write(1000)
			before := s.mark()
			collector := s.collect()
			s.delivered()
			s.measured()
			s.write(1000)
			s.delivered()
			collector.stop()
			before.onlyUsed(recipe.links...)
			s.exactlyOnce()
			for _, link := range recipe.links {
				t.Logf("%s: %d packets sent by %s", name, before.sent(link), link)
			}
		})
	}
}

// The same file is all that the command line needs where no collector runs.
func TestARecipeIsTheFileForTheVariableToo(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/private-vif.yaml", awslocal.Options{})
	before := s.mark()
	p := s.exec([]string{collectorBinary(t), "doctor", "--service", "logs", "--service", "ssm"},
		"OTELCOL_CLOUDWATCH_ROUTES="+s.adapt("routes/private-vif.yaml"))
	_ = p.wait()
	before.onlyUsed(linkPrivate)
	assert.Equal(t, []string{"logs", "ssm", "sts"}, s.arrived.services(linkPrivate))
}
