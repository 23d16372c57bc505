package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// Whoever may write one parameter runs no program on the host and reads none of its files: neither at the first start, when there
// is nothing to go back to, nor by a change, nor after a restart.
func TestParameterThatReachesIntoTheHostIsRefusedAndDeliveryGoesOn(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	s.configs = append(s.configs, "ssm:/fleet/base"+poll)
	folder := t.TempDir()
	program, secret := filepath.Join(folder, "ran"), filepath.Join(folder, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("correct horse battery\n"), 0o600))
	evil := "exporters: {cloudwatch_logs: {credentials: {source: process, process: 'touch " + program + "'}}}\n" +
		"receivers: {file_tail/loot: {include: ['" + secret + "']}}\n" +
		"service: {pipelines: {logs/files: {receivers: [file_tail/loot]}}}\n"
	put(t, server, "/fleet/base", evil)

	c := s.startHealthy()
	s.awaitHealth(troubled, "runs a program")
	_, reason := s.configHealth()
	assert.Contains(t, reason, "ssm:/fleet/base (version 1):1")
	assert.Contains(t, reason, "remote_layers: {allow: [programs, read, credentials]}")
	w.append(100)
	await(t, "delivery by the layers of this host", func() bool { return counted(server) >= w.next })

	put(t, server, "/fleet/base", "exporters: {cloudwatch_logs: {log_group_name: /good}}")
	s.awaitHealth(okStatus, "")
	put(t, server, "/fleet/base", evil)
	s.awaitHealth(troubled, "runs a program")
	w.append(100)
	await(t, "delivery to go on", func() bool { return len(newReader(t, server).in("/good").streams()) > 0 && counted(server) >= w.next })
	// Nor are the local processors passed by, by a placeholder that says what a pipeline is.
	put(t, server, "/fleet/base", "service: {pipelines: \"${yaml:{logs/beside: {receivers: [file_tail], exporters: [cloudwatch_logs]}}}\"}")
	s.awaitHealth(troubled, "says by a placeholder what a pipeline is")
	put(t, server, "/fleet/base", evil)
	s.awaitHealth(troubled, "runs a program")
	report, _ := s.run("doctor")
	assert.Contains(t, report, "Fetched layers")
	assert.Contains(t, report, "may not be set by a fetched layer")
	explained, err := s.run("config", "explain")
	require.NoError(t, err)
	assert.Contains(t, explained, "fetched ssm:/fleet/base")
	assert.Contains(t, explained, "a collector would refuse this")
	c.stop()
	s.startHealthy().stop()

	assert.NoFileExists(t, program)
	assert.Zero(t, s.logged("correct horse battery"))
	for _, group := range []string{"/good"} {
		for _, stream := range newReader(t, server).in(group).streams() {
			assert.NotContains(t, newReader(t, server).in(group).messages(stream), "correct horse battery")
		}
	}

	// A push of it stores nothing.
	layer := filepath.Join(t.TempDir(), "layer.yaml")
	require.NoError(t, os.WriteFile(layer, []byte("receivers: {nop: }\nexporters: {file: {path: /tmp/x}}\nservice: {pipelines: {logs: {receivers: [nop], exporters: [file]}}}\n"), 0o600))
	s.configs = nil
	said, err := s.run("config", "push", "--yes", layer, "ssm:/fleet/pushed")
	require.Error(t, err)
	assert.Contains(t, said, "hosts would refuse it")
	_, err = ssm.NewFromConfig(server.AWSConfig(context.Background())).GetParameter(context.Background(), &ssm.GetParameterInput{Name: aws.String("/fleet/pushed")})
	require.Error(t, err)
	said, err = s.run("config", "push", "--yes", "--allow-remote", "write", layer, "ssm:/fleet/pushed")
	require.NoError(t, err, said)
}
