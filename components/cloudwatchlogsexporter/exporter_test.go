package cloudwatchlogsexporter

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchlogsexporter/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
)

// statuses is a host that remembers what was reported.
type statuses struct {
	component.Host
	mu     sync.Mutex
	events []*componentstatus.Event
}

func (s *statuses) Report(e *componentstatus.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

func (s *statuses) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, e := range s.events {
		text := e.Status().String()
		if e.Err() != nil {
			text += ": " + e.Err().Error()
		}
		all = append(all, text)
	}
	return all
}

// running is an exporter that sends to a server.
type running struct {
	exporter.Logs
	stop      func() error
	server    *awslocal.Server
	client    *cloudwatchlogs.Client
	telemetry *componenttest.Telemetry
	host      *statuses
}

func start(t *testing.T, server *awslocal.Server, text string) *running {
	t.Helper()
	c := must(t, text)
	access := &c.Sending.AWS
	access.Region, access.Endpoint = "us-east-1", cmp.Or(access.Endpoint, server.URL)
	keys, err := server.AWSConfig(t.Context()).Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	access.Credentials.Source = awsconfig.SourceStatic
	access.Credentials.Static.AccessKeyID = keys.AccessKeyID
	access.Credentials.Static.SecretAccessKey = configopaque.String(keys.SecretAccessKey)
	telemetry := componenttest.NewTelemetry()
	set := exportertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	made, err := NewFactory().CreateLogs(t.Context(), set, c)
	require.NoError(t, err)
	host := &statuses{Host: componenttest.NewNopHost()}
	require.NoError(t, made.Start(t.Context(), host))
	r := &running{made, sync.OnceValue(func() error { return made.Shutdown(context.Background()) }),
		server, cloudwatchlogs.NewFromConfig(server.AWSConfig(t.Context())), telemetry, host}
	t.Cleanup(func() {
		assert.NoError(t, r.stop())
		assert.NoError(t, telemetry.Shutdown(context.Background()))
	})
	return r
}

// lines are records of one resource, whose times are assigned.
func lines(service string, from, n int) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("ServiceName", service)
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		r := records.AppendEmpty()
		r.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		r.Body().SetStr(fmt.Sprint(from + i))
	}
	return ld
}

// stored are a stream's messages as CloudWatch shows them.
func (r *running) stored(t *testing.T, stream string) []string {
	t.Helper()
	var all []string
	in := &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("/g"), LogStreamName: &stream, StartFromHead: aws.Bool(true)}
	for {
		out, err := r.client.GetLogEvents(t.Context(), in)
		if err != nil {
			return nil
		}
		for _, e := range out.Events {
			all = append(all, *e.Message)
		}
		if in.NextToken != nil && *out.NextForwardToken == *in.NextToken {
			return all
		}
		in.NextToken = out.NextForwardToken
	}
}

func numbers(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(i))
	}
	return all
}

const within = 2 * time.Minute

// TestManyBatchesOfAStreamKeepTheirOrder has batches of a few records, many at once, and answers that take
// their time.
func TestManyBatchesOfAStreamKeepTheirOrder(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"queue":           `sending_queue: {sizer: bytes, queue_size: 1000000, batch: {flush_timeout: 10ms, min_size: 2000}}`,
		"wait for result": `sending_queue: {wait_for_result: true, sizer: bytes, queue_size: 1000000, batch: {flush_timeout: 1ms, min_size: 2000}}`,
		"no queue":        `sending_queue: {enabled: false}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
			_, err := server.Faults.Add(faults.Rule{Kind: faults.Latency, Operation: "PutLogEvents", Latency: faults.Duration(5 * time.Millisecond)})
			require.NoError(t, err)
			_, err = server.Faults.Add(faults.Rule{Kind: faults.Throttle, Operation: "PutLogEvents", Every: 7})
			require.NoError(t, err)
			e := start(t, server, `{raw_log: true, log_stream_name: "{ServiceName}", retry_on_failure: {initial_interval: 5ms}, `+text+`}`)
			const n = 1500
			for i := range n / 10 {
				require.NoError(t, e.ConsumeLogs(t.Context(), lines("a", 10*i, 10)))
			}
			assert.Eventually(t, func() bool { return len(e.stored(t, "a")) >= n }, within, 20*time.Millisecond)
			assert.Equal(t, numbers(n), e.stored(t, "a"))
		})
	}
}

// TestDeniedTargetIsToldOnceAndOthersGoOn lets nobody make a second stream.
func TestDeniedTargetIsToldOnceAndOthersGoOn(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	rule, err := server.Faults.Add(faults.Rule{Kind: faults.AccessDenied, Operation: "CreateLogStream", LogStream: "bad"})
	require.NoError(t, err)
	e := start(t, server, `{raw_log: true, log_stream_name: "{ServiceName}", retry_on_failure: {initial_interval: 5ms, max_interval: 20ms},
		sending_queue: {sizer: bytes, queue_size: 100000, num_consumers: 8, batch: {flush_timeout: 5ms, min_size: 100}}}`)
	for i := range 50 {
		require.NoError(t, e.ConsumeLogs(t.Context(), lines("bad", i, 1)))
		require.NoError(t, e.ConsumeLogs(t.Context(), lines("good", i, 1)))
	}
	assert.Eventually(t, func() bool { return len(e.stored(t, "good")) == 50 }, within, 10*time.Millisecond)
	reports := e.host.all()
	require.Len(t, reports, 1, "once")
	assert.Contains(t, reports[0], `StatusRecoverableError: log stream "bad" of group "/g": CreateLogStream: AccessDeniedException`)
	assert.Contains(t, reports[0], "allow logs:PutLogEvents, logs:CreateLogStream and logs:CreateLogGroup for it")
	server.Faults.Remove(rule.ID)
	assert.Eventually(t, func() bool { r := e.host.all(); return r[len(r)-1] == "StatusOK" }, within, 10*time.Millisecond)
	assert.Eventually(t, func() bool { return len(e.stored(t, "bad")) > 0 }, within, 10*time.Millisecond, "what has waited arrives")
}

// TestShutdownEndsThoughNothingArrives has a service that is away. Nobody waits for ever.
func TestShutdownEndsThoughNothingArrives(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := server.Faults.Add(faults.Rule{Kind: faults.ServerError})
	require.NoError(t, err)
	e := start(t, server, `{raw_log: true, sending_queue: {sizer: bytes, queue_size: 100000, num_consumers: 2, batch: {flush_timeout: 1ms, min_size: 10}}}`)
	for i := range 20 {
		require.NoError(t, e.ConsumeLogs(t.Context(), lines("a", i, 10)))
	}
	done := make(chan error)
	go func() { done <- e.stop() }()
	select {
	case err := <-done:
		assert.NoError(t, err)
	case <-time.After(within):
		assert.Fail(t, "the shutdown hangs")
	}
}

func TestWithoutRetryTheRestComesBack(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := server.Faults.Add(faults.Rule{Kind: faults.ServerError, Operation: "PutLogEvents", LogStream: "bad"})
	require.NoError(t, err)
	e := start(t, server, `{raw_log: true, log_stream_name: "{ServiceName}", sending_queue: {enabled: false}, retry_on_failure: {enabled: false}}`)
	ld := lines("good", 0, 3)
	lines("bad", 10, 2).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	err = e.ConsumeLogs(t.Context(), ld)
	require.ErrorContains(t, err, "2 of 5 log records were not delivered")
	var left consumererror.Logs
	require.ErrorAs(t, err, &left)
	assert.Equal(t, 2, left.Data().LogRecordCount())
	assert.Equal(t, numbers(3), e.stored(t, "good"))
}

func TestQueueKeepsWhatItWasGiven(t *testing.T) {
	t.Parallel()
	var last atomic.Uint64
	next := func() uint64 { return last.Add(1) }
	ld := lines("a", 0, 3)
	text, err := encoding{next}.Marshal(t.Context(), &logsRequest{logs: ld})
	require.NoError(t, err)
	_, got, err := encoding{next}.Unmarshal(text)
	require.NoError(t, err)
	assert.Equal(t, ld, got.(*logsRequest).logs)
	plain, err := new(plog.ProtoMarshaler).MarshalLogs(ld) // as older versions wrote
	require.NoError(t, err)
	_, got, err = encoding{next}.Unmarshal(plain)
	require.NoError(t, err)
	assert.Equal(t, ld, got.(*logsRequest).logs)
	_, _, err = encoding{next}.Unmarshal([]byte("no request"))
	require.Error(t, err)
}

func TestBatchesAreNumberedWhenTheyBegin(t *testing.T) {
	t.Parallel()
	var last atomic.Uint64
	next := func() uint64 { return last.Add(1) }
	a, b, c := &logsRequest{logs: lines("a", 0, 2), next: next}, &logsRequest{logs: lines("b", 0, 3), next: next}, &logsRequest{logs: lines("c", 0, 1), next: next}
	merge := func(r *logsRequest, other *logsRequest) {
		var o xexporterhelper.Request
		if other != nil {
			o = other
		}
		got, err := r.MergeSplit(t.Context(), 1, exporterhelper.RequestSizerTypeBytes, o)
		require.NoError(t, err)
		require.Len(t, got, 1)
		assert.Same(t, r, got[0])
	}
	merge(a, nil)
	merge(a, b)
	merge(c, nil)
	assert.Equal(t, []uint64{1, 0, 2}, []uint64{a.number, b.number, c.number})
	assert.Equal(t, 5, a.ItemsCount())
	assert.Equal(t, sizer.LogsSize(a.logs), a.BytesSize())
	left := a.OnError(fmt.Errorf("x: %w", consumererror.NewLogs(assert.AnError, lines("a", 0, 1)))).(*logsRequest)
	assert.Equal(t, 1, left.ItemsCount())
	assert.Zero(t, left.number)
	assert.Zero(t, a.OnError(assert.AnError).(*logsRequest).number)
}
