package logs

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/cwagenttest"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

var update = flag.Bool("update", false, "write the golden files anew")

// convert converts a configuration, for the system that its name ends with: windows, and linux otherwise.
func convert(t *testing.T, name string, text []byte) *section.Context {
	t.Helper()
	system := "linux"
	if strings.Contains(name, "windows") {
		system = "windows"
	}
	c := section.New(system, agentjson.New(cwagenttest.Value(t, text)))
	Convert(c)
	c.Report.Sort()
	return c
}

// uncovered are the leaves of the section which no entry of the report stands for.
func uncovered(c *section.Context) (paths []string) {
	if !c.Root.Get("logs").IsObject() {
		return nil
	}
	r := report.Report{}
	for _, e := range c.Report.Entries {
		if e.Path != "/logs/logs_collected/files" { // of all of them; each has its own besides
			r.Entries = append(r.Entries, e)
		}
	}
	for _, leaf := range c.Root.Get("logs").Leaves() {
		if !strings.HasPrefix(leaf, "/logs/metrics_collected") && leaf != "" && !r.Covers(leaf) {
			paths = append(paths, leaf)
		}
	}
	return paths
}

func layerText(t *testing.T, c *section.Context) string {
	t.Helper()
	text := ""
	for _, l := range c.Layers() {
		one, err := l.Text()
		require.NoError(t, err)
		text += string(one)
	}
	return text
}

func TestGoldens(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, inputs)
	for _, input := range inputs {
		name := strings.TrimSuffix(filepath.Base(input), ".json")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(input)
			require.NoError(t, err)
			c := convert(t, name, text)
			assert.Empty(t, uncovered(c))
			for _, e := range c.Report.Entries {
				assert.NotContains(t, e.Message, "not known to this version", e.Path)
			}
			cwagenttest.Golden(t, *update, filepath.Join("testdata", name+".yaml"), layerText(t, c))
			cwagenttest.Golden(t, *update, filepath.Join("testdata", name+".report.txt"), cwagenttest.Report(c.Report))
		})
	}
}

// TestSamplesOfTheAgentConvert has all that the agent's schema accepts.
func TestSamplesOfTheAgentConvert(t *testing.T) {
	folder := cwagenttest.Samples(t)
	for _, pattern := range []string{"samples/*.json", "schema-valid/*.json"} {
		inputs, err := filepath.Glob(filepath.Join(folder, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, inputs)
		for _, input := range inputs {
			text, err := os.ReadFile(input)
			require.NoError(t, err)
			for _, system := range []string{"linux", "windows"} {
				name := filepath.Base(input) + " " + system
				c := convert(t, name, text)
				assert.Empty(t, uncovered(c), name)
				assert.NoError(t, c.Report.Err(), name)
				layerText(t, c)
				for _, e := range c.Report.Entries {
					if e.Outcome == report.Lost {
						assert.Contains(t, e.Path, "application_signals", "%s: %s", name, e.Message)
					}
				}
			}
		}
	}
}

// TestWhatTheAgentRefusesIsNamed has the mistakes that no schema finds.
func TestWhatTheAgentRefusesIsNamed(t *testing.T) {
	for _, c := range []struct{ list, entries, path, want string }{
		{"files", `{"file_path": "/a", "log_group_name": "G", "retention_in_days": 3}, {"file_path": "/b", "log_group_name": "g", "retention_in_days": 5}`,
			"/logs/logs_collected/files/collect_list/1/retention_in_days", `the log group "g" has retention_in_days 5 here and 3 at /logs/logs_collected/files/collect_list/0/retention_in_days: write the same in both`},
		{"files", `{"file_path": "/a", "log_group_name": "g", "log_group_class": "STANDARD"}, {"file_path": "/b", "log_group_name": "g", "log_group_class": "INFREQUENT_ACCESS"}`,
			"/logs/logs_collected/files/collect_list/1/log_group_class", `has log_group_class INFREQUENT_ACCESS here and STANDARD at`},
		{"files", `{"file_path": "/a", "log_group_class": "FAST"}`, "/logs/logs_collected/files/collect_list/0/log_group_class", `"FAST" is no class of a log group`},
		{"files", `{"file_path": "/a", "multi_line_start_pattern": "("}`, "/logs/logs_collected/files/collect_list/0/multi_line_start_pattern", `"(" is no regular expression`},
		{"files", `{"file_path": "/a*", "blacklist": "["}`, "/logs/logs_collected/files/collect_list/0/blacklist", `"[" is no regular expression`},
		{"files", `{"file_path": "/a", "filters": [{"type": "include", "expression": "("}]}`, "/logs/logs_collected/files/collect_list/0/filters/0/expression", `"(" is no regular expression`},
		{"journald", `{"log_group_name": "g", "filters": [{"type": "only", "expression": "a"}]}`, "/logs/logs_collected/journald/collect_list/0/filters/0", `the type "only" is neither include nor exclude`},
	} {
		ctx := convert(t, "linux", []byte(`{"logs": {"logs_collected": {"`+c.list+`": {"collect_list": [`+c.entries+`]}}}}`))
		err := ctx.Report.Err()
		require.Error(t, err, c.want)
		assert.Contains(t, err.Error(), c.path+": ")
		assert.Contains(t, err.Error(), c.want)
	}
}

// TestRetentionOfOneEntryIsThatOfTheGroup makes all exporters make the group alike, whoever is first.
func TestRetentionOfOneEntryIsThatOfTheGroup(t *testing.T) {
	c := convert(t, "linux", []byte(`{"logs": {"logs_collected": {
		"files": {"collect_list": [{"file_path": "/a", "log_group_name": "/g", "log_stream_name": "{date}"}, {"file_path": "/b", "log_group_name": "/g", "retention_in_days": 5, "log_group_class": "infrequent_access"}]},
		"journald": {"collect_list": [{"log_group_name": "/g", "retention_in_days": 7}]}}}}`))
	require.NoError(t, c.Report.Err())
	text := layerText(t, c)
	assert.Equal(t, 3, strings.Count(text, "log_retention: 5"), text)
	assert.Equal(t, 3, strings.Count(text, "log_group_class: INFREQUENT_ACCESS"), text)
	assert.Contains(t, cwagenttest.Report(c.Report), "another list says 5 days of the same log group, which is taken")
}

// TestOddInputHarmsNothing has what no schema lets through.
func TestOddInputHarmsNothing(t *testing.T) {
	for _, text := range []string{
		`{"logs": 1}`, `{"logs": {}}`, `{"logs": {"logs_collected": []}}`, `{"logs": {"logs_collected": {"files": {"collect_list": [1, null, "x", {}]}}}}`,
		`{"logs": {"logs_collected": {"files": {"collect_list": {"file_path": "/a", "filters": {"type": 1}, "timestamp_format": "%", "retention_in_days": "x"}}}}}`,
		`{"logs": {"logs_collected": {"windows_events": {"collect_list": [{"event_levels": [1], "event_ids": ["x"]}]}, "journald": {"collect_list": [{"matches": ["x"], "units": 1}]}}}}`,
		`{"logs": {"log_stream_name": 7, "concurrency": "x", "logs_collected": {"files": {"collect_list": []}, "application_signals": {"disabled": true}, "other": {}}}}`,
	} {
		for _, system := range []string{"linux", "windows", "darwin"} {
			c := convert(t, system, []byte(text))
			layerText(t, c)
			assert.Empty(t, uncovered(c), text)
		}
	}
}
