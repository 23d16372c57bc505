//go:build linux

package e2e

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

const agentLayer = "layers/cwagent-metrics.yaml"

// serveAgent is a CloudWatch that a test may ask about each metric again and again, which an account may not.
func serveAgent(t *testing.T) (*awslocal.Server, *cloudwatch.Client) {
	t.Helper()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	return server, cloudwatch.NewFromConfig(server.AWSConfig(context.Background()))
}

// promise is a metric of docs/agent-metrics.md that has a source.
type promise struct {
	name, plugin string
	unit         types.StandardUnit
	dimensions   []string
}

// chapter is the part of docs/agent-metrics.md below a heading, up to the next of its kind.
func chapter(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "agent-metrics.md"))
	require.NoError(t, err)
	_, after, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, ok, "docs/agent-metrics.md has no chapter %s", heading)
	before, _, _ := strings.Cut(after, "\n## ")
	return before
}

var (
	quoted    = regexp.MustCompile("`([^`]+)`")
	metricRow = regexp.MustCompile("(?m)^\\| `([^`]+)`[^|]* \\| ([^|]+) \\| ([^|]*) \\|")
)

// promises are the metrics that the documentation promises for Linux, by name.
func promises(t *testing.T) map[string]promise {
	t.Helper()
	out := map[string]promise{}
	for _, section := range strings.Split(chapter(t, "Linux"), "\n### ")[1:] {
		plugin, rest, _ := strings.Cut(section, "\n")
		_, line, ok := strings.Cut(rest, "Dimensions: ")
		if !ok {
			continue
		}
		line, _, _ = strings.Cut(line, "\n")
		var dimensions []string
		for _, match := range quoted.FindAllStringSubmatch(line, -1) {
			dimensions = append(dimensions, match[1])
		}
		for _, row := range metricRow.FindAllStringSubmatch(rest, -1) {
			if row[2] != "none" {
				require.True(t, strings.HasPrefix(row[1], plugin+"_"), row[1])
				out[row[1]] = promise{row[1], plugin, types.StandardUnit(row[3]), dimensions}
			}
		}
	}
	require.Greater(t, len(out), 60, "metrics in docs/agent-metrics.md")
	return out
}

// received is one series as CloudWatch has it.
type received struct {
	dimensions        map[string]string
	units             map[types.StandardUnit]bool
	n, sum, low, high float64
}

func (s received) mean() float64 { return s.sum / s.n }

// seriesOf is all series of a name that CloudWatch has.
func seriesOf(t *testing.T, client *cloudwatch.Client, name string) []received {
	t.Helper()
	var out []received
	for _, metric := range list(t, client, name) {
		s := received{dimensions: map[string]string{}, units: map[types.StandardUnit]bool{}, low: math.Inf(1), high: math.Inf(-1)}
		for _, d := range metric.Dimensions {
			s.dimensions[*d.Name] = *d.Value
		}
		now := time.Now()
		statistics, err := client.GetMetricStatistics(context.Background(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: metric.Namespace, MetricName: metric.MetricName, Dimensions: metric.Dimensions,
			StartTime: aws.Time(now.Add(-10 * time.Minute)), EndTime: aws.Time(now.Add(time.Minute)), Period: aws.Int32(60),
			Statistics: []types.Statistic{types.StatisticSampleCount, types.StatisticSum, types.StatisticMinimum, types.StatisticMaximum},
		})
		require.NoError(t, err)
		for _, point := range statistics.Datapoints {
			s.units[point.Unit] = true
			s.n += *point.SampleCount
			s.sum += *point.Sum
			s.low, s.high = min(s.low, *point.Minimum), max(s.high, *point.Maximum)
		}
		out = append(out, s)
	}
	return out
}

// allSeries is every series of the promised metrics, by instance.
func allSeries(t *testing.T, client *cloudwatch.Client, want map[string]promise) map[instance]received {
	t.Helper()
	out := map[instance]received{}
	for name, p := range want {
		for _, s := range seriesOf(t, client, name) {
			of := ""
			for _, dimension := range []string{"cpu", "path", "name", "interface"} {
				of += s.dimensions[dimension]
			}
			_, twice := out[instance{name, of}]
			assert.False(t, twice, "%s has two series for %q: %v", name, of, s.dimensions)
			out[instance{name, of}] = s
			assert.ElementsMatch(t, p.dimensions, slices.Collect(maps.Keys(s.dimensions)), "dimensions of %s", name)
			assert.Equal(t, map[types.StandardUnit]bool{p.unit: true}, s.units, "unit of %s", name)
		}
	}
	return out
}

// namesIn are the names of all metrics that arrived.
func namesIn(t *testing.T, client *cloudwatch.Client) []string {
	t.Helper()
	names := map[string]bool{}
	pages := cloudwatch.NewListMetricsPaginator(client, &cloudwatch.ListMetricsInput{Namespace: aws.String(namespace)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		require.NoError(t, err)
		for _, metric := range page.Metrics {
			names[*metric.MetricName] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// samples is how often a series of that name arrived at least; 0 where there is none yet.
func samples(t *testing.T, client *cloudwatch.Client, name string) float64 {
	t.Helper()
	n := math.Inf(1)
	for _, s := range seriesOf(t, client, name) {
		n = min(n, s.n)
	}
	if math.IsInf(n, 1) {
		return 0
	}
	return n
}

// onThisHost takes out what the machine does not have, and says so.
func onThisHost(t *testing.T, machine *procReader, want map[string]promise) map[string]promise {
	t.Helper()
	out, missing := map[string]promise{}, map[string]bool{}
	for name, p := range want {
		if machine.has(p.plugin) {
			out[name] = p
		} else if !missing[p.plugin] {
			missing[p.plugin] = true
			t.Logf("%s_* is not checked: this machine has none", p.plugin)
		}
	}
	return out
}

// tolerance is by how much a gauge may leave what was seen in /proc: the two do not look at the same moment.
func tolerance(name string, s span, spans map[instance]span) float64 {
	switch {
	case name == "mem_total", strings.HasSuffix(name, "disk_total"), strings.HasSuffix(name, "inodes_total"):
		return 0
	case strings.HasPrefix(name, "cpu_time_"):
		// A tick for each core, which are summed here and there; and iowait may go back.
		return 0.5 + float64(runtime.NumCPU())/ticks
	case strings.HasSuffix(name, "_percent"):
		return 2
	case strings.HasPrefix(name, "mem_"), strings.HasPrefix(name, "swap_"):
		return 0.02 * spans[instance{"mem_total", ""}].high
	case strings.HasPrefix(name, "disk_"):
		return 1e6 + 0.02*s.high
	case name == "diskio_iops_in_progress":
		return 1000
	case name == "processes_running":
		// What is runnable changes between two looks, by as much as there is: 42 were seen beside 12 of /proc.
		return spans[instance{"processes_total", ""}].high
	default: // processes and connections come and go
		return 20 + s.high/2
	}
}

func TestAgentMetricsAgreeWithTheKernel(t *testing.T) {
	t.Parallel()
	// A connection that is closed at one end: FIN_WAIT2 there, CLOSE_WAIT here.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	other, err := listener.Accept()
	require.NoError(t, err)
	defer other.Close()
	require.NoError(t, client.(*net.TCPConn).CloseWrite())

	machine := newProcReader()
	want := onThisHost(t, machine, promises(t))
	var counters []instance
	for i := range machine.counters() {
		counters = append(counters, i)
	}
	server, cw := serveAgent(t)
	setup := newSetup(t, server, newWriter(t, "none.log").path)
	setup.configs = []string{"host.yaml", agentLayer, "local.yaml"}

	// Counters: all differences together are at least what was counted between the first difference and the
	// last but one, and at most what was counted from before the start to after the end.
	outerBefore := machine.counters()
	stop := machine.watch()
	collector := setup.startHealthy()
	await(t, "every metric", func() bool {
		for name := range want {
			if samples(t, cw, name) < 2 {
				return false
			}
		}
		return true
	})
	innerBefore := machine.counters()
	file, err := os.Create(filepath.Join(t.TempDir(), "busy"))
	require.NoError(t, err)
	_, err = file.Write(make([]byte, 8<<20))
	require.NoError(t, err)
	require.NoError(t, file.Sync())
	require.NoError(t, file.Close())
	innerAfter := machine.counters()
	known := map[string]float64{}
	for name := range want {
		known[name] = samples(t, cw, name)
	}
	await(t, "more of every metric", func() bool {
		for name := range want {
			if samples(t, cw, name) < known[name]+2 {
				return false
			}
		}
		return true
	})
	collector.stop()
	outerAfter := machine.counters()
	spans := stop()
	got := allSeries(t, cw, want)
	assert.Equal(t, slices.Sorted(maps.Keys(want)), namesIn(t, cw), "names")
	assert.Empty(t, server.Metrics.Status().InvalidEMF, "EMF documents that CloudWatch would refuse")

	host, err := os.Hostname()
	require.NoError(t, err)
	checked := map[string]bool{}
	for i, s := range got {
		assert.Equal(t, host, s.dimensions["host"], "%v", i)
		expected, ok := spans[i]
		if !ok {
			continue
		}
		checked[i.name] = true
		slack := tolerance(i.name, expected, spans)
		assert.GreaterOrEqual(t, s.low, expected.low-slack, "%v: /proc had %v", i, expected)
		assert.LessOrEqual(t, s.high, expected.high+slack, "%v: /proc had %v", i, expected)
	}
	for path, mount := range machine.mounts {
		s, ok := got[instance{"disk_used_percent", path}]
		if assert.True(t, ok, "disk_used_percent of %s", path) {
			assert.Equal(t, mount.fstype, s.dimensions["fstype"])
			if mount.device != "root" { // an alias that the collector resolves
				assert.Equal(t, mount.device, s.dimensions["device"])
			}
		}
	}
	for _, i := range counters {
		s, ok := got[i]
		if !assert.True(t, ok, "%v", i) {
			continue
		}
		checked[i.name] = true
		// The kernel's own counters are not read at one moment either: a page and its request, say.
		least, most := innerAfter[i]-innerBefore[i], outerAfter[i]-outerBefore[i]
		assert.GreaterOrEqual(t, s.sum, least-1, "%v: counted in between", i)
		assert.LessOrEqual(t, s.sum, most+1, "%v: counted around", i)
	}
	t.Logf("8 MiB were written; in between and around were counted:")
	for _, i := range counters {
		if i.name == "diskio_write_bytes" || i.name == "net_bytes_recv" {
			t.Logf("%v: %.0f and %.0f, the collector's sum is %.0f", i, innerAfter[i]-innerBefore[i], outerAfter[i]-outerBefore[i], got[i].sum)
		}
	}
	for _, state := range []string{"close_wait", "fin_wait2"} {
		assert.GreaterOrEqual(t, got[instance{"netstat_tcp_" + state, ""}].high, 1.0, state)
	}
	checkUsage(t, got, checked)
	for name := range want {
		assert.True(t, checked[name], "%s was compared with nothing", name)
	}
}

// checkUsage compares cpu_usage with the differences of cpu_time, which agrees with /proc/stat.
func checkUsage(t *testing.T, got map[instance]received, checked map[string]bool) {
	t.Helper()
	of := func(name string) received { return got[instance{name, "cpu-total"}] }
	states := []string{"user", "nice", "system", "iowait", "irq", "softirq", "steal"}
	grown := func(state string) float64 { s := of("cpu_time_" + state); return s.high - s.low }
	all := grown("active") + grown("idle")
	require.Positive(t, all)
	sum := 0.0
	for _, state := range append(states, "idle", "active") {
		usage := of("cpu_usage_" + state)
		checked["cpu_usage_"+state] = true
		assert.GreaterOrEqual(t, usage.low, 0.0, state)
		assert.LessOrEqual(t, usage.high, 100.001, state)
		// The share in the whole time is a mean of the looks' shares, whatever the looks' lengths. Time comes in
		// ticks, and the machine's share is the mean of its cores'.
		share := 100 * grown(state) / all
		assert.GreaterOrEqual(t, share, usage.low-3, "cpu_usage_%s and cpu_time_%s", state, state)
		assert.LessOrEqual(t, share, usage.high+3, "cpu_usage_%s and cpu_time_%s", state, state)
		t.Logf("cpu_usage_%s: %.1f to %.1f %%, by cpu_time %.1f %%", state, usage.low, usage.high, share)
		if state != "active" {
			sum += usage.mean()
		}
	}
	assert.InDelta(t, 100, sum, 0.1, "all states together")
	assert.InDelta(t, 100, of("cpu_usage_idle").mean()+of("cpu_usage_active").mean(), 0.1, "idle and active")
}

// sets are the metrics of each layer with fewer, as documented.
func sets(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(cwagent-[a-z0-9-]+)\\.yaml` \\| ([^|;]+)").FindAllStringSubmatch(chapter(t, "Sets"), -1) {
		var names []string
		if base := regexp.MustCompile(`^those of (\w+)`).FindStringSubmatch(row[2]); base != nil {
			before := row[1][:strings.LastIndexByte(row[1], '-')+1] + base[1]
			require.NotEmpty(t, out[before], before)
			names = append(names, out[before]...)
		}
		for _, match := range quoted.FindAllStringSubmatch(row[2], -1) {
			names = append(names, match[1])
		}
		out[row[1]] = names
	}
	return out
}

func TestAgentMetricsSetsAreTheWizards(t *testing.T) {
	t.Parallel()
	documented := sets(t)
	assert.Len(t, documented, 6)
	for layer, names := range documented {
		t.Run(layer, func(t *testing.T) {
			t.Parallel()
			machine, all, want := newProcReader(), promises(t), map[string]promise{}
			for _, name := range names {
				require.Contains(t, all, name)
				want[name] = all[name]
			}
			want = onThisHost(t, machine, want)
			server, cw := serveAgent(t)
			setup := newSetup(t, server, newWriter(t, "none.log").path)
			setup.configs = []string{"host.yaml", agentLayer, "layers/" + layer + ".yaml", "local.yaml"}
			collector := setup.startHealthy()
			await(t, "every metric of the set", func() bool {
				for name := range want {
					if samples(t, cw, name) < 2 {
						return false
					}
				}
				return true
			})
			collector.stop()
			assert.Equal(t, slices.Sorted(maps.Keys(want)), namesIn(t, cw))
			cpus := "^cpu-total$"
			if strings.Contains(layer, "-ec2-") {
				cpus = "^cpu[0-9]+$"
			}
			for _, s := range allSeries(t, cw, want) {
				if cpu, ok := s.dimensions["cpu"]; ok {
					assert.Regexp(t, cpus, cpu)
				}
			}
		})
	}
}

func TestAgentMetricsOfEachCoreAndTheTotal(t *testing.T) {
	t.Parallel()
	server, cw := serveAgent(t)
	setup := newSetup(t, server, newWriter(t, "none.log").path)
	setup.configs = []string{"host.yaml", agentLayer, "local.yaml"}
	setup.env["OTELCOL_CLOUDWATCH_CPUS"] = "cpu.*"
	collector := setup.startHealthy()
	await(t, "cpu_usage_idle", func() bool { return samples(t, cw, "cpu_usage_idle") > 0 })
	collector.stop()
	var cpus []string
	for _, s := range seriesOf(t, cw, "cpu_usage_idle") {
		cpus = append(cpus, s.dimensions["cpu"])
	}
	want := []string{"cpu-total"}
	for _, line := range newProcReader().lines("/proc/stat") {
		if core, _, _ := strings.Cut(line, " "); regexp.MustCompile(`^cpu\d+$`).MatchString(core) {
			want = append(want, core)
		}
	}
	assert.ElementsMatch(t, want, cpus)
}

// agentMetricsAre waits for these metrics and compares them, and the units and dimensions, too.
func agentMetricsAre(t *testing.T, cw *cloudwatch.Client, want map[string]float64) {
	t.Helper()
	await(t, "every metric", func() bool {
		for name := range want {
			if samples(t, cw, name) == 0 {
				return false
			}
		}
		return true
	})
	promised := map[string]promise{}
	for name, p := range promises(t) {
		if _, ok := want[name]; ok {
			promised[name] = p
		}
	}
	for i, s := range allSeries(t, cw, promised) {
		assert.InDelta(t, want[i.name], s.low, 1e-6, i.name)
		assert.InDelta(t, want[i.name], s.high, 1e-6, i.name)
	}
}

// A machine that is made up, so that each value is known.
func TestAgentMetricsOfMemoryHaveTheAgentsFormulas(t *testing.T) {
	t.Parallel()
	proc := filepath.Join(t.TempDir(), "proc")
	require.NoError(t, os.MkdirAll(proc, 0o755))
	for name, text := range map[string]string{
		"meminfo": "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 640 kB\nBuffers: 50 kB\nCached: 400 kB\nSReclaimable: 30 kB\n",
		"stat":    "cpu 1 0 1 1 0 0 0 0 0 0\nbtime 1700000000\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(proc, name), []byte(text), 0o600))
	}
	server, cw := serveAgent(t)
	setup := newSetup(t, server, newWriter(t, "none.log").path)
	setup.configs = []string{"host.yaml", agentLayer, "local.yaml", fmt.Sprintf(
		"yaml:receivers: {host_metrics: {root_path: %q, scrapers: {cpu: null, disk: null, filesystem: null, network: null, paging: null, processes: null}}}", filepath.Dir(proc))}
	collector := setup.startHealthy()
	agentMetricsAre(t, cw, map[string]float64{
		"mem_total": 1000 << 10, "mem_free": 100 << 10, "mem_available": 640 << 10, "mem_buffered": 50 << 10, "mem_cached": 430 << 10,
		"mem_used": 420 << 10, "mem_used_percent": 42, "mem_available_percent": 64,
	})
	collector.stop()
}

// part is a data point of host_metrics.
type part struct {
	metric, unit string
	attributes   string // name=value and so on
	value        float64
}

// What a test's machine rarely has: swap, traffic in one direction alone, a share of each state. So this is
// what host_metrics sends, sent by the test, and each part has a value of its own.
func TestAgentMetricsAreMadeOfTheRightParts(t *testing.T) {
	t.Parallel()
	server, cw := serveAgent(t)
	setup := newSetup(t, server, newWriter(t, "none.log").path)
	address := ports.FreeAddress(t)
	setup.configs = []string{"host.yaml", agentLayer, "local.yaml", fmt.Sprintf(
		"yaml:{receivers: {host_metrics: null, otlp: {protocols: {http: {endpoint: %q}}}}, service: {pipelines: {metrics/host: {receivers: [otlp]}}}}", address)}
	collector := setup.startHealthy()
	gauges := []part{
		{"system.paging.usage", "By", "device=/dev/sda2 state=used", 100},
		{"system.paging.usage", "By", "device=/dev/sda2 state=free", 300},
		{"system.paging.usage", "By", "device=/swapfile state=used", 50},
		{"system.paging.usage", "By", "device=/swapfile state=free", 150},
		{"system.disk.pending_operations", "{operations}", "device=sda", 3},
		{"system.filesystem.usage", "By", "device=/dev/sda1 mode=rw mountpoint=/data type=xfs state=used", 30},
		{"system.filesystem.usage", "By", "device=/dev/sda1 mode=rw mountpoint=/data type=xfs state=free", 60},
		{"system.filesystem.usage", "By", "device=/dev/sda1 mode=rw mountpoint=/data type=xfs state=reserved", 10},
		{"system.processes.count", "{processes}", "status=running", 1},
		{"system.processes.count", "{processes}", "status=sleeping", 20},
		{"system.processes.count", "{processes}", "status=zombies", 3},
		{"system.processes.count", "{processes}", "status=unknown", 4},
	}
	want := map[string]float64{
		"swap_free": 450, "swap_used": 150, "swap_used_percent": 25,
		"diskio_iops_in_progress": 3, "disk_used": 30, "disk_free": 60, "disk_total": 100,
		"processes_running": 1, "processes_sleeping": 20, "processes_zombies": 3, "processes_blocked": 0, "processes_idle": 0,
		"processes_paging": 0, "processes_stopped": 0, "processes_total": 28,
	}
	// Two cores of which the second does nothing: the machine's share is half of the first's.
	for i, state := range []string{"user", "nice", "system", "wait", "interrupt", "softirq", "steal", "idle"} {
		name := map[string]string{"wait": "iowait", "interrupt": "irq"}[state]
		if name == "" {
			name = state
		}
		share, seconds := float64(int(1)<<i)/256, float64(100+i)
		if state == "idle" {
			share += 1. / 256
		}
		other := 0.
		if state == "idle" {
			other = 1
		}
		gauges = append(gauges,
			part{"system.cpu.utilization", "1", "cpu=cpu0 state=" + state, share}, part{"system.cpu.utilization", "1", "cpu=cpu1 state=" + state, other},
			part{"system.cpu.time", "s", "cpu=cpu0 state=" + state, seconds}, part{"system.cpu.time", "s", "cpu=cpu1 state=" + state, 1000})
		want["cpu_usage_"+name] = 100 * (share + other) / 2
		want["cpu_time_"+name] = seconds + 1000
		if state != "idle" {
			want["cpu_usage_active"] += 100 * share / 2
			want["cpu_time_active"] += seconds + 1000
		}
	}
	for i, state := range []string{"CLOSE", "CLOSE_WAIT", "CLOSING", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "LAST_ACK", "LISTEN", "SYN_RECV", "SYN_SENT", "TIME_WAIT"} {
		gauges = append(gauges, part{"system.network.connections", "{connections}", "protocol=tcp state=" + state, float64(10 + i)})
		want["netstat_tcp_"+strings.ToLower(state)] = float64(10 + i)
	}
	gauges = append(gauges, part{"system.network.connections", "{connections}", "protocol=tcp state=FIN_WAIT_1", 0}, part{"system.network.connections", "{connections}", "protocol=tcp state=DELETE", 0})
	counters := map[string]part{
		"diskio_read_bytes":  {"system.disk.io", "By", "device=sda direction=read", 0},
		"diskio_write_bytes": {"system.disk.io", "By", "device=sda direction=write", 0},
		"diskio_reads":       {"system.disk.operations", "{operations}", "device=sda direction=read", 0},
		"diskio_writes":      {"system.disk.operations", "{operations}", "device=sda direction=write", 0},
		"diskio_io_time":     {"system.disk.io_time", "s", "device=sda", 0},
		"diskio_read_time":   {"system.disk.operation_time", "s", "device=sda direction=read", 0},
		"diskio_write_time":  {"system.disk.operation_time", "s", "device=sda direction=write", 0},
		"net_bytes_recv":     {"system.network.io", "By", "device=eth0 direction=receive", 0},
		"net_bytes_sent":     {"system.network.io", "By", "device=eth0 direction=transmit", 0},
		"net_packets_recv":   {"system.network.packets", "{packets}", "device=eth0 direction=receive", 0},
		"net_packets_sent":   {"system.network.packets", "{packets}", "device=eth0 direction=transmit", 0},
		"net_drop_in":        {"system.network.dropped", "{packets}", "device=eth0 direction=receive", 0},
		"net_drop_out":       {"system.network.dropped", "{packets}", "device=eth0 direction=transmit", 0},
		"net_err_in":         {"system.network.errors", "{errors}", "device=eth0 direction=receive", 0},
		"net_err_out":        {"system.network.errors", "{errors}", "device=eth0 direction=transmit", 0},
	}
	// Two looks, for a difference.
	first, second := slices.Clone(gauges), slices.Clone(gauges)
	for i, name := range slices.Sorted(maps.Keys(counters)) {
		p := counters[name]
		p.value = 5000
		first = append(first, p)
		p.value += float64(1 + i)
		second = append(second, p)
		want[name] = float64(1 + i)
		if strings.HasSuffix(name, "_time") {
			want[name] *= 1000
		}
	}
	post(t, address, first)
	post(t, address, second)
	agentMetricsAre(t, cw, want)
	collector.stop()
}

// post sends one look at a machine that is made up.
func post(t *testing.T, address string, parts []part) {
	t.Helper()
	now := time.Now().UnixNano() // of one scrape: only what is of one time is added up
	metrics := map[string][]string{}
	units := map[string]string{}
	for _, p := range parts {
		var attributes []string
		for _, pair := range strings.Fields(p.attributes) {
			name, value, _ := strings.Cut(pair, "=")
			attributes = append(attributes, fmt.Sprintf(`{"key": %q, "value": {"stringValue": %q}}`, name, value))
		}
		value := fmt.Sprintf(`"asInt": "%.0f"`, p.value)
		if p.unit == "s" || p.unit == "1" {
			value = fmt.Sprintf(`"asDouble": %g`, p.value)
		}
		metrics[p.metric] = append(metrics[p.metric], fmt.Sprintf(`{"timeUnixNano": "%d", %s, "attributes": [%s]}`, now, value, strings.Join(attributes, ",")))
		units[p.metric] = p.unit
	}
	var sums []string
	for name, points := range metrics {
		monotonic := !slices.Contains([]string{
			"system.paging.usage", "system.disk.pending_operations", "system.filesystem.usage", "system.processes.count", "system.network.connections", "system.cpu.utilization",
		}, name)
		sums = append(sums, fmt.Sprintf(`{"name": %q, "unit": %q, "sum": {"aggregationTemporality": 2, "isMonotonic": %t, "dataPoints": [%s]}}`,
			name, units[name], monotonic, strings.Join(points, ",")))
	}
	answer, err := http.Post("http://"+address+"/v1/metrics", "application/json", strings.NewReader(`{"resourceMetrics": [{
		"resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "made-up"}}]},
		"scopeMetrics": [{"scope": {"name": "made-up"}, "metrics": [`+strings.Join(sums, ",")+`]}]}]}`))
	require.NoError(t, err)
	answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
}

func TestAgentMetricsNameTheInstance(t *testing.T) {
	t.Parallel()
	group := map[string]string{"aws:autoscaling:groupName": "web", "Name": "web-1"}
	ec2 := map[string]string{"InstanceId": metadata.DefaultInstanceID, "ImageId": metadata.DefaultImageID, "InstanceType": metadata.DefaultInstanceType}
	scaled := maps.Clone(ec2)
	scaled["AutoScalingGroupName"] = "web"
	host, err := os.Hostname()
	require.NoError(t, err)
	tests := []struct {
		name string
		tags map[string]string
		ec2  bool
		want map[string]string
	}{
		{"in an Auto Scaling group", group, true, scaled},
		{"with tags that may not be read", nil, true, ec2},
		{"outside EC2", nil, false, map[string]string{"host": host}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server, cw := serveAgent(t)
			setup := newSetup(t, server, newWriter(t, "none.log").path)
			setup.configs = []string{"host.yaml", agentLayer, "layers/cwagent-basic.yaml", "layers/cwagent-ec2-dimensions.yaml", "local.yaml"}
			if test.ec2 {
				instance := metadata.New(metadata.Config{
					Region: "us-east-1", Account: awslocal.DefaultAccount, Keyring: auth.NewKeyring(awslocal.DefaultAccount), EC2: true, Tags: test.tags,
				})
				service := httptest.NewServer(instance)
				defer service.Close()
				for _, v := range instance.Env(service.URL) {
					name, value, _ := strings.Cut(v, "=")
					setup.env[name] = value
				}
			}
			collector := setup.startHealthy()
			await(t, "metrics", func() bool { return samples(t, cw, "mem_used_percent") > 0 })
			collector.stop()
			series := seriesOf(t, cw, "mem_used_percent")
			require.Len(t, series, 1)
			assert.Equal(t, test.want, series[0].dimensions)
		})
	}
}

// aggregation_dimensions adds sets of dimensions, where a metric has all of them.
func TestAgentMetricsAreAggregated(t *testing.T) {
	t.Parallel()
	server, cw := serveAgent(t)
	setup := newSetup(t, server, newWriter(t, "none.log").path)
	setup.configs = []string{"host.yaml", agentLayer, "layers/cwagent-basic.yaml", "local.yaml",
		"yaml:exporters::cloudwatch_emf::aggregation_dimensions: [[cpu], [], [InstanceId]]"}
	collector := setup.startHealthy()
	await(t, "metrics", func() bool {
		return samples(t, cw, "mem_used_percent") > 0 && samples(t, cw, "cpu_usage_idle") > 0
	})
	collector.stop()
	host, err := os.Hostname()
	require.NoError(t, err)
	for name, want := range map[string][]map[string]string{
		"mem_used_percent": {{"host": host}, {}},
		"cpu_usage_idle":   {{"host": host, "cpu": "cpu-total"}, {"cpu": "cpu-total"}, {}},
	} {
		var got []map[string]string
		for _, s := range seriesOf(t, cw, name) {
			got = append(got, s.dimensions)
		}
		assert.ElementsMatch(t, want, got, name)
	}
}

// What can be seen of the Windows layer elsewhere: the collector reads it and stops at the first receiver
// that wants Windows, and each metric of the documentation has its counter.
func TestAgentMetricsForWindowsAreThoseOfTheDocumentation(t *testing.T) {
	t.Parallel()
	for _, more := range []string{"", "layers/cwagent-ec2-dimensions.yaml"} {
		args := []string{"validate", "--config", "windows.yaml", "--config", "layers/cwagent-metrics-windows.yaml", "--config", withoutEventLogs}
		if more != "" {
			args = append(args, "--config", more)
		}
		command := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), args...)
		command.Env = []string{"AWS_REGION=us-east-1", "OTELCOL_CLOUDWATCH_STATE_DIR=" + t.TempDir()}
		command.Dir = filepath.Join(root, "config")
		out, err := command.CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(out), `failed to create "windowsperfcounters" receiver`)
		assert.Contains(t, string(out), "only supported on Windows")
	}

	text, err := os.ReadFile(filepath.Join(root, "config", "layers", "cwagent-metrics-windows.yaml"))
	require.NoError(t, err)
	var layer struct {
		Receivers struct {
			Counters struct {
				Metrics      map[string]any
				Perfcounters []struct {
					Object    string
					Instances []string
					Counters  []struct {
						Name, Metric string
						Attributes   map[string]string
					}
				}
			} `yaml:"windowsperfcounters"`
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &layer))
	sources := map[string]string{}
	for _, object := range layer.Receivers.Counters.Perfcounters {
		for _, counter := range object.Counters {
			assert.Equal(t, object.Object+" "+counter.Name, counter.Metric)
			assert.Contains(t, layer.Receivers.Counters.Metrics, counter.Metric)
			attributes, source := map[string]string{"objectname": object.Object}, "counter"
			switch {
			case slices.Equal(object.Instances, []string{"*"}):
				source = "counter, each instance"
			case len(object.Instances) == 1:
				attributes["instance"] = object.Instances[0]
				source = "counter, `" + object.Instances[0] + "`"
			}
			assert.Equal(t, attributes, counter.Attributes, counter.Metric)
			sources[counter.Metric] = source
		}
	}
	documented := map[string]string{}
	for _, row := range metricRow.FindAllStringSubmatch(chapter(t, "Windows"), -1) {
		if row[2] != "none" {
			documented[row[1]] = row[2]
		}
	}
	assert.Equal(t, documented, sources)
	assert.Len(t, layer.Receivers.Counters.Metrics, len(sources))
}
