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

// ofTask are the places of names that ecs.yaml finds out at the start, and that a role can be held to: a task is of one
// cluster and one family.
var ofTask = strings.NewReplacer("{ClusterName}", "__CLUSTER__", `{ClusterName|"undefined"}`, "__CLUSTER__", "{TaskDefinitionFamily}", "__FAMILY__")

var openPlaces = strings.NewReplacer("__CLUSTER__", "{CLUSTER}", "__FAMILY__", "{FAMILY}")

// The roles of the ECS task definitions are what their commands need, and nothing more: the application of a task has its
// role, too. {ACCOUNT} and {REGION}, which the task definitions have too, are left open, as are {CLUSTER} and {FAMILY}.
func TestPoliciesOfECSAreWhatTheTaskDefinitionsNeed(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	open := Values{"ACCOUNT": "{ACCOUNT}", "REGION": "{REGION}", "PARTITION": "aws"}
	policies := map[string]Document{}
	for role, definitions := range map[string][]string{"task": {"fargate.json", "ec2.json"}, "daemon": {"daemon.json"}} {
		var all, wide []Need
		for _, definition := range definitions {
			shipped, uris := commandOf(t, definition)
			merged, err := layers.Merge(shipped)
			require.NoError(t, err)
			needs, notes, err := Of(t.Context(), merged.Map(), uris)
			require.NoError(t, err)
			assert.Empty(t, notes)
			wide = append(wide, needs...)

			configuration := merged.Map()
			for _, exporter := range configuration["exporters"].(map[string]any) {
				e := exporter.(map[string]any)
				if group, ok := e["log_group_name"].(string); ok {
					e["log_group_name"] = ofTask.Replace(group)
				}
			}
			needs, _, err = Of(t.Context(), configuration, uris)
			require.NoError(t, err)
			all = append(all, needs...)
		}
		policy, err := Policy(all, open)
		require.NoError(t, err)
		policies[role+"-role"] = policy
		printed, err := Policy(wide, open)
		require.NoError(t, err)
		noMore(t, policy, printed)
	}
	trust, err := Policy([]Need{{Feature: "trust_ecs_task"}}, open)
	require.NoError(t, err)
	policies["trust"] = trust
	for name, d := range policies {
		path := filepath.Join(ecs, "policies", name+".json")
		var text strings.Builder
		require.NoError(t, d.Write(&text))
		want := openPlaces.Replace(text.String())
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		}
		have, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, want, string(have), "%s is stale: run go test ./internal/awspolicy -run ECS -args -update", path)
	}
}

// noMore asserts that whatever shipped allows, the policy that `policy` prints for the configuration allows, too.
func noMore(t *testing.T, shipped, printed Document) {
	t.Helper()
	for _, s := range shipped.Statement {
		for _, action := range s.Action {
			for _, resource := range s.Resource {
				assert.True(t, printed.Allows(action, resource), "%s on %s: policy prints nothing that allows it", action, resource)
			}
		}
	}
}
