package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Variables as people mistake them. Each is named by its key, with its value and what to write, and by where it stands.
func TestMistakesInTheVariablesOfAHostAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ variable, value, want string }{
		{"LOG_FILES", `["/var/log/a.log"`, `"[\"/var/log/a.log\""`},
		{"LOG_FILES", "[]", "include has no pattern: name the files to read"},
		{"LOG_START_AT", "End", `"End" is none of ["end" "beginning"]`},
		{"LOG_GROUP", "my group!", `log_group_name "my group!": character 3`},
		{"LOG_RETENTION_DAYS", "2", "use 0 (for ever) or one of"},
		{"LOG_RETENTION_DAYS", "30d", `exporters::cloudwatch_logs::log_retention: "30d" is not a whole number: write digits without a unit, such as 30`},
		{"METRICS_RETENTION_DAYS", "never", `exporters::cloudwatch_emf::log_retention: "never" is not a whole number`},
		{"NAMESPACE", "AWS/EC2", `namespace: "AWS/EC2": namespaces that begin with AWS/ belong to AWS`},
		{"INTERVAL", "60", "60 has no unit, and would mean nanoseconds: write 60s"},
		{"INTERVAL", "1 minute", `receivers::host_metrics::collection_interval: "1 minute" is not a duration`},
		{"MEMORY_LIMIT_MIB", "512MiB", `processors::memory_limiter::limit_mib: "512MiB" is not a whole number: write digits without a unit, such as 512`},
		{"TELEMETRY_PORT", "99999", "prometheus::port: 99999 is not a port: use 1 to 65535"},
		{"TELEMETRY_PORT", "abc", `prometheus::port: "abc" is not a whole number`},
		{"HEALTH_ENDPOINT", "13133", `extensions::healthcheckv2::http::endpoint: "13133" is not an address: write host and port, such as localhost:13133`},
		{"LOG_LEVEL", "verbose", "service::telemetry::logs::level: invalid value \"verbose\": unrecognized level: \"verbose\": use debug, info, warn or error"},
		{"FSYNC", "yes", `extensions::state_storage::fsync: "yes" is not a boolean: write true or false`},
		{"STATE_DIR", "relative/dir", `invalid directory "relative/dir"`},
		{"IN_FLIGHT_BYTES", "lots", `receivers::file_tail::max_in_flight: invalid value "lots"`},
		{"CONFIG_TIMEOUT", "30", `OTELCOL_CLOUDWATCH_CONFIG_TIMEOUT: "30" is not a duration such as 30s`},
	} {
		t.Run(c.variable+"="+c.value, func(t *testing.T) {
			t.Parallel()
			command := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), "validate", "--config", "host.yaml")
			command.Env = []string{"AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "OTELCOL_CLOUDWATCH_STATE_DIR=" + t.TempDir(), "OTELCOL_CLOUDWATCH_" + c.variable + "=" + c.value}
			command.Dir = filepath.Join(root, "config")
			out, err := command.CombinedOutput()
			require.Error(t, err)
			assert.Contains(t, string(out), c.want)
			assert.NotContains(t, string(out), "unconvertible")
			if c.variable != "CONFIG_TIMEOUT" {
				assert.Contains(t, string(out), "at host.yaml:")
			}
		})
	}
}
