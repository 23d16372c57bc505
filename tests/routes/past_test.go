//go:build linux

package routes

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// TestDiscoveryOfPrometheusGoesNotAroundPrivateOnly has ec2_sd_configs, whose clients look at HTTPS_PROXY only where they
// are told to.
func TestDiscoveryOfPrometheusGoesNotAroundPrivateOnly(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/private-vif.yaml", awslocal.Options{})
	s.dns.set("ec2."+region+".amazonaws.com", publicA)
	s.env = append(s.env, "AWS_CA_BUNDLE=") // with which Prometheus's clients of AWS do nothing at all
	s.configs = append(s.configs, "yaml:exporters: {nop: {}}", "yaml:receivers: {prometheus: {config: {scrape_configs: [{job_name: ec2, ec2_sd_configs: [{region: "+region+", refresh_interval: 1s}]}]}}}",
		"yaml:service: {pipelines: {metrics/p: {receivers: [prometheus], exporters: [nop]}}}")
	command := []string{collectorBinary(t)}
	for _, c := range s.configs {
		command = append(command, "--config", c)
	}
	before := s.mark()
	first := s.exec(command, s.env...)
	require.Error(t, first.wait())
	assert.Contains(t, first.text(), "config::scrape_configs (ec2)::ec2_sd_configs goes past the route table, and so past policy private_only: set proxy_from_environment: true in it")

	s.configs = append(s.configs, "yaml:receivers: {prometheus: {config: {scrape_configs: [{job_name: ec2, ec2_sd_configs: [{region: "+region+", refresh_interval: 1s, proxy_from_environment: true}]}]}}}")
	collector := s.collect()
	await(t, "the refusal", func() bool { return collector.logged("refused to connect to ec2") > 0 })
	collector.stop()
	before.onlyUsed(linkPrivate)
}
