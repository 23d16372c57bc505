package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// squat takes an address as any local user may, before the service starts.
func squat(t *testing.T, address string) (release func()) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return func() { _ = l.Close() }
}

func TestPortsThatAreTakenStopNothingElse(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	w.append(1000)
	s := newSetup(t, server, w.path)
	squat(t, s.health)
	squat(t, "127.0.0.1:"+s.env["OTELCOL_CLOUDWATCH_TELEMETRY_PORT"])
	taken := ports.FreeAddress(t)
	squat(t, taken)
	s.configs = append(s.configs, "yaml:receivers: {otlp: {protocols: {grpc: {endpoint: '"+taken+"'}}}}", "yaml:service: {pipelines: {logs/files: {receivers: [otlp]}}}")
	c := s.start()
	await(t, "all lines", func() bool { return counted(server) >= w.next })
	const left = "a listener is left out"
	await(t, "the log to say so", func() bool { return s.logged(left) >= 3 })
	assert.NotZero(t, s.logged(`"address": "`+s.health+`"`), "the log names the address")
	c.stop()
	requireExactly(t, w.next, newReader(t, server).numbers("app.log"))
}

func TestStopDuringTheStartIsNoCrash(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	layer := filepath.Join(t.TempDir(), "layer.yaml")
	write := func(group string) {
		require.NoError(t, os.WriteFile(layer, []byte("exporters: {cloudwatch_logs: {log_group_name: "+group+"}}"), 0o600))
	}
	s.configs = append(s.configs, "file:"+layer)
	write("/old")
	s.env["OTELCOL_CLOUDWATCH_CONFIG_HEALTHY_AFTER"] = "100ms"
	c := s.startHealthy()
	await(t, "the last known good to be kept", func() bool { return len(s.memory("good")) > 0 })
	c.stop()
	write("/new")
	s.env["OTELCOL_CLOUDWATCH_CONFIG_HEALTHY_AFTER"] = "1h"
	for range 3 {
		c := s.start()
		await(t, "the start to be noted", func() bool { return len(s.memory("attempt")) > 0 || len(c.done) > 0 })
		c.stop()
		assert.Empty(t, s.memory("attempt"), "a stop is no failure")
	}
	w.append(100)
	c = s.startHealthy()
	await(t, "the new configuration to be used", func() bool { return len(newReader(t, server).in("/new").streams()) > 0 })
	c.stop()
}

func TestBrokenLocalLayerBesideParameterStoreIsTheLastKnownGoodConfiguration(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	folder := filepath.Join(t.TempDir(), "config.d")
	layer := filepath.Join(folder, "10.yaml")
	write := func(text string) {
		require.NoError(t, os.MkdirAll(folder, 0o700))
		require.NoError(t, os.WriteFile(layer, []byte(text), 0o600))
	}
	write("exporters: {cloudwatch_logs: {log_group_name: /good}}")
	put(t, server, "/fleet/base", "exporters: {cloudwatch_logs: {log_retention: 7}}")
	s.configs = append(s.configs, "ssm:/fleet/base"+poll, "dir:"+folder)
	s.env["OTELCOL_CLOUDWATCH_CONFIG_HEALTHY_AFTER"] = "100ms"
	c := s.startHealthy()
	await(t, "the last known good to be kept", func() bool { return len(s.memory("good")) > 0 })
	c.stop()
	s.env["OTELCOL_CLOUDWATCH_CONFIG_HEALTHY_AFTER"] = "1h"
	asked := server.Calls("ssm", "GetParameters")

	write("exporters: {cloudwatch_logs: [")
	c = s.startHealthy()
	s.awaitHealth(troubled, "the last known good configuration runs")
	_, reason := s.configHealth()
	assert.Contains(t, reason, "the way to AWS must be known", "the broken layer may have the route table")
	assert.Equal(t, asked, server.Calls("ssm", "GetParameters"), "nothing is fetched by a way that nobody knows")
	w.append(100)
	await(t, "delivery", func() bool { return counted(server) >= w.next })

	write("exporters: {cloudwatch_logs: {log_group_name: /mended}}")
	require.NoError(t, c.command.Process.Signal(syscall.SIGHUP))
	s.awaitHealth(okStatus, "")
	await(t, "the mended layer to be used", func() bool {
		w.append(10)
		return len(newReader(t, server).in("/mended").streams()) > 0
	})
	c.stop()

	require.NoError(t, os.RemoveAll(folder))
	c = s.startHealthy()
	s.awaitHealth(troubled, "create it, or append ?optional=true")
	c.stop()
}

func TestSecondCollectorOnTheSameStateSaysWhoHasIt(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	first := s.startHealthy()
	before, err := os.ReadFile(s.memory("attempt")[0])
	require.NoError(t, err)
	second := s.start()
	select {
	case err := <-second.done:
		require.Error(t, err)
	case <-time.After(patience):
		require.Fail(t, "the second one runs")
	}
	log, err := os.ReadFile(s.logFile)
	require.NoError(t, err)
	assert.Regexp(t, `Error: .*/state/config is in use: process \d+ is a collector`, string(log))
	after, err := os.ReadFile(s.memory("attempt")[0])
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after), "the first one's files are as they were")
	w.append(100)
	await(t, "delivery by the first one", func() bool { return counted(server) >= w.next })
	first.stop()
	assert.False(t, strings.Contains(tail(s.logFile), "panic"))
}

// Service managers and people send a signal again where a process takes its time. In its last moments, too, it ends as one
// that was told to, and not as one that was killed.
func TestSignalsAreTakenToTheEndOfTheProcess(t *testing.T) {
	t.Parallel()
	s := newSetup(t, awslocal.Serve(t, awslocal.Options{}), newWriter(t, "app.log").path)
	for range 3 {
		c := s.startHealthy()
		require.NoError(t, c.command.Process.Signal(syscall.SIGTERM))
		for ended := false; !ended; {
			select {
			case err := <-c.done:
				require.NoError(t, err)
				ended = true
			default: // as often as it goes: the moment is short
				_ = c.command.Process.Signal(syscall.SIGTERM)
				_ = c.command.Process.Signal(syscall.SIGHUP)
				time.Sleep(100 * time.Microsecond)
			}
		}
	}
}
