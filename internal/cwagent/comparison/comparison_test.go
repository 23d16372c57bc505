package comparison

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/cwagenttest"
)

func texts(metrics []Metric) []string {
	var out []string
	for _, m := range metrics {
		out = append(out, m.String())
	}
	return out
}

func TestWhatTheAgentDeclares(t *testing.T) {
	root := cwagenttest.Node(t, `{"metrics": {"namespace": "Shop", "aggregation_dimensions": [["team"], [], ["absent"]],
		"metrics_collected": {
			"cpu": {"measurement": ["usage_idle", {"name": "cpu_usage_user", "rename": "USER", "unit": "count"}], "append_dimensions": {"team": "a"},
				"drop_original_metrics": ["usage_user"]},
			"disk": {"measurement": ["used_percent"], "drop_device": true},
			"Memory": {"measurement": ["Available Bytes"]}, "LogicalDisk": {"measurement": ["% Free Space"], "resources": ["*"]},
			"statsd": {}}}}`)
	assert.Equal(t, []string{
		"Shop LogicalDisk % Free Space {}",
		"Shop LogicalDisk % Free Space {host, instance, objectname}",
		"Shop Memory Available Bytes {}",
		"Shop Memory Available Bytes {host, objectname}",
		"Shop cpu_usage_idle {team} Percent",
		"Shop cpu_usage_idle {} Percent",
		"Shop cpu_usage_idle {cpu, host, team} Percent",
		"Shop USER {team} Count",
		"Shop USER {} Count",
		"Shop disk_used_percent {} Percent",
		"Shop disk_used_percent {fstype, host, path} Percent",
	}, texts(Declared(root, Scope{})))
}

func TestNeitherCoresNorTheirTotalIsNothing(t *testing.T) {
	for text, want := range map[string]int{
		`{"measurement": ["usage_idle"], "totalcpu": false}`:                     0,
		`{"measurement": ["usage_idle"], "totalcpu": false, "resources": ["*"]}`: 1,
		`{"measurement": ["usage_idle"]}`:                                        1,
	} {
		assert.Len(t, Declared(cwagenttest.Node(t, `{"metrics": {"metrics_collected": {"cpu": `+text+`}}}`), Scope{}), want, text)
	}
}

func TestDimensionsOfTheInstanceTakeTheHostsPlace(t *testing.T) {
	const config = `{"metrics": {"append_dimensions": {"InstanceId": "${aws:InstanceId}", "ImageId": "wrong"}, "metrics_collected": {"mem": {"measurement": ["used"]}}}}`
	assert.Equal(t, []string{"CWAgent mem_used {InstanceId} Bytes"}, texts(Declared(cwagenttest.Node(t, config), Scope{InstanceDimensions: []string{"InstanceId", "ImageId"}})))
	assert.Equal(t, []string{"CWAgent mem_used {host} Bytes"}, texts(Declared(cwagenttest.Node(t, config), Scope{})))
	assert.Equal(t, []string{"CWAgent mem_used {} Bytes"}, texts(Declared(cwagenttest.Node(t, `{"agent": {"omit_hostname": true}, "metrics": {"metrics_collected": {"mem": {"measurement": ["used"]}}}}`), Scope{})))
}

func TestWhatWasSentBesideWhatIsDeclared(t *testing.T) {
	sent := Document([]byte(`{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "N", "Dimensions": [["b", "a"], []],
		"Metrics": [{"Name": "same", "Unit": "Bytes"}, {"Name": "other"}]}]}, "a": "x"}`))
	require.Len(t, sent, 4)
	assert.Empty(t, Document([]byte("2026-11-23 info started")))
	declared := []Metric{
		{Namespace: "N", Name: "same", Dimensions: []string{"a", "b"}, Unit: "Bytes"},
		{Namespace: "N", Name: "same", Dimensions: []string{"a", "b"}, Unit: "Bytes"},
		{Namespace: "N", Name: "same", Dimensions: []string{}},
		{Namespace: "N", Name: "other", Dimensions: []string{"a", "b"}, Unit: "Count"},
		{Namespace: "N", Name: "gone", Dimensions: []string{"a"}, Path: "/gone"},
		{Namespace: "N", Name: "lost", Dimensions: []string{"a"}, Path: "/lost"},
	}
	var got []string
	for _, f := range Compare(declared, sent, func(path string) bool { return path == "/lost" }) {
		got = append(got, string(f.Result)+" "+f.Name+" {"+strings.Join(f.Dimensions, ", ")+"} "+f.Sent)
	}
	assert.Equal(t, []string{"missing gone {a} ", "other_unit other {a, b} None", "extra other {} ", "lost lost {a} ", "same same {} ", "same same {a, b} "}, got)
}
