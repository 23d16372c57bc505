package sending

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/delivery"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/sending/internal/metadatatest"
)

// settings are of an exporter of that name.
func settings(telemetry *componenttest.Telemetry, name string) exporter.Settings {
	kind := component.MustNewType("cloudwatch_test")
	set := exportertest.NewNopSettings(kind)
	set.ID = component.NewIDWithName(kind, name)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	return set
}

// start makes a way to a server.
func start(t *testing.T, server *awslocal.Server, set exporter.Settings, text string, policy cwlogs.Policy) *Way {
	t.Helper()
	c := must(t, text)
	keys, err := server.AWSConfig(t.Context()).Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	c.AWS.Region, c.AWS.Endpoint = "us-east-1", server.URL
	c.AWS.Credentials.Source = awsconfig.SourceStatic
	c.AWS.Credentials.Static.AccessKeyID = keys.AccessKeyID
	c.AWS.Credentials.Static.SecretAccessKey = configopaque.String(keys.SecretAccessKey)
	w, err := New(set, c, Options{Policy: policy, Upstream: "upstream"})
	require.NoError(t, err)
	t.Cleanup(func() {
		w.Stop()
		w.Close()
	})
	require.NoError(t, w.Start(t.Context(), componenttest.NewNopHost()))
	return w
}

func parts(texts ...string) []delivery.Part {
	p := delivery.Part{Target: cwlogs.Target{Group: "/g", Stream: "s"}}
	for _, text := range texts {
		p.Events = append(p.Events, cwlogs.Event{Timestamp: time.Now().UnixMilli(), Message: []byte(text)})
	}
	return []delivery.Part{p}
}

func newTelemetry(t *testing.T) *componenttest.Telemetry {
	t.Helper()
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.Background())) })
	return telemetry
}

var ignore = []metricdatatest.Option{metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars()}

func point(n int64, exporter string, set ...attribute.KeyValue) metricdata.DataPoint[int64] {
	return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(append(set, attribute.String("exporter", exporter))...)}
}

func TestTelemetryTellsWhatHappened(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := server.Faults.Add(faults.Rule{Kind: faults.ResetAfter, Operation: "PutLogEvents", Skip: 1, Count: 1})
	require.NoError(t, err)
	telemetry := newTelemetry(t)
	w := start(t, server, settings(telemetry, "a"), `retry_on_failure: {initial_interval: 1ms}`,
		cwlogs.Policy{TooLarge: cwlogs.Split, TooOld: cwlogs.Drop, TooNew: cwlogs.Drop, MaxMessage: 3})
	// The stream is missing, then the answer is lost.
	require.NoError(t, w.Begin(w.Next(), parts("", "1234", "102", "103", "104")).Wait(t.Context()))
	w.Observer().Undefined(0)
	w.Observer().Undefined(2)

	const a = "cloudwatch_test/a"
	type points = []metricdata.DataPoint[int64]
	metadatatest.AssertEqualCloudwatchLogsEvents(t, telemetry, points{point(5, a)}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsDroppedEvents(t, telemetry, points{point(1, a, attribute.String("reason", "empty"))}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsChangedEvents(t, telemetry, points{point(1, a, attribute.String("reason", "split"))}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsUnansweredRequests(t, telemetry, points{point(1, a)}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsRequests(t, telemetry, points{
		point(1, a, attribute.String("result", "ok")), point(1, a, attribute.String("result", "missing")), point(1, a, attribute.String("result", "retryable")),
	}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsUndefinedNames(t, telemetry, points{point(2, a)}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsPendingEvents(t, telemetry, points{point(0, a)}, ignore...)
	metadatatest.AssertEqualCloudwatchLogsLimit(t, telemetry, points{point(2, a)}, ignore...)
}

// TestExportersAreToldApart has two in one process, as the collector has them: with one provider of metrics.
func TestExportersAreToldApart(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	telemetry := newTelemetry(t)
	policy := cwlogs.Policy{TooLarge: cwlogs.Split, TooOld: cwlogs.Drop, TooNew: cwlogs.Drop, MaxMessage: cwlogs.MaxMessageBytes}
	for name, texts := range map[string][]string{"a": {"1"}, "b": {"1", "2"}} {
		w := start(t, server, settings(telemetry, name), `{}`, policy)
		require.NoError(t, w.Begin(w.Next(), parts(texts...)).Wait(t.Context()))
	}
	for _, metric := range []string{
		"events", "payload", "wire", "requests", "request_duration", "request_fill",
		"limit", "in_flight", "pending_events", "pending_size", "blocked_targets", "oldest_age",
	} {
		m, err := telemetry.GetMetric("otelcol_cloudwatch_logs_" + metric)
		require.NoError(t, err)
		assert.Subset(t, exporters(m.Data), []string{"cloudwatch_test/a", "cloudwatch_test/b"}, metric)
		assert.NotContains(t, exporters(m.Data), "", metric)
	}
	metadatatest.AssertEqualCloudwatchLogsEvents(t, telemetry, []metricdata.DataPoint[int64]{
		point(1, "cloudwatch_test/a"), point(2, "cloudwatch_test/b"),
	}, ignore...)
}

// exporters are the values of the attribute exporter, one of each point.
func exporters(data metricdata.Aggregation) []string {
	var all []string
	add := func(set attribute.Set) {
		v, _ := set.Value("exporter")
		all = append(all, v.AsString())
	}
	switch d := data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			add(p.Attributes)
		}
	case metricdata.Gauge[int64]:
		for _, p := range d.DataPoints {
			add(p.Attributes)
		}
	case metricdata.Gauge[float64]:
		for _, p := range d.DataPoints {
			add(p.Attributes)
		}
	case metricdata.Histogram[float64]:
		for _, p := range d.DataPoints {
			add(p.Attributes)
		}
	}
	return all
}

func TestWayThatWasNotStartedIsClosed(t *testing.T) {
	t.Parallel()
	c := DefaultConfig()
	w, err := New(settings(newTelemetry(t), "a"), &c, Options{})
	require.NoError(t, err)
	assert.EqualValues(t, 1, w.Next())
	assert.EqualValues(t, 2, w.Next())
	w.Stop()
	w.Close()
}

func TestSomethingThatGoesOnIsLoggedSeldom(t *testing.T) {
	t.Parallel()
	core, logs := zapobserver.New(zap.WarnLevel)
	set := settings(newTelemetry(t), "a")
	set.Logger = zap.New(core)
	o, err := newObserver(set)
	require.NoError(t, err)
	defer o.close()
	for range 3 {
		o.Failed(cwlogs.Target{Group: "/g", Stream: "s"}, &cwlogs.Error{Class: cwlogs.Throttled})
	}
	assert.Equal(t, 1, logs.Len())
	n, ok := o.Seldom("other", 5)
	assert.True(t, ok, "each kind has its own pace")
	assert.Equal(t, 5, n)
	_, ok = o.Seldom("other", 1)
	assert.False(t, ok)
}

// Each refused target is told, unless there are very many of them; the events are all counted.
func TestRefusedTargetsAreToldOnceAndWithoutAFlood(t *testing.T) {
	t.Parallel()
	core, logs := zapobserver.New(zap.WarnLevel)
	telemetry := newTelemetry(t)
	set := settings(telemetry, "a")
	set.Logger = zap.New(core)
	o, err := newObserver(set)
	require.NoError(t, err)
	defer o.close()
	to := cwlogs.Target{Group: "/own", Stream: "s"}
	for i := range 1000 {
		from := cwlogs.Target{Group: fmt.Sprint("/denied/", i), Stream: "s"}
		o.Diverted(from, to, 2, &cwlogs.Error{Class: cwlogs.Denied}, true)
		o.Diverted(from, to, 1, nil, false)
		o.Elsewhere(admission.TooMany, from, 1)
	}
	assert.Equal(t, maxToldAtOnce+1, logs.FilterMessageSnippet("a target that they name themselves").Len())
	assert.Equal(t, 1, logs.FilterField(zap.String("reason", string(admission.TooMany))).Len())
	m, err := telemetry.GetMetric("otelcol_cloudwatch_logs_diverted_events")
	require.NoError(t, err)
	counts := map[string]int64{}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		reason, _ := p.Attributes.Value("reason")
		counts[reason.AsString()] = p.Value
	}
	assert.Equal(t, map[string]int64{"refused": 3000, "too_many_targets": 1000}, counts)
}

func TestNamesHaveFactsOfTheHost(t *testing.T) {
	t.Setenv("SENDING_STAGE", "test")
	c := DefaultConfig()
	n, err := c.Group(t.Context(), zap.NewNop(), "/app/{env:SENDING_STAGE}")
	require.NoError(t, err)
	name, whole := n.Name(&names.Source{})
	assert.Equal(t, "/app/test", name)
	assert.True(t, whole)
	_, err = c.Group(t.Context(), zap.NewNop(), "a b")
	assert.ErrorContains(t, err, "log_group_name")

	for pair, want := range map[[2]string]string{
		{"/g", "{hostname}"}:                "",
		{"/app/{ServiceName}", "s"}:         "",
		{"{env:X}-{record:a}", "s"}:         "",
		{"", "s"}:                           "log_group_name is not set; name the log group, such as /fleet/{hostname}",
		{"/g", "{hostnam}"}:                 "log_stream_name",
		{"{ServiceName}", "s"}:              `log_group_name "{ServiceName}": whoever sends could name any log group`,
		{"/{record:group}/x", "s"}:          "or list the groups that there can be in allowed_groups",
		{`{host:region|scope:name}/x`, "s"}: "whoever sends",
	} {
		err := c.CheckNames(pair[0], pair[1])
		if want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, want)
		}
	}
	c.AllowedGroups = []string{"/app/*"}
	assert.NoError(t, c.CheckNames("{ServiceName}", "s"))
	c.AllowedStreams = []string{""}
	assert.ErrorContains(t, c.CheckNames("/g", "s"), "allowed_streams[0]")
	c.MaxTargets.PerSource = -1
	assert.ErrorContains(t, c.Check(), "max_targets::per_source")
}
