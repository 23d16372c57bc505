package xray

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

type object = map[string]any

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func call(t *testing.T, s *Service, operation string, in any) (object, *wire.Error) {
	t.Helper()
	body, err := json.Marshal(in)
	require.NoError(t, err)
	out, err := s.Operations()[operation](&wire.Call{Service: wire.XRay, Operation: operation, Protocol: wire.RESTJSON, Now: now, Body: body})
	if err != nil {
		var e *wire.Error
		require.ErrorAs(t, err, &e)
		return nil, e
	}
	encoded, err := json.Marshal(out)
	require.NoError(t, err)
	var answer object
	require.NoError(t, json.Unmarshal(encoded, &answer))
	return answer, nil
}

func traceID(n int) string { return fmt.Sprintf("1-69a42e40-%024x", n) }

// document is a good segment with changes; a nil value leaves a member out.
func document(change object) string {
	s := object{"name": "web", "id": "70de5b6f19ff9a0a", "trace_id": traceID(1), "start_time": float64(now.Unix()), "end_time": float64(now.Unix()) + 0.25}
	for k, v := range change {
		if s[k] = v; v == nil {
			delete(s, k)
		}
	}
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func put(t *testing.T, s *Service, documents ...string) []any {
	t.Helper()
	out, e := call(t, s, "PutTraceSegments", object{"TraceSegmentDocuments": documents})
	require.Nil(t, e)
	return out["UnprocessedTraceSegments"].([]any)
}

func TestSegmentDocuments(t *testing.T) {
	subsegment := object{"type": "subsegment", "parent_id": "70de5b6f19ff9a0b"}
	tests := []struct{ name, document, wantCode string }{
		{"segment", document(nil), ""},
		{"in progress", document(object{"end_time": nil, "in_progress": true}), ""},
		{"no time at all", document(object{"end_time": float64(now.Unix())}), ""},
		{"subsegment", document(subsegment), ""},
		{"array of subsegments", "[" + document(subsegment) + "]", ""},
		{"name of 200", document(object{"name": strings.Repeat("ä", 200)}), ""},
		{"name with all symbols", document(object{"name": `a_.:/%&#=+\-@ 9`}), ""},
		{"nested subsegment", document(object{"subsegments": []object{{"id": "70de5b6f19ff9a0c", "name": "db", "start_time": 1.5, "end_time": 2}}}), ""},
		{"no JSON", "{", "ParseError"},
		{"a string", `"x"`, "ParseError"},
		{"number as name", document(object{"name": 5}), "ParseError"},
		{"empty array", "[]", "MissingId"},
		{"array of segments", "[" + document(nil) + "]", "InvalidType"},
		{"no id", document(object{"id": nil}), "MissingId"},
		{"id of 15", document(object{"id": "70de5b6f19ff9a0"}), "InvalidId"},
		{"id of 17", document(object{"id": "70de5b6f19ff9a0aa"}), "InvalidId"},
		{"id not hex", document(object{"id": "70de5b6f19ff9a0g"}), "InvalidId"},
		{"no trace id", document(object{"trace_id": nil}), "MissingTraceId"},
		{"W3C trace id", document(object{"trace_id": "4efaaf4d1e8720b39541901950019ee5"}), "InvalidTraceId"},
		{"trace id of another version", document(object{"trace_id": "2" + traceID(1)[1:]}), "InvalidTraceId"},
		{"no name", document(object{"name": nil}), "MissingName"},
		{"name of 201", document(object{"name": strings.Repeat("n", 201)}), "InvalidName"},
		{"name with a bracket", document(object{"name": "GET <x>"}), "InvalidName"},
		{"no start", document(object{"start_time": nil}), "MissingStartTime"},
		{"start in milliseconds", document(object{"start_time": float64(now.UnixMilli())}), "InvalidStartTime"},
		{"no end", document(object{"end_time": nil}), "MissingEndTime"},
		{"end before start", document(object{"end_time": float64(now.Unix()) - 1}), "InvalidEndTime"},
		{"end and in progress", document(object{"in_progress": true}), "InvalidEndTime"},
		{"subsegment without parent", document(object{"type": "subsegment"}), "MissingParentId"},
		{"short parent", document(object{"parent_id": "70de"}), "InvalidParentId"},
		{"nested subsegment without name", document(object{"subsegments": []object{{"id": "70de5b6f19ff9a0c", "start_time": 1.5, "end_time": 2}}}), "MissingName"},
		{"64 KiB", document(object{"metadata": strings.Repeat("m", MaxDocument-len(document(object{"metadata": ""})))}), ""},
		{"64 KiB and a byte", document(object{"metadata": strings.Repeat("m", MaxDocument+1-len(document(object{"metadata": ""})))}), "DocumentSizeExceeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := New(Config{})
			got := put(t, s, tt.document)
			if tt.wantCode == "" {
				assert.Empty(t, got)
				assert.EqualValues(t, 1, s.Status().Segments)
				return
			}
			require.Len(t, got, 1)
			assert.Equal(t, tt.wantCode, got[0].(object)["ErrorCode"])
			assert.Equal(t, "Invalid segment. ErrorCode: "+tt.wantCode, got[0].(object)["Message"])
			assert.EqualValues(t, 1, s.Status().Rejected)
			assert.Empty(t, s.Status().Traces)
		})
	}
}

func TestGoodSegmentsOfABatchAreKept(t *testing.T) {
	s := New(Config{})
	got := put(t, s, document(nil), document(object{"id": "80de5b6f19ff9a0a", "name": "<"}))
	assert.Equal(t, []any{object{"Id": "80de5b6f19ff9a0a", "ErrorCode": "InvalidName", "Message": "Invalid segment. ErrorCode: InvalidName"}}, got)
	assert.EqualValues(t, 1, s.Status().Segments)
}

func TestBatchHasAtMost50Documents(t *testing.T) {
	s := New(Config{})
	documents := make([]string, 51)
	for i := range documents {
		documents[i] = document(object{"id": fmt.Sprintf("%016x", i)})
	}
	assert.Empty(t, put(t, s, documents[:50]...))
	_, e := call(t, s, "PutTraceSegments", object{"TraceSegmentDocuments": documents})
	require.NotNil(t, e)
	assert.Equal(t, "InvalidRequestException", e.Code)
	_, e = call(t, s, "PutTraceSegments", object{})
	require.NotNil(t, e)
	assert.Equal(t, "InvalidRequestException", e.Code)
}

func TestTracesAreReadBack(t *testing.T) {
	s := New(Config{Account: "123456789012"})
	inProgress := document(object{"end_time": nil, "in_progress": true})
	done := document(object{"http": object{"request": object{"url": "http://x/", "method": "GET"}, "response": object{"status": 503}}, "fault": true})
	child := document(object{"id": "80de5b6f19ff9a0a", "parent_id": "70de5b6f19ff9a0a", "name": "db", "end_time": float64(now.Unix()) + 1, "throttle": true})
	put(t, s, inProgress, child)
	put(t, s, done)

	out, e := call(t, s, "BatchGetTraces", object{"TraceIds": []string{traceID(1), traceID(2)}})
	require.Nil(t, e)
	assert.Equal(t, []any{object{"Id": traceID(1), "Duration": 1.0, "LimitExceeded": false, "Segments": []any{
		object{"Id": "70de5b6f19ff9a0a", "Document": done}, object{"Id": "80de5b6f19ff9a0a", "Document": child},
	}}}, out["Traces"])

	out, e = call(t, s, "GetTraceSummaries", object{"StartTime": now.Unix() - 60, "EndTime": now.Unix() + 60})
	require.Nil(t, e)
	got := out["TraceSummaries"].([]any)[0].(object)
	assert.Equal(t, traceID(1), got["Id"])
	assert.Equal(t, 0.25, got["ResponseTime"])
	assert.Equal(t, object{"HttpURL": "http://x/", "HttpMethod": "GET", "HttpStatus": 503.0}, got["Http"])
	assert.Equal(t, []any{true, true, false, false}, []any{got["HasFault"], got["HasThrottle"], got["HasError"], got["IsPartial"]})

	out, e = call(t, s, "GetTraceSummaries", object{"StartTime": now.Unix() + 1, "EndTime": now.Unix() + 60})
	require.Nil(t, e)
	assert.Empty(t, out["TraceSummaries"])
	assert.Equal(t, TraceStatus{ID: traceID(1), Name: "web", Segments: 2, Start: now, Duration: time.Second, Fault: true, Throttle: true}, s.Status().Traces[0])
}

func TestReadsAreChecked(t *testing.T) {
	s := New(Config{})
	for name, in := range map[string]object{
		"no ids":  {},
		"six ids": {"TraceIds": []string{"1", "2", "3", "4", "5", "6"}},
	} {
		_, e := call(t, s, "BatchGetTraces", in)
		require.NotNil(t, e, name)
		assert.Equal(t, "InvalidRequestException", e.Code, name)
	}
	for name, in := range map[string]object{
		"no times":     {},
		"backwards":    {"StartTime": 2, "EndTime": 1},
		"over 24 h":    {"StartTime": 0, "EndTime": 86401},
		"a filter":     {"StartTime": 0, "EndTime": 1, "FilterExpression": "fault"},
		"no end given": {"StartTime": 0},
	} {
		_, e := call(t, s, "GetTraceSummaries", in)
		require.NotNil(t, e, name)
		assert.Equal(t, "InvalidRequestException", e.Code, name)
	}
}

func TestOldestTraceGoesFirst(t *testing.T) {
	s := New(Config{MaxTraces: 2})
	for i := range 3 {
		put(t, s, document(object{"trace_id": traceID(i)}))
	}
	var ids []string
	total := 0
	for _, trace := range s.Status().Traces {
		ids = append(ids, trace.ID)
		total += s.traces[trace.ID].bytes
	}
	assert.Equal(t, []string{traceID(2), traceID(1)}, ids)
	assert.Equal(t, total, s.bytes)
}

func TestTraceIsBounded(t *testing.T) {
	s := New(Config{})
	for i := range 10 {
		put(t, s, document(object{"id": fmt.Sprintf("%016x", i), "metadata": strings.Repeat("m", MaxDocument-500)}))
	}
	out, e := call(t, s, "BatchGetTraces", object{"TraceIds": []string{traceID(1)}})
	require.Nil(t, e)
	got := out["Traces"].([]any)[0].(object)
	assert.Equal(t, true, got["LimitExceeded"])
	assert.LessOrEqual(t, s.bytes, MaxTrace)
}

func TestTelemetryIsCounted(t *testing.T) {
	s := New(Config{})
	_, e := call(t, s, "PutTelemetryRecords", object{"TelemetryRecords": []object{{"Timestamp": now.Unix(), "SegmentsSentCount": 3}}, "EC2InstanceId": "i-0123456789abcdef0"})
	require.Nil(t, e)
	assert.EqualValues(t, 1, s.Status().TelemetryRecords)
	for name, in := range map[string]object{
		"no records":       {},
		"no timestamp":     {"TelemetryRecords": []object{{}}},
		"long instance id": {"TelemetryRecords": []object{}, "EC2InstanceId": strings.Repeat("i", 21)},
	} {
		_, e = call(t, s, "PutTelemetryRecords", in)
		require.NotNil(t, e, name)
		assert.Equal(t, "InvalidRequestException", e.Code, name)
	}
}

func TestSamplingHasTheDefaultRuleOnly(t *testing.T) {
	s := New(Config{Region: "us-east-1", Account: "123456789012"})
	out, e := call(t, s, "GetSamplingRules", object{})
	require.Nil(t, e)
	rules := out["SamplingRuleRecords"].([]any)
	require.Len(t, rules, 1)
	assert.Equal(t, "arn:aws:xray:us-east-1:123456789012:sampling-rule/Default", rules[0].(object)["SamplingRule"].(object)["RuleARN"])

	statistics := func(rule string) object {
		return object{"RuleName": rule, "ClientID": strings.Repeat("a", 24), "Timestamp": now.Unix(), "RequestCount": 1, "SampledCount": 1}
	}
	out, e = call(t, s, "GetSamplingTargets", object{"SamplingStatisticsDocuments": []object{statistics("Default"), statistics("gone")}})
	require.Nil(t, e)
	assert.Len(t, out["SamplingTargetDocuments"], 1)
	assert.Equal(t, "gone", out["UnprocessedStatistics"].([]any)[0].(object)["RuleName"])
	_, e = call(t, s, "GetSamplingTargets", object{})
	require.NotNil(t, e)
}

func FuzzParse(f *testing.F) {
	f.Add(document(nil))
	f.Add("[{}]")
	f.Add("null")
	f.Fuzz(func(t *testing.T, text string) {
		segments, _, code := parse(text)
		assert.Equal(t, code == "", len(segments) > 0)
		for _, s := range segments {
			assert.False(t, s.end().Before(s.start()))
		}
	})
}
