package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metrics"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/cwagenttest"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// migrate runs the command, as an operator does, and returns the folder and what it printed.
func migrate(t *testing.T, config string, more ...string) (folder, out string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "migrated")
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	cmd := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), append([]string{"migrate", "cwagent", "--output", folder, path}, more...)...)
	cmd.Env = append(os.Environ(), "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	return folder, string(text)
}

// series are those that the server has by name: dimensions as KEY=VALUE, and the unit.
func seriesByName(server *awslocal.Server) map[string][]metrics.SeriesStatus {
	all := map[string][]metrics.SeriesStatus{}
	for _, s := range server.Metrics.Status().Series {
		all[s.Name] = append(all[s.Name], s)
	}
	return all
}

func dimensionsOf(s metrics.SeriesStatus) []string {
	var names []string
	for _, d := range s.Dimensions {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}

// TestATypicalConfigurationOfTheAgent converts what a host in production has, runs it, and looks for all that the agent would
// have sent.
func TestATypicalConfigurationOfTheAgent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("its metrics are those of a Linux host")
	}
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true, Region: "eu-central-1"})
	logs := t.TempDir()
	statsd := freeUDP(t)
	config := strings.NewReplacer("LOGS", filepath.ToSlash(logs), "STATSD", statsd).Replace(`{
  "agent": {"metrics_collection_interval": 1, "region": "eu-central-1"},
  "metrics": {"namespace": "Shop", "metrics_collected": {
    "cpu": {"measurement": ["usage_idle"], "totalcpu": true, "metrics_collection_interval": 60},
    "mem": {"measurement": ["mem_used_percent"], "metrics_collection_interval": 60},
    "disk": {"measurement": [{"name": "total", "rename": "DISK_TOTAL", "unit": "Bytes"}], "resources": ["*"], "metrics_collection_interval": 60},
    "net": {"measurement": ["bytes_sent"], "metrics_collection_interval": 60},
    "statsd": {"service_address": "STATSD", "metrics_aggregation_interval": 1}}},
  "logs": {"log_stream_name": "stream-of-all", "logs_collected": {"files": {"collect_list": [
    {"file_path": "LOGS/app.log", "log_group_name": "/shop/app", "timestamp_format": "%Y-%m-%d %H:%M:%S", "timezone": "UTC", "multi_line_start_pattern": "{timestamp_format}", "retention_in_days": 30},
    {"file_path": "LOGS/access*.log", "log_group_name": "/shop/access", "log_stream_name": "access", "retention_in_days": 7}]}}}}`)
	// What is collected each minute is not waited for.
	folder, out := migrate(t, config)
	assert.Contains(t, out, "0 lost")

	at := time.Now().UTC().Truncate(time.Second).Add(-time.Hour)
	stamp := at.Format("2006-01-02 15:04:05")
	require.NoError(t, os.WriteFile(filepath.Join(logs, "app.log"), []byte(stamp+" first\n  of two lines\n"+stamp+" second\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(logs, "access.log"), []byte("GET /\nGET /a\n"), 0o600))

	s := newSetup(t, server)
	var layers []string
	for _, name := range []string{"10-base.yaml", "30-metrics.yaml", "40-logs.yaml"} {
		layers = append(layers, "file:"+filepath.Join(folder, name))
	}
	s.configs = append(layers, `yaml:{receivers: {host_metrics/cwagent_60s: {collection_interval: 1s}}}`)
	c := s.startHealthy()
	defer c.stop()
	client, err := net.Dial("udp", statsd)
	require.NoError(t, err)
	defer func() { _ = client.Close() }()

	want := map[string]struct {
		unit       string
		dimensions []string
	}{
		"cpu_usage_idle":   {"Percent", []string{"cpu", "host"}},
		"mem_used_percent": {"Percent", []string{"host"}},
		"DISK_TOTAL":       {"Bytes", []string{"device", "fstype", "host", "path"}},
		"shop_orders":      {"None", []string{"colour", "host", "metric_type"}},
		"shop_waiting":     {"None", []string{"host", "metric_type"}},
		"shop_time":        {"None", []string{"host", "metric_type"}},
	}
	await(t, "all metrics", func() bool {
		// A datagram may come before anybody listens: then it, or the next, is refused.
		_, _ = fmt.Fprint(client, "shop.orders:3|c|#colour:red\nshop.waiting:7|g\nshop.time:250|ms\n")
		have := seriesByName(server)
		for name := range want {
			if len(have[name]) == 0 {
				return false
			}
		}
		return true
	})
	have := seriesByName(server)
	for name, w := range want {
		for _, got := range have[name] {
			assert.Equal(t, "Shop", got.Namespace)
			assert.Equal(t, w.unit, got.Unit, name)
			assert.Equal(t, w.dimensions, dimensionsOf(got), name)
		}
	}
	for name, kind := range map[string]string{"shop_orders": "counter", "shop_waiting": "gauge", "shop_time": "timing"} {
		assert.Contains(t, fmt.Sprint(have[name][0].Dimensions), "{metric_type "+kind+"}", name)
	}

	r := newReader(t, server)
	await(t, "all records", func() bool {
		return len(eventsOf(t, r.in("/shop/app"), "stream-of-all")) == 2 && len(eventsOf(t, r.in("/shop/access"), "access")) == 2
	})
	records := eventsOf(t, r.in("/shop/app"), "stream-of-all")
	assert.Equal(t, stamp+" first\n  of two lines", *records[0].Message)
	assert.Equal(t, at.UnixMilli(), *records[0].Timestamp)
	assert.Equal(t, stamp+" second", *records[1].Message)
	groups, err := r.client.DescribeLogGroups(context.Background(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/shop/")})
	require.NoError(t, err)
	retention := map[string]int32{}
	for _, g := range groups.LogGroups {
		retention[*g.LogGroupName] = aws.ToInt32(g.RetentionInDays)
	}
	assert.Equal(t, map[string]int32{"/shop/app": 30, "/shop/access": 7}, retention)
}

func eventsOf(t *testing.T, r *reader, stream string) []loggedEvent {
	t.Helper()
	out, err := r.client.GetLogEvents(context.Background(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String(r.group), LogStreamName: aws.String(stream), StartFromHead: aws.Bool(true)})
	if err != nil {
		return nil // not made yet
	}
	var events []loggedEvent
	for _, e := range out.Events {
		events = append(events, loggedEvent{e.Message, e.Timestamp})
	}
	return events
}

type loggedEvent struct {
	Message   *string
	Timestamp *int64
}

func freeUDP(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	return c.LocalAddr().String()
}

// TestDocumentsThatProgramsSend sends EMF by UDP and TCP to what the agent's section emf became.
func TestDocumentsThatProgramsSend(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true, Region: "eu-central-1"})
	address := ports.FreeAddress(t)
	folder, _ := migrate(t, `{"agent": {"region": "eu-central-1"}, "logs": {"log_stream_name": "s", "metrics_collected": {"emf": {}}}}`)
	s := newSetup(t, server)
	s.configs = []string{
		"file:" + filepath.Join(folder, "10-base.yaml"), "file:" + filepath.Join(folder, "40-logs.yaml"),
		"yaml:{receivers: {udp_log/cwagent_emf: {listen_address: '" + address + "'}, tcp_log/cwagent_emf: {listen_address: '" + address + "'}}}",
	}
	c := s.startHealthy()
	defer c.stop()
	for _, network := range []string{"udp", "tcp"} {
		client, err := net.Dial(network, address)
		require.NoError(t, err)
		document := fmt.Sprintf(`{"_aws": {"Timestamp": %d, "LogGroupName": "/programs/%s", "LogStreamName": "one", "CloudWatchMetrics": [{"Namespace": "Programs", "Dimensions": [["network"]], "Metrics": [{"Name": "Sent", "Unit": "Count"}]}]}, "network": %[2]q, "Sent": 1}`, time.Now().UnixMilli(), network)
		await(t, "the document by "+network, func() bool {
			_, _ = fmt.Fprintln(client, document) // refused where nobody listens yet
			return slices.ContainsFunc(seriesByName(server)["Sent"], func(m metrics.SeriesStatus) bool { return m.Dimensions[0].Value == network && m.Unit == "Count" })
		})
		require.NoError(t, client.Close())
		assert.NotEmpty(t, eventsOf(t, newReader(t, server).in("/programs/"+network), "one"))
	}
}

// TestTheConvertedIsComparedWithTheDeclared runs migrate check on what migrate made, and on the same without a part.
func TestTheConvertedIsComparedWithTheDeclared(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("its metrics are those of a Linux host")
	}
	t.Parallel()
	const config = `{"agent": {"region": "eu-central-1"}, "metrics": {"metrics_collected": {"mem": {"measurement": ["used_percent", "active"]}, "cpu": {"measurement": ["usage_idle"]}, "statsd": {}}},
		"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/var/log/app.log", "log_group_name": "/app", "retention_in_days": 7}]}}}}`
	folder, _ := migrate(t, config, "--allow-loss")
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	check := func(more ...string) (string, error) {
		cmd := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), append([]string{"migrate", "check", "--config", "dir:" + folder, path}, more...)...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		return out.String(), err
	}
	out, err := check()
	require.NoError(t, err, out)
	assert.Contains(t, out, "3 the same, 0 missing, 0 with another unit, 1 lost as reported, 0 more")

	out, err = check("--config", "yaml:{exporters: {cloudwatch_logs/cwagent_0: {log_group_name: /other}, cloudwatch_emf/cwagent: {namespace: Other}}}", "--limit", "8s", "--format", "json")
	require.Error(t, err)
	var found struct {
		Metrics []struct{ Name, Result string }
		Logs    []struct{ Result string }
	}
	require.NoError(t, json.Unmarshal([]byte(out[:strings.LastIndex(out, "}")+1]), &found), out)
	results := map[string]int{}
	for _, m := range found.Metrics {
		results[m.Result]++
	}
	assert.Equal(t, map[string]int{"missing": 2, "lost": 1, "extra": 2}, results)
	assert.Equal(t, "missing", found.Logs[0].Result)
}

// TestEverySampleOfTheAgentIsTaken converts the agent's own configurations, as far as they are here, and asks the collector
// whether it would take what becomes of them.
func TestEverySampleOfTheAgentIsTaken(t *testing.T) {
	t.Parallel()
	samples, err := filepath.Glob(filepath.Join(cwagenttest.Samples(t), "samples", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	scrape := filepath.Join(t.TempDir(), "prometheus.yaml")
	require.NoError(t, os.WriteFile(scrape, []byte("scrape_configs: [{job_name: own, static_configs: [{targets: ['127.0.0.1:8888']}], relabel_configs: [{source_labels: [a], regex: '(.*)', target_label: b, replacement: '$1'}]}]\n"), 0o600))
	taken := 0
	for _, sample := range samples {
		text, err := os.ReadFile(sample)
		require.NoError(t, err)
		if bytes.Contains(text, []byte("credentials")) && bytes.Contains(text, []byte("opentelemetry")) || strings.Contains(sample, "windows") {
			continue // a role would be assumed to sign; receivers of Windows are there alone
		}
		var document map[string]any
		require.NoError(t, json.Unmarshal(text, &document))
		mend(document, scrape)
		text, err = json.Marshal(document)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "config.json")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		cmd := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), "migrate", "cwagent", "--allow-loss", "--output", filepath.Join(t.TempDir(), "out"), path)
		cmd.Env = append(os.Environ(), "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "HOST_IP=127.0.0.1")
		out, err := cmd.CombinedOutput()
		if err != nil && strings.Contains(string(out), "nothing of it can be converted") {
			continue
		}
		assert.NoError(t, err, "%s: %s", sample, out)
		taken++
	}
	assert.Greater(t, taken, 20)
}

// mend puts in what the samples have in place of real names.
func mend(value any, scrape string) {
	switch value := value.(type) {
	case map[string]any:
		for key, below := range value {
			text, isText := below.(string)
			switch {
			case isText && key == "role_arn":
				value[key] = "arn:aws:iam::123456789012:role/r"
			case isText && (key == "prometheus_config_path" || key == "config_path"):
				value[key] = scrape
			case isText && text == "${aws:ImageId}":
			default:
				mend(below, scrape)
			}
		}
	case []any:
		for _, below := range value {
			mend(below, scrape)
		}
	}
}
