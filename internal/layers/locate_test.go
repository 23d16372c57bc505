package layers

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestErrorsOfTheCollectorAreLocated(t *testing.T) {
	t.Parallel()
	merged, err := Merge(stack(
		`receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 127.0.0.1:4317
  file_log:
    include: [/x]
    operators:
      - type: filter
      - type: foo
exporters:
  awsemf:
    regionn: eu-west-1
  awscloudwatchlogs:
    sending_queue:
      batch:
        max_size: x
service:
  telemetry:
    metrics:
      level: bogus
  pipelines:
    logs:
      receivers: [otlp]
      exporters:
        - awsemf
        - awscloudwatchlogs
`, `exporters:
  awsemf:
    namespace: ${foo:bar}
    log_group_name: ${file:/absent}
service:
  extensions: []
  pipelines:
    bogus:
      exporters: [awsemf]
`))
	require.NoError(t, err)
	const decoding = "failed to get config: cannot unmarshal the configuration: decoding failed due to the following error(s):\n\n"
	const also = "decoding failed due to the following error(s):\n\n"
	for _, c := range []struct{ name, message, want string }{
		{"an unknown key", decoding + `'exporters' error reading configuration for "awsemf": ` + also + `'awsemfexporter.Config' has invalid keys: regionn`, "a:13"},
		{"a key some levels down", decoding + `'exporters' error reading configuration for "awscloudwatchlogs": ` + also + "'sending_queue' " + also + "'' " + also + "'batch' " + also + `'max_size' expected type 'int64', got unconvertible type 'string'`, "a:17"},
		{"a key with its path", decoding + `'receivers' error reading configuration for "otlp": ` + also + "'protocols.grpc' " + also + `'endpoint' expected type 'string', got unconvertible type '[]interface {}'`, "a:5"},
		{"an item of a list", decoding + `'receivers' error reading configuration for "file_log": ` + also + `'operators[1]' unsupported type 'foo'`, "a:10"},
		{"an unknown type", decoding + `'receivers' unknown type: "file_log" for id: "file_log" (valid values: [nop otlp])`, "a:6"},
		{"a component that is no map", decoding + "'exporters' " + also + `'[awsemf]' expected type 'map[string]interface {}', got unconvertible type 'string'`, "a:12"},
		{"a setting of the service", decoding + "'service.telemetry.metrics' " + also + `'level' unknown metrics level "bogus"`, "a:21"},
		{"an unknown key of the service", decoding + "'service' has invalid keys: extensions", "b:6"},
		{"an unknown section", decoding + "'otelcol.configSettings' has invalid keys: exporters", "a:11"},
		{"a pipeline's name", decoding + `'service.pipelines' in "bogus" id: unknown pipeline signal: "bogus"`, "b:8"},
		{"two errors", decoding + `'exporters' error reading configuration for "awsemf": ` + also + "'namespace' is wrong\n'log_group_name' is wrong", "b:3"},
		{"a component", "exporters::awscloudwatchlogs: the queue is too small", "a:14"},
		{"a setting that is not set", "exporters::awscloudwatchlogs: 'log_stream_name' must be set", "a:14"},
		{"a setting", "receivers::otlp::protocols::grpc: 'endpoint' must be reachable", "a:5"},
		{"what a pipeline names", `service::pipelines::logs: references exporter "awscloudwatchlogs" which is not configured`, "a:27"},
		{"an empty list", "service::pipelines::bogus: must have at least one exporter", "b:9"},
		{"a pipeline", "service::pipelines::bogus: must have at least one receiver", "b:8"},
		{"a component that does not start", `cannot start pipelines: failed to start "file_log" receiver: no such file`, "a:6"},
		{"a component that cannot be built", `failed to build pipelines: failed to create "awscloudwatchlogs" exporter for data type "logs": x`, "a:14"},
		{"an unknown scheme", `failed to get config: cannot resolve the configuration: scheme "foo" is not supported for uri "foo:bar"`, "b:3"},
		{"a placeholder", `cannot expand ${file:/absent}: no such file`, "b:4"},
		{"a key's name alone", `something about "max_size"`, "a:17"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := merged.Locate(c.message)
			require.NotEmpty(t, found)
			assert.Equal(t, c.want, found[0].String(), found)
		})
	}
	assert.Empty(t, merged.Locate("listen tcp 127.0.0.1:4317: bind: address already in use"))
	assert.Empty(t, merged.Locate(""))
	assert.Equal(t, []Origin{{"a", 12}, {"b", 2}}, merged.Locate(`exporters::awsemf: region is missing`), "every layer that wrote to it")
}
