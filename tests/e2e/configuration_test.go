package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// put writes a parameter as any program may.
func put(t *testing.T, server *awslocal.Server, name, value string) {
	t.Helper()
	_, err := ssm.NewFromConfig(server.AWSConfig(context.Background())).PutParameter(context.Background(), &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(value), Type: types.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	require.NoError(t, err)
}

// health is what the health check says of the configuration.
func (s *setup) configHealth() (status, reason string) {
	answer, err := http.Get("http://" + s.health + "/?verbose")
	if err != nil {
		return "", err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil { // a new configuration takes over in this moment
		return "", err.Error()
	}
	var body struct {
		Components struct {
			Extensions struct {
				Components map[string]struct{ Status, Error string } `json:"components"`
			} `json:"extensions"`
		} `json:"components"`
	}
	require.NoError(s.t, json.Unmarshal(text, &body), "%s", text)
	of := body.Components.Extensions.Components["extension:config_status"]
	return of.Status, of.Error
}

func (s *setup) awaitHealth(status, reason string) {
	s.t.Helper()
	await(s.t, fmt.Sprintf("config_status to say %s and %q", status, reason), func() bool {
		is, why := s.configHealth()
		return is == status && strings.Contains(why, reason)
	})
}

const okStatus, troubled = "StatusOK", "StatusRecoverableError"

// poll is the shortest time between two looks at Parameter Store.
const poll = "?poll=10s"

func TestLayersOfAFileAFolderAndParameterStoreAreOneConfiguration(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	w.append(100)
	folder := filepath.Join(t.TempDir(), "config.d")
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "10-zpages.yaml"),
		[]byte("extensions: {zpages: {endpoint: '${env:ZPAGES}'}}\nservice: {extensions: [zpages]}\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "20-debug.yaml"),
		[]byte("exporters: {debug: }\nservice: {pipelines: {logs/files: {exporters: [debug]}}}\n"), 0o600))
	put(t, server, "/fleet/10-base", "exporters: {cloudwatch_logs: {log_group_name: /from/ssm}}")
	put(t, server, "/fleet/20-stream", "exporters: {cloudwatch_logs: {log_stream_name: '${ssm:/stream/name}'}}")
	put(t, server, "/stream/name", "0123")

	s := newSetup(t, server, w.path)
	zpages := ports.FreeAddress(t)
	s.env["ZPAGES"] = zpages
	s.configs = append(s.configs, "dir:"+folder, "ssm:/fleet/"+poll)
	s.startHealthy()
	await(t, "all lines", func() bool { return counted(server) >= w.next })
	client := newReader(t, server).in("/from/ssm")
	await(t, "the stream that Parameter Store names, digits and all", func() bool {
		return len(client.messages("0123")) == w.next
	})
	answer, err := http.Get("http://" + zpages + "/debug/servicez")
	require.NoError(t, err, "the folder's extension joins those of the file")
	answer.Body.Close()
	assert.NotZero(t, s.logged(`"otelcol.component.id": "debug"`)+s.logged(`debug`), "the folder's exporter joins those of the file")

	explained, err := s.run("config", "explain")
	require.NoError(t, err, explained)
	assert.Contains(t, explained, "ssm:/fleet/10-base (version 1):1")
	assert.Contains(t, explained, "20-debug.yaml:2")
	assert.Contains(t, explained, "host.yaml:")
}

func TestFilesOfAFolderAddReceiversAndPipelinesAndReplaceLists(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	base, team, third := newWriter(t, "base.log"), newWriter(t, "team.log"), newWriter(t, "third.log")
	folder := filepath.Join(t.TempDir(), "config.d")
	require.NoError(t, os.Mkdir(folder, 0o700))
	layer := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	layer("20-team.yaml", "receivers: {file_tail/team: {include: ['"+team.path+"'], start_at: beginning, file_attributes: resource, include_file_path: true}}\n"+
		"service: {pipelines: {logs/files: {receivers: [file_tail/team]}}}\n")
	layer("30-third.yaml", "receivers: {file_tail/third: {include: ['"+third.path+"'], start_at: beginning}}\n"+
		"exporters: {cloudwatch_logs/third: {log_group_name: /third, log_stream_name: s, format: raw}}\n"+
		"service: {pipelines: {logs/third: {receivers: [file_tail/third], exporters: [cloudwatch_logs/third]}}}\n")
	s := newSetup(t, server, base.path)
	s.configs = append(s.configs, "dir:"+folder)
	for _, w := range []*writer{base, team, third} {
		w.append(10)
	}
	s.startHealthy()
	await(t, "the lines of all three", func() bool { return counted(server) == 30 })
	assert.Len(t, newReader(t, server).in("/third").messages("s"), 10, "the third file's own pipeline")

	more := newWriter(t, "more.log")
	layer("40-same-list.yaml", "receivers: {file_tail: {include: ['"+more.path+"']}}\n")
	explained, err := s.run("config", "explain")
	require.NoError(t, err, explained)
	assert.Contains(t, explained, "40-same-list.yaml:1", "the later list takes the place of the earlier one, and it is shown where it is from")
	assert.NotContains(t, explained, base.path)
	more.append(10)
	await(t, "the other file's lines", func() bool { return counted(server) == 40 })
}

func TestChangeInParameterStoreIsLiveAndAMistakeIsNot(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	s.configs = append(s.configs, "ssm:/fleet/base"+poll)
	group := func(name string) string { return "exporters: {cloudwatch_logs: {log_group_name: " + name + "}}" }
	put(t, server, "/fleet/base", group("/one"))
	c := s.startHealthy()
	w.append(1000)
	await(t, "the first lines", func() bool { return counted(server) >= w.next })
	s.awaitHealth(okStatus, "")

	put(t, server, "/fleet/base", group("/two"))
	await(t, "the change to be live", func() bool {
		w.append(10)
		return len(newReader(t, server).in("/two").streams()) > 0
	})

	// A mistake by the AWS CLI: of type, which only the collector's own check can find.
	cli(t, server, "ssm", "put-parameter", "--name", "/fleet/base", "--overwrite", "--value", "exporters: {cloudwatch_logs: {log_group_name: /three, log_retentoin: 1}}")
	s.awaitHealth(troubled, "log_retentoin")
	_, reason := s.configHealth()
	assert.Contains(t, reason, "ssm:/fleet/base (version 3):1", "with its layer and line")
	assert.Contains(t, reason, "the configuration before goes on")
	report, err := s.run("doctor")
	assert.Error(t, err)
	assert.Contains(t, report, "log_retentoin")
	seen := counted(server)
	w.append(1000)
	await(t, "delivery to go on", func() bool { return counted(server) >= seen+1000 })
	assert.Empty(t, newReader(t, server).in("/three").streams())

	// Not even YAML.
	put(t, server, "/fleet/base", "exporters: [")
	s.awaitHealth(troubled, "version 4")
	// And what ran before, again.
	put(t, server, "/fleet/base", group("/two"))
	s.awaitHealth(okStatus, "")
	c.stop()
	requireExactly(t, w.next, slices.Concat(newReader(t, server).in("/one").numbers("app.log"), newReader(t, server).in("/two").numbers("app.log")))
}

func TestStartWithoutParameterStoreUsesTheLastKnownGood(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	way := newCuttable(t, server.URL)
	s.env["AWS_ENDPOINT_URL_SSM"] = way.url()
	s.env["OTELCOL_CLOUDWATCH_CONFIG_TIMEOUT"] = "2s"
	s.env["OTELCOL_CLOUDWATCH_CONFIG_HEALTHY_AFTER"] = "1s"
	s.configs = append(s.configs, "ssm:/fleet/base"+poll)
	put(t, server, "/fleet/base", "exporters: {cloudwatch_logs: {log_group_name: /one, tags: {secret: '${ssm:/secret}'}}}")
	put(t, server, "/secret", "correct horse battery")

	way.cut()
	c := s.start()
	require.Error(t, <-c.done, "nothing to start with")
	assert.NotZero(t, s.logged("ssm:/fleet/base"), "the error names what could not be fetched")

	way.restore()
	c = s.startHealthy()
	await(t, "the last known good to be kept", func() bool { return len(s.memory("good")) > 0 })
	info, err := os.Stat(s.memory("good")[0])
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	c.stop()

	way.cut()
	c = s.startHealthy()
	s.awaitHealth(troubled, "the last known good configuration runs")
	assert.NotZero(t, s.logged("starting with the last known good configuration"))
	w.append(500)
	await(t, "delivery", func() bool { return counted(server) >= w.next })

	way.restore()
	put(t, server, "/fleet/base", "exporters: {cloudwatch_logs: {log_group_name: /two}}")
	s.awaitHealth(okStatus, "")
	w.append(500)
	await(t, "the newest configuration to be used", func() bool { return len(newReader(t, server).in("/two").streams()) > 0 })
	c.stop()
	assert.Zero(t, s.logged("correct horse battery"))
}

func TestConfigurationThatCannotStartGivesWayToTheOneBefore(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	layer := filepath.Join(t.TempDir(), "layer.yaml")
	write := func(text string) { require.NoError(t, os.WriteFile(layer, []byte(text), 0o600)) }
	s.configs = append(s.configs, "file:"+layer)
	write("receivers: {nop: }")
	c := s.startHealthy()
	w.append(1000)
	taken := strings.TrimPrefix(server.URL, "http://")
	write("receivers: {otlp: {protocols: {grpc: {endpoint: '" + taken + "'}}}}\nservice: {pipelines: {logs/files: {receivers: [otlp]}}}")
	s.awaitHealth(troubled, "address already in use")
	w.append(1000)
	await(t, "delivery by the one before", func() bool { return counted(server) >= w.next })
	write("receivers: {otlp: {protocols: {grpc: {endpoint: '" + ports.FreeAddress(t) + "'}}}}\nservice: {pipelines: {logs/files: {receivers: [otlp]}}}")
	s.awaitHealth(okStatus, "")
	c.stop()
	requireExactly(t, w.next, newReader(t, server).numbers("app.log"))
}

func TestConfigurationThatCrashesTwiceGivesWayToTheLastKnownGood(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	layer := filepath.Join(t.TempDir(), "layer.yaml")
	write := func(group string) {
		require.NoError(t, os.WriteFile(layer, []byte("exporters: {cloudwatch_logs: {log_group_name: "+group+"}}"), 0o600))
	}
	s.configs = append(s.configs, "file:"+layer)
	write("/good")
	s.env["OTELCOL_CLOUDWATCH_CONFIG_HEALTHY_AFTER"] = "100ms"
	c := s.startHealthy()
	await(t, "the last known good to be kept", func() bool { return len(s.memory("good")) > 0 })
	c.stop()

	write("/crashing")
	s.env["OTELCOL_CLOUDWATCH_CONFIG_HEALTHY_AFTER"] = "1h"
	for range 2 {
		s.startHealthy().kill()
	}
	c = s.startHealthy()
	s.awaitHealth(troubled, "ended the process 2 times")
	w.append(100)
	await(t, "delivery by the last known good", func() bool { return len(newReader(t, server).in("/good").streams()) > 0 })
	c.stop()
	s.startHealthy().stop() // an orderly end forgives nothing
	write("/mended")
	c = s.startHealthy()
	s.awaitHealth(okStatus, "")
	c.stop()
}

func TestHangupLooksForANewerConfigurationAndRestartsForNothingElse(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	s := newSetup(t, server, filepath.Join(t.TempDir(), "app.log"))
	layer := filepath.Join(t.TempDir(), "layer.yaml")
	write := func(text string) { require.NoError(t, os.WriteFile(layer, []byte(text), 0o600)) }
	s.configs = append(s.configs, "file:"+layer)
	write("receivers: {nop: }")
	c := s.startHealthy()
	hangup := func() { require.NoError(t, c.command.Process.Signal(syscall.SIGHUP)) }
	const looked, restarted = "as SIGHUP asks", "Config updated, restart service"
	await(t, "hangups to be ours alone, a second after the start", func() bool {
		before, restarts := s.logged(looked), s.logged(restarted)
		hangup()
		await(t, "the hangup", func() bool { return s.logged(looked) > before })
		time.Sleep(4 * glance) // the collector would have restarted by now
		return s.logged(restarted) == restarts
	})
	restarts := s.logged(restarted)
	write("receivers: {nopp: }\nservice: {pipelines: {logs/files: {receivers: [nopp]}}}")
	hangup()
	s.awaitHealth(troubled, "nopp")
	assert.Equal(t, restarts, s.logged(restarted), "what runs was not touched")
	write("receivers: {nop/other: }")
	hangup()
	s.awaitHealth(okStatus, "")
	await(t, "the new one to run", func() bool { return s.logged(restarted) > restarts })
	c.stop()
}

// run runs a subcommand with the collector's own configurations and environment.
func (s *setup) run(args ...string) (string, error) {
	for _, config := range s.configs {
		if !strings.Contains(config, ":") {
			config = filepath.Join(root, "config", config)
		}
		args = append(args, "--config", config)
	}
	command := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), args...)
	for name, value := range s.env {
		command.Env = append(command.Env, name+"="+value)
	}
	out, err := command.CombinedOutput()
	return string(out), err
}

// memory are the files of one kind that the collector keeps about configurations.
func (s *setup) memory(kind string) []string {
	files, err := filepath.Glob(filepath.Join(s.env["OTELCOL_CLOUDWATCH_STATE_DIR"], "config", "*."+kind+".json"))
	require.NoError(s.t, err)
	return files
}

func cli(t *testing.T, server *awslocal.Server, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("there is no AWS CLI on this machine")
	}
	command := exec.Command("aws", args...)
	command.Env = server.Env()
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
