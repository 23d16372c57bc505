package logs

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (h *harness) get(input in) *getLogEventsOutput {
	h.t.Helper()
	input["logGroupName"], input["logStreamName"] = "g", "s"
	return h.do("GetLogEvents", input).(*getLogEventsOutput)
}

func text(out *getLogEventsOutput) string {
	var b strings.Builder
	for _, e := range out.Events {
		b.WriteString(e.Message)
	}
	return b.String()
}

// alphabet is a stream with one event for each letter, a second apart; a is oldest.
func alphabet(t testing.TB) *harness {
	h := newHarness(t, Config{})
	h.stream("g", "s")
	for i := 0; i < 26; i += 2 {
		first := time.Duration(i-26) * time.Second
		h.put("g", "s", line{first, string(rune('a' + i))}, line{first + time.Second, string(rune('b' + i))})
	}
	return h
}

const letters = "abcdefghijklmnopqrstuvwxyz"

func TestLatestEventsComeFirstUnlessAskedOtherwise(t *testing.T) {
	h := alphabet(t)
	assert.Equal(t, letters, text(h.get(in{})))
	assert.Equal(t, "wxyz", text(h.get(in{"limit": 4})))
	assert.Equal(t, "abcd", text(h.get(in{"limit": 4, "startFromHead": true})))
}

func TestTimeRangeIncludesItsStartAndNotItsEnd(t *testing.T) {
	h := alphabet(t)
	at := func(letter byte) int64 {
		return noon.Add(time.Duration(int(letter-'a')-26) * time.Second).UnixMilli()
	}
	for _, head := range []bool{true, false} {
		assert.Equal(t, "cdef", text(h.get(in{"startTime": at('c'), "endTime": at('g'), "startFromHead": head})))
		assert.Equal(t, "yz", text(h.get(in{"startTime": at('y'), "startFromHead": head})))
		assert.Equal(t, "ab", text(h.get(in{"endTime": at('c'), "startFromHead": head})))
		assert.Empty(t, text(h.get(in{"startTime": at('c'), "endTime": at('c'), "startFromHead": head})))
		assert.Empty(t, text(h.get(in{"startTime": at('g'), "endTime": at('c'), "startFromHead": head})))
	}
}

func TestForwardTokensReadTheWholeStream(t *testing.T) {
	for _, limit := range []int{1, 3, 25, 26, 27} {
		h := alphabet(t)
		var all string
		input := in{"limit": limit, "startFromHead": true}
		for {
			out := h.get(input)
			all += text(out)
			if out.NextForwardToken == input["nextToken"] {
				assert.Empty(t, out.Events)
				break
			}
			assert.True(t, strings.HasPrefix(out.NextForwardToken, "f/"), out.NextForwardToken)
			assert.True(t, strings.HasPrefix(out.NextBackwardToken, "b/"), out.NextBackwardToken)
			input["nextToken"] = out.NextForwardToken
		}
		assert.Equal(t, letters, all)
	}
}

func TestBackwardTokensReadTheWholeStream(t *testing.T) {
	for _, limit := range []int{1, 3, 25, 26, 27} {
		h := alphabet(t)
		var all string
		input := in{"limit": limit}
		for {
			out := h.get(input)
			all = text(out) + all
			if out.NextBackwardToken == input["nextToken"] {
				assert.Empty(t, out.Events)
				break
			}
			input["nextToken"] = out.NextBackwardToken
		}
		assert.Equal(t, letters, all)
	}
}

func TestTokensTurnAround(t *testing.T) {
	h := alphabet(t)
	page := h.get(in{"limit": 3, "startFromHead": true}) // abc
	page = h.get(in{"limit": 3, "nextToken": page.NextForwardToken})
	assert.Equal(t, "def", text(page))
	assert.Equal(t, "abc", text(h.get(in{"limit": 3, "nextToken": page.NextBackwardToken})))

	end := h.get(in{"limit": 3})
	assert.Equal(t, "xyz", text(end))
	empty := h.get(in{"limit": 3, "nextToken": end.NextForwardToken})
	assert.Empty(t, empty.Events)
	assert.Equal(t, "xyz", text(h.get(in{"limit": 3, "nextToken": empty.NextBackwardToken})), "back from the end")

	start := h.get(in{"limit": 3, "startFromHead": true})
	empty = h.get(in{"limit": 3, "nextToken": start.NextBackwardToken})
	assert.Empty(t, empty.Events)
	assert.Equal(t, "abc", text(h.get(in{"limit": 3, "nextToken": empty.NextForwardToken})), "forward from the start")
}

func TestTokenAtTheEndLeadsToEventsThatComeLater(t *testing.T) {
	for _, head := range []bool{true, false} {
		h := newHarness(t, Config{})
		h.stream("g", "s")
		token := h.get(in{"startFromHead": head}).NextForwardToken
		assert.Equal(t, token, h.get(in{"nextToken": token}).NextForwardToken)
		h.put("g", "s", line{0, "a"})
		out := h.get(in{"nextToken": token})
		assert.Equal(t, "a", text(out))
		h.put("g", "s", line{0, "b"})
		assert.Equal(t, "b", text(h.get(in{"nextToken": out.NextForwardToken})), "same time, later arrival")
	}
}

func TestBadTokensAreRefused(t *testing.T) {
	h := alphabet(t)
	for _, token := range []string{"x", "f/", "f/123/s", "b/" + strings.Repeat("9", 56) + "/s", "f/" + strings.Repeat("x", 56) + "/s"} {
		e := h.refused("GetLogEvents", in{"logGroupName": "g", "logStreamName": "s", "nextToken": token})
		assert.Equal(t, "InvalidParameterException", e.Code)
		assert.Equal(t, "The specified nextToken is invalid.", e.Message)
		assert.Equal(t, "InvalidParameterException", h.refused("FilterLogEvents", in{"logGroupName": "g", "nextToken": token}).Code)
	}
}

func TestReadLimits(t *testing.T) {
	h := alphabet(t)
	for _, operation := range []string{"GetLogEvents", "FilterLogEvents"} {
		for _, input := range []in{{"limit": 0}, {"limit": 10_001}, {"startTime": -1}, {"endTime": -1}} {
			input["logGroupName"], input["logStreamName"] = "g", "s"
			assert.Equal(t, "InvalidParameterException", h.refused(operation, input).Code)
		}
	}
	for _, limit := range []int{1, 10_000} {
		h.get(in{"limit": limit})
	}
}

func TestPageHoldsOneMebibyte(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g", "s")
	for range 3 {
		h.put("g", "s", line{0, repeated(600_000)})
	}
	h.put("g", "s", line{0, repeated(1_048_550)})
	assert.Len(t, h.get(in{"startFromHead": true}).Events, 1)
	assert.Len(t, h.get(in{}).Events, 1, "an event fits whatever its size")
	var sizes []int
	for input := (in{"logGroupName": "g"}); ; {
		out := h.do("FilterLogEvents", input).(*filterLogEventsOutput)
		for _, e := range out.Events {
			sizes = append(sizes, len(e.Message))
		}
		if out.NextToken == "" {
			break
		}
		input["nextToken"] = out.NextToken
	}
	assert.Equal(t, []int{600_000, 600_000, 600_000, 1_048_550}, sizes)
}

func TestEventsAreOrderedByTimeThenArrival(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g", "s")
	h.put("g", "s", line{0, "d"}, line{2 * time.Second, "f"})
	h.put("g", "s", line{-time.Second, "b"}, line{0, "e"}, line{3 * time.Second, "g"})
	h.put("g", "s", line{-time.Second, "c"})
	h.put("g", "s", line{-2 * time.Second, "a"})
	assert.Equal(t, "abcdefg", text(h.get(in{"startFromHead": true})))
	assert.Equal(t, "abcdefg", text(h.get(in{})))
}

// Reading must agree with a plain sorted list, however the chunks overlap.
func TestReadingAgreesWithASortedList(t *testing.T) {
	type stored struct {
		at      int64
		n       int
		stream  string
		message string
	}
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		h := newHarness(t, Config{})
		h.stream("g", "s")
		h.stream("g", "t")
		var all []stored
		for range 60 {
			name := []string{"s", "t"}[r.IntN(2)]
			lines := make([]line, 1+r.IntN(6))
			for i := range lines {
				lines[i].offset = time.Duration(r.IntN(100)) * time.Millisecond
			}
			slices.SortFunc(lines, func(a, b line) int { return cmp.Compare(a.offset, b.offset) })
			for i := range lines {
				lines[i].message = fmt.Sprint(len(all))
				all = append(all, stored{noon.Add(lines[i].offset).UnixMilli(), len(all), name, lines[i].message})
			}
			h.put("g", name, lines...)
		}
		slices.SortStableFunc(all, func(a, b stored) int { return cmp.Compare(a.at, b.at) })
		start := noon.Add(time.Duration(r.IntN(50)) * time.Millisecond).UnixMilli()
		end := start + int64(r.IntN(60))
		var wantAll, wantS []string
		for _, e := range all {
			if e.at >= start && e.at <= end {
				wantAll = append(wantAll, e.message)
			}
			if e.at >= start && e.at < end && e.stream == "s" {
				wantS = append(wantS, e.message)
			}
		}
		limit := 1 + r.IntN(20)
		var gotAll []string
		for input := (in{"logGroupName": "g", "startTime": start, "endTime": end, "limit": limit}); ; {
			out := h.do("FilterLogEvents", input).(*filterLogEventsOutput)
			for _, e := range out.Events {
				gotAll = append(gotAll, e.Message)
			}
			if out.NextToken == "" {
				break
			}
			input["nextToken"] = out.NextToken
		}
		require.Equal(t, wantAll, gotAll)
		for _, direction := range []bool{true, false} {
			var got []string
			for input := (in{"startTime": start, "endTime": end, "limit": limit, "startFromHead": direction}); ; {
				out := h.get(input)
				var page []string
				for _, e := range out.Events {
					page = append(page, e.Message)
				}
				token := out.NextForwardToken
				if direction {
					got = append(got, page...)
				} else {
					got, token = append(page, got...), out.NextBackwardToken
				}
				if len(page) == 0 {
					break
				}
				input["nextToken"] = token
			}
			require.Equal(t, wantS, got, "from head: %v", direction)
		}
	}
}

func TestFilterLogEventsChoosesStreams(t *testing.T) {
	h := newHarness(t, Config{})
	for i, name := range []string{"web-1", "web-2", "db"} {
		h.stream("g", name)
		h.put("g", name, line{time.Duration(-i) * time.Second, name})
	}
	filter := func(input in) (messages []string) {
		input["logGroupName"] = "g"
		out := h.do("FilterLogEvents", input).(*filterLogEventsOutput)
		assert.NotNil(t, out.SearchedLogStreams)
		assert.Empty(t, out.SearchedLogStreams)
		for _, e := range out.Events {
			assert.Equal(t, e.LogStreamName, e.Message)
			messages = append(messages, e.Message)
		}
		return messages
	}
	assert.Equal(t, []string{"db", "web-2", "web-1"}, filter(in{"interleaved": true}))
	assert.Equal(t, []string{"web-2", "web-1"}, filter(in{"logStreamNamePrefix": "web"}))
	assert.Equal(t, []string{"db", "web-1"}, filter(in{"logStreamNames": []string{"web-1", "db", "db"}}))
	assert.Equal(t, []string{"db"}, filter(in{"endTime": noon.Add(-2 * time.Second).UnixMilli()}), "the end is included")
	assert.Equal(t, []string{"web-1"}, filter(in{"startTime": noon.UnixMilli()}))
	assert.Equal(t, []string{"web-2", "web-1"}, filter(in{"filterPattern": "web"}))
	for _, input := range []in{
		{"logStreamNames": []string{"db"}, "logStreamNamePrefix": "d"},
		{"logStreamNames": []string{}},
		{"logStreamNames": strings.Split(strings.Repeat("db,", 100)+"db", ",")},
		{"filterPattern": repeated(1025)},
		{},
	} {
		if len(input) > 0 {
			input["logGroupName"] = "g"
		}
		assert.Equal(t, "InvalidParameterException", h.refused("FilterLogEvents", input).Code)
	}
}

func TestFilterLogEventsLooksAtABoundedNumberOfEvents(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g", "s")
	for range maxScanned/10_000 + 1 {
		h.put("g", "s", many(10_000, "noise")...)
	}
	h.put("g", "s", line{time.Second, "signal"})
	out := h.do("FilterLogEvents", in{"logGroupName": "g", "filterPattern": "signal"}).(*filterLogEventsOutput)
	assert.Empty(t, out.Events)
	require.NotEmpty(t, out.NextToken, "an empty page with a token means: go on")
	out = h.do("FilterLogEvents", in{"logGroupName": "g", "filterPattern": "signal", "nextToken": out.NextToken}).(*filterLogEventsOutput)
	assert.Len(t, out.Events, 1)
	assert.Empty(t, out.NextToken)
}

func TestEventIDIsStable(t *testing.T) {
	h := alphabet(t)
	ids := func(input in) (ids []string) {
		input["logGroupName"] = "g"
		for _, e := range h.do("FilterLogEvents", input).(*filterLogEventsOutput).Events {
			ids = append(ids, e.EventID)
		}
		return ids
	}
	all := ids(in{})
	assert.Len(t, all, 26)
	assert.True(t, slices.IsSorted(all))
	assert.Equal(t, all[25:], ids(in{"filterPattern": "z"}))
	for _, id := range all {
		assert.Len(t, id, 56)
	}
}

func BenchmarkFilterLogEventsFromTheEnd(b *testing.B) {
	h := newHarness(b, Config{})
	h.stream("g", "s")
	for i := range 1000 {
		h.now = noon.Add(time.Duration(i) * time.Second)
		h.put("g", "s", many(500, "line")...)
	}
	input := in{"logGroupName": "g", "startTime": h.now.UnixMilli(), "limit": 10}
	for b.Loop() {
		h.do("FilterLogEvents", input)
	}
}
