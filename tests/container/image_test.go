//go:build linux

package container

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// TestTheMainJobAndAnUpgradeInPlace writes lines while version 0.0.1 is replaced by 0.0.2 with the same state.
func TestTheMainJobAndAnUpgradeInPlace(t *testing.T) {
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	p := newPodman(t)
	logs := t.TempDir()
	require.NoError(t, os.Chmod(logs, 0o755)) // the container's user reads them
	options, arguments := documented(t, strings.NewReplacer("/var/log:/var/log:ro", logs+":/var/log:ro", "/var/log/syslog*", "/var/log/app.log*"))
	options = append(options,
		"--env", "OTELCOL_CLOUDWATCH_INTERVAL=2s", "--env", "OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT=127.0.0.1:23133",
		"--env", "OTELCOL_CLOUDWATCH_TELEMETRY_PORT=28888",
	)
	for _, variable := range server.Env() {
		options = append(options, "--env", variable)
	}
	w := startWriter(t, filepath.Join(logs, "app.log"))
	first := p.run("first", "0.0.1", options, arguments...)
	first.healthy()
	assert.Contains(t, p.do("exec", "first", "otelcol-cloudwatch", "--version"), "otelcol-cloudwatch")
	awaitLines(p, server, 20)
	assert.Equal(t, "0", first.stop(), "a stop is no failure: %s", first.log())
	w.pause()
	second := p.run("second", "0.0.2", options, arguments...)
	second.healthy()
	w.pause()
	written := w.end()
	awaitLines(p, server, written)
	assert.Equal(t, "0", second.stop())

	seen := map[string]int{}
	for _, line := range lines(t, server) {
		seen[line]++
	}
	for i := range written {
		assert.Equal(t, 1, seen[fmt.Sprintf("line %d", i)], "line %d", i)
	}
	assert.Len(t, seen, written)
	metrics, err := cloudwatch.NewFromConfig(server.AWSConfig(context.Background())).ListMetrics(context.Background(), &cloudwatch.ListMetricsInput{})
	require.NoError(t, err)
	assert.Greater(t, len(metrics.Metrics), 20, "metrics of the host")
}

// documented is how docs/deploying/container.md runs the image: options of podman, and arguments of the program.
func documented(t *testing.T, replace *strings.Replacer) (options, arguments []string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "deploying", "container.md"))
	require.NoError(t, err)
	_, after, ok := strings.Cut(string(page), "# podman run --detach --name otelcol-cloudwatch --restart on-failure")
	require.True(t, ok)
	block, _, _ := strings.Cut(after, "```")
	words := strings.Fields(strings.ReplaceAll(replace.Replace(block), "\\\n", " "))
	at := slices.Index(words, image+":VERSION")
	require.Positive(t, at)
	return words[:at], words[at+1:]
}

func TestNothingCanBeWrittenButTheState(t *testing.T) {
	server := awslocal.Serve(t, awslocal.Options{})
	p := newPodman(t)
	options := []string{
		"--network", "host", "--read-only", "--cap-drop", "all",
		"--env", "OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT=127.0.0.1:23134", "--env", "OTELCOL_CLOUDWATCH_TELEMETRY_PORT=28889",
	}
	for _, variable := range server.Env() {
		options = append(options, "--env", variable)
	}
	c := p.run("only", "0.0.1", options)
	c.healthy()
	out, err := p.try("exec", "only", "otelcol-cloudwatch", "init", "--yes", "--region", "eu-central-1", "--skip-checks", "--output", "/etc/otelcol-cloudwatch/new")
	require.Error(t, err)
	assert.Contains(t, out, "read-only file system")
	p.do("exec", "only", "otelcol-cloudwatch", "init", "--yes", "--region", "eu-central-1", "--skip-checks", "--output", "/var/lib/otelcol-cloudwatch/new")
	// Nobody answers at another port: the check fails, and says why.
	out, err = p.try("exec", "only", "otelcol-cloudwatch", "healthcheck", "--endpoint", "http://127.0.0.1:1/")
	require.Error(t, err)
	assert.Contains(t, out, "nobody answers")
	assert.Equal(t, "0", c.stop())
}

// writer appends lines to a file until its end.
type writer struct {
	stop chan struct{}
	done sync.WaitGroup
	n    int
}

func startWriter(t *testing.T, path string) *writer {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // the container's user reads it
	require.NoError(t, err)
	w := &writer{stop: make(chan struct{})}
	w.done.Go(func() {
		defer func() { _ = f.Close() }()
		for {
			select {
			case <-w.stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
			if _, err := fmt.Fprintf(f, "line %d\n", w.n); err != nil {
				t.Error(err)
				return
			}
			w.n++
		}
	})
	return w
}

// pause lets lines be written with nobody reading them, or somebody.
func (w *writer) pause() { time.Sleep(300 * time.Millisecond) }

func (w *writer) end() int {
	close(w.stop)
	w.done.Wait()
	return w.n
}

// lines are all that CloudWatch has of the written file.
func lines(t *testing.T, server *awslocal.Server) []string {
	t.Helper()
	ctx := context.Background()
	client := cloudwatchlogs.NewFromConfig(server.AWSConfig(ctx))
	group := aws.String("/otelcol-cloudwatch/host")
	streams, err := client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: group})
	if err != nil {
		return nil // it is made with the first line
	}
	var all []string
	for _, s := range streams.LogStreams {
		if !strings.HasSuffix(*s.LogStreamName, "/app.log") {
			continue
		}
		pages := cloudwatchlogs.NewGetLogEventsPaginator(client, &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: group, LogStreamName: s.LogStreamName, StartFromHead: aws.Bool(true),
		}, func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			require.NoError(t, err)
			for _, e := range page.Events {
				all = append(all, *e.Message)
			}
		}
	}
	return all
}

func awaitLines(p *podman, server *awslocal.Server, n int) {
	p.t.Helper()
	p.await(func() error {
		if got := len(lines(p.t, server)); got < n {
			return fmt.Errorf("%d of %d lines", got, n)
		}
		return nil
	})
}
