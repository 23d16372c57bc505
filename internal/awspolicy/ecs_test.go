package awspolicy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

const ecs = "../../distributions/ecs"

// commandOf is what the collector of a task definition is started with: the shipped configurations, and all --config
// values.
func commandOf(t *testing.T, definition string) (shipped []layers.Layer, uris []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(ecs, "task-definitions", definition))
	require.NoError(t, err)
	var task struct {
		ContainerDefinitions []struct {
			Name    string
			Command []string
		}
	}
	require.NoError(t, json.Unmarshal(text, &task))
	for _, c := range task.ContainerDefinitions {
		for i := 1; c.Name == "collector" && i < len(c.Command); i += 2 {
			uris = append(uris, c.Command[i])
			if name, ok := strings.CutPrefix(c.Command[i], "/etc/otelcol-cloudwatch/"); ok {
				text, err := os.ReadFile(filepath.Join("../../config", name))
				require.NoError(t, err)
				shipped = append(shipped, layers.Layer{Name: name, Text: text})
			}
		}
	}
	require.NotEmpty(t, uris)
	return shipped, uris
}

// The roles of the ECS task definitions are what their commands need, with a retention for every group. {ACCOUNT} and
// {REGION}, which the task definitions have too, are left open.
func TestPoliciesOfECSAreWhatTheTaskDefinitionsNeed(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	open := Values{"ACCOUNT": "{ACCOUNT}", "REGION": "{REGION}", "PARTITION": "aws"}
	policies := map[string]Document{}
	for role, definitions := range map[string][]string{"task": {"fargate.json", "ec2.json"}, "daemon": {"daemon.json"}} {
		var all []Need
		for _, definition := range definitions {
			shipped, uris := commandOf(t, definition)
			merged, err := layers.Merge(shipped)
			require.NoError(t, err)
			configuration := merged.Map()
			for _, exporter := range configuration["exporters"].(map[string]any) {
				exporter.(map[string]any)["log_retention"] = 30
			}
			needs, notes, err := Of(t.Context(), configuration, uris)
			require.NoError(t, err)
			assert.Empty(t, notes)
			all = append(all, needs...)
		}
		policy, err := Policy(all, open)
		require.NoError(t, err)
		policies[role+"-role"] = policy
	}
	trust, err := Policy([]Need{{Feature: "trust_ecs_task"}}, open)
	require.NoError(t, err)
	policies["trust"] = trust
	for name, d := range policies {
		path := filepath.Join(ecs, "policies", name+".json")
		var want strings.Builder
		require.NoError(t, d.Write(&want))
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(want.String()), 0o644))
		}
		have, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, want.String(), string(have), "%s is stale: run go test ./internal/awspolicy -run ECS -args -update", path)
	}
}
