package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/otlp"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// Programs' metrics, logs and traces, and the host's metrics, arrive at CloudWatch's OTLP endpoints, each once and within their
// limits, although requests are throttled and fail.
func TestOTLPLayer(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	for _, kind := range []faults.Kind{faults.Throttle, faults.ServerError} {
		_, err := server.Faults.Add(faults.Rule{Kind: kind, Operation: "Export*", Probability: .15})
		require.NoError(t, err)
	}
	client := cloudwatchlogs.NewFromConfig(server.AWSConfig(context.Background()))
	_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/apps")})
	require.NoError(t, err)
	_, err = client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("/apps"), LogStreamName: aws.String("default")})
	require.NoError(t, err)

	setup := newSetup(t, server, newWriter(t, "none.log").path)
	address := ports.FreeAddress(t)
	setup.env["OTELCOL_CLOUDWATCH_OTLP_HTTP_ENDPOINT"], setup.env["OTELCOL_CLOUDWATCH_OTLP_GRPC_ENDPOINT"] = address, ports.FreeAddress(t)
	setup.env["OTELCOL_CLOUDWATCH_OTLP_LOG_GROUP"] = "/apps"
	setup.configs = []string{"host.yaml", "layers/otlp.yaml", "local.yaml"}
	for signal, service := range map[string]string{"metrics": "metrics", "logs": "logs", "traces": "traces"} {
		setup.configs = append(setup.configs, fmt.Sprintf("yaml:exporters: {otlp_http/%s: {%s_endpoint: %s/v1/%s, retry_on_failure: {initial_interval: 20ms, max_interval: 200ms}}}", signal, service, server.URL, signal))
	}
	collector := setup.startHealthy()
	const batches, each = 20, 600 // more than a request may hold
	for i := range batches {
		for path, body := range map[string][]byte{"metrics": points(t, i*each, each), "logs": records(t, i*each, each), "traces": spans(t, i*each, each)} {
			answer, err := http.Post("http://"+address+"/v1/"+path, "application/x-protobuf", bytes.NewReader(body))
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, http.StatusOK, answer.StatusCode)
		}
	}
	ours := func() []otlp.Point {
		return slices.DeleteFunc(server.OTLP.Points(), func(p otlp.Point) bool { return p.Name != "m" })
	}
	defer func() {
		if t.Failed() {
			t.Logf("CloudWatch has %d data points, %+v", len(ours()), server.OTLP.Status())
		}
	}()
	await(t, "everything", func() bool {
		return len(ours()) >= batches*each && server.OTLP.Status().LogRecords >= batches*each && len(server.OTLP.Spans()) >= batches*each
	})
	await(t, "the host's metrics", func() bool {
		return slices.ContainsFunc(server.OTLP.Points(), func(p otlp.Point) bool { return p.Name == "system.memory.usage" && p.Labels["host"] != "" })
	})
	collector.stop()

	once := map[string]int{}
	for _, p := range ours() {
		once[fmt.Sprint("point ", p.Value, p.Labels["service.name"])]++
	}
	for _, s := range server.OTLP.Spans() {
		once["span "+s.Name+s.Service]++
	}
	reader := newReader(t, server).in("/apps")
	for _, m := range reader.messages("default") {
		_, body, _ := strings.Cut(m, `"body":"`)
		body, _, _ = strings.Cut(body, `"`)
		once["record "+body]++
	}
	assert.Len(t, once, 3*batches*each)
	for what, n := range once {
		require.Equal(t, 1, n, what)
	}
	assert.Empty(t, server.Metrics.Status().Series, "nothing goes by EMF")
	assert.Zero(t, setup.logged("Permanent error"), "a request was beyond a limit")
}

// A proxy on the way that is down and asks for an hour stops nothing for an hour: the bound of a second alone is the test's.
func TestOTLPDeliveryGoesOnAfterAnAnswerThatAsksForAnHour(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	target, err := url.Parse(server.URL)
	require.NoError(t, err)
	var refused atomic.Int32
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // which is signed
	}}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused.Add(1) <= 2 {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	setup := newSetup(t, server, newWriter(t, "none.log").path)
	address := ports.FreeAddress(t)
	setup.env["OTELCOL_CLOUDWATCH_OTLP_HTTP_ENDPOINT"], setup.env["OTELCOL_CLOUDWATCH_OTLP_GRPC_ENDPOINT"] = address, ports.FreeAddress(t)
	setup.configs = []string{"host.yaml", "layers/otlp.yaml", "local.yaml", "yaml:exporters: {otlp_http/traces: {traces_endpoint: " + proxy.URL + "/v1/traces, max_retry_after: 1s}}"}
	setup.startHealthy()
	answer, err := http.Post("http://"+address+"/v1/traces", "application/x-protobuf", bytes.NewReader(spans(t, 0, 1)))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	await(t, "the span", func() bool { return len(server.OTLP.Spans()) == 1 })
	assert.NotZero(t, setup.logged("max_retry_after"))
}

func points(t *testing.T, from, n int) []byte {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("m")
	data := m.SetEmptyGauge().DataPoints()
	for i := range n {
		p := data.AppendEmpty()
		p.SetIntValue(int64(from + i))
		p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	}
	body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	require.NoError(t, err)
	return body
}

func records(t *testing.T, from, n int) []byte {
	ld := plog.NewLogs()
	all := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		r := all.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		r.Body().SetStr(fmt.Sprint(from + i))
	}
	body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	require.NoError(t, err)
	return body
}

func spans(t *testing.T, from, n int) []byte {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	all := rs.ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		s := all.AppendEmpty()
		s.SetName(fmt.Sprint(from + i))
		s.SetTraceID(pcommon.TraceID{1, byte(i)})
		s.SetSpanID(pcommon.SpanID{2, byte(i)})
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	require.NoError(t, err)
	return body
}
