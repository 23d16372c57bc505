package comparison

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/cwagenttest"
)

func TestWhereLogFilesGo(t *testing.T) {
	root := cwagenttest.Node(t, `{"logs": {"log_stream_name": "all", "logs_collected": {"files": {"collect_list": [
		{"file_path": "/a.log", "log_group_name": "g", "retention_in_days": 7},
		{"file_path": "/b.log"},
		{"file_path": "/c*.log", "log_group_name": "c", "log_stream_name": "{hostname}", "publish_multi_logs": true},
		{"file_path": "/d.log", "log_group_name": "d", "retention_in_days": -1},
		{"file_path": "/e.log", "log_group_name": "e"}]}}}}`)
	pipeline := func(receiver, exporter string) map[string]any {
		return map[string]any{"receivers": []any{receiver}, "exporters": []any{exporter}}
	}
	config := map[string]any{
		"receivers": map[string]any{
			"file_tail/a": map[string]any{"include": []any{"/a.log"}, "resource": map[string]any{"group": "g"}},
			"file_tail/b": map[string]any{"include": []any{"/b.log"}, "resource": map[string]any{"group": "/b"}},
			"file_tail/c": map[string]any{"include": []any{"/c*.log"}},
			"file_tail/d": map[string]any{"include": []any{"/d.log"}, "resource": map[string]any{"group": "other"}},
		},
		"exporters": map[string]any{
			"cloudwatch_logs/7":   map[string]any{"log_group_name": "{resource:group}", "log_stream_name": "all", "log_retention": 7},
			"cloudwatch_logs/all": map[string]any{"log_group_name": `{resource:group|"x"}`, "log_stream_name": "all"},
			"cloudwatch_logs/c":   map[string]any{"log_group_name": "c", "log_stream_name": "{hostname}_{resource:log.file.path}"},
		},
		"service": map[string]any{"pipelines": map[string]any{
			"logs/a": pipeline("file_tail/a", "cloudwatch_logs/7"), "logs/b": pipeline("file_tail/b", "cloudwatch_logs/all"),
			"logs/c": pipeline("file_tail/c", "cloudwatch_logs/c"), "logs/d": pipeline("file_tail/d", "cloudwatch_logs/all"),
		}},
	}
	var results []string
	for _, f := range CompareLogs(root, config) {
		results = append(results, f.File+" "+string(f.Result))
	}
	assert.Equal(t, []string{"/a.log same", "/b.log same", "/c*.log same", "/d.log missing", "/e.log missing"}, results)
	assert.Equal(t, "/d.log to d, all; sent to other, all", CompareLogs(root, config)[3].String())
	assert.Equal(t, "/e.log to e, all", CompareLogs(root, config)[4].String())
	delete(config["exporters"].(map[string]any)["cloudwatch_logs/7"].(map[string]any), "log_retention")
	assert.Equal(t, "/a.log to g, all; sent to g, all, kept for 0 days and not 7", CompareLogs(root, config)[0].String())
}
