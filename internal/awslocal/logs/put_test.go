package logs

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

func many(n int, message string) []line {
	lines := make([]line, n)
	for i := range lines {
		lines[i] = line{0, message}
	}
	return lines
}

func TestBatchLimits(t *testing.T) {
	const hour = time.Hour
	tests := []struct {
		name  string
		lines []line
		want  string // message of the error; "" where the batch is accepted
	}{
		{"no events", nil, "1 validation error detected: Value '[...]' at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"10,000 events", many(10_000, "x"), ""},
		{"10,001 events", many(10_001, "x"), "1 validation error detected: Value '[...]' at 'logEvents' failed to satisfy constraint: Member must have length less than or equal to 10000"},
		{"largest batch", many(2, repeated(524_288-26)), ""},
		{"batch one byte too large", append(many(1, repeated(524_288-26)), line{0, repeated(524_288 - 25)}), "Upload too large: 1048577 bytes exceeds limit of 1048576"},
		{"bytes are counted, not characters", many(2, strings.Repeat("ä", 524_288/2)), "Upload too large: 1048628 bytes exceeds limit of 1048576"},
		{"largest event", many(1, repeated(1_048_576-26)), ""},
		{"event one byte too large", many(1, repeated(1_048_576-25)), "Log event too large: 1048577 bytes exceeds limit of 1048576"},
		{"empty message", []line{{0, "x"}, {0, ""}}, "1 validation error detected: Value '' at 'logEvents.2.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"equal times", []line{{0, "x"}, {0, "y"}}, ""},
		{"out of order", []line{{0, "x"}, {-time.Millisecond, "y"}}, "Log events in a single PutLogEvents request must be in chronological order."},
		{"span of 24 hours", []line{{-24 * hour, "x"}, {0, "y"}}, ""},
		{"span over 24 hours", []line{{-24*hour - time.Millisecond, "x"}, {0, "y"}}, "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarness(t, Config{})
			h.stream("g", "s")
			input := in{"logGroupName": "g", "logStreamName": "s", "logEvents": h.events(tt.lines...)}
			if tt.want == "" {
				out := h.do("PutLogEvents", input).(*putLogEventsOutput)
				assert.Nil(t, out.RejectedLogEventsInfo)
				assert.EqualValues(t, len(tt.lines), h.s.Status(0).Accepted)
				return
			}
			e := h.refused("PutLogEvents", input)
			assert.Equal(t, "InvalidParameterException", e.Code)
			assert.Equal(t, tt.want, e.Message)
			assert.Zero(t, h.s.Status(0).Accepted)
			assert.Empty(t, h.read("g", "s"))
		})
	}
}

func TestMissingMembersAreNamed(t *testing.T) {
	h := newHarness(t, Config{})
	for _, tt := range []struct{ body, want string }{
		{`{}`, "3 validation errors detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null; Value null at 'logStreamName' failed to satisfy constraint: Member must not be null; Value null at 'logEvents' failed to satisfy constraint: Member must not be null"},
		{`{"logGroupName":"g","logStreamName":"s","logEvents":[{"message":"m"}]}`, "1 validation error detected: Value null at 'logEvents.1.member.timestamp' failed to satisfy constraint: Member must not be null"},
		{`{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1}]}`, "1 validation error detected: Value null at 'logEvents.1.member.message' failed to satisfy constraint: Member must not be null"},
		{`{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":-1,"message":"m"}]}`, "1 validation error detected: Value '-1' at 'logEvents.1.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{`{"logGroupName":"a:b","logStreamName":"c:d","logEvents":[{"timestamp":1,"message":"m"}]}`, `2 validation errors detected: Value 'a:b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+; Value 'c:d' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*`},
	} {
		e := h.refused("PutLogEvents", []byte(tt.body))
		assert.Equal(t, "InvalidParameterException", e.Code)
		assert.Equal(t, tt.want, e.Message)
	}
	e := h.refused("PutLogEvents", in{"logGroupName": "g", "logStreamName": "s", "logEvents": h.events(many(50, "")...)})
	assert.True(t, strings.HasPrefix(e.Message, "10 validation errors detected: "), e.Message)
}

func TestEventsOutsideTheTimeLimitsAreRejectedAndTheRestIsKept(t *testing.T) {
	const day = 24 * time.Hour
	const ms = time.Millisecond
	index := func(i int) *int { return &i }
	tests := []struct {
		name      string
		retention int
		reject    int
		lines     []line
		want      *rejectedLogEventsInfo
		kept      string
	}{
		{"exactly 14 days old", 0, 0, []line{{-14 * day, "a"}}, nil, "a"},
		{"older than 14 days", 0, 0, []line{{-14*day - ms, "a"}, {-14*day - ms, "b"}, {-14 * day, "c"}},
			&rejectedLogEventsInfo{TooOldLogEventEndIndex: index(2)}, "c"},
		{"exactly 2 hours ahead", 0, 0, []line{{2 * time.Hour, "a"}}, nil, "a"},
		{"more than 2 hours ahead", 0, 0, []line{{0, "a"}, {2 * time.Hour, "b"}, {2*time.Hour + ms, "c"}},
			&rejectedLogEventsInfo{TooNewLogEventStartIndex: index(2)}, "ab"},
		{"exactly at retention", 1, 0, []line{{-day, "a"}}, nil, "a"},
		{"past retention", 1, 0, []line{{-day - ms, "a"}, {0, "b"}},
			&rejectedLogEventsInfo{ExpiredLogEventEndIndex: index(1)}, "b"},
		{"both too old and past retention", 3, 0, []line{{-15 * day, "a"}, {-4 * day, "b"}, {0, "c"}},
			&rejectedLogEventsInfo{TooOldLogEventEndIndex: index(1), ExpiredLogEventEndIndex: index(2)}, "c"},
		{"too old but within retention", 30, 0, []line{{-15 * day, "a"}, {0, "b"}},
			&rejectedLogEventsInfo{TooOldLogEventEndIndex: index(1)}, "b"},
		{"both ends", 0, 0, []line{{-15 * day, "a"}, {0, "b"}, {3 * time.Hour, "c"}},
			&rejectedLogEventsInfo{TooOldLogEventEndIndex: index(1), TooNewLogEventStartIndex: index(2)}, "b"},
		{"all too old", 0, 0, []line{{-15 * day, "a"}},
			&rejectedLogEventsInfo{TooOldLogEventEndIndex: index(1)}, ""},
		{"all too new", 0, 0, []line{{3 * time.Hour, "a"}},
			&rejectedLogEventsInfo{TooNewLogEventStartIndex: index(0)}, ""},
		{"span counts valid events only", 0, 0, []line{{-15 * day, "a"}, {-time.Hour, "b"}, {0, "c"}, {10 * day, "d"}},
			&rejectedLogEventsInfo{TooOldLogEventEndIndex: index(1), TooNewLogEventStartIndex: index(3)}, "bc"},
		{"injected", 0, 2, []line{{0, "a"}, {0, "b"}, {0, "c"}},
			&rejectedLogEventsInfo{TooOldLogEventEndIndex: index(2)}, "c"},
		{"injected for more than there are", 0, 9, []line{{0, "a"}, {0, "b"}},
			&rejectedLogEventsInfo{TooOldLogEventEndIndex: index(2)}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarness(t, Config{})
			h.stream("g", "s")
			if tt.retention > 0 {
				h.do("PutRetentionPolicy", in{"logGroupName": "g", "retentionInDays": tt.retention})
			}
			b := new(strings.Builder)
			for i, e := range h.events(tt.lines...) {
				fmt.Fprintf(b, `%s{"timestamp":%d,"message":%q}`, strings.Repeat(",", min(i, 1)), e["timestamp"], e["message"])
			}
			result, err := h.s.putLogEvents(&wire.Call{Protocol: wire.JSON11, Now: h.now, RejectFirst: tt.reject,
				Body: []byte(`{"logGroupName":"g","logStreamName":"s","logEvents":[` + b.String() + `]}`)})
			require.NoError(t, err)
			out := result.(*putLogEventsOutput)
			assert.Equal(t, tt.want, out.RejectedLogEventsInfo)
			assert.NotEmpty(t, out.NextSequenceToken)
			assert.Equal(t, tt.kept, strings.Join(h.read("g", "s"), ""))
			status := h.s.Status(0)
			rejected := status.Rejected
			assert.EqualValues(t, len(tt.lines), status.Accepted+rejected.TooNew+rejected.TooOld+rejected.Expired)
		})
	}
}

func TestSequenceTokenIsIgnoredAndMayBeOmitted(t *testing.T) {
	for _, omit := range []bool{false, true} {
		h := newHarness(t, Config{OmitSequenceToken: omit})
		h.stream("g", "s")
		out := h.do("PutLogEvents", in{"logGroupName": "g", "logStreamName": "s", "sequenceToken": "any", "logEvents": h.events(line{0, "x"})}).(*putLogEventsOutput)
		assert.Equal(t, omit, out.NextSequenceToken == "")
	}
}

func TestStoredEventsDoNotShareTheRequestsMemory(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g", "s")
	body := []byte(fmt.Sprintf(`{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":%d,"message":"kept"}]}`, noon.UnixMilli()))
	h.do("PutLogEvents", body)
	clear(body)
	h.put("g", "s", line{0, "next"})
	assert.Equal(t, []string{"kept", "next"}, h.read("g", "s"))
}

func TestCBORRequestIsUnderstood(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g", "s")
	body := wire.Encode(&wire.Call{Protocol: wire.CBOR}, in{
		"logGroupName": "g", "logStreamName": "s", "logEvents": h.events(line{0, "x"}, line{1, "y"}),
		"entity": in{"keyAttributes": in{"Type": "Bad", "Name": "n"}},
	}, nil).Body
	result, err := h.s.putLogEvents(&wire.Call{Protocol: wire.CBOR, Now: h.now, Body: body})
	require.NoError(t, err)
	assert.Equal(t, "InvalidTypeValue", result.(*putLogEventsOutput).RejectedEntityInfo.ErrorType)
	assert.Equal(t, []string{"x", "y"}, h.read("g", "s"))
}

func TestOnlyDocumentsInEmbeddedMetricFormatAreHandedOn(t *testing.T) {
	type call struct {
		group, stream, message string
		at                     time.Time
	}
	var calls []call
	h := newHarness(t, Config{OnEMF: func(group, stream, message string, at time.Time) {
		calls = append(calls, call{group, stream, message, at})
	}})
	h.stream("g", "s")
	document := ` {"_aws":{"Timestamp":1},"x":1}`
	h.put("g", "s", line{-15 * 24 * time.Hour, document}, line{0, "plain _aws"}, line{0, `{"a":"\"_aws\""}`},
		line{0, `["_aws"]`}, line{0, "  "}, line{time.Second, document})
	assert.Equal(t, []call{{"g", "s", document, noon.Add(time.Second)}}, calls)

	calls = nil
	h.do("CreateLogGroup", in{"logGroupName": "ia", "logGroupClass": "INFREQUENT_ACCESS"})
	h.stream("ia", "s")
	h.put("ia", "s", line{0, document})
	assert.Empty(t, calls, "metrics are extracted from groups of class STANDARD only")
}

func TestOnEMFMayCallTheService(t *testing.T) {
	var h *harness
	h = newHarness(t, Config{OnEMF: func(group, stream, _ string, _ time.Time) {
		h.s.Status(1)
		h.do("DeleteLogStream", in{"logGroupName": group, "logStreamName": stream})
	}})
	h.stream("g", "s")
	h.put("g", "s", line{0, `{"_aws":{}}`})
	assert.Empty(t, h.s.Status(0).Groups[0].Streams)
}

func TestParallelWritersLoseNothing(t *testing.T) {
	h := newHarness(t, Config{})
	const writers, puts, streams = 8, 200, 3
	for i := range streams {
		h.stream("g", fmt.Sprint("s", i))
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range puts {
				stream := fmt.Sprint("s", (w+i)%streams)
				_, err := h.try("PutLogEvents", in{"logGroupName": "g", "logStreamName": stream, "logEvents": h.events(
					line{time.Duration(i) * time.Millisecond, "a"}, line{time.Duration(i+w) * time.Millisecond, "b"})})
				assert.NoError(t, err)
				if i%50 == 0 {
					_, err := h.try("FilterLogEvents", in{"logGroupName": "g"})
					assert.NoError(t, err)
					h.s.Status(3)
				}
			}
		})
	}
	wg.Wait()
	out := h.do("FilterLogEvents", in{"logGroupName": "g"}).(*filterLogEventsOutput)
	assert.Len(t, out.Events, writers*puts*2)
	ids := map[string]bool{}
	for i, e := range out.Events {
		ids[e.EventID] = true
		if i > 0 {
			assert.LessOrEqual(t, out.Events[i-1].Timestamp, e.Timestamp)
		}
	}
	assert.Len(t, ids, len(out.Events))
}

func TestWritersReadersAndDeletersMayMeet(t *testing.T) {
	h := newHarness(t, Config{MaxBytes: 20_000})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 200 {
				name := fmt.Sprint("g", i%3)
				_, _ = h.try("CreateLogGroup", in{"logGroupName": name})
				_, _ = h.try("CreateLogStream", in{"logGroupName": name, "logStreamName": "s"})
				_, _ = h.try("PutLogEvents", in{"logGroupName": name, "logStreamName": "s", "logEvents": h.events(line{time.Duration(i), repeated(500)})})
				_, _ = h.try("FilterLogEvents", in{"logGroupName": name})
				_, _ = h.try("DescribeLogStreams", in{"logGroupName": name, "orderBy": "LastEventTime"})
				if (i+w)%7 == 0 {
					_, _ = h.try("DeleteLogGroup", in{"logGroupName": name})
				}
			}
		})
	}
	wg.Wait()
	for i := range 3 {
		_, _ = h.try("DeleteLogGroup", in{"logGroupName": fmt.Sprint("g", i)})
	}
	assert.Zero(t, h.s.Status(0).HeldBytes, "what is deleted is no longer held")
	assert.Zero(t, h.s.streams.Load())
	assert.Nil(t, h.s.ledger.head)
}

func body(events, size int, message func(i int) string) []byte {
	var b strings.Builder
	b.WriteString(`{"logGroupName":"/app/web","logStreamName":"i-0123456789abcdef0","logEvents":[`)
	for i := range events {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"message":%q,"timestamp":%d}`, (message(i) + strings.Repeat("abcdefgh ", size/9+1))[:size], noon.UnixMilli()+int64(i))
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func BenchmarkPutLogEvents(b *testing.B) {
	for _, bm := range []struct {
		name    string
		events  int
		size    int
		message func(i int) string
	}{
		{"200 bytes", 4_600, 200, func(i int) string { return fmt.Sprint("line ", i, " ") }},
		{"escapes", 4_600, 200, func(i int) string { return fmt.Sprintf(`{"level":"info","n":%d,"path":"C:\\temp"} `, i) }},
		{"80 bytes", 9_800, 80, func(i int) string { return fmt.Sprint("line ", i, " ") }},
		{"one event", 1, 200, func(int) string { return "" }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			h := newHarness(b, Config{OnEMF: func(_, _, _ string, _ time.Time) {}})
			h.stream("/app/web", "i-0123456789abcdef0")
			c := &wire.Call{Protocol: wire.JSON11, Now: noon, Body: body(bm.events, bm.size, bm.message)}
			b.SetBytes(int64(len(c.Body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.s.putLogEvents(c); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*bm.events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
