package page_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/logs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metrics"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/page"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/ssm"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/xray"
)

var now = time.Date(2026, 3, 4, 10, 30, 0, 0, time.UTC)

func request(t *testing.T, d page.Data, method, target string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	page.Handler(func() page.Data { return d }).ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w.Result()
}

func body(t *testing.T, d page.Data, target string) string {
	t.Helper()
	w := httptest.NewRecorder()
	page.Handler(func() page.Data { return d }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return w.Body.String()
}

// has and hasNot do not print the page, unlike testify's.
func has(t *testing.T, html, want string) {
	t.Helper()
	assert.True(t, strings.Contains(html, want), "the page lacks %q", want)
}

func hasNot(t *testing.T, html, unwanted string) {
	t.Helper()
	assert.False(t, strings.Contains(html, unwanted), "the page has %q", unwanted)
}

func empty() page.Data {
	return page.Data{
		Version: "1.2.3", Listen: "http://127.0.0.1:4566", Region: "eu-central-1", Account: "123456789012",
		AccessKeyID: "AKIALOCALEXAMPLE0000", Started: now.Add(-3 * time.Minute), Now: now,
	}
}

// busy is a server at work, with some of everything.
func busy() page.Data {
	d := empty()
	event := func(seconds int, message string) logs.EventStatus {
		return logs.EventStatus{Time: now.Add(-time.Duration(seconds) * time.Second), Message: message}
	}
	d.Requests = []page.OperationCount{
		{Service: "logs", Operation: "CreateLogStream", Count: 3}, {Service: "logs", Operation: "PutLogEvents", Count: 18432, Errors: 12},
		{Service: "monitoring", Operation: "PutMetricData", Count: 240}, {Service: "ssm", Operation: "GetParameter", Count: 7, Errors: 1},
		{Service: "xray", Operation: "PutTraceSegments", Count: 41},
	}
	d.Logs = logs.Status{Accepted: 1834201, Rejected: logs.Rejected{TooOld: 14}, Groups: []logs.GroupStatus{
		{Name: "/app/checkout", Class: "STANDARD", RetentionDays: 30, StoredBytes: 48213004,
			Tags: map[string]string{"team": "payments", "stage": "prod"}, Streams: []logs.StreamStatus{
				{Name: "host-17", Events: 91822, StoredBytes: 40213004, LastIngestion: now.Add(-2 * time.Second), Last: []logs.EventStatus{
					event(4, `{"level":"info","msg":"order placed","order":"81723","total":41.9}`),
					event(3, `{"level":"warn","msg":"payment provider is slow","took_ms":1840}`),
					event(2, "panic: runtime error: index out of range [3] with length 3\n\ngoroutine 41 [running]:\nmain.(*Cart).Add(0xc000012345, 0x3)\n\t/src/cart.go:118 +0x1d"),
				}},
				{Name: "host-18", Events: 3, StoredBytes: 412, LastIngestion: now.Add(-26 * time.Hour), Last: []logs.EventStatus{event(26*3600, "shut down")}},
			}},
		{Name: "/otelcol/emf", Class: "INFREQUENT_ACCESS", StoredBytes: 9120, Streams: []logs.StreamStatus{{Name: "metrics"}}},
	}}
	d.Metrics = metrics.Status{
		Namespaces: map[string]int{"CWAgent": 4, "Checkout": 2}, SeriesCount: 6, Totals: metrics.Totals{PointsFromEMF: 9120, PointsFromPut: 240},
		EMF: metrics.EMFStatus{Documents: 9133, ParsingErrors: 1, ValidationErrors: 2},
		Series: []metrics.SeriesStatus{
			{Namespace: "CWAgent", Name: "mem_used_percent", Dimensions: []emf.Dimension{{Name: "host", Value: "host-17"}}, Unit: "Percent", LastValue: 61.27391, SampleCount: 181, LastTime: now.Add(-40 * time.Second)},
			{Namespace: "CWAgent", Name: "disk_free", Dimensions: []emf.Dimension{{Name: "device", Value: "nvme0n1p1"}, {Name: "fstype", Value: "ext4"}, {Name: "host", Value: "host-17"}, {Name: "path", Value: "/"}}, Unit: "Bytes", LastValue: 128849018880, SampleCount: 181, LastTime: now.Add(-40 * time.Second)},
			{Namespace: "CWAgent", Name: "cpu_usage_idle", Dimensions: []emf.Dimension{{Name: "cpu", Value: "cpu-total"}, {Name: "host", Value: "host-17"}}, Unit: "Percent", LastValue: 93.2, SampleCount: 181, LastTime: now.Add(-40 * time.Second)},
			{Namespace: "CWAgent", Name: "net_bytes_sent", Dimensions: []emf.Dimension{{Name: "host", Value: "host-17"}, {Name: "interface", Value: "eth0"}}, Unit: "Bytes/Second", LastValue: 1834201, SampleCount: 181, LastTime: now.Add(-40 * time.Second)},
			{Namespace: "Checkout", Name: "latency", StorageResolution: 1, Unit: "Milliseconds", LastValue: 1840.25, SampleCount: 18000, LastTime: now.Add(-time.Second)},
			{Namespace: "Checkout", Name: "orders", Unit: "None", LastValue: 7, SampleCount: 812, LastTime: now.Add(-3 * time.Hour)},
		},
		InvalidEMF: []metrics.InvalidEMF{{Time: now.Add(-9 * time.Second), LogGroup: "/otelcol/emf", LogStream: "metrics", Namespace: "Checkout", Metric: "queue", Reason: `Unit "Percents" is not a unit of CloudWatch`}},
	}
	d.SSM.Parameters = []ssm.ParameterStatus{
		{Name: "/otelcol/config", Type: "String", Tier: "Standard", Version: 3, Size: 1204, Value: "receivers:\n  hostmetrics:\n    collection_interval: 60s\n", Labels: []string{"prod=2"}, LastModified: now.Add(-5 * time.Minute)},
		{Name: "/otelcol/token", Type: "SecureString", Tier: "Standard", Version: 1, Size: 40, LastModified: now.Add(-50 * time.Hour)},
	}
	d.XRay = xray.Status{Segments: 88, Traces: []xray.TraceStatus{{ID: "1-69a80d98-0123456789abcdef01234567", Name: "checkout", Segments: 4, Start: now.Add(-12 * time.Second), Duration: 1840 * time.Millisecond, Fault: true}}}
	d.Faults = []faults.State{
		{Rule: faults.Rule{ID: "fault-1", Kind: faults.Throttle, Operation: "PutLogEvents", LogGroup: "/app/*", Every: 3}, Matched: 36, Applied: 12},
		{Rule: faults.Rule{ID: "fault-2", Kind: faults.Latency, Latency: faults.Duration(250 * time.Millisecond), Count: 5}, Matched: 90, Applied: 5},
	}
	return d
}

func TestPageShowsWhatTheServerHolds(t *testing.T) {
	html := body(t, busy(), "/")
	for _, want := range []string{
		"eu-central-1", "123456789012", "1,834,201", "14 rejected",
		"/app/checkout", "kept 30 days", "team=payments", "host-17", "order placed", "10:29:56.000", "2026-03-03 08:30:00.000",
		"CWAgent", "mem_used_percent", "61.274", "128,849,018,880", "(129 GB)", "(1.83 MB/s)", "(1.84 s)", "3 h ago", "nvme0n1p1",
		"Invalid EMF", "Unit &#34;Percents&#34; is not a unit",
		"/otelcol/config", "prod=2", "not shown", "1-69a80d98-0123456789abcdef01234567",
		"throttle", "operation PutLogEvents, log group /app/*", "one call in 3", "spent", "PutMetricData", "18,432",
	} {
		has(t, html, want)
	}
	hasNot(t, html, "Nothing has arrived yet")
	assert.Less(t, strings.Index(html, "cpu_usage_idle"), strings.Index(html, "disk_free"), "metrics stand by name")
}

func TestEmptyServerTellsWhatToTry(t *testing.T) {
	html := body(t, empty(), "/")
	has(t, html, "Nothing has arrived yet")
	for _, want := range []string{"put-log-events", "put-metric-data", "put-parameter"} {
		has(t, html, want)
	}
	has(t, html, "aws --endpoint-url http://127.0.0.1:4566 ")
	has(t, html, "AKIALOCALEXAMPLE0000")

	// A server whose only requests failed is not empty: it shows them, and says what it lacks.
	d := empty()
	d.Requests = []page.OperationCount{{Service: "logs", Operation: "PutLogEvents", Count: 2, Errors: 2}}
	html = body(t, d, "/")
	hasNot(t, html, "Nothing has arrived yet")
	has(t, html, "2 with an error")
	has(t, html, "No log group yet.")
}

func TestFaultsOfAnEmptyServerAreShown(t *testing.T) {
	d := empty()
	d.Faults = []faults.State{{Rule: faults.Rule{ID: "fault-1", Kind: faults.Stall}}}
	html := body(t, d, "/")
	has(t, html, "stall")
	has(t, html, "every call")
	has(t, html, "always")
}

func TestHostileTextStaysText(t *testing.T) {
	const evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[31m\x00\u202egnp.exe </title></style>"
	d := busy()
	d.Version, d.Region, d.AccessKeyID, d.Listen = evil, evil, evil, "javascript:"+evil
	d.Logs.Groups = []logs.GroupStatus{{Name: evil, Class: evil, Tags: map[string]string{evil: evil}, Streams: []logs.StreamStatus{
		{Name: evil, Last: []logs.EventStatus{{Time: now, Message: evil}, {Time: now, Message: "\xff\xfe"}}},
	}}}
	d.Metrics.Namespaces = map[string]int{evil: 1}
	d.Metrics.Series = []metrics.SeriesStatus{{Namespace: evil, Name: evil, Unit: evil, Dimensions: []emf.Dimension{{Name: evil, Value: evil}}}}
	d.Metrics.InvalidEMF = []metrics.InvalidEMF{{LogGroup: evil, LogStream: evil, Namespace: evil, Metric: evil, Reason: evil}}
	d.SSM.Parameters = []ssm.ParameterStatus{{Name: evil, Value: evil, Type: evil, Labels: []string{evil}}}
	d.XRay.Traces = []xray.TraceStatus{{ID: evil, Name: evil}}
	d.Requests = []page.OperationCount{{Service: evil, Operation: evil}}
	d.Faults = []faults.State{{Rule: faults.Rule{ID: evil, Kind: faults.Kind(evil), LogGroup: evil}}}
	html := body(t, d, "/")
	lower := strings.ToLower(html)
	hasNot(t, lower, "<script")
	hasNot(t, lower, "<img")
	hasNot(t, html, "\x1b")
	hasNot(t, html, "\u202e")
	hasNot(t, lower, `href="javascript`)
	assert.Equal(t, 1, strings.Count(lower, "</title>"))
	assert.Equal(t, 1, strings.Count(lower, "</style>"))
	has(t, html, "&lt;script&gt;alert(1)&lt;/script&gt;")
}

func TestLongMessageIsCutBetweenCharacters(t *testing.T) {
	d := busy()
	d.Logs.Groups[0].Streams[0].Last = []logs.EventStatus{{Time: now, Message: strings.Repeat("é", 1<<20)}}
	html := body(t, d, "/")
	has(t, html, strings.Repeat("é", 300)+"…")
	hasNot(t, html, strings.Repeat("é", 301))
}

func TestBigServerGivesASmallPage(t *testing.T) {
	d := busy()
	d.Logs.Groups, d.SSM.Parameters, d.Faults, d.Requests = nil, nil, nil, nil
	d.Metrics.Series, d.Metrics.Namespaces, d.Metrics.InvalidEMF = nil, map[string]int{}, nil
	events := make([]logs.EventStatus, 50) // shared by all streams: the test itself stays small
	for e := range events {
		events[e] = logs.EventStatus{Time: now, Message: fmt.Sprintf("event %d %s", e, strings.Repeat("x", 1000))}
	}
	for g := range 200 {
		group := logs.GroupStatus{Name: fmt.Sprintf("group-%03d", g)}
		for s := range 100 {
			stream := logs.StreamStatus{Name: fmt.Sprintf("stream-%03d", s), LastIngestion: now.Add(time.Duration(g*100+s-30000) * time.Second), Last: events}
			group.Streams = append(group.Streams, stream)
		}
		d.Logs.Groups = append(d.Logs.Groups, group)
	}
	for i := range 1000 {
		namespace := fmt.Sprintf("namespace-%d", i%50)
		d.Metrics.Series = append(d.Metrics.Series, metrics.SeriesStatus{Namespace: namespace, Name: fmt.Sprintf("m%d", i)})
		d.Metrics.Namespaces[namespace] = 5000
		d.SSM.Parameters = append(d.SSM.Parameters, ssm.ParameterStatus{Name: fmt.Sprintf("/p/%d", i), Value: strings.Repeat("v", 8192)})
		d.Metrics.InvalidEMF = append(d.Metrics.InvalidEMF, metrics.InvalidEMF{Reason: strings.Repeat("r", 512)})
		d.Faults = append(d.Faults, faults.State{Rule: faults.Rule{ID: fmt.Sprint(i), Kind: faults.Stall}})
		d.Requests = append(d.Requests, page.OperationCount{Operation: fmt.Sprint(i), Count: int64(i)})
	}
	html := body(t, d, "/")
	assert.Less(t, len(html), 2<<20)
	for _, want := range []string{
		"and 180 more groups", "and 92 more streams", "and 30 more namespaces", "and 4,980 more,", "and 950 more,", "and 980 more,", "and 900 more,",
	} {
		has(t, html, want)
	}
	has(t, html, "group-199")
	hasNot(t, html, "group-000")
	has(t, html, "event 49")
	hasNot(t, html, "event 39 ")
}

func TestPageKeepsTheDataAsItIs(t *testing.T) {
	d := busy()
	before, err := json.Marshal(d)
	require.NoError(t, err)
	body(t, d, "/")
	after, err := json.Marshal(d)
	require.NoError(t, err)
	assert.JSONEq(t, string(before), string(after))
}

func TestStatusIsTheSameDataAsJSON(t *testing.T) {
	d := busy()
	response := request(t, d, http.MethodGet, "/_status")
	assert.Equal(t, "application/json", response.Header.Get("Content-Type"))
	var got page.Data
	require.NoError(t, json.NewDecoder(response.Body).Decode(&got))
	assert.Equal(t, d, got)
}

func TestStatusThatIsNoJSONIsAnErrorNotHalfADocument(t *testing.T) {
	d := busy()
	d.Metrics.Series[0].LastValue = math.NaN()
	assert.Equal(t, http.StatusInternalServerError, request(t, d, http.MethodGet, "/_status").StatusCode)
	assert.Contains(t, body(t, d, "/"), "NaN")
}

func TestOnlyGetAndHeadOfTheTwoPathsAreServed(t *testing.T) {
	for _, tt := range []struct {
		method, target string
		want           int
	}{
		{http.MethodGet, "/", 200}, {http.MethodHead, "/", 200}, {http.MethodGet, "/_status", 200}, {http.MethodHead, "/_status", 200},
		{http.MethodPost, "/", 405}, {http.MethodDelete, "/_status", 405}, {http.MethodGet, "/favicon.ico", 404}, {http.MethodGet, "/x", 404},
	} {
		assert.Equal(t, tt.want, request(t, busy(), tt.method, tt.target).StatusCode, tt.method+" "+tt.target)
	}
}

func TestPageMayLoadNothing(t *testing.T) {
	response := request(t, busy(), http.MethodGet, "/")
	assert.Contains(t, response.Header.Get("Content-Security-Policy"), "default-src 'none'")
	assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	assert.Empty(t, response.Header.Get("Access-Control-Allow-Origin"))
	html := body(t, busy(), "/")
	for _, none := range []string{"<script", " src=", "@import", "url("} {
		hasNot(t, html, none)
	}
}

func TestReloadingIsAskedForAndBounded(t *testing.T) {
	const meta = `http-equiv="refresh"`
	for target, want := range map[string]bool{
		"/": false, "/?refresh=5": true, "/?refresh=0": false, "/?refresh=-1": false, "/?refresh=x": false, "/?refresh=99999": false,
	} {
		html := body(t, busy(), target)
		assert.Equal(t, want, strings.Contains(html, meta), target)
		assert.Equal(t, want, strings.Contains(html, ">Pause<"), target)
	}
}

func TestEveryTableHasHeadersAndEveryLinkATarget(t *testing.T) {
	for _, d := range []page.Data{busy(), empty()} {
		html := body(t, d, "/")
		for _, part := range strings.Split(html, `href="#`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			has(t, html, `id="`+id+`"`)
		}
	}
	html := body(t, busy(), "/")
	for table := range strings.SplitSeq(html, "<table") {
		if before, _, ok := strings.Cut(table, "</table>"); ok {
			assert.Contains(t, before, `<th scope="col"`)
		}
	}
}

// TestWritePages writes the pages to the folder that PAGE_DIR names, to look at them in a browser.
func TestWritePages(t *testing.T) {
	dir := os.Getenv("PAGE_DIR")
	if dir == "" {
		t.Skip("PAGE_DIR is not set")
	}
	for name, d := range map[string]page.Data{"busy": busy(), "empty": empty()} {
		require.NoError(t, os.WriteFile(dir+"/"+name+".html", []byte(body(t, d, "/")), 0o600))
	}
}
