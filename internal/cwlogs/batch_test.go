package cwlogs

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const ms = time.Millisecond

func at(d time.Duration) int64 { return now.Add(d).UnixMilli() }

// ev is an event with a time of its own.
func ev(at int64, message []byte) Event { return Event{Timestamp: at, Message: message} }

// document is the JSON of a request.
func document(t Target, entity *Entity, events []Fixed) []byte {
	p, _ := newPacker(gzip.NoCompression)
	payload, err := p.pack(t, entity, events)
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return payload.buffer.Bytes()
}

func dropped(into map[Reason]int) func(Reason, *Event) { return func(r Reason, _ *Event) { into[r]++ } }

func messages(events []Fixed) []string {
	var all []string
	for _, e := range events {
		all = append(all, string(e.Message))
	}
	return all
}

func TestEventsAreInTheOrderOfTimeAndKeepTheirOwn(t *testing.T) {
	reasons := map[Reason]int{}
	got := Policy{}.Fix(nil, []Event{
		ev(at(2*ms), []byte("c")), ev(at(ms), []byte("a")), ev(at(2*ms), []byte("d")), ev(at(ms), []byte("b")), ev(at(3*ms), nil), ev(at(3*ms), []byte("e")),
	}, now, dropped(reasons))
	assert.Equal(t, []string{"a", "b", "c", "d", "e"}, messages(got))
	assert.Equal(t, []int{1, 3, 0, 2, 5}, []int{got[0].Source, got[1].Source, got[2].Source, got[3].Source, got[4].Source})
	assert.Equal(t, map[Reason]int{Empty: 1}, reasons)
}

func TestEventsOutOfTimeAreDroppedOrClamped(t *testing.T) {
	events := []Event{
		ev(at(-MaxAge-time.Millisecond), []byte("old")), ev(at(-MaxAge), []byte("just")),
		ev(at(MaxAhead), []byte("just")), ev(at(MaxAhead+time.Millisecond), []byte("new")), ev(-1, []byte("ancient")),
	}
	reasons := map[Reason]int{}
	assert.Equal(t, []string{"just", "just"}, messages(Policy{}.Fix(nil, events, now, dropped(reasons))))
	assert.Equal(t, map[Reason]int{Early: 2, Late: 1}, reasons)
	reasons = map[Reason]int{}
	got := Policy{TooOld: Clamp, TooNew: Clamp}.Fix(nil, events, now, dropped(reasons))
	assert.Equal(t, []string{"just", "old", "ancient", "new", "just"}, messages(got))
	assert.Equal(t, at(margin-MaxAge), got[1].Timestamp)
	assert.Equal(t, at(MaxAhead-margin), got[3].Timestamp)
	assert.Equal(t, map[Reason]int{ClampedOld: 2, ClampedNew: 1}, reasons)
}

func TestLargeMessagesAreCutAtACharacter(t *testing.T) {
	long := []byte("0123456789äöü\xff🚀")
	reasons := map[Reason]int{}
	p := Policy{MaxMessage: 11}
	assert.Equal(t, []string{"0123456789"}, messages(p.Fix(nil, []Event{ev(at(0), long)}, now, dropped(reasons))))
	p.TooLarge = Split
	assert.Equal(t, []string{"0123456789", "äöü\xff", "🚀"}, messages(p.Fix(nil, []Event{ev(at(0), long)}, now, dropped(reasons))))
	assert.Equal(t, map[Reason]int{Truncated: 1, Divided: 1}, reasons)
	p.MaxMessage = 1
	assert.Equal(t, []string{"a", "🚀", "b"}, messages(p.Fix(nil, []Event{ev(at(0), []byte("a🚀b"))}, now, dropped(reasons))), "a character is never cut")

	exact := bytes.Repeat([]byte("x"), MaxMessageBytes)
	reasons = map[Reason]int{}
	assert.Len(t, Policy{}.Fix(nil, []Event{ev(at(0), exact)}, now, dropped(reasons))[0].Message, MaxMessageBytes)
	assert.Empty(t, reasons)
	got := Policy{}.Fix(nil, []Event{ev(at(0), append(exact, 'x'))}, now, dropped(reasons))
	assert.Len(t, got[0].Message, MaxMessageBytes)
	assert.Equal(t, map[Reason]int{Truncated: 1}, reasons)
}

// TestBatchesKeepTheLimits tries events of every size and time: each batch is as large as it may be, and
// nothing is lost or moved.
func TestBatchesKeepTheLimits(t *testing.T) {
	for seed := range uint64(15) {
		r := rand.New(rand.NewPCG(seed, 1))
		var events []Event
		for range r.IntN(15_000) {
			size := 1 + r.IntN(40)
			if r.IntN(500) == 0 {
				size = r.IntN(2 * MaxMessageBytes)
			}
			events = append(events, ev(at(-time.Duration(r.Int64N(int64(5*24*time.Hour)))), bytes.Repeat([]byte{'x'}, size)))
		}
		fixed := Policy{TooLarge: Split}.Fix(nil, events, now, func(Reason, *Event) {})
		var joined []Fixed
		var before []Fixed
		Batches(fixed, func(batch []Fixed) {
			size := 0
			for i, e := range batch {
				size += len(e.Message) + EventOverhead
				if i > 0 && e.Timestamp < batch[i-1].Timestamp {
					t.Fatalf("seed %d: event %d is before its neighbour", seed, i)
				}
			}
			require.LessOrEqual(t, size, MaxBatchBytes)
			require.LessOrEqual(t, len(batch), MaxBatchEvents)
			require.LessOrEqual(t, batch[len(batch)-1].Timestamp-batch[0].Timestamp, MaxBatchSpan.Milliseconds())
			if before != nil { // the first event of this one did not fit
				total := batch[0].Size()
				for _, e := range before {
					total += e.Size()
				}
				require.True(t, total > MaxBatchBytes || len(before) == MaxBatchEvents || batch[0].Timestamp-before[0].Timestamp > MaxBatchSpan.Milliseconds())
			}
			before = batch
			joined = append(joined, batch...)
		})
		require.Equal(t, len(fixed), len(joined), "seed %d", seed)
		for i := range fixed {
			if fixed[i].Source != joined[i].Source {
				t.Fatalf("seed %d: event %d is another one", seed, i)
			}
		}
	}
	Batches(nil, func([]Fixed) { t.Fatal("no events, no batch") })
}

func FuzzBodyIsWhatEncodingJSONReads(f *testing.F) {
	f.Add("group", "stream", []byte("a \"quoted\" \\ line\n\r\t\x00\x1f\x7f äöü 🚀 \xff\xc3 <&>\u2028"), int64(5))
	f.Fuzz(func(t *testing.T, group, stream string, message []byte, timestamp int64) {
		events := []Fixed{{Event: ev(timestamp, message)}, {Event: ev(timestamp, []byte("second"))}}
		body := document(Target{group, stream}, nil, events)
		var got struct {
			LogGroupName, LogStreamName string
			LogEvents                   []struct {
				Timestamp int64
				Message   string
			}
		}
		require.NoError(t, json.Unmarshal(body, &got), "%s", body)
		require.True(t, utf8.Valid(body))
		perByte := func(s string) string {
			var b strings.Builder
			for _, r := range s {
				b.WriteRune(r)
			}
			return b.String()
		}
		require.Equal(t, perByte(group), got.LogGroupName)
		require.Equal(t, perByte(stream), got.LogStreamName)
		require.Len(t, got.LogEvents, 2)
		require.Equal(t, perByte(string(message)), got.LogEvents[0].Message)
		require.Equal(t, timestamp, got.LogEvents[0].Timestamp)
		require.Equal(t, len(perByte(string(message))), textSize(message))
		require.LessOrEqual(t, textSize(message[:prefix(message, 7)]), 7+utf8.UTFMax)
	})
}
