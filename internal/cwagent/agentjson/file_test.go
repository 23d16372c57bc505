package agentjson

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func files(texts ...string) []File {
	var all []File
	for i, text := range texts {
		all = append(all, File{Name: string(rune('a'+i)) + ".json", Text: []byte(text)})
	}
	return all
}

func TestFilesAreMergedAsTheAgentDoes(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"one file":       {[]string{`{"agent": {"region": "x"}, "other": 1}`}, `{"agent": {"region": "x"}, "other": 1}`},
		"sections":       {[]string{`{"agent": {"region": "x"}}`, `{"logs": {"log_stream_name": "s"}}`}, `{"agent": {"region": "x"}, "logs": {"log_stream_name": "s"}}`},
		"the same":       {[]string{`{"agent": {"metrics_collection_interval": 60}}`, `{"agent": {"metrics_collection_interval": 60.0}}`}, `{"agent": {"metrics_collection_interval": 60}}`},
		"plugins":        {[]string{`{"metrics": {"metrics_collected": {"mem": {"measurement": ["used"]}}}}`, `{"metrics": {"namespace": "n", "metrics_collected": {"mem": {"measurement": ["used"]}, "swap": {}}}}`}, `{"metrics": {"namespace": "n", "metrics_collected": {"mem": {"measurement": ["used"]}, "swap": {}}}}`},
		"log files":      {[]string{`{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/a"}]}}}}`, `{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/b"}, {"file_path": "/a"}]}}}}`}, `{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/a"}, {"file_path": "/b"}]}}}}`},
		"processes":      {[]string{`{"metrics": {"metrics_collected": {"procstat": [{"exe": "a"}]}}}`, `{"metrics": {"metrics_collected": {"procstat": [{"exe": "b"}]}}}`}, `{"metrics": {"metrics_collected": {"procstat": [{"exe": "a"}, {"exe": "b"}]}}}`},
		"traces, otel":   {[]string{`{"traces": {"traces_collected": {"xray": {}}}}`, `{"traces": {"traces_collected": {"otlp": {}}}, "opentelemetry": {"collect": {}}}`}, `{"traces": {"traces_collected": {"xray": {}, "otlp": {}}}, "opentelemetry": {"collect": {}}}`},
		"event logs":     {[]string{`{"logs": {"logs_collected": {"windows_events": {"collect_list": [{"event_name": "System"}]}}}}`, `{"logs": {"logs_collected": {"windows_events": {"collect_list": [{"event_name": "Security"}]}}}}`}, `{"logs": {"logs_collected": {"windows_events": {"collect_list": [{"event_name": "System"}, {"event_name": "Security"}]}}}}`},
		"twice in one":   {[]string{`{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/a"}, {"file_path": "/a"}]}}}, "metrics": {"metrics_collected": {"procstat": [1, 1.0]}}}`}, `{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/a"}]}}}, "metrics": {"metrics_collected": {"procstat": [1]}}}`},
		"no items":       {[]string{`{"logs": {"logs_collected": {"files": {"collect_list": []}}}}`}, `{"logs": {"logs_collected": {"files": {"collect_list": []}}}}`},
		"a key twice":    {[]string{`{"agent": {"region": "x", "region": "y"}}`}, `{"agent": {"region": "y"}}`},
		"jmx: two":       {[]string{`{"metrics": {"metrics_collected": {"jmx": {"endpoint": "a"}}}}`, `{"metrics": {"metrics_collected": {"jmx": {"endpoint": "b"}}}}`}, `{"metrics": {"metrics_collected": {"jmx": [{"endpoint": "a"}, {"endpoint": "b"}]}}}`},
		"jmx: the same":  {[]string{`{"metrics": {"metrics_collected": {"jmx": {"endpoint": "a"}}}}`, `{"metrics": {"metrics_collected": {"jmx": {"endpoint": "a"}}}}`}, `{"metrics": {"metrics_collected": {"jmx": {"endpoint": "a"}}}}`},
		"jmx: one more":  {[]string{`{"metrics": {"metrics_collected": {"jmx": [{"endpoint": "a"}]}}}`, `{"metrics": {"metrics_collected": {"jmx": {"endpoint": "b"}}}}`, `{"metrics": {"metrics_collected": {"jmx": [{"endpoint": "a"}, {"endpoint": "c"}]}}}`}, `{"metrics": {"metrics_collected": {"jmx": [{"endpoint": "a"}, {"endpoint": "b"}, {"endpoint": "c"}]}}}`},
		"otlp":           {[]string{`{"metrics": {"metrics_collected": {"otlp": {"grpc_endpoint": "a:1"}}}, "traces": {"traces_collected": {"otlp": {"grpc_endpoint": "a:1"}}}}`, `{"metrics": {"metrics_collected": {"otlp": {"grpc_endpoint": "a:2"}}}, "traces": {"traces_collected": {"otlp": [{"grpc_endpoint": "a:2"}]}}}`}, `{"metrics": {"metrics_collected": {"otlp": [{"grpc_endpoint": "a:1"}, {"grpc_endpoint": "a:2"}]}}, "traces": {"traces_collected": {"otlp": [{"grpc_endpoint": "a:1"}, {"grpc_endpoint": "a:2"}]}}}`},
		"containers":     {[]string{`{"logs": {"metrics_collected": {"kubernetes": {"cluster_name": "c"}, "prometheus": {"log_group_name": "g"}, "ecs": {}}}}`, `{"logs": {"metrics_collected": {"kubernetes": {"metrics_collection_interval": 30}, "prometheus": {"prometheus_config_path": "p"}, "ecs": {"metrics_collection_interval": 30}}}}`}, `{"logs": {"metrics_collected": {"kubernetes": {"cluster_name": "c", "metrics_collection_interval": 30}, "prometheus": {"log_group_name": "g", "prometheus_config_path": "p"}, "ecs": {"metrics_collection_interval": 30}}}}`},
		"other keys":     {[]string{`{"_comment": "web", "agent": {}}`, `{"_comment": "all", "$schema": "s"}`}, `{"_comment": "web", "$schema": "s", "agent": {}}`},
		"valid together": {[]string{`{"logs": {"log_stream_name": "s"}}`, `{"logs": {"metrics_collected": {"emf": {}}}}`}, `{"logs": {"log_stream_name": "s", "metrics_collected": {"emf": {}}}}`},
		"empty objects":  {[]string{`{}`, `{"logs": {}}`}, `{"logs": {}}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Merge(files(c.files...))
			require.NoError(t, err)
			text, err := json.Marshal(got.Value())
			require.NoError(t, err)
			assert.JSONEq(t, c.want, string(text))
		})
	}
}

func TestWhatTheAgentDoesNotMerge(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"scalars": {[]string{`{"agent": {"region": "x"}}`, `{"agent": {"region": "y"}}`}, `/agent/region: a.json says "x" and b.json says "y": the agent takes no two values here; write both alike, or leave one out`},
		"plugins": {[]string{`{"metrics": {"metrics_collected": {"mem": {"measurement": ["used"]}}}}`, `{"metrics": {"metrics_collected": {"mem": {"measurement": ["free"]}}}}`}, `/metrics/metrics_collected/mem: a.json says {"measurement":["used"]} and b.json says {"measurement":["free"]}`},
		"lists":   {[]string{`{"metrics": {"aggregation_dimensions": [["a"]]}}`, `{"metrics": {"aggregation_dimensions": [["b"]]}}`}, `/metrics/aggregation_dimensions: a.json says [["a"]] and b.json says [["b"]]`},
		"otel":    {[]string{`{"opentelemetry": {"collect": {"otlp": {"grpc_endpoint": "a:1"}}}}`, `{"opentelemetry": {"collect": {"otlp": {"grpc_endpoint": "a:2"}}}}`}, `/opentelemetry/collect/otlp: a.json says`},
		"cluster": {[]string{`{"logs": {"metrics_collected": {"kubernetes": {"cluster_name": "a"}}}}`, `{"logs": {"metrics_collected": {"kubernetes": {"cluster_name": "b"}}}}`}, `/logs/metrics_collected/kubernetes/cluster_name: a.json says "a" and b.json says "b"`},
		"a list":  {[]string{`{"metrics": {"metrics_collected": {"procstat": [1]}}}`, `{"metrics": {"metrics_collected": {"procstat": {}}}}`}, `/metrics/metrics_collected/procstat: a.json says [1] and b.json says {}`},
		"kinds":   {[]string{`{"logs": {}}`, `{"logs": 1}`}, `/logs: a.json says {} and b.json says 1`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Merge(files(c.files...))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestAllConflictsAreToldInTheSameOrder(t *testing.T) {
	for range 20 { // maps are walked in another order each time
		_, err := Merge(files(`{"agent": {"region": "x", "debug": true, "logfile": "a"}}`, `{"agent": {"region": "y", "debug": false, "logfile": "b"}}`))
		require.Error(t, err)
		var paths []string
		for line := range strings.Lines(err.Error()) {
			path, _, _ := strings.Cut(line, ":")
			paths = append(paths, path)
		}
		require.Equal(t, []string{"/agent/debug", "/agent/logfile", "/agent/region"}, paths)
	}
}

func TestTheOrderIsThatOfTheNames(t *testing.T) {
	all := files(`{"metrics": {"metrics_collected": {"procstat": [1]}}}`, `{"metrics": {"metrics_collected": {"procstat": [2]}}}`)
	all[0], all[1] = all[1], all[0]
	got, err := Merge(all)
	require.NoError(t, err)
	assert.Equal(t, 1, got.Get("metrics", "metrics_collected", "procstat").Items()[0].Int())
	assert.Equal(t, "b.json", all[0].Name, "the caller's list stays")
}

func TestWhatIsNoConfiguration(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "a.json: is empty",
		"  \n":                        "a.json: is empty",
		"[1]":                         "a.json: is a list and should be a JSON object",
		"{\n  \"a\": 1,\n}":           "a.json: line 3, column 1: ",
		"{\n \"a\": 1 // why\n}":      "a.json: line 2, column 9: ",
		"{\"a\": {":                   "a.json: line 1, column 7: ends too soon",
		"{} {}":                       "a.json: line 1, column 4: something follows",
		"\xef\xbb\xbf{}":              "begins with a byte order mark",
		"{\"a\": 1, \"b\": 01}":       "a.json: line 1, column 16",
		"agent:\n  region: eu-west-1": "a.json: line 1, column 1: ",
	} {
		_, err := Merge(files(text))
		require.ErrorContains(t, err, want, text)
	}
	_, err := Merge(nil)
	require.ErrorContains(t, err, "there is no configuration")
	// All mistakes at once.
	_, err = Merge(files("", "{"))
	require.ErrorContains(t, err, "a.json: is empty")
	require.ErrorContains(t, err, "b.json: ")
}

func FuzzMerge(f *testing.F) {
	f.Add(`{"agent": {"region": "x"}}`, `{"logs": {"logs_collected": {"files": {"collect_list": [{}]}}}}`)
	f.Add(`{"metrics": {"metrics_collected": {"procstat": {}}}}`, `{"metrics": {"metrics_collected": {"procstat": []}}}`)
	f.Fuzz(func(t *testing.T, a, b string) {
		merged, err := Merge(files(a, b))
		if err == nil {
			merged.Leaves()
		}
	})
}
