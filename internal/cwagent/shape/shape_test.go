package shape

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/cwagenttest"
)

func TestAMistakeIsToldWithItsPlaceAndItsRemedy(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"another type":       {`{"agent": {"region": 7}}`, `/agent/region: is 7: it should be a text of 1 to 64 characters`},
		"out of bounds":      {`{"agent": {"metrics_collection_interval": 0}}`, `/agent/metrics_collection_interval: is 0: it should be a whole number from 1 to 172800`},
		"no whole number":    {`{"agent": {"metrics_collection_interval": 1.5}}`, `/agent/metrics_collection_interval: is 1.5: it should be a whole number from 1 to 172800`},
		"a word":             {`{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/a", "timezone": "CET"}]}}}}`, `/logs/logs_collected/files/collect_list/0/timezone: is "CET": it should be one of Local, LOCAL, UTC`},
		"a retention":        {`{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/a", "retention_in_days": 8}]}}}}`, `/logs/logs_collected/files/collect_list/0/retention_in_days: is 8: it should be one of -1, 1, 3, 5, 7, 14,`},
		"no file":            {`{"logs": {"logs_collected": {"files": {"collect_list": []}}}}`, `/logs/logs_collected/files/collect_list: has no item: it should have 1 at least`},
		"a key that is near": {`{"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/a", "log_groupname": "x"}]}}}}`, `/logs/logs_collected/files/collect_list/0/log_groupname: the agent knows no such key here: did you mean "log_group_name"?`},
		"a key that is not":  {`{"traces": {"traces_collected": {"zipkin": {}}}}`, `/traces/traces_collected/zipkin: the agent knows no such key here: it knows app_signals, application_signals, otlp, xray`},
		"a key is missing":   {`{"metrics": {}}`, `/metrics: has no "metrics_collected": the agent needs it`},
		"none of several":    {`{"metrics": {"metrics_collected": {"procstat": [{"measurement": ["cpu_usage"]}]}}}`, `/metrics/metrics_collected/procstat/0: has none of pid_file, exe, pattern: the agent needs one of them at least`},
		"twice":              {`{"metrics": {"metrics_collected": {"mem": {"measurement": ["used", "used"]}}}}`, `/metrics/metrics_collected/mem/measurement/1: "used" is there twice: leave one out`},
		"no list":            {`{"metrics": {"metrics_collected": {"mem": {"measurement": "used"}}}}`, `/metrics/metrics_collected/mem/measurement: is "used": it should be a list, such as [{…}]`},
		"neither nor":        {`{"metrics": {"metrics_collected": {"mem": {"measurement": [1]}}}}`, `/metrics/metrics_collected/mem/measurement/0: is 1: it should be a text or an object`},
		"forwarded events":   {`{"logs": {"logs_collected": {"windows_events": {"collect_list": [{"event_name": "Forwarded Events", "event_ids": [1]}]}}}}`, `"Forwarded Events": the agent cannot read that one`},
		"a role":             {`{"agent": {"credentials": {"role_arn": "role"}}}`, `/agent/credentials/role_arn: is "role": it should be a text of 20 to 2048 characters`},
		"one of otlp":        {`{"traces": {"traces_collected": {"otlp": [{"grpc": "x"}]}}}`, `/traces/traces_collected/otlp/0/grpc: the agent knows no such key here: `},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, problems(cwagenttest.Value(t, []byte(c.text))).Err(), c.want)
		})
	}
}

func TestWhatIsRightHasNoMistake(t *testing.T) {
	for _, text := range []string{
		`{}`,
		`{"agent": {"credentials": {"role_arn": "${ROLE}"}, "anything": [1]}, "profiles": {}}`,
		`{"metrics": {"metrics_collected": {"cpu": {"measurement": ["usage_idle", {"name": "usage_user", "rename": "U"}], "resources": ["*"]}, "LogicalDisk": {"measurement": ["% Free Space"]}, "otlp": {}}}}`,
		`{"logs": {"metrics_collected": {"emf": {}}}}`,
	} {
		assert.NoError(t, problems(cwagenttest.Value(t, []byte(text))).Err(), text)
	}
}
