package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/logs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/positions"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/programs"
)

// migrateBase is what the base layer of a converted configuration has.
const migrateBase = "testdata/migrate_base.yaml"

// TestConvertedLogLayersAreValid has what the converter's tests compare with.
func TestConvertedLogLayersAreValid(t *testing.T) {
	t.Parallel()
	layers, err := filepath.Glob(filepath.Join(root, "internal/cwagent/logs/testdata/*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, layers)
	for _, layer := range layers {
		text, err := os.ReadFile(layer)
		require.NoError(t, err)
		if len(text) == 0 { // nothing was converted
			continue
		}
		t.Run(filepath.Base(layer), func(t *testing.T) {
			t.Parallel()
			command := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), "validate", "--config", migrateBase, "--config", layer, "--config", "yaml:"+withoutWindows(t, text, "nop"))
			command.Env = append(os.Environ(), "OTELCOL_CLOUDWATCH_STATE_DIR="+t.TempDir(), "AWS_REGION=eu-central-1", "APP=app", "STAGE=test")
			out, err := command.CombinedOutput()
			require.NoError(t, err, "%s", out)
		})
	}
}

// withoutWindows is a layer in which another receiver stands in for those of Windows event logs, which exist on Windows alone.
func withoutWindows(t *testing.T, layer []byte, instead string) string {
	t.Helper()
	var config struct {
		Service struct {
			Pipelines map[string]struct{ Receivers []string }
		}
	}
	require.NoError(t, yaml.Unmarshal(layer, &config))
	receivers, pipelines := map[string]any{}, map[string]any{}
	for name, p := range config.Service.Pipelines {
		if strings.HasPrefix(p.Receivers[0], "windows_event_log/") && runtime.GOOS != "windows" {
			pipelines[name] = map[string]any{"receivers": []string{instead}}
			for _, receiver := range p.Receivers {
				receivers[receiver] = nil // null removes it
			}
		}
	}
	if instead == "nop" {
		receivers["nop"] = map[string]any{}
	}
	text, err := json.Marshal(map[string]any{"receivers": receivers, "service": map[string]any{"pipelines": pipelines}})
	require.NoError(t, err)
	return string(text)
}

// convertLogs converts the section logs of a configuration, and returns the layers by name.
func convertLogs(t *testing.T, system, text string) map[string][]byte {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	require.NoError(t, d.Decode(&value))
	c := section.New(system, agentjson.New(value))
	logs.Convert(c)
	require.NoError(t, c.Report.Err())
	layers := map[string][]byte{}
	for _, l := range c.Layers() {
		text, err := l.Text()
		require.NoError(t, err)
		layers[l.Name()] = text
	}
	return layers
}

// converted is a collector with converted layers.
func converted(t *testing.T, server *awslocal.Server, layers map[string][]byte) *setup {
	t.Helper()
	s := newSetup(t, server)
	base, err := filepath.Abs(migrateBase)
	require.NoError(t, err)
	s.configs = []string{"file:" + base}
	folder := t.TempDir()
	for name, text := range layers {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, text, 0o600))
		s.configs = append(s.configs, "file:"+path)
	}
	return s
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// agentState writes the agent's state file of a log file.
func agentState(t *testing.T, folder, path, ranges string, offset int) {
	t.Helper()
	text := fmt.Sprintf("%d\n%s", offset, path)
	if ranges != "" {
		text += "\n" + ranges
	}
	name := strings.NewReplacer("/", "_", " ", "_", ":", "_").Replace(path)
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
}

// TestConvertedLogsGoOnWhereTheAgentStopped has the agent's files and state before the move, what was written while neither ran, and
// what comes later: each record arrives once, under the agent's names and with its own time.
func TestConvertedLogsGoOnWhereTheAgentStopped(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	folder, state := t.TempDir(), t.TempDir()
	app, a, b, late := filepath.Join(folder, "app", "app.log"), filepath.Join(folder, "web", "a-1.log"), filepath.Join(folder, "web", "b 2.log"), filepath.Join(folder, "web", "late.log")
	began := time.Now().UTC().Add(-time.Hour).Truncate(time.Millisecond)
	at := func(i int) time.Time { return began.Add(time.Duration(i) * 1234 * time.Millisecond) }
	record := func(i int) string {
		return fmt.Sprintf("%s ERROR record %d\njava.lang.Exception: 12:00:00\n\tat Foo.java:1:2:3\n\n", strings.Replace(at(i).Format("2006-01-02 15:04:05.000"), ".", ",", 1), i)
	}
	line := func(file string, i int) string { return fmt.Sprintf("%s line %d\n", file, i) }
	records := func(from, to int) {
		for i := from; i < to; i++ {
			appendTo(t, app, record(i))
		}
	}
	lines := func(path string, from, to int) {
		for i := from; i < to; i++ {
			appendTo(t, path, line(filepath.Base(path), i))
		}
	}
	size := func(path string) int {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return int(info.Size())
	}

	// The agent has sent this, all of it but for a gap in b.
	records(0, 5)
	lines(a, 0, 100)
	lines(b, 0, 10)
	gap := size(b)
	lines(b, 10, 20)
	agentState(t, state, app, fmt.Sprintf("0-%d", size(app)), size(app))
	agentState(t, state, a, "", size(a))
	agentState(t, state, b, fmt.Sprintf("0-%d,%d-%d", gap, gap+len(line("b 2.log", 10)), size(b)), size(b))
	agentState(t, state, filepath.Join(folder, "web", "gone.log"), "0-7", 7)
	// Nobody has sent this.
	records(5, 10)
	lines(a, 100, 110)

	layers := convertLogs(t, "linux", fmt.Sprintf(`{"logs": {"log_stream_name": "not-asked", "logs_collected": {"files": {"collect_list": [
		{"file_path": %q, "log_group_name": "/migrated/app", "log_stream_name": "app", "retention_in_days": 14,
			"timestamp_format": "%%Y-%%m-%%d %%H:%%M:%%S,%%f", "multi_line_start_pattern": "{timestamp_format}", "timezone": "UTC"},
		{"file_path": %q, "log_group_name": "/migrated/web", "log_stream_name": "web", "publish_multi_logs": true, "retention_in_days": 3}
	]}}}}`, app+"*", filepath.Join(folder, "web", "*.log")))
	s := converted(t, server, layers)
	receivers, err := positions.Receivers(layers, os.LookupEnv)
	require.NoError(t, err)
	agent := checkpoints.Agent{State: state, Storage: s.env["OTELCOL_CLOUDWATCH_STATE_DIR"], Receivers: receivers, DryRun: true}
	planned, err := agent.TakeOver(context.Background())
	require.NoError(t, err)
	agent.DryRun = false
	taken, err := agent.TakeOver(context.Background())
	require.NoError(t, err)
	assert.Equal(t, planned, taken, "a dry run tells what will be")
	outcomes := map[string]positions.Outcome{}
	for _, one := range taken {
		outcomes[filepath.Base(one.Name)] = one.Outcome
	}
	assert.Equal(t, map[string]positions.Outcome{
		"app.log": positions.TakenOver, "a-1.log": positions.TakenOver, "b 2.log": positions.TakenOver, "gone.log": positions.Gone,
	}, outcomes)

	require.NoError(t, os.Rename(app, app+".1")) // before anybody looks
	records(10, 15)
	collector := s.startHealthy()
	records(15, 20)
	lines(a, 110, 200)
	lines(b, 20, 30)
	lines(late, 0, 5)

	type event struct {
		text string
		time int64
	}
	reader := newReader(t, server)
	read := func(group, stream string) (all []event) {
		if !strings.Contains(strings.Join(reader.in(group).streams(), "\n"), stream) {
			return nil
		}
		pages := cloudwatchlogs.NewGetLogEventsPaginator(reader.client, &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: aws.String(group), LogStreamName: aws.String(stream), StartFromHead: aws.Bool(true),
		}, func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
		for pages.HasMorePages() {
			page, err := pages.NextPage(context.Background())
			require.NoError(t, err)
			for _, e := range page.Events {
				all = append(all, event{*e.Message, *e.Timestamp})
			}
		}
		return all
	}
	stream := func(path string) string { return "web_" + strings.NewReplacer("/", "_", " ", "_").Replace(path) }
	want := map[string]int{stream(a): 100, stream(b): 20, stream(late): 5}
	await(t, "all records", func() bool {
		n := len(read("/migrated/app", "app"))
		for name := range want {
			n += len(read("/migrated/web", name))
		}
		return n >= 15+100+20+5
	})
	collector.stop()

	var expected []event
	for i := 5; i < 20; i++ {
		expected = append(expected, event{strings.TrimSuffix(record(i), "\n"), at(i).UnixMilli()})
	}
	assert.Equal(t, expected, read("/migrated/app", "app"))
	assert.Equal(t, []string{"app"}, reader.in("/migrated/app").streams())
	for path, from := range map[string]int{a: 100, b: 10, late: 0} {
		for i, e := range read("/migrated/web", stream(path)) {
			assert.Equal(t, strings.TrimSuffix(line(filepath.Base(path), from+i), "\n"), e.text)
		}
		assert.Len(t, read("/migrated/web", stream(path)), want[stream(path)], path)
	}
	assert.Len(t, reader.in("/migrated/web").streams(), 3)
	groups, err := reader.client.DescribeLogGroups(context.Background(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/migrated")})
	require.NoError(t, err)
	retention := map[string]int32{}
	for _, g := range groups.LogGroups {
		retention[*g.LogGroupName] = aws.ToInt32(g.RetentionInDays)
	}
	assert.Equal(t, map[string]int32{"/migrated/app": 14, "/migrated/web": 3}, retention)
	assert.False(t, bytes.Contains([]byte(tail(s.logFile)), []byte("panic")))
}

// TestConvertedEventsHaveTheAgentsText has events as Windows renders them, out of a file: [Channel] [LEVEL] [ID] [Source] [Computer] [Message].
func TestConvertedEventsHaveTheAgentsText(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	path := filepath.Join(t.TempDir(), "events.xml")
	event := func(level int, id, message string) string {
		return fmt.Sprintf(`<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Service Control Manager' Guid='{555908d1}' EventSourceName='SCM'/><EventID Qualifiers='16384'>%s</EventID><Version>0</Version><Level>%d</Level><Task>0</Task><TimeCreated SystemTime='2026-01-02T03:04:05.678Z'/><EventRecordID>7</EventRecordID><Channel>System</Channel><Computer>web-1.example.com</Computer><Security UserID='S-1-5-18'/></System><EventData><Data Name='param1'>x</Data></EventData>%s</Event>`, id, level, message)
	}
	rendered := func(text string) string {
		return "<RenderingInfo Culture='en-US'><Message>" + text + "</Message><Level>Information</Level><Keywords><Keyword>Classic</Keyword></Keywords></RenderingInfo>"
	}
	appendTo(t, path, event(4, "7036", rendered("The service &lt;x&gt; &amp; y entered the running state."))+"\n"+
		event(2, "41", rendered("Two\r\n\r\n\tlines"))+"\n"+
		event(1, "1", "")+"\n"+
		event(0, "2", rendered("left out"))+"\n"+
		event(9, "3", rendered(""))+"\n")
	layers := convertLogs(t, "windows", `{"logs": {"log_stream_name": "events", "logs_collected": {"windows_events": {"collect_list": [
		{"event_name": "System", "event_levels": ["INFORMATION"], "event_format": "text", "log_group_name": "/migrated/events", "filters": [{"type": "exclude", "expression": "left \\bout\\]$"}]}
	]}}}}`)
	s := converted(t, server, layers)
	s.configs = append(s.configs, "yaml:"+withoutWindows(t, layers[section.Logs], "file_tail/events"), fmt.Sprintf("yaml:{receivers: {file_tail/events: {include: [%q], start_at: beginning, multiline: {line_start_pattern: ^<Event}}}}", path))
	s.startHealthy()
	reader := newReader(t, server).in("/migrated/events")
	want := []string{
		"[System] [INFORMATION] [7036] [Service Control Manager] [web-1.example.com] [The service <x> & y entered the running state.]",
		"[System] [ERROR] [41] [Service Control Manager] [web-1.example.com] [Two\n\n\tlines]",
		"[System] [CRITICAL] [1] [Service Control Manager] [web-1.example.com] []",
		"[System] [UNKNOWN] [3] [Service Control Manager] [web-1.example.com] []",
	}
	var got []string
	await(t, "the events", func() bool {
		if len(reader.streams()) > 0 {
			got = reader.messages("events")
		}
		return len(got) >= len(want)
	})
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], "\r", "")
	}
	assert.Equal(t, want, got)
}

// TestConvertedJournalIsSentAsTheAgentDoes has a journalctl of its own.
func TestConvertedJournalIsSentAsTheAgentDoes(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	tools := t.TempDir()
	script := `#!/bin/sh
case "$*" in *--version*) echo "systemd 257 (257)"; exit;; esac
echo "$*" >>` + tools + `/called
now=$(date +%s)
for n in 1 2 3; do
	echo "{\"MESSAGE\":\"login $n failed\",\"PRIORITY\":\"3\",\"_SYSTEMD_UNIT\":\"ssh.service\",\"__CURSOR\":\"c$n\",\"__REALTIME_TIMESTAMP\":\"${now}00000$n\",\"__MONOTONIC_TIMESTAMP\":\"1\",\"_BOOT_ID\":\"b\"}"
done
echo "{\"MESSAGE\":\"all is well\",\"__CURSOR\":\"c4\",\"__REALTIME_TIMESTAMP\":\"${now}000004\"}"
exec sleep 1000
`
	require.NoError(t, programs.Write(filepath.Join(tools, "journalctl"), script))
	s := converted(t, server, convertLogs(t, "linux", `{"logs": {"logs_collected": {"journald": {"collect_list": [
		{"log_group_name": "/migrated/journal", "log_stream_name": "ssh", "units": ["ssh"], "priority": "err", "retention_in_days": 7, "filters": [{"type": "include", "expression": "log\\w+ \\d failed"}]}
	]}}}}`))
	s.env["PATH"] = tools + ":" + os.Getenv("PATH")
	s.startHealthy()
	reader := newReader(t, server).in("/migrated/journal")
	var got []string
	await(t, "the events", func() bool {
		if len(reader.streams()) > 0 {
			got = reader.messages("ssh")
		}
		return len(got) >= 3
	})
	require.Len(t, got, 3)
	for i, text := range got {
		var event map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &event), text)
		body, ok := event["body"].(map[string]any)
		require.True(t, ok, text)
		assert.Equal(t, fmt.Sprintf("login %d failed", i+1), body["MESSAGE"])
		assert.NotContains(t, event, "resource", "the agent's events have none")
	}
	called, err := os.ReadFile(filepath.Join(tools, "called"))
	require.NoError(t, err)
	assert.Contains(t, string(called), "--unit ssh --priority err")
}
