package comparison

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestATrialSendsNothingAndListensToNobody(t *testing.T) {
	config := map[string]any{
		"extensions": map[string]any{"state_storage": nil, "healthcheckv2": nil},
		"service": map[string]any{"pipelines": map[string]any{
			"metrics/a": map[string]any{"receivers": []any{"host_metrics/x", "statsd"}, "exporters": []any{"cloudwatch_emf/y", "otlp_http"}},
			"metrics/b": map[string]any{"receivers": []any{"statsd"}, "exporters": []any{"cloudwatch_emf/y"}},
			"logs":      map[string]any{"receivers": []any{"file_tail"}, "exporters": []any{"cloudwatch_logs"}},
		}},
	}
	layer, ok := Trial(config, "/tmp/x", "2s")
	assert.True(t, ok)
	assert.Equal(t, map[string]any{"host_metrics/x": map[string]any{"collection_interval": "2s"}, "statsd": nil}, layer["receivers"])
	assert.Contains(t, layer["exporters"], "otlp_http")
	assert.Nil(t, layer["exporters"].(map[string]any)["otlp_http"])
	pipelines := layer["service"].(map[string]any)["pipelines"].(map[string]any)
	assert.Equal(t, map[string]any{"metrics/b": nil, "logs": nil}, pipelines)
	extensions := layer["extensions"].(map[string]any)
	assert.Contains(t, extensions, "healthcheckv2")
	assert.Nil(t, extensions["healthcheckv2"])

	delete(config["service"].(map[string]any)["pipelines"].(map[string]any), "metrics/a")
	_, ok = Trial(config, "/tmp/x", "2s")
	assert.False(t, ok)
}
