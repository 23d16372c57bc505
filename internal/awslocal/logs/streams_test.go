package logs

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCreateLogStreamChecksTheName(t *testing.T) {
	h := newHarness(t, Config{})
	h.do("CreateLogGroup", in{"logGroupName": "g"})
	for _, name := range []string{"2026/03/01/[$LATEST]abc ä", repeated(512)} {
		h.do("CreateLogStream", in{"logGroupName": "g", "logStreamName": name})
		e := h.refused("CreateLogStream", in{"logGroupName": "g", "logStreamName": name})
		assert.Equal(t, "ResourceAlreadyExistsException", e.Code)
		assert.Equal(t, "The specified log stream already exists", e.Message)
	}
	for _, name := range []string{"", repeated(513), "a:b", "a*"} {
		e := h.refused("CreateLogStream", in{"logGroupName": "g", "logStreamName": name})
		assert.Equal(t, "InvalidParameterException", e.Code)
		assert.Contains(t, e.Message, "'logStreamName'")
	}
}

func (h *harness) streams(input in) (names []string) {
	h.t.Helper()
	input["logGroupName"] = "g"
	for {
		out := h.do("DescribeLogStreams", input).(*describeLogStreamsOutput)
		for _, s := range out.LogStreams {
			names = append(names, s.LogStreamName)
		}
		if out.NextToken == "" {
			return names
		}
		input["nextToken"] = out.NextToken
	}
}

func TestDescribeLogStreamsOrdersFiltersAndPages(t *testing.T) {
	h := newHarness(t, Config{})
	for _, name := range []string{"b", "a1", "a2", "c"} {
		h.stream("g", name)
	}
	h.put("g", "a2", line{-time.Hour, "x"})
	h.put("g", "b", line{0, "x"})
	h.put("g", "a1", line{0, "x"})
	for _, limit := range []int{1, 2, 3, 50} {
		assert.Equal(t, []string{"a1", "a2", "b", "c"}, h.streams(in{"limit": limit}))
		assert.Equal(t, []string{"c", "b", "a2", "a1"}, h.streams(in{"limit": limit, "descending": true}))
		assert.Equal(t, []string{"a1", "a2"}, h.streams(in{"limit": limit, "logStreamNamePrefix": "a"}))
		assert.Equal(t, []string{"c", "a2", "a1", "b"}, h.streams(in{"limit": limit, "orderBy": "LastEventTime"}))
		assert.Equal(t, []string{"b", "a1", "a2", "c"}, h.streams(in{"limit": limit, "orderBy": "LastEventTime", "descending": true}))
	}
	for input, want := range map[string]in{
		"Cannot order by LastEventTime with a logStreamNamePrefix.":              {"orderBy": "LastEventTime", "logStreamNamePrefix": "a"},
		"Member must satisfy enum value set: [LogStreamName, LastEventTime]":     {"orderBy": "Size"},
		"'limit' failed to satisfy constraint: Member must have value less than": {"limit": 51},
		"The specified nextToken is invalid.":                                    {"nextToken": "Zm9v"},
	} {
		want["logGroupName"] = "g"
		assert.Contains(t, h.refused("DescribeLogStreams", want).Message, input)
	}
}

func TestDescribeLogStreamsShowsTimes(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g", "empty")
	h.stream("g", "full")
	h.put("g", "full", line{-time.Minute, "x"}, line{time.Minute, "x"})
	h.now = h.now.Add(time.Second)
	h.put("g", "full", line{0, "x"})
	out := h.do("DescribeLogStreams", in{"logGroupName": "g"}).(*describeLogStreamsOutput)
	require.Len(t, out.LogStreams, 2)
	assert.Equal(t, logStream{
		LogStreamName: "empty", CreationTime: noon.UnixMilli(),
		ARN: "arn:aws:logs:eu-central-1:123456789012:log-group:g:log-stream:empty",
	}, out.LogStreams[0])
	full := out.LogStreams[1]
	assert.Equal(t, noon.Add(-time.Minute).UnixMilli(), *full.FirstEventTimestamp)
	assert.Equal(t, noon.Add(time.Minute).UnixMilli(), *full.LastEventTimestamp)
	assert.Equal(t, noon.Add(time.Second).UnixMilli(), *full.LastIngestionTime)
	assert.NotEmpty(t, full.UploadSequenceToken)
	assert.Zero(t, full.StoredBytes, "always 0 since 2019")
}

func TestDeletedStreamIsGoneWithItsEvents(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g", "s")
	h.stream("g", "t")
	h.put("g", "s", line{0, "x"})
	h.put("g", "t", line{0, "y"})
	h.do("DeleteLogStream", in{"logGroupName": "g", "logStreamName": "s"})
	out := h.do("FilterLogEvents", in{"logGroupName": "g"}).(*filterLogEventsOutput)
	require.Len(t, out.Events, 1)
	assert.Equal(t, "y", out.Events[0].Message)
	assert.EqualValues(t, 1+26+chunkOverhead, h.s.Status(0).HeldBytes)
}

func TestGroupsAndStreamsAreBounded(t *testing.T) {
	h := newHarness(t, Config{})
	for i := range maxGroups {
		h.s.groups[fmt.Sprint("g", i)] = &group{name: fmt.Sprint("g", i), class: classStandard, streams: map[string]*stream{}}
	}
	assert.Equal(t, "LimitExceededException", h.refused("CreateLogGroup", in{"logGroupName": "more"}).Code)
	h.s.streams.Store(maxStreams - 1)
	h.do("CreateLogStream", in{"logGroupName": "g0", "logStreamName": "last"})
	assert.Equal(t, "LimitExceededException", h.refused("CreateLogStream", in{"logGroupName": "g0", "logStreamName": "more"}).Code)
	h.do("DeleteLogStream", in{"logGroupName": "g0", "logStreamName": "last"})
	h.do("CreateLogStream", in{"logGroupName": "g0", "logStreamName": "more"})
}
