package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
)

func TestEveryLineArrivesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	a, b := newWriter(t, "a.log"), newWriter(t, "b.log")
	a.append(5_000)
	collector := newSetup(t, server, a.path, b.path).startHealthy()
	for range 20 {
		a.append(100)
		b.append(777)
	}
	await(t, "all lines", func() bool { return counted(server) >= a.next+b.next })
	collector.stop()

	reader := newReader(t, server)
	requireExactly(t, a.next, reader.numbers("a.log"))
	requireExactly(t, b.next, reader.numbers("b.log"))
	host, err := os.Hostname()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{host + a.path, host + b.path}, reader.streams(), "streams are HOST/PATH")
}

// A line that CloudWatch cannot take must harm no other.
func TestOddLinesHarmNoOthers(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	path := filepath.Join(t.TempDir(), "odd.log")
	long := strings.Repeat("long ", 300_000) // 1.5 MB, above what CloudWatch takes as one event
	lines := []string{
		"first", "", "   ", "\tat indented(Trace.java:1)  ", "a tab\tand \"quotes\" and \\ and \x01", "broken \xff\xfe bytes", "größer 日本 🚀",
		`{"_aws": "not EMF"}`, long, "last",
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\r\nwindows\r\n"), 0o600))
	newSetup(t, server, path).startHealthy()

	reader := newReader(t, server)
	await(t, "the last line", func() bool {
		streams := reader.streams()
		if len(streams) == 0 {
			return false
		}
		messages := reader.messages(streams[0])
		return len(messages) > 0 && messages[len(messages)-1] == "windows"
	})
	messages := reader.messages(reader.streams()[0])
	assert.Equal(t, []string{
		"first", "   ", "\tat indented(Trace.java:1)  ", "a tab\tand \"quotes\" and \\ and \x01", "broken \ufffd\ufffd bytes", "größer 日本 🚀", `{"_aws": "not EMF"}`,
	}, messages[:7], "empty lines are left out, the rest is as it was")
	assert.Equal(t, long, strings.Join(messages[7:len(messages)-2], ""), "a long line is split, and nothing of it is lost")
	assert.Equal(t, []string{"last", "windows"}, messages[len(messages)-2:])
}

func TestBacklogOfAMillionLinesIsSentWhole(t *testing.T) {
	t.Parallel()
	const lines = 1_000_000
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "backlog.log")
	w.append(lines)
	collector := newSetup(t, server, w.path).startHealthy()
	await(t, "all lines", func() bool { return counted(server) >= lines })
	collector.stop()
	requireExactly(t, lines, newReader(t, server).numbers("backlog.log"))
}

func TestRestartAfterSIGTERMRepeatsNothing(t *testing.T) {
	t.Parallel()
	w, reader := endThreeTimes(t, (*collector).stop)
	requireExactly(t, w.next, reader.numbers("app.log"))
}

func TestKillLosesNothing(t *testing.T) {
	t.Parallel()
	w, reader := endThreeTimes(t, (*collector).kill)
	got := compare(w.next, reader.numbers("app.log"))
	assert.Zero(t, got.missing, got)
	t.Logf("%d of %d lines were repeated after three kills", got.repeated, w.next)
}

// endThreeTimes ends the collector in the middle of a backlog, writes on while it is away, and starts it
// again, three times. It returns when the last line has arrived.
func endThreeTimes(t *testing.T, end func(*collector)) (*writer, *reader) {
	t.Helper()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	setup := newSetup(t, server, w.path)
	w.append(100_000)
	collector := setup.startHealthy()
	for range 3 {
		seen := counted(server)
		await(t, "some more lines", func() bool { return counted(server) > seen })
		end(collector)
		w.append(20_000)
		collector = setup.startHealthy()
	}
	reader := newReader(t, server)
	await(t, "the last line", func() bool { return reader.last("app.log") == w.next-1 })
	collector.stop()
	return w, reader
}

// fastRetries is a layer that makes the pause between two retries short.
const fastRetries = "yaml:exporters::cloudwatch_logs::retry_on_failure: {initial_interval: 50ms, max_interval: 100ms}"

// An outage of minutes in the field is one of many retries here.
func TestOutageLosesNothing(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	way := newCuttable(t, server.URL)
	w := newWriter(t, "app.log")
	setup := newSetup(t, server, w.path)
	setup.env["AWS_ENDPOINT_URL"] = way.url()
	// What may be in flight is less than what is written, so that the reader has to wait.
	setup.env["OTELCOL_CLOUDWATCH_IN_FLIGHT_BYTES"] = "1000000"
	setup.configs = append(setup.configs, fastRetries)
	collector := setup.startHealthy()
	w.append(10_000)
	// The collector has the answers, too: a lost one would rightly bring lines again.
	await(t, "the lines before the outage", func() bool { return setup.metric("cloudwatch_logs_events", ofLogs) >= w.next })

	way.cut()
	for range 10 {
		w.append(10_000)
	}
	await(t, "many retries", func() bool { return setup.metric("cloudwatch_logs_requests", ofLogs, `result="retryable"`) >= 10 })
	way.restore()
	await(t, "all lines", func() bool { return counted(server) >= w.next })
	collector.stop()
	requireExactly(t, w.next, newReader(t, server).numbers("app.log"))
}

// A batch of several files is several requests, of which some have arrived when the way is cut.
func TestOutageLosesNothingOfSeveralFiles(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	way := newCuttable(t, server.URL)
	files := []*writer{newWriter(t, "a.log"), newWriter(t, "b.log"), newWriter(t, "c.log")}
	setup := newSetup(t, server, files[0].path, files[1].path, files[2].path)
	setup.env["AWS_ENDPOINT_URL"] = way.url()
	setup.configs = append(setup.configs, fastRetries)
	collector := setup.startHealthy()
	way.cut()
	for range 5 {
		for _, w := range files {
			w.append(4_000)
		}
	}
	await(t, "many retries", func() bool { return setup.metric("cloudwatch_logs_requests", ofLogs, `result="retryable"`) >= 10 })
	way.restore()
	reader := newReader(t, server)
	for _, w := range files {
		await(t, "the last line", func() bool { return reader.last(filepath.Base(w.path)) == w.next-1 })
	}
	collector.stop()
	for _, w := range files {
		requireExactly(t, w.next, reader.numbers(filepath.Base(w.path)))
	}
}

// A stop during an outage keeps what was not sent for the next start.
func TestStopDuringAnOutageLosesNothing(t *testing.T) {
	t.Parallel()
	for name, layer := range map[string]string{"files": "", "queue": throughQueue("268435456")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{})
			way := newCuttable(t, server.URL)
			w := newWriter(t, "app.log")
			setup := newSetup(t, server, w.path)
			setup.env["AWS_ENDPOINT_URL"] = way.url()
			setup.configs = append(setup.configs, fastRetries)
			if layer != "" {
				setup.configs = append(setup.configs, layer)
			}
			way.cut()
			w.append(100_000)
			collector := setup.startHealthy()
			await(t, "many retries", func() bool { return setup.metric("cloudwatch_logs_requests", ofLogs, `result="retryable"`) >= 10 })
			collector.stop()
			way.restore()
			collector = setup.startHealthy()
			reader := newReader(t, server)
			await(t, "all lines", func() bool { return compare(w.next, reader.numbers("app.log")).missing == 0 })
			collector.stop()
			if layer == "" {
				requireExactly(t, w.next, reader.numbers("app.log"))
			}
		})
	}
}

// throughQueue is a layer that reads with file_log and keeps a queue on disk, of so many bytes.
func throughQueue(bytes string) string {
	return `yaml:{receivers: {file_tail: null, file_log: {include: "${env:OTELCOL_CLOUDWATCH_LOG_FILES}", start_at: beginning, poll_interval: 100ms, include_file_path: true,
preserve_leading_whitespaces: true, preserve_trailing_whitespaces: true, storage: state_storage, retry_on_failure: {enabled: true, initial_interval: 100ms, max_elapsed_time: 0},
operators: [{type: move, from: 'attributes["log.file.path"]', to: 'resource["log.file.path"]'}]}},
exporters: {cloudwatch_logs: {sending_queue: {enabled: true, storage: state_storage, sizer: bytes, queue_size: ` + bytes + `}}},
service: {pipelines: {logs/files: {receivers: [file_log]}}}}`
}

func TestThrottlingAndServerErrorsLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	var rules []faults.Rule
	for _, text := range []string{"throttle,operation=PutLogEvents,every=3", "server_error,operation=PutLogEvents,every=5"} {
		rule, err := faults.ParseRule(text)
		require.NoError(t, err)
		rules = append(rules, rule)
	}
	server := awslocal.Serve(t, awslocal.Options{Faults: rules})
	w := newWriter(t, "app.log")
	w.append(50_000)
	setup := newSetup(t, server, w.path)
	setup.configs = append(setup.configs, fastRetries)
	collector := setup.startHealthy()
	await(t, "all lines", func() bool { return counted(server) >= w.next })
	collector.stop()
	for _, fault := range server.Faults.List() {
		assert.Positive(t, fault.Applied, fault.Kind)
	}
	requireExactly(t, w.next, newReader(t, server).numbers("app.log"))
}

func TestRotationLosesNothing(t *testing.T) {
	t.Parallel()
	for name, rotate := range map[string]func(t *testing.T, path string){
		"rename": func(t *testing.T, path string) {
			require.NoError(t, os.Rename(path+".1", path+".2"))
			require.NoError(t, os.Rename(path, path+".1"))
		},
		"copytruncate": func(t *testing.T, path string) {
			require.NoError(t, os.Rename(path+".1", path+".2"))
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path+".1", text, 0o600))
			require.NoError(t, os.Truncate(path, 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{})
			w := newWriter(t, "app.log")
			require.NoError(t, os.WriteFile(w.path+".1", nil, 0o600))
			collector := newSetup(t, server, w.path+"*").startHealthy()
			for range 5 {
				w.append(20_000) // more than is read until the rotation
				rotate(t, w.path)
				w.append(500)
				await(t, "the lines of this round", func() bool { return counted(server) >= w.next })
			}
			collector.stop()
			got := compare(w.next, newReader(t, server).numbers("app.log"))
			assert.Zero(t, got.missing, got)
			t.Logf("%s", got)
		})
	}
}
