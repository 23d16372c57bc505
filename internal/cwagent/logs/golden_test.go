package logs

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

var update = flag.Bool("update", false, "write the golden files anew")

// convert converts a configuration, for the system that its name ends with: windows, and linux otherwise.
func convert(t *testing.T, name string, text []byte) *section.Context {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	require.NoError(t, d.Decode(&value), name)
	system := "linux"
	if strings.Contains(name, "windows") {
		system = "windows"
	}
	c := section.New(system, agentjson.New(value))
	Convert(c)
	c.Report.Sort()
	return c
}

// uncovered are the leaves of the section which no entry of the report stands for.
func uncovered(c *section.Context) (paths []string) {
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
			golden(t, name+".yaml", layerText(t, c))
			golden(t, name+".report.txt", reported(c.Report))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./internal/cwagent/logs -update writes it")
	assert.Equal(t, string(want), got, "go test ./internal/cwagent/logs -update writes it anew")
}

func reported(r *report.Report) string {
	var b strings.Builder
	for _, e := range r.Entries {
		fmt.Fprintf(&b, "%s %s\n", e.Outcome, e.Path)
		for _, line := range []struct{ name, text string }{{"to", e.To}, {"message", e.Message}, {"instead", e.Instead}} {
			if line.text != "" {
				fmt.Fprintf(&b, "    %s: %s\n", line.name, line.text)
			}
		}
	}
	return b.String()
}

// findSamples is the folder with configurations of the agent's own project, where it stands.
func findSamples(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("CWAGENT_SAMPLES")
	if folder == "" {
		folder = filepath.FromSlash("../../../../shared/cwagent")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no samples of the agent's project: %v; CWAGENT_SAMPLES names their folder", err)
	}
	return folder
}

// TestSamplesOfTheAgentConvert has all that the agent's schema accepts.
func TestSamplesOfTheAgentConvert(t *testing.T) {
	folder := findSamples(t)
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
