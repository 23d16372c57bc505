package message_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awscloudwatchlogsexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// The names that both exporters are given.
const (
	groupTemplate  = "/fleet/{ServiceName}/{FaasName}"
	streamTemplate = "{PodName}-{TaskId}-{NodeName}x{ClusterName}"
)

// bodies are what both send, raw and as JSON. Documents that name their group are not among them: awscloudwatchlogs sends any
// object there that has a name for one, and cloudwatch_logs none unless redirect says so.
var bodies = []any{
	"a line", `<a href="x">&amp;\</a>`, "tab\tnul\x00del\x7f \u2028 日本語 \U0001F600", 7, true, -1.5e-9, 1e21, math.MaxFloat64, []byte("some bytes"),
	map[string]any{"z": []any{1, "<", nil, map[string]any{}, []any{}}, "a": 0.1, "Z": false}, []any{1.0, "x"},
	`{"log_group_name":"G5"`, `{"log_group_name":5}`, `{"log_stream_name":"S8"}`,
}

// exampleLogs has a resource, a scope and a record for each body, with any of the attributes that names need.
func exampleLogs(from time.Time) plog.Logs {
	ld, random := plog.NewLogs(), rand.New(rand.NewPCG(7, 7))
	put := func(m pcommon.Map, keys ...string) {
		for _, key := range keys {
			if random.IntN(3) > 0 {
				m.PutStr(key, fmt.Sprintf("%s-%d", key[:2], random.IntN(3)))
			}
		}
	}
	for i, body := range bodies {
		rl := ld.ResourceLogs().AppendEmpty()
		put(rl.Resource().Attributes(), "service.name", "ServiceName", "pod", "PodName", "aws.ecs.task.id", "k8s.node.name", "faas.name", "aws.ecs.cluster.name")
		rl.Resource().Attributes().PutInt("k8s.node.name", int64(i))
		sl := rl.ScopeLogs().AppendEmpty()
		put(sl.Scope().Attributes(), "team", "other")
		if i%2 == 0 {
			sl.Scope().SetName("lib<>")
			sl.Scope().SetVersion([]string{"", "1.2"}[i/2%2])
		}
		r := sl.LogRecords().AppendEmpty()
		_ = r.Body().FromRaw(body)
		put(r.Attributes(), "log.file.name", "a\"b", "ccc")
		r.SetSeverityNumber(plog.SeverityNumber(i))
		r.SetSeverityText([]string{"", "INFO"}[i%2])
		r.SetTraceID([16]byte{15: byte(i % 3)})
		r.SetSpanID([8]byte{byte(i % 2)})
		r.SetFlags(plog.LogRecordFlags(i % 4))
		r.SetDroppedAttributesCount(uint32(i % 3))
		r.SetTimestamp(pcommon.NewTimestampFromTime(from.Add(time.Duration(i) * time.Second)))
	}
	return ld
}

// event is where a message went.
type event struct{ group, stream, text string }

// ours are the events of a format, by their time in milliseconds.
func ours(t *testing.T, format message.Format, ld plog.Logs) map[int64]event {
	t.Helper()
	group, err := names.Parse(names.Group, "log_group_name", groupTemplate, nil)
	require.NoError(t, err)
	stream, err := names.Parse(names.Stream, "log_stream_name", streamTemplate, nil)
	require.NoError(t, err)
	groups, streams, encoder := group.Bind(names.Host{}), stream.Bind(names.Host{}), message.NewEncoder(format)
	events := map[int64]event{}
	for _, rl := range ld.ResourceLogs().All() {
		encoder.Resource(rl)
		source := names.Source{Resource: rl.Resource().Attributes()}
		for _, sl := range rl.ScopeLogs().All() {
			encoder.Scope(sl)
			for _, r := range sl.LogRecords().All() {
				text := encoder.Append(nil, r)
				e := event{text: string(text)}
				e.group, _ = groups.Name(&source)
				e.stream, _ = streams.Name(&source)
				events[int64(r.Timestamp())/1e6] = e
			}
		}
	}
	return events
}

// upstreams are the events that awscloudwatchlogs sends.
func upstreams(t *testing.T, raw bool, ld plog.Logs) map[int64]event {
	t.Helper()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	t.Setenv("AWS_ACCESS_KEY_ID", awslocal.DefaultAccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", awslocal.DefaultSecretAccessKey)
	factory := awscloudwatchlogsexporter.NewFactory()
	config := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"log_group_name": groupTemplate, "log_stream_name": streamTemplate, "raw_log": raw,
		"endpoint": server.URL, "region": awslocal.DefaultRegion, "sending_queue": map[string]any{"enabled": false}, "retry_on_failure": map[string]any{"enabled": false},
	}).Unmarshal(config))
	sink, err := factory.CreateLogs(t.Context(), exporter.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: componenttest.NewNopTelemetrySettings()}, config)
	require.NoError(t, err)
	require.NoError(t, sink.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, sink.ConsumeLogs(t.Context(), ld))
	require.NoError(t, sink.Shutdown(t.Context()))

	client, events := cloudwatchlogs.NewFromConfig(server.AWSConfig(t.Context())), map[int64]event{}
	for groups := cloudwatchlogs.NewDescribeLogGroupsPaginator(client, nil); groups.HasMorePages(); {
		page, err := groups.NextPage(t.Context())
		require.NoError(t, err)
		for _, group := range page.LogGroups {
			name := aws.ToString(group.LogGroupName)
			filter := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &name})
			for filter.HasMorePages() {
				found, err := filter.NextPage(t.Context())
				require.NoError(t, err)
				for _, e := range found.Events {
					events[aws.ToInt64(e.Timestamp)] = event{name, aws.ToString(e.LogStreamName), aws.ToString(e.Message)}
				}
			}
		}
	}
	return events
}

// What the real awscloudwatchlogs sends to a server is what is made here: names and messages.
func TestMessagesAndNamesAreUpstreams(t *testing.T) {
	awslocal.OutsideAWS(t)
	for format, raw := range map[message.Format]bool{message.JSON: false, message.Raw: true} {
		t.Run(format.String(), func(t *testing.T) {
			ld := exampleLogs(time.Now().Add(-time.Hour))
			want := upstreams(t, raw, ld)
			require.Len(t, want, len(bodies))
			assert.Equal(t, want, ours(t, format, ld))
		})
	}
}
