//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/metrics"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// metricsBase is what layers of metrics stand on.
func metricsBase(t *testing.T, detectors ...string) []string {
	t.Helper()
	return []string{
		"file:" + filepath.Join("testdata", "migrate_base.yaml"),
		"yaml:processors::resource_detection::detectors: [" + strings.Join(append([]string{"env", "system"}, detectors...), ", ") + "]",
	}
}

func written(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return "file:" + path
}

// migrated are the layers of a configuration of the agent that has metrics alone.
func migrated(t *testing.T, document string) (configs []string, c *section.Context) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.UseNumber()
	var value any
	require.NoError(t, decoder.Decode(&value))
	c = section.New("linux", agentjson.New(value))
	metrics.Shared(c)
	metrics.Convert(c)
	configs = metricsBase(t, c.Detectors()...)
	for _, l := range c.Layers() {
		text, err := l.Text()
		require.NoError(t, err)
		configs = append(configs, written(t, l.Name(), text))
	}
	return configs, c
}

// series are the dimensions of each metric that is expected, and its unit.
type series struct {
	unit       types.StandardUnit
	dimensions []map[string]string
}

// expectation is what the agent would have sent.
type expectation struct {
	host       string
	aggregated [][]string
	metrics    map[string]*series
}

// add adds a series with dimensions besides host, and those of its aggregation. original says that the full set is sent.
func (e *expectation) add(name string, unit types.StandardUnit, original bool, pairs ...string) {
	full := map[string]string{"host": e.host}
	for i := 0; i < len(pairs); i += 2 {
		full[pairs[i]] = pairs[i+1]
	}
	s := e.metrics[name]
	if s == nil {
		s = &series{unit: unit}
		e.metrics[name] = s
	}
	sets := []map[string]string{}
	if original {
		sets = append(sets, full)
	}
	for _, names := range e.aggregated {
		one := map[string]string{}
		for _, dimension := range names {
			if value, ok := full[dimension]; ok {
				one[dimension] = value
			}
		}
		if len(one) == len(names) && len(names) < len(full) {
			sets = append(sets, one)
		}
	}
	for _, set := range sets {
		if !slices.ContainsFunc(s.dimensions, func(other map[string]string) bool { return maps.Equal(set, other) }) {
			s.dimensions = append(s.dimensions, set)
		}
	}
}

// A typical file of a host in production: what arrives has the names, dimensions and units that the agent would have sent,
// and nothing else arrives.
func TestMigratedMetricsAreThoseOfTheAgent(t *testing.T) {
	t.Parallel()
	machine := newProcReader()
	server, cw := serveAgent(t)
	setup := newSetup(t, server, newWriter(t, "none.log").path)
	program := setup.renamed() // other tests run collectors, which start and end meanwhile
	host, err := os.Hostname()
	require.NoError(t, err)
	want := &expectation{host: host, aggregated: [][]string{{"path"}, {"Role"}, {}}, metrics: map[string]*series{}}
	const none = types.StandardUnitNone

	// A listener, so that there is something for netstat to count.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()

	cpus := []string{"cpu-total"}
	for _, line := range machine.lines("/proc/stat") {
		if name, _, _ := strings.Cut(line, " "); strings.HasPrefix(name, "cpu") && name != "cpu" {
			cpus = append(cpus, name)
		}
	}
	for _, cpu := range cpus {
		want.add("cpu_usage_idle", types.StandardUnitPercent, true, "cpu", cpu, "Role", "web")
		want.add("CPU_USER", types.StandardUnitCount, true, "cpu", cpu, "Role", "web")
	}
	want.add("mem_used_percent", types.StandardUnitPercent, true)
	want.add("mem_total", types.StandardUnitKilobytes, true)
	mounts := mountsOfSize(t, machine)
	require.Contains(t, mounts, "/")
	var paths []string
	for _, path := range slices.Sorted(maps.Keys(mounts)) {
		if len(paths) < 4 || path == "/" {
			paths = append(paths, path)
		}
	}
	for _, path := range paths {
		mount := mounts[path]
		labels := []string{"path", path, "fstype", mount.fstype, "device", mount.device}
		want.add("disk_total", types.StandardUnitBytes, true, labels...)
		want.add("DISK_USED", types.StandardUnitPercent, false, labels...)
		want.add("disk_inodes_free", types.StandardUnitCount, false, labels...)
	}
	disks := map[string]bool{}
	for _, line := range machine.lines("/proc/diskstats") {
		// One that never did anything is left out, by the agent too.
		if f := strings.Fields(line); slices.ContainsFunc(f[3:], func(count string) bool { return count != "0" }) {
			disks[f[2]] = true
		}
	}
	for name := range disks {
		want.add("diskio_reads", types.StandardUnitCount, true, "name", name)
		want.add("diskio_io_time", types.StandardUnitMilliseconds, true, "name", name)
	}
	want.add("net_bytes_sent", types.StandardUnitBytes, true, "interface", "lo")
	want.add("net_packets_recv", types.StandardUnitCount, true, "interface", "lo")
	if machine.swap {
		want.add("swap_used_percent", types.StandardUnitPercent, true)
	}
	want.add("netstat_tcp_listen", types.StandardUnitCount, true)
	want.add("processes_total", types.StandardUnitCount, true)
	want.add("processes_zombies", types.StandardUnitCount, true)
	for _, name := range []string{"procstat_memory_rss", "procstat_cpu_usage", "procstat_pid"} {
		unit := map[string]types.StandardUnit{"procstat_memory_rss": types.StandardUnitBytes, "procstat_cpu_usage": types.StandardUnitPercent, "procstat_pid": none}[name]
		want.add(name, unit, true, "exe", "^"+program+"$", "process_name", program, "Role", "collector")
	}
	want.add("procstat_lookup_pid_count", none, true, "exe", "^"+program+"$", "pid_finder", "native", "result", "success", "Role", "collector")
	want.add("procstat_lookup_pid_count", none, true, "pattern", "no process (has|had) this", "pid_finder", "native", "result", "success")

	resources, err := json.Marshal(paths)
	require.NoError(t, err)
	configs, c := migrated(t, `{
		"agent": {"metrics_collection_interval": 60},
		"metrics": {
			"aggregation_dimensions": [["path"], ["Role"], []],
			"metrics_collected": {
				"cpu": {
					"resources": ["*"], "totalcpu": true, "metrics_collection_interval": 10,
					"measurement": ["cpu_usage_idle", {"name": "usage_user", "rename": "CPU_USER", "unit": "count"}],
					"append_dimensions": {"Role": "web"}
				},
				"mem": {"measurement": ["used_percent", {"name": "mem_total", "unit": "Kilobytes"}]},
				"disk": {
					"resources": `+string(resources)+`, "ignore_file_system_types": ["sysfs", "devtmpfs"],
					"measurement": [{"name": "used_percent", "rename": "DISK_USED"}, "inodes_free", "disk_total"],
					"drop_original_metrics": ["used_percent", "disk_inodes_free"]
				},
				"diskio": {"resources": ["*"], "measurement": ["reads", "io_time"]},
				"net": {"resources": ["lo"], "measurement": ["bytes_sent", "packets_recv"]},
				"swap": {"measurement": ["swap_used_percent"]},
				"netstat": {"measurement": ["tcp_listen"]},
				"processes": {"measurement": ["total", "zombies"]},
				"procstat": [
					{"exe": "^`+program+`$", "measurement": ["memory_rss", "cpu_usage", "pid", "pid_count"], "append_dimensions": {"Role": "collector"}},
					{"pattern": "no process (has|had) this", "measurement": ["pid_count", "memory_rss"]}
				]
			}
		}
	}`)
	for _, e := range c.Report.Entries {
		assert.NotEqual(t, "lost", string(e.Outcome), e.Path)
	}

	setup.configs = configs
	for _, receiver := range []string{"cwagent_10s", "cwagent_60s", "cwagent_procstat_0", "cwagent_procstat_1"} {
		setup.configs = append(setup.configs, "yaml:receivers::host_metrics/"+receiver+"::collection_interval: 1s")
	}
	collector := setup.startHealthy()
	await(t, "every metric twice", func() bool {
		for name := range want.metrics {
			if samples(t, cw, name) < 2 {
				return false
			}
		}
		return true
	})
	collector.stop()

	assert.Equal(t, slices.Sorted(maps.Keys(want.metrics)), namesIn(t, cw), "names")
	assert.Empty(t, server.Metrics.Status().InvalidEMF)
	for name, expected := range want.metrics {
		var got []map[string]string
		for _, s := range seriesOf(t, cw, name) {
			got = append(got, s.dimensions)
			assert.Equal(t, map[types.StandardUnit]bool{expected.unit: true}, s.units, "unit of %s", name)
			switch {
			case s.dimensions["pattern"] != "":
				assert.Zero(t, s.high, "a count of no process")
			case name == "procstat_lookup_pid_count" && s.dimensions["exe"] != "", name == "procstat_pid":
				assert.GreaterOrEqual(t, s.low, 1.0, name)
			case name == "procstat_memory_rss":
				assert.Greater(t, s.low, float64(10<<20))
			case name == "procstat_cpu_usage":
				assert.LessOrEqual(t, s.high, 100*float64(runtime.NumCPU())*1.5)
				assert.Positive(t, s.high, "the collector itself works")
			case name == "mem_used_percent", name == "DISK_USED":
				assert.LessOrEqual(t, s.high, 100.0, name)
			}
		}
		assert.ElementsMatch(t, expected.dimensions, got, name)
	}
	checkResolution(t, cloudwatchlogs.NewFromConfig(server.AWSConfig(context.Background())))
}

// On EC2: what append_dimensions makes of the instance and its tags, of all metrics and of one plugin's.
func TestMigratedMetricsNameTheInstance(t *testing.T) {
	t.Parallel()
	const document = `{"metrics": {
		"append_dimensions": {"InstanceId": "${aws:InstanceId}", "AutoScalingGroupName": "${aws:AutoScalingGroupName}", "Team": "${aws:Team}"},
		"metrics_collected": {
			"mem": {"measurement": ["used_percent"]},
			"processes": {"measurement": ["total"], "append_dimensions": {"Kind": "${aws:InstanceType}", "ImageId": "${aws:ImageId}", "Team": "${aws:Owner.Team}", "Absent": "${aws:Absent}", "Service": "shop", "host": "h"}}
		}
	}}`
	server, cw := serveAgent(t)
	machine := metadata.New(metadata.Config{
		Region: "us-east-1", Account: awslocal.DefaultAccount, Keyring: auth.NewKeyring(awslocal.DefaultAccount), EC2: true,
		Tags: map[string]string{"aws:autoscaling:groupName": "web", "Owner.Team": "checkout", "OwnerXTeam": "other"},
	})
	service := httptest.NewServer(machine)
	defer service.Close()
	setup := newSetup(t, server, newWriter(t, "none.log").path)
	for _, v := range machine.Env(service.URL) {
		name, value, _ := strings.Cut(v, "=")
		setup.env[name] = value
	}
	setup.env["OTELCOL_CLOUDWATCH_TAGS_FROM_IMDS"] = "true"
	configs, _ := migrated(t, document)
	setup.configs = append(configs, "yaml:receivers::host_metrics/cwagent_60s::collection_interval: 1s")
	collector := setup.startHealthy()
	await(t, "metrics", func() bool { return samples(t, cw, "mem_used_percent") > 0 && samples(t, cw, "processes_total") > 0 })
	collector.stop()
	for name, want := range map[string]map[string]string{
		"mem_used_percent": {"InstanceId": metadata.DefaultInstanceID, "AutoScalingGroupName": "web"},
		"processes_total": {
			"InstanceId": metadata.DefaultInstanceID, "AutoScalingGroupName": "web", "Kind": metadata.DefaultInstanceType, "ImageId": metadata.DefaultImageID,
			"Team": "checkout", "Service": "shop",
		},
	} {
		all := seriesOf(t, cw, name)
		require.Len(t, all, 1, name)
		assert.Equal(t, want, all[0].dimensions, name)
	}

	elsewhere, cw := serveAgent(t)
	setup = newSetup(t, elsewhere, newWriter(t, "none.log").path)
	setup.configs = append(configs, "yaml:receivers::host_metrics/cwagent_60s::collection_interval: 1s")
	collector = setup.startHealthy()
	await(t, "metrics", func() bool { return samples(t, cw, "mem_used_percent") > 0 })
	collector.stop()
	host, err := os.Hostname()
	require.NoError(t, err)
	all := seriesOf(t, cw, "mem_used_percent")
	require.Len(t, all, 1)
	assert.Equal(t, map[string]string{"host": host}, all[0].dimensions, "outside EC2")
}

// checkResolution looks into the documents: cpu is looked at every 10 s, so that the agent asks for high resolution.
func checkResolution(t *testing.T, client *cloudwatchlogs.Client) {
	t.Helper()
	answer, err := client.FilterLogEvents(context.Background(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/otelcol-cloudwatch/metrics")})
	require.NoError(t, err)
	require.NotEmpty(t, answer.Events)
	for _, event := range answer.Events {
		assert.Equal(t, strings.Contains(*event.Message, `"cpu":`), strings.Contains(*event.Message, `"StorageResolution":1`), *event.Message)
	}
}

// mountsOfSize are the mounts that the agent sends: those whose size is not 0, tmpfs among them. Where two are mounted at one
// place, the last counts, which statfs sees.
func mountsOfSize(t *testing.T, machine *procReader) map[string]fileSystem {
	t.Helper()
	out := map[string]fileSystem{}
	seen := map[string]int{}
	mounts := "/proc/1/mountinfo"
	if _, err := os.ReadFile(mounts); err != nil {
		mounts = "/proc/self/mountinfo"
	}
	for _, line := range machine.lines(mounts) {
		before, after, _ := strings.Cut(line, " - ")
		where, what := strings.Fields(before), strings.Fields(after)
		path := where[4]
		seen[path]++
		var status syscall.Statfs_t
		if where[3] != "/" || slices.Contains([]string{"sysfs", "devtmpfs"}, what[0]) || syscall.Statfs(path, &status) != nil || status.Blocks == 0 || strings.Contains(path, `\`) {
			continue
		}
		out[path] = fileSystem{device: strings.TrimPrefix(what[1], "/dev/"), fstype: what[0]}
	}
	for path, n := range seen {
		if n > 1 {
			delete(out, path)
		}
	}
	return out
}

// Goldens are configurations that the collector takes.
func TestMigratedMetricsAreValid(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(root, "internal", "cwagent", "metrics", "testdata")
	goldens, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, goldens)
	for _, golden := range goldens {
		t.Run(filepath.Base(golden), func(t *testing.T) {
			t.Parallel()
			validate := func(more ...string) (string, error) {
				args := []string{"validate"}
				for _, config := range append(append(metricsBase(t, "ec2"), golden), more...) {
					args = append(args, "--config", config)
				}
				command := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), args...)
				command.Env = []string{"AWS_REGION=us-east-1", "ROLE=web", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "OTELCOL_CLOUDWATCH_STATE_DIR=" + t.TempDir()}
				out, err := command.CombinedOutput()
				return string(out), err
			}
			out, err := validate()
			if systems := mustRead(t, golden); bytes.Contains(systems, []byte("windowsperfcounters/")) {
				// What can be seen of it elsewhere: it is read, up to the receiver that wants Windows, and the rest is valid.
				require.Error(t, err)
				assert.Contains(t, out, `failed to create "windowsperfcounters/cwagent_`)
				assert.Contains(t, out, "only supported on Windows")
				out, err = validate("yaml:{receivers: {nop: {}, windowsperfcounters/cwagent_10s: null, windowsperfcounters/cwagent_60s: null}, service: {pipelines: {metrics/cwagent: {receivers: [nop]}}}}")
			}
			require.NoError(t, err, out)
		})
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}
