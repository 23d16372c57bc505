package metrics

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/cwagenttest"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/recipes"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

var update = flag.Bool("update", false, "write the goldens")

// convert converts a document as the root does.
func convert(t testing.TB, os string, text []byte) *section.Context {
	t.Helper()
	c := section.New(os, agentjson.New(cwagenttest.Value(t, text)))
	Shared(c)
	Convert(c)
	c.Report.Sort()
	return c
}

// layerOf is the layer of metrics.
func layerOf(t testing.TB, c *section.Context) string {
	t.Helper()
	var text []byte
	for _, l := range c.Layers() {
		require.Equal(t, section.Metrics, l.Name())
		var err error
		text, err = l.Text()
		require.NoError(t, err)
	}
	return string(text)
}

// systemOf is the system that an input is for: NAME.SYSTEM.json.
func systemOf(name string) string {
	for _, os := range []string{"windows", "darwin"} {
		if strings.Contains(filepath.Base(name), os) {
			return os
		}
	}
	return "linux"
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	inputs, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, inputs)
	for _, input := range inputs {
		t.Run(filepath.Base(input), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(input)
			require.NoError(t, err)
			c := convert(t, systemOf(input), text)
			base := strings.TrimSuffix(input, ".json")
			cwagenttest.Golden(t, *update, base+".yaml", layerOf(t, c))
			cwagenttest.Golden(t, *update, base+".report.txt", cwagenttest.Report(c.Report))
			covered(t, c)
		})
	}
}

// covered checks that each leaf has an entry besides that of the section.
func covered(t *testing.T, c *section.Context) {
	t.Helper()
	if !c.Root.Get("metrics").There() {
		assert.Empty(t, c.Report.Entries)
		return
	}
	one := &report.Report{}
	for _, e := range c.Report.Entries {
		if e.Path != "/metrics" {
			one.Entries = append(one.Entries, e)
		}
	}
	for _, leaf := range c.Root.Get("metrics").Leaves() {
		name, ok := strings.CutPrefix(leaf, "/metrics/metrics_collected/")
		name, _, _ = strings.Cut(name, "/")
		if !ok || !strings.Contains(" statsd collectd prometheus otlp jmx ", " "+name+" ") {
			assert.True(t, one.Covers(leaf), leaf)
		}
	}
}

func TestSamplesConvert(t *testing.T) {
	t.Parallel()
	samples, err := filepath.Glob(filepath.Join(cwagenttest.Samples(t), "*", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	for _, sample := range samples {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(sample)
			require.NoError(t, err)
			for _, system := range []string{"linux", "windows", "darwin"} {
				c := convert(t, system, text)
				covered(t, c)
				var layer map[string]any
				require.NoError(t, yaml.Unmarshal([]byte(layerOf(t, c)), &layer))
			}
		})
	}
}

// The documentation, the layer and what this package says agree on which metrics there are.
func TestMetricsAreThoseOfTheDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/agent-metrics.md")
	require.NoError(t, err)
	_, linux, ok := strings.Cut(string(text), "\n## Linux\n")
	require.True(t, ok)
	linux, _, _ = strings.Cut(linux, "\n## ")
	v := &converter{Context: section.New("linux", agentjson.Node{})}
	known := recipes.Read("linux").Names()
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| ([^|]+) \\| [^|]* \\| ([^|]*) ?\\|").FindAllStringSubmatch(linux, -1) {
		name, source, difference := row[1], row[2], strings.TrimSpace(row[3])
		if !strings.Contains(name, "_") {
			continue
		}
		documented[name] = true
		reason, instead := v.missing(name, known)
		if source == "none" {
			assert.Contains(t, sourceless, name)
			assert.Contains(t, reason, "has no source here")
			assert.NotEmpty(t, instead, name)
			continue
		}
		assert.Empty(t, reason, name)
		if strings.Contains(difference, "agent") && !strings.HasPrefix(name, "mem_") && !strings.HasPrefix(name, "cpu_time_") && !strings.HasPrefix(name, "disk_") && name != "processes_paging" {
			assert.Contains(t, differences, name, difference)
		}
	}
	assert.Greater(t, len(documented), 70)
	for name := range known {
		assert.True(t, documented[name], "%s is not documented", name)
	}
	for name := range differences {
		assert.True(t, known[name], name)
	}
}

// What procstat can have is what the documentation says.
func TestProcstatIsThatOfTheDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/agent-metrics.md")
	require.NoError(t, err)
	row := regexp.MustCompile("(?m)^\\| `procstat` \\|.*$").FindString(string(text))
	have, none, ok := strings.Cut(row, "None for")
	require.True(t, ok)
	for field, from := range procstat {
		assert.Contains(t, have, "`"+field+"`")
		if field != "pid" && field != "pid_count" {
			assert.Contains(t, have, "`"+from.source+"`")
		}
		assert.NotContains(t, none, "`"+field+"`")
	}
}

func TestPatternsOfAShell(t *testing.T) {
	t.Parallel()
	for pattern, names := range map[string][2][]string{
		"eth*":        {{"eth", "eth0"}, {"xeth0", "et"}},
		"nvme?n1":     {{"nvme0n1"}, {"nvme10n1", "nvme0n1p1"}},
		"sd[a-b]":     {{"sda"}, {"sdc"}},
		"sd[!a]":      {{"sdb"}, {"sda"}},
		"{eth,en}s.0": {{"eths.0", "ens.0"}, {"ensx0"}},
		"a[":          {{"a["}, {"a"}},
		"a{b":         {{"ab"}, {"a"}},
	} {
		r := regexp.MustCompile("^" + globs(pattern) + "$")
		for _, name := range names[0] {
			assert.True(t, r.MatchString(name), "%s %s", pattern, name)
		}
		for _, name := range names[1] {
			assert.False(t, r.MatchString(name), "%s %s", pattern, name)
		}
	}
}

func TestUnitsOfAnyLetterCase(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"PERCENT": "Percent", "bytes/second": "Bytes/Second", "By": "Bytes", "kBy/s": "Kilobytes/Second", "GBi": "Gigabits", "ms": "Milliseconds",
		"": "None", "unit": "None", "Furlongs": "None",
	} {
		c := section.New("linux", agentjson.Node{})
		got := (&converter{Context: c}).unit(agentjson.New(text))
		assert.Equal(t, want, got, text)
		assert.Equal(t, text == "unit" || text == "Furlongs", c.Report.Count(report.Different) == 1, text)
	}
}

func TestWhatIsDroppedHasTheNameThatIsSent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`{"cpu": {"measurement": ["usage_idle"], "drop_original_metrics": ["usage_idle"]}}`:                                                     {"cpu_usage_idle"},
		`{"cpu": {"measurement": [{"name": "cpu_usage_idle", "rename": "IDLE"}], "drop_original_metrics": ["usage_idle"]}}`:                     {"IDLE"},
		`{"cpu": {"measurement": [{"name": "usage_idle", "unit": "Count"}, "usage_user"], "drop_original_metrics": ["*"]}}`:                     {"cpu_usage_idle", "cpu_usage_user"},
		`{"statsd": {"drop_original_metrics": ["a"]}, "procstat": [{"exe": "a", "measurement": ["pid"]}]}`:                                      nil,
		`{"net": {"measurement": ["bytes_sent"], "drop_original_metrics": ["net_bytes_sent", "bytes_sent"]}, "mem": {"measurement": ["used"]}}`: {"net_bytes_sent"},
	} {
		v := &converter{Context: section.New("linux", agentjson.Node{})}
		v.root = cwagenttest.Node(t, `{"metrics_collected": `+text+`}`)
		assert.Equal(t, want, v.dropped(), text)
	}
}

func FuzzConvert(f *testing.F) {
	inputs, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	for _, input := range inputs {
		text, err := os.ReadFile(input)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var value any
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if decoder.Decode(&value) != nil {
			return
		}
		for _, system := range []string{"linux", "windows"} {
			c := section.New(system, agentjson.New(value))
			Shared(c)
			Convert(c)
			for _, l := range c.Layers() {
				if _, err := l.Text(); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
