package cwagent

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/cwagenttest"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

var update = flag.Bool("update", false, "write the golden files anew")

func input(os string, text []byte) Input {
	return Input{OS: os, Files: []agentjson.File{{Name: "config.json", Text: text}}}
}

// TestGoldens shows each layer of a few configurations, but for the base layer, and the whole report.
func TestGoldens(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, inputs)
	for _, path := range inputs {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			result, err := Convert(input("linux", text))
			require.NoError(t, err)
			var got bytes.Buffer
			for _, name := range slices.Sorted(maps.Keys(result.Layers)) {
				if name != section.Base {
					fmt.Fprintf(&got, "-- %s --\n%s", name, result.Layers[name])
				}
			}
			got.WriteString("-- report --\n")
			require.NoError(t, result.Report.Text(&got, 120))
			cwagenttest.Golden(t, *update, strings.TrimSuffix(path, ".json")+".golden", got.String())
		})
	}
}

func TestTheBaseHasWhatPipelinesShare(t *testing.T) {
	for _, system := range []string{"linux", "windows", "darwin"} {
		result, err := Convert(input(system, []byte(`{"agent": {"debug": true}, "logs": {"metrics_collected": {"emf": {}}}}`)))
		require.NoError(t, err)
		var base struct {
			Extensions map[string]any
			Processors map[string]map[string]any
			Service    struct {
				Extensions []string
				Telemetry  struct {
					Logs struct{ Level string }
				}
			}
		}
		require.NoError(t, yaml.Unmarshal(result.Layers[section.Base], &base))
		assert.Contains(t, base.Extensions, section.StateStorage)
		assert.Contains(t, base.Extensions, "healthcheckv2")
		assert.Contains(t, base.Processors, section.MemoryLimiter)
		assert.Contains(t, base.Processors, section.ResourceDetection)
		assert.Equal(t, []string{section.StateStorage, "healthcheckv2"}, base.Service.Extensions)
		assert.Equal(t, "debug", base.Service.Telemetry.Logs.Level, "the agent's debug")
		if system == "linux" {
			assert.Contains(t, string(result.Layers[section.Base]), "    # ", "the recipe's comments are there too")
		}
	}
}

func TestMoreOfTheHostIsDetectedWhereItIsNeeded(t *testing.T) {
	result, err := Convert(input("linux", []byte(`{"metrics": {"append_dimensions": {"InstanceId": "${aws:InstanceId}"}, "metrics_collected": {"mem": {"measurement": ["used"]}}}}`)))
	require.NoError(t, err)
	assert.Contains(t, string(result.Layers[section.Base]), "[env, system, ec2]")
}

func TestWhatIsInvalidIsRefusedWithItsPath(t *testing.T) {
	for text, want := range map[string]string{
		`{"agent": {"region": 7}}`: "/agent/region: is 7",
		`{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/a", "blacklist": "("}]}}}}`: "/logs/logs_collected/files/collect_list/0/blacklist",
		`{`: "config.json: line 1",
	} {
		_, err := Convert(input("linux", []byte(text)))
		require.ErrorIs(t, err, ErrInvalid)
		require.ErrorContains(t, err, want)
	}
	in := input("linux", []byte(`{}`))
	in.CommonConfig = []byte("[proxy")
	_, err := Convert(in)
	require.ErrorIs(t, err, ErrInvalid)
}

func TestNothingToRunIsSaid(t *testing.T) {
	result, err := Convert(input("linux", []byte(`{"metrics": {"metrics_collected": {"jmx": {"jvm": {"measurement": ["x"]}}}}}`)))
	require.NoError(t, err)
	assert.True(t, result.Empty)
	assert.Equal(t, 1, result.Report.Count(report.Lost))
}

func TestNoSettingIsDroppedInSilence(t *testing.T) {
	result, err := Convert(input("linux", []byte(`{"csm": {"port": 31000}, "agent": {"surprise": {"a": [1]}}, "logs": {"metrics_collected": {"emf": {}, "surprise": 1}}}`)))
	require.NoError(t, err)
	for _, path := range []string{"/csm/port", "/agent/surprise/a/0", "/logs/metrics_collected/surprise"} {
		at := slices.IndexFunc(result.Report.Entries, func(e report.Entry) bool { return e.Path == path })
		require.GreaterOrEqual(t, at, 0, path)
		assert.Equal(t, report.Lost, result.Report.Entries[at].Outcome)
	}
}

func TestEverySampleOfTheAgentIsConverted(t *testing.T) {
	folder := cwagenttest.Samples(t)
	for _, pattern := range []string{"samples", "schema-valid"} {
		paths, err := filepath.Glob(filepath.Join(folder, pattern, "*.json"))
		require.NoError(t, err)
		require.NotEmpty(t, paths)
		for _, path := range paths {
			for _, system := range []string{"linux", "windows", "darwin"} {
				text, err := os.ReadFile(path)
				require.NoError(t, err)
				result, err := Convert(input(system, text))
				if err != nil {
					t.Errorf("%s on %s: %v", path, system, err)
					continue
				}
				for _, e := range result.Report.Entries {
					assert.NotContains(t, e.Message, "not known to this version", "%s on %s: %s", path, system, e.Path)
				}
			}
		}
	}
	paths, err := filepath.Glob(filepath.Join(folder, "schema-invalid", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		_, err = Convert(input("linux", text))
		require.ErrorIs(t, err, ErrInvalid, path)
		assert.Regexp(t, `\n/[a-z].*: `, err.Error(), path)
	}
}

func FuzzConvert(f *testing.F) {
	inputs, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	for _, path := range inputs {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, system := range []string{"linux", "windows"} {
			result, err := Convert(input(system, text))
			if err != nil && !errors.Is(err, ErrInvalid) {
				t.Fatal(err)
			}
			for name, layer := range result.Layers {
				var got map[string]any
				if err := yaml.Unmarshal(layer, &got); err != nil {
					t.Fatalf("%s: %v\n%s", name, err, layer)
				}
			}
		}
	})
}
