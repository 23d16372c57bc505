package awslocal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/otlp"
)

// exporting is a client of the OTLP endpoints.
type exporting struct {
	*testing.T
	server *Server
	// service is what requests are signed for, and change what is done to them after that.
	service string
	change  func(*http.Request)
}

// answered is an answer.
type answered struct {
	status int
	header http.Header
	body   []byte
}

const (
	asProto = "application/x-protobuf"
	asJSON  = "application/json"
)

func (e exporting) post(path, kind string, body []byte, headers ...string) answered {
	e.Helper()
	r, err := http.NewRequestWithContext(e.Context(), http.MethodPost, e.server.URL+path, bytes.NewReader(body))
	require.NoError(e, err)
	r.Header.Set("Content-Type", kind)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	keys, err := e.server.AWSConfig(e.Context()).Credentials.Retrieve(e.Context())
	require.NoError(e, err)
	sum := sha256.Sum256(body)
	service := e.service
	if service == "" {
		service = map[string]string{"/v1/logs": "logs", "/v1/metrics": "monitoring", "/v1/traces": "xray"}[path]
	}
	require.NoError(e, v4.NewSigner().SignHTTP(e.Context(), keys, r, hex.EncodeToString(sum[:]), service, "us-east-1", time.Now()))
	if e.change != nil {
		e.change(r)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(e, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(e, err)
	require.NoError(e, answer.Body.Close())
	return answered{answer.StatusCode, answer.Header, text}
}

// message is that of an answer's google.rpc.Status.
func (a answered) message(t *testing.T) string {
	if strings.HasPrefix(a.header.Get("Content-Type"), asJSON) {
		var s struct{ Message string }
		require.NoError(t, json.Unmarshal(a.body, &s))
		return s.Message
	}
	for text := a.body; len(text) > 0; {
		number, kind, n := protowire.ConsumeTag(text)
		require.Positive(t, n)
		if text = text[n:]; number == 2 {
			message, _ := protowire.ConsumeBytes(text)
			return string(message)
		}
		text = text[protowire.ConsumeFieldValue(number, kind, text):]
	}
	return ""
}

func logRecords(n int, at time.Time, size int) plogotlp.ExportRequest {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	for i := range n {
		r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(at))
		r.Body().SetStr(fmt.Sprint("line ", i, strings.Repeat("x", size)))
	}
	return plogotlp.NewExportRequestFromLogs(ld)
}

func dataPoints(n, labels int) pmetricotlp.ExportRequest {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("requests")
	m.SetUnit("{request}")
	points := m.SetEmptyGauge().DataPoints()
	for i := range n {
		p := points.AppendEmpty()
		p.SetIntValue(int64(i))
		p.SetTimestamp(pcommon.NewTimestampFromTime(time.Unix(1, 0)))
		for j := range labels {
			p.Attributes().PutStr(fmt.Sprint("label", j), "x")
		}
	}
	return pmetricotlp.NewExportRequestFromMetrics(md)
}

func someSpans(n int) ptraceotlp.ExportRequest {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		s := spans.AppendEmpty()
		s.SetName(fmt.Sprint("span ", i))
		s.SetTraceID(pcommon.TraceID{1})
		s.SetSpanID(pcommon.SpanID{2})
	}
	return ptraceotlp.NewExportRequestFromTraces(td)
}

// encoded is a request in one of both forms.
func encoded(t *testing.T, kind string, r interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}) []byte {
	text, err := r.MarshalProto()
	if kind == asJSON {
		text, err = r.MarshalJSON()
	}
	require.NoError(t, err)
	return text
}

func serveOTLP(t *testing.T) exporting {
	t.Helper()
	server := Serve(t, Options{})
	client := cloudwatchlogs.NewFromConfig(server.AWSConfig(context.Background()))
	_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/g")})
	require.NoError(t, err)
	_, err = client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("/g"), LogStreamName: aws.String("s")})
	require.NoError(t, err)
	return exporting{T: t, server: server}
}

func to(group, stream string) []string {
	return []string{"x-aws-log-group", group, "x-aws-log-stream", stream}
}

func TestOTLPIsTaken(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{asProto, asJSON} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			e := serveOTLP(t)
			e.T = t
			a := e.post("/v1/logs", kind, encoded(t, kind, logRecords(3, time.Now(), 0)), to("/g", "s")...)
			require.Equal(t, http.StatusOK, a.status, string(a.body))
			assert.Equal(t, kind, a.header.Get("Content-Type"))
			client := cloudwatchlogs.NewFromConfig(e.server.AWSConfig(t.Context()))
			out, err := client.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("/g"), LogStreamName: aws.String("s"), StartFromHead: aws.Bool(true)})
			require.NoError(t, err)
			require.Len(t, out.Events, 3)
			assert.Contains(t, *out.Events[0].Message, `"body":"line 0"`)
			assert.Contains(t, *out.Events[0].Message, `"resource":{"attributes":{"service.name":"shop"}}`)

			require.Equal(t, http.StatusOK, e.post("/v1/metrics", kind, encoded(t, kind, dataPoints(2, 1))).status)
			assert.Equal(t, otlp.Point{
				Name: "requests", Unit: "{request}", Type: "Gauge", Time: time.Unix(1, 0).UTC(), Value: 1, Labels: map[string]string{"service.name": "shop", "label0": "x"},
			}, e.server.OTLP.Points()[1])
			require.Equal(t, http.StatusOK, e.post("/v1/traces", kind, encoded(t, kind, someSpans(2))).status)
			assert.Equal(t, otlp.Span{TraceID: "01" + strings.Repeat("0", 30), SpanID: "02" + strings.Repeat("0", 14), Name: "span 1", Service: "shop"}, e.server.OTLP.Spans()[1])
			assert.Equal(t, otlp.Status{LogRecords: 3, DataPoints: 2, Spans: 2}, e.server.OTLP.Status())
			assert.Equal(t, int64(1), e.server.Calls("monitoring", "ExportMetrics"))
		})
	}
}

func TestOTLPIsTakenInGzip(t *testing.T) {
	t.Parallel()
	e := serveOTLP(t)
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	_, err := z.Write(encoded(t, asProto, dataPoints(5, 2)))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.Equal(t, http.StatusOK, e.post("/v1/metrics", asProto, body.Bytes(), "Content-Encoding", "gzip").status)
	assert.Len(t, e.server.OTLP.Points(), 5)
}

func TestOTLPLimits(t *testing.T) {
	t.Parallel()
	e := serveOTLP(t)
	now := time.Now()
	spread := logRecords(2, now, 0)
	spread.Logs().ResourceLogs().At(0).ScopeLogs().At(1).LogRecords().At(0).SetTimestamp(pcommon.NewTimestampFromTime(now.Add(-25 * time.Hour)))
	for name, test := range map[string]struct {
		path    string
		body    []byte
		headers []string
		status  int
		want    string
	}{
		"records":       {"/v1/logs", encoded(t, asProto, logRecords(otlp.MaxLogs+1, now, 0)), to("/g", "s"), 400, "the request has 10001 log records, and 10000 are allowed"},
		"bytes of logs": {"/v1/logs", encoded(t, asProto, logRecords(2, now, 600_000)), to("/g", "s"), 413, "bytes, and 1048576 are allowed"},
		"span of logs":  {"/v1/logs", encoded(t, asProto, spread), to("/g", "s"), 400, "more than 24h0m0s apart"},
		"no headers":    {"/v1/logs", encoded(t, asProto, logRecords(1, now, 0)), nil, 400, "the headers X-Aws-Log-Group and X-Aws-Log-Stream are required"},
		"no group":      {"/v1/logs", encoded(t, asProto, logRecords(1, now, 0)), to("/none", "s"), 400, "The specified log group does not exist"},
		"no stream":     {"/v1/logs", encoded(t, asProto, logRecords(1, now, 0)), to("/g", "none"), 400, "The specified log stream does not exist"},
		"data points":   {"/v1/metrics", encoded(t, asProto, dataPoints(otlp.MaxPoints+1, 0)), nil, 400, "the request has 1001 data points, and 1000 are allowed"},
		"labels":        {"/v1/metrics", encoded(t, asProto, dataPoints(1, otlp.MaxLabels)), nil, 400, `a data point of "requests" has 151 labels, and 150 are allowed`},
		"spans":         {"/v1/traces", encoded(t, asProto, someSpans(otlp.MaxSpans+1)), nil, 400, "the request has 10001 spans, and 10000 are allowed"},
		"no protobuf":   {"/v1/traces", []byte("{"), nil, 400, "the request cannot be read as application/x-protobuf"},
	} {
		t.Run(name, func(t *testing.T) {
			e := e
			e.T = t
			a := e.post(test.path, asProto, test.body, test.headers...)
			assert.Equal(t, test.status, a.status)
			assert.Contains(t, a.message(t), test.want)
		})
	}
	assert.Equal(t, http.StatusUnsupportedMediaType, e.post("/v1/metrics", "text/plain", []byte("x")).status)
	assert.Equal(t, http.StatusOK, e.post("/v1/metrics", asProto, encoded(t, asProto, dataPoints(otlp.MaxPoints, 2))).status)
	assert.Equal(t, http.StatusOK, e.post("/v1/metrics", asProto, encoded(t, asProto, dataPoints(1, otlp.MaxLabels-1))).status)
}

// Records out of the range of time are refused alone.
func TestOTLPPartialSuccess(t *testing.T) {
	t.Parallel()
	e := serveOTLP(t)
	a := e.post("/v1/logs", asProto, encoded(t, asProto, logRecords(4, time.Now().Add(-15*24*time.Hour), 0)), to("/g", "s")...)
	require.Equal(t, http.StatusOK, a.status)
	r := plogotlp.NewExportResponse()
	require.NoError(t, r.UnmarshalProto(a.body))
	assert.Equal(t, int64(4), r.PartialSuccess().RejectedLogRecords())
	assert.Equal(t, otlp.Status{Rejected: 4}, e.server.OTLP.Status())
}

func TestOTLPNeedsASignatureOfTheService(t *testing.T) {
	t.Parallel()
	e := serveOTLP(t)
	body := encoded(t, asJSON, dataPoints(1, 0))
	e.service = "logs"
	assert.Equal(t, http.StatusForbidden, e.post("/v1/metrics", asJSON, body).status, "signed for another service")
	e.service, e.change = "", func(r *http.Request) { r.Header.Del("Authorization") }
	a := e.post("/v1/metrics", asJSON, body)
	assert.Equal(t, http.StatusForbidden, a.status)
	assert.Contains(t, a.message(t), "MissingAuthenticationToken")
	assert.Empty(t, e.server.OTLP.Points())
}

func TestOTLPFaults(t *testing.T) {
	t.Parallel()
	e := serveOTLP(t)
	_, err := e.server.Faults.Add(faults.Rule{Kind: faults.Throttle, Operation: "ExportMetrics", Count: 1})
	require.NoError(t, err)
	a := e.post("/v1/metrics", asProto, encoded(t, asProto, dataPoints(1, 0)))
	assert.Equal(t, http.StatusTooManyRequests, a.status)
	assert.Equal(t, "1", a.header.Get("Retry-After"))
	assert.Equal(t, http.StatusOK, e.post("/v1/metrics", asProto, encoded(t, asProto, dataPoints(1, 0))).status)
}
