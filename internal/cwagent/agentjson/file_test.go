package agentjson

import (
	"encoding/json"
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
		"one file":      {[]string{`{"agent": {"region": "x"}, "other": 1}`}, `{"agent": {"region": "x"}, "other": 1}`},
		"sections":      {[]string{`{"agent": {"region": "x"}}`, `{"logs": {"log_stream_name": "s"}}`}, `{"agent": {"region": "x"}, "logs": {"log_stream_name": "s"}}`},
		"the same":      {[]string{`{"agent": {"metrics_collection_interval": 60}}`, `{"agent": {"metrics_collection_interval": 60.0}}`}, `{"agent": {"metrics_collection_interval": 60}}`},
		"plugins":       {[]string{`{"metrics": {"metrics_collected": {"mem": {"measurement": ["used"]}}}}`, `{"metrics": {"namespace": "n", "metrics_collected": {"mem": {"measurement": ["used"]}, "swap": {}}}}`}, `{"metrics": {"namespace": "n", "metrics_collected": {"mem": {"measurement": ["used"]}, "swap": {}}}}`},
		"log files":     {[]string{`{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/a"}]}}}}`, `{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/b"}, {"file_path": "/a"}]}}}}`}, `{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/a"}, {"file_path": "/b"}]}}}}`},
		"processes":     {[]string{`{"metrics": {"metrics_collected": {"procstat": [{"exe": "a"}]}}}`, `{"metrics": {"metrics_collected": {"procstat": [{"exe": "b"}]}}}`}, `{"metrics": {"metrics_collected": {"procstat": [{"exe": "a"}, {"exe": "b"}]}}}`},
		"traces, otel":  {[]string{`{"traces": {"traces_collected": {"xray": {}}}}`, `{"traces": {"traces_collected": {"otlp": {}}}, "opentelemetry": {"collect": {}}}`}, `{"traces": {"traces_collected": {"xray": {}, "otlp": {}}}, "opentelemetry": {"collect": {}}}`},
		"empty objects": {[]string{`{}`, `{"logs": {}}`}, `{"logs": {}}`},
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
		"kinds":   {[]string{`{"logs": {}}`, `{"logs": 1}`}, `/logs: a.json says {} and b.json says 1`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Merge(files(c.files...))
			require.ErrorContains(t, err, c.want)
		})
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
