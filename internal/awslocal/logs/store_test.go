package logs

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// one is what a call with one event of 74 bytes costs.
const one = 74 + eventOverhead + chunkOverhead

func TestOldestEventsOfTheWholeStoreGoFirst(t *testing.T) {
	h := newHarness(t, Config{MaxBytes: 3 * one})
	h.stream("g", "a")
	h.stream("g", "b")
	message := func(i int) string { return fmt.Sprintf("%d%s", i, repeated(73)) }
	h.put("g", "a", line{time.Hour, message(1)}) // arrived first, whatever its time
	h.put("g", "b", line{0, message(2)})
	h.put("g", "a", line{0, message(3)})
	assert.EqualValues(t, 3*one, h.s.Status(0).HeldBytes, "full to the byte")
	assert.Zero(t, h.s.Status(0).EvictedEvents)

	h.put("g", "b", line{0, message(4)})
	assert.Equal(t, []string{message(3)}, h.read("g", "a"))
	assert.Equal(t, []string{message(2), message(4)}, h.read("g", "b"))
	h.put("g", "b", line{0, message(5)})
	assert.Equal(t, []string{message(4), message(5)}, h.read("g", "b"))

	status := h.s.Status(0)
	assert.EqualValues(t, 2, status.EvictedEvents)
	assert.EqualValues(t, 2*(74+26), status.EvictedBytes)
	assert.EqualValues(t, 3*one, status.HeldBytes)
	assert.EqualValues(t, 5, status.Accepted)
	assert.EqualValues(t, 2*(74+26), status.Groups[0].Streams[1].StoredBytes)
	assert.EqualValues(t, 2, status.Groups[0].Streams[1].Events)
	assert.EqualValues(t, 3, status.Groups[0].Streams[1].Accepted)
}

func TestBatchLargerThanTheStoreIsAcceptedAndGone(t *testing.T) {
	h := newHarness(t, Config{MaxBytes: 10})
	h.stream("g", "s")
	h.put("g", "s", line{0, "x"})
	assert.Empty(t, h.read("g", "s"))
	assert.Zero(t, h.s.Status(0).HeldBytes)
}

func TestDeletingMakesRoom(t *testing.T) {
	h := newHarness(t, Config{MaxBytes: 2 * one})
	for _, name := range []string{"a", "b", "c"} {
		h.stream("g", name)
	}
	h.put("g", "a", line{0, repeated(74)})
	h.put("g", "b", line{0, repeated(74)})
	h.do("DeleteLogStream", in{"logGroupName": "g", "logStreamName": "a"})
	h.put("g", "c", line{0, repeated(74)})
	assert.Len(t, h.read("g", "b"), 1)
	assert.Zero(t, h.s.Status(0).EvictedEvents)
}

func TestPagingGoesOnAfterEviction(t *testing.T) {
	h := newHarness(t, Config{MaxBytes: 4 * one})
	h.stream("g", "s")
	put := func(i int) { h.put("g", "s", line{time.Duration(i) * time.Second, repeated(74)}) }
	for i := range 4 {
		put(i)
	}
	first := h.do("FilterLogEvents", in{"logGroupName": "g", "limit": 2}).(*filterLogEventsOutput)
	got := h.get(in{"limit": 2, "startFromHead": true})
	for i := range 3 {
		put(4 + i)
	}
	second := h.do("FilterLogEvents", in{"logGroupName": "g", "nextToken": first.NextToken}).(*filterLogEventsOutput)
	assert.Len(t, second.Events, 4)
	assert.Len(t, h.get(in{"nextToken": got.NextForwardToken}).Events, 4)
}

func TestDefaultBoundIs512MiB(t *testing.T) {
	assert.EqualValues(t, 512<<20, newHarness(t, Config{}).s.Status(0).MaxBytes)
}

func TestReaderInsideAnEvictedChunkGoesOn(t *testing.T) {
	h := newHarness(t, Config{MaxBytes: 2 * one})
	h.stream("g", "s")
	h.put("g", "s", line{0, repeated(74)})
	h.put("g", "s", line{time.Second, repeated(74)})
	st := h.s.groups["g"].streams["s"]
	var m merge
	m.seek(st, position{})
	for i := range 2 {
		h.put("g", "s", line{time.Duration(2+i) * time.Second, repeated(74)})
	}
	var times []int64
	for {
		c, i := m.next()
		if c == nil {
			break
		}
		times = append(times, (c.events[i].time-noon.UnixMilli())/1000)
	}
	assert.Equal(t, []int64{0, 2, 3}, times, "the chunk at hand, then what is still there")
}

func TestStatusShowsGroupsStreamsAndLastEvents(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g2", "s")
	h.stream("g1", "b")
	h.stream("g1", "a")
	h.do("PutRetentionPolicy", in{"logGroupName": "g1", "retentionInDays": 7})
	h.put("g1", "a", line{-time.Minute, "x"}, line{0, "y"})
	h.put("g1", "a", line{-time.Second, "z"}, line{3 * time.Hour, "new"})
	status := h.s.Status(2)
	assert.EqualValues(t, 2, status.Calls)
	assert.EqualValues(t, 3, status.Accepted)
	assert.Equal(t, Rejected{TooNew: 1}, status.Rejected)
	require.Len(t, status.Groups, 2)
	g := status.Groups[0]
	assert.Equal(t, "g1", g.Name)
	assert.Equal(t, "arn:aws:logs:eu-central-1:123456789012:log-group:g1", g.ARN)
	assert.Equal(t, "STANDARD", g.Class)
	assert.EqualValues(t, 7, g.RetentionDays)
	assert.EqualValues(t, 3*27, g.StoredBytes)
	require.Len(t, g.Streams, 2)
	assert.Equal(t, StreamStatus{Name: "b", Created: noon}, g.Streams[1])
	assert.Equal(t, StreamStatus{
		Name: "a", Created: noon, FirstEvent: noon.Add(-time.Minute), LastEvent: noon, LastIngestion: noon,
		Events: 3, Accepted: 3, StoredBytes: 3 * 27,
		Last: []EventStatus{
			{Time: noon.Add(-time.Second), Ingestion: noon, Message: "z"},
			{Time: noon, Ingestion: noon, Message: "y"},
		},
	}, g.Streams[0])
	assert.Empty(t, h.s.Status(0).Groups[0].Streams[0].Last)
}

// Putting and evicting must not get slower as chunks pile up.
func BenchmarkPutIntoAFullStore(b *testing.B) {
	h := newHarness(b, Config{MaxBytes: 64 << 20})
	h.stream("/app/web", "i-0123456789abcdef0")
	small := body(1, 200, func(int) string { return "" })
	for range 64 << 20 / 300 {
		h.do("PutLogEvents", small)
	}
	b.ReportAllocs()
	for b.Loop() {
		h.do("PutLogEvents", small)
	}
}
