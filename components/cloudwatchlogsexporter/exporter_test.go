package cloudwatchlogsexporter

import (
	"cmp"
	"context"
	"fmt"
	"strings"
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
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchlogsexporter/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchlogsexporter/internal/metadatatest"
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
	c.AWS.Region, c.AWS.Endpoint = "us-east-1", cmp.Or(c.AWS.Endpoint, server.URL)
	keys, err := server.AWSConfig(t.Context()).Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	c.AWS.Credentials.Source = awsconfig.SourceStatic
	c.AWS.Credentials.Static.AccessKeyID = keys.AccessKeyID
	c.AWS.Credentials.Static.SecretAccessKey = configopaque.String(keys.SecretAccessKey)
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

const within = 30 * time.Second

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

func TestTelemetryTellsWhatHappened(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := server.Faults.Add(faults.Rule{Kind: faults.ResetAfter, Operation: "PutLogEvents", Skip: 1, Count: 1})
	require.NoError(t, err)
	e := start(t, server, `{raw_log: true, max_event_size: 3, sending_queue: {enabled: false}, retry_on_failure: {initial_interval: 1ms}}`)
	ld := lines("a", 100, 5)
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().SetStr("")
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(1).Body().SetStr("1234")
	require.NoError(t, e.ConsumeLogs(t.Context(), ld)) // the stream is missing, then the answer is lost
	ignore := []metricdatatest.Option{metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars()}
	point := func(n int64, set ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(set...)}
	}
	metadatatest.AssertEqualCloudwatchLogsEvents(t, e.telemetry, []metricdata.DataPoint[int64]{point(5)}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsDroppedEvents(t, e.telemetry, []metricdata.DataPoint[int64]{point(1, attribute.String("reason", "empty"))}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsChangedEvents(t, e.telemetry, []metricdata.DataPoint[int64]{point(1, attribute.String("reason", "split"))}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsUnansweredRequests(t, e.telemetry, []metricdata.DataPoint[int64]{point(1)}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsRequests(t, e.telemetry, []metricdata.DataPoint[int64]{
		point(1, attribute.String("result", "ok")), point(1, attribute.String("result", "missing")), point(1, attribute.String("result", "retryable")),
	}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsPendingEvents(t, e.telemetry, []metricdata.DataPoint[int64]{point(0)}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsLimit(t, e.telemetry, []metricdata.DataPoint[int64]{point(2)}, ignore...)
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
	last := new(atomic.Uint64)
	ld := lines("a", 0, 3)
	text, err := encoding{last}.Marshal(t.Context(), &logsRequest{logs: ld})
	require.NoError(t, err)
	_, got, err := encoding{last}.Unmarshal(text)
	require.NoError(t, err)
	assert.Equal(t, ld, got.(*logsRequest).logs)
	plain, err := new(plog.ProtoMarshaler).MarshalLogs(ld) // as older versions wrote
	require.NoError(t, err)
	_, got, err = encoding{last}.Unmarshal(plain)
	require.NoError(t, err)
	assert.Equal(t, ld, got.(*logsRequest).logs)
	_, _, err = encoding{last}.Unmarshal([]byte("no request"))
	require.Error(t, err)
}

func TestBatchesAreNumberedWhenTheyBegin(t *testing.T) {
	t.Parallel()
	last := new(atomic.Uint64)
	a, b, c := &logsRequest{logs: lines("a", 0, 2), last: last}, &logsRequest{logs: lines("b", 0, 3), last: last}, &logsRequest{logs: lines("c", 0, 1), last: last}
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

func TestTurnstileLetsInByNumber(t *testing.T) {
	t.Parallel()
	s := newTurnstile()
	var mu sync.Mutex
	var order []string
	var all sync.WaitGroup
	for _, n := range []uint64{3, 2, 0, 1} {
		all.Go(func() {
			s.enter(n)
			mu.Lock()
			order = append(order, fmt.Sprint(n))
			mu.Unlock()
			s.leave(n)
		})
		time.Sleep(5 * time.Millisecond)
	}
	all.Wait()
	assert.Equal(t, "0 1 2 3", strings.Join(order, " "))
	s.enter(9) // 4 to 8 never come
	s.leave(9)
	s.enter(10)
	assert.Empty(t, s.waiting)
}
