package cloudwatchlogsexporter

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// TestPoisonHarmsNoNeighbour puts one event of each kind that CloudWatch does not take between good ones.
// None of them comes twice, none is lost.
func TestPoisonHarmsNoNeighbour(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) func(plog.LogRecord) {
		return func(r plog.LogRecord) {
			r.SetTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-d)))
			r.Body().SetStr("poison")
		}
	}
	text := func(s string) func(plog.LogRecord) { return func(r plog.LogRecord) { r.Body().SetStr(s) } }
	for name, tt := range map[string]struct {
		poison func(plog.LogRecord)
		config string
		arrive []string // of the poison, sorted before the good ones
		reason string
	}{
		"empty":                   {poison: text(""), reason: "empty"},
		"no body":                 {poison: func(r plog.LogRecord) { r.Body().SetStr(""); r.SetTimestamp(0) }, reason: "empty"},
		"too old":                 {poison: ago(15 * 24 * time.Hour), reason: "too_old"},
		"too new":                 {poison: ago(-3 * time.Hour), reason: "too_new"},
		"past the retention":      {poison: ago(5 * 24 * time.Hour), config: `log_retention: 3`, reason: "rejected_expired"},
		"a day before the others": {poison: ago(25 * time.Hour), arrive: []string{"poison"}},
		"bytes that are no text":  {poison: text("\xff\xfe\x00"), arrive: []string{"\ufffd\ufffd\x00"}},
		"a megabyte and more":     {poison: text(strings.Repeat("x", 1_048_551)), config: `too_large: truncate`, arrive: []string{strings.Repeat("x", 1_048_550)}, reason: "truncated"},
		"the service refuses it":  {poison: text("refused"), reason: "rejected_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
			e := start(t, server, `{raw_log: true, sending_queue: {enabled: false}, endpoint: "`+refusing(t, server.URL)+`", `+tt.config+`}`)
			require.NoError(t, e.ConsumeLogs(t.Context(), lines("a", -1, 1))) // the group, and time for its retention
			if tt.config == "log_retention: 3" {
				assert.Eventually(t, func() bool { return retained(t, e.client) == 3 }, within, 10*time.Millisecond)
			}
			ld := lines("a", 0, 9)
			tt.poison(ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(4))
			require.NoError(t, e.ConsumeLogs(t.Context(), ld))
			poisoned := 0
			var good []string
			for _, m := range e.stored(t, "s") {
				if len(m) < 3 && m != "-1" {
					good = append(good, m)
				} else if m != "-1" {
					assert.Contains(t, tt.arrive, m)
					poisoned++
				}
			}
			assert.Len(t, tt.arrive, poisoned)
			assert.Equal(t, []string{"0", "1", "2", "3", "5", "6", "7", "8"}, good)
			if tt.reason != "" {
				e.counted(t, tt.reason)
			}
		})
	}
}

// counted wants one event to be counted for a reason.
func (r *running) counted(t *testing.T, reason string) {
	t.Helper()
	name := "otelcol_cloudwatch_logs_dropped_events"
	if reason == "truncated" {
		name = "otelcol_cloudwatch_logs_changed_events"
	}
	m, err := r.telemetry.GetMetric(name)
	require.NoError(t, err)
	points := m.Data.(metricdata.Sum[int64]).DataPoints
	require.Len(t, points, 1)
	assert.EqualValues(t, 1, points[0].Value)
	got, _ := points[0].Attributes.Value("reason")
	assert.Equal(t, reason, got.AsString())
}

// plain is a request's body without its compression.
func plain(t *testing.T, r *http.Request, body []byte) []byte {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return body
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	assert.NoError(t, err)
	text, err := io.ReadAll(z)
	assert.NoError(t, err)
	return text
}

func retained(t *testing.T, client *cloudwatchlogs.Client) int32 {
	t.Helper()
	out, err := client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	require.NoError(t, err)
	return aws.ToInt32(out.LogGroups[0].RetentionInDays)
}

// refusing is a way to the server on which every request with the word "refused" in an event is invalid.
func refusing(t *testing.T, to string) string {
	t.Helper()
	u, err := url.Parse(to)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(u)
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		if bytes.Contains(plain(t, r, body), []byte(`"refused"`)) {
			w.Header().Set("X-Amzn-Errortype", "InvalidParameterException")
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(way.Close)
	return way.URL
}
