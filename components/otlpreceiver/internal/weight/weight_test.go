package weight

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// nested wraps a body into messages of fields, the first one outermost.
func nested(body []byte, fields ...uint64) []byte {
	for i := len(fields) - 1; i >= 0; i-- {
		to := binary.AppendUvarint(nil, fields[i]<<3|2)
		body = append(binary.AppendUvarint(to, uint64(len(body))), body...)
	}
	return body
}

type request interface {
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}

func of(kind *Kind) request {
	switch kind {
	case Logs:
		r := plogotlp.NewExportRequest()
		return &r
	case Metrics:
		r := pmetricotlp.NewExportRequest()
		return &r
	}
	r := ptraceotlp.NewExportRequest()
	return &r
}

// heapOf is what the heap grows by while f is running, with all that it allocates.
func heapOf(f func() any) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// Each message that has nothing in it, very often: what it is estimated at is at least what the decoded request takes, and
// not much more without the documents.
func TestTheEstimateIsAboveWhatDecodingTakes(t *testing.T) {
	const count = 50_000
	empty := func(field uint64) []byte { return bytes.Repeat(nested(nil, field), count) }
	for name, test := range map[string]struct {
		kind *Kind
		body []byte
	}{
		"resources":                       {Logs, empty(1)},
		"scopes":                          {Logs, nested(empty(2), 1)},
		"deprecated scopes":               {Logs, nested(empty(1000), 1)},
		"log records":                     {Logs, nested(empty(2), 1, 2)},
		"attributes":                      {Logs, nested(empty(6), 1, 2, 2)},
		"elements of a list":              {Logs, nested(empty(1), 1, 2, 2, 5, 5)},
		"pairs of a map":                  {Logs, nested(empty(1), 1, 2, 2, 5, 6)},
		"values with lists":               {Logs, nested(bytes.Repeat(nested(nil, 1, 5), count), 1, 2, 2, 5, 5)},
		"attributes of resource":          {Logs, nested(empty(1), 1, 1)},
		"entities":                        {Logs, nested(empty(3), 1, 1)},
		"keys of an entity":               {Logs, nested(empty(3), 1, 1, 3)},
		"metrics":                         {Metrics, nested(empty(2), 1, 2)},
		"numbers":                         {Metrics, nested(empty(1), 1, 2, 2, 5)},
		"sums":                            {Metrics, nested(empty(1), 1, 2, 2, 7)},
		"histograms":                      {Metrics, nested(empty(1), 1, 2, 2, 9)},
		"exponential histograms":          {Metrics, nested(empty(1), 1, 2, 2, 10)},
		"summaries":                       {Metrics, nested(empty(1), 1, 2, 2, 11)},
		"exemplars":                       {Metrics, nested(empty(5), 1, 2, 2, 5, 1)},
		"exemplars of histograms":         {Metrics, nested(empty(8), 1, 2, 2, 9, 1)},
		"quantiles":                       {Metrics, nested(empty(6), 1, 2, 2, 11, 1)},
		"metadata":                        {Metrics, nested(empty(12), 1, 2, 2)},
		"exponential buckets":             {Metrics, nested(nested(make([]byte, count), 2), 1, 2, 2, 10, 1, 8)},
		"exponential buckets, one by one": {Metrics, nested(bytes.Repeat([]byte{2 << 3, 1}, count), 1, 2, 2, 10, 1, 8)},
		"bounds, one by one":              {Metrics, nested(bytes.Repeat([]byte{7<<3 | 1, 0, 0, 0, 0, 0, 0, 0, 0}, count), 1, 2, 2, 9, 1)},
		"gauges, again and again":         {Metrics, nested(empty(5), 1, 2, 2)},
		"spans":                           {Traces, nested(empty(2), 1, 2)},
		"events":                          {Traces, nested(empty(11), 1, 2, 2)},
		"links":                           {Traces, nested(empty(13), 1, 2, 2)},
		"scopes of spans":                 {Traces, nested(empty(2), 1)},
	} {
		t.Run(name, func(t *testing.T) {
			estimated, err := Proto(test.kind, test.body)
			require.NoError(t, err)
			took := heapOf(func() any {
				r := of(test.kind)
				require.NoError(t, r.UnmarshalProto(test.body))
				return r
			})
			assert.GreaterOrEqual(t, estimated, took, "%d bytes", len(test.body))
			t.Logf("%d bytes: estimated %d, %.1f times the %d that they take", len(test.body), estimated, float64(estimated)/float64(max(took, 1)), took)
		})
	}
}

func TestTheEstimateOfJSONIsAboveWhatDecodingTakes(t *testing.T) {
	const count = 50_000
	list := func(element string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(element+",", count), ",") + "]"
	}
	for name, test := range map[string]struct {
		kind *Kind
		body string
	}{
		"resources":              {Logs, `{"resourceLogs":` + list("{}") + `}`},
		"log records":            {Logs, `{"resourceLogs":[{"scopeLogs":[{"logRecords":` + list("{}") + `}]}]}`},
		"in snake case":          {Logs, `{"resource_logs":[{"scope_logs":[{"log_records":` + list("{}") + `}]}]}`},
		"deprecated":             {Logs, `{"resourceLogs":[{"deprecatedScopeLogs":` + list("{}") + `}]}`},
		"attributes":             {Logs, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":` + list("{}") + `}]}]}]}`},
		"elements of a list":     {Logs, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"arrayValue":{"values":` + list("{}") + `}}}]}]}]}`},
		"exponential histograms": {Metrics, `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"exponentialHistogram":{"dataPoints":` + list("{}") + `}}]}]}]}`},
		"bucket counts":          {Metrics, `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":` + list(`1`) + `}]}}]}]}]}`},
		"quantiles":              {Metrics, `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"summary":{"dataPoints":[{"quantileValues":` + list("{}") + `}]}}]}]}]}`},
		"spans":                  {Traces, `{"resourceSpans":[{"scopeSpans":[{"spans":` + list("{}") + `}]}]}`},
		"links":                  {Traces, `{"resourceSpans":[{"scopeSpans":[{"spans":[{"links":` + list("{}") + `}]}]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			estimated, err := JSON(test.kind, []byte(test.body))
			require.NoError(t, err)
			took := heapOf(func() any {
				r := of(test.kind)
				require.NoError(t, r.UnmarshalJSON([]byte(test.body)))
				return r
			})
			assert.GreaterOrEqual(t, estimated, took, "%d bytes", len(test.body))
		})
	}
}

// A usual batch is estimated at not much more than it takes with its documents: 8,192 records of 300 bytes fit into what
// the receiver has by default, several times.
func TestAUsualBatchIsSmall(t *testing.T) {
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	for _, key := range []string{"service.name", "host.name", "k8s.pod.name", "k8s.namespace.name"} {
		rl.Resource().Attributes().PutStr(key, "a-value-of-some-length")
	}
	for range 8192 {
		r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		r.SetTimestamp(pcommon.Timestamp(1))
		r.Body().SetStr(strings.Repeat("x", 200))
		r.Attributes().PutStr("http.route", "/orders/{id}")
		r.Attributes().PutInt("http.status", 200)
	}
	body, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	require.NoError(t, err)
	estimated, err := Proto(Logs, body)
	require.NoError(t, err)
	assert.Less(t, estimated, int64(26<<20), "%d bytes", len(body))
}

// What every document repeats counts for each of them.
func TestAResourceCountsForEachOfItsRecords(t *testing.T) {
	resource := nested(nested([]byte(strings.Repeat("v", 10_000)), 2, 1), 1, 1)
	records := nested(bytes.Repeat([]byte{0x12, 0}, 1000), 2)
	for _, body := range [][]byte{nested(append(bytes.Clone(resource), records...), 1), nested(append(bytes.Clone(records), resource...), 1)} {
		estimated, err := Proto(Logs, body)
		require.NoError(t, err)
		assert.Greater(t, estimated, int64(10_000*1000))
	}
}

func TestDeepAndDamagedRequestsAreRefused(t *testing.T) {
	deep := []byte{}
	for range 300 {
		deep = nested(deep, 5, 1)
	}
	for name, body := range map[string][]byte{
		"deep":                     nested(deep, 1, 2, 2, 5),
		"cut off":                  {0x0a, 5, 1},
		"a group":                  {0x0b, 0x0c},
		"a field beyond 32 bits":   append(binary.AppendUvarint(nil, (1<<32|1)<<3|2), 0),
		"a number that never ends": bytes.Repeat([]byte{0xff}, 20),
	} {
		_, err := Proto(Logs, body)
		assert.Error(t, err, name)
	}
	for name, body := range map[string]string{
		"deep":            `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":` + strings.Repeat(`{"arrayValue":{"values":[`, 100) + strings.Repeat("]}}", 100) + `}]}]}]}`,
		"deep elsewhere":  `{"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`,
		"cut off":         `{"resourceLogs":[`,
		"an escaped name": "{\"resource\\u004cogs\":[{}]}",
		"a string open":   `{"resourceLogs`,
	} {
		_, err := JSON(Logs, []byte(body))
		assert.Error(t, err, name)
	}
}

func FuzzEstimate(f *testing.F) {
	f.Add(nested(bytes.Repeat([]byte{0x12, 0}, 9), 1, 2))
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, kind := range []*Kind{Logs, Metrics, Traces} {
			if bytes, err := Proto(kind, body); err == nil && bytes < int64(len(body)) {
				t.Fatal(bytes)
			}
			_, _ = JSON(kind, body)
		}
	})
}
