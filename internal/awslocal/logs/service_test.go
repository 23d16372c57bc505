package logs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when the tests happen.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// harness calls operations of one service, at a time that the test sets.
type harness struct {
	t   testing.TB
	s   *Service
	now time.Time
}

func newHarness(t testing.TB, config Config) *harness {
	config.Region, config.Account = "eu-central-1", "123456789012"
	return &harness{t: t, s: New(config), now: noon}
}

// in is an operation's input.
type in map[string]any

func (h *harness) try(operation string, input any) (any, error) {
	body, ok := input.([]byte)
	if !ok {
		var err error
		body, err = json.Marshal(input)
		require.NoError(h.t, err)
	}
	return h.s.Operations()[operation](&wire.Call{
		Service: wire.Logs, Operation: operation, Protocol: wire.JSON11, Now: h.now, Body: body,
	})
}

func (h *harness) do(operation string, input any) any {
	h.t.Helper()
	out, err := h.try(operation, input)
	require.NoError(h.t, err)
	return out
}

// refused calls an operation that must fail and returns the error.
func (h *harness) refused(operation string, input any) *wire.Error {
	h.t.Helper()
	_, err := h.try(operation, input)
	var e *wire.Error
	require.ErrorAs(h.t, err, &e)
	return e
}

// stream makes a group, unless it exists, and a stream.
func (h *harness) stream(group, stream string) {
	if _, err := h.s.group(group); err != nil {
		h.do("CreateLogGroup", in{"logGroupName": group})
	}
	h.do("CreateLogStream", in{"logGroupName": group, "logStreamName": stream})
}

// line is an event at a time relative to the harness's.
type line struct {
	offset  time.Duration
	message string
}

func (h *harness) events(lines ...line) []in {
	events := make([]in, len(lines))
	for i, l := range lines {
		events[i] = in{"timestamp": h.now.Add(l.offset).UnixMilli(), "message": l.message}
	}
	return events
}

func (h *harness) put(group, stream string, lines ...line) *putLogEventsOutput {
	h.t.Helper()
	return h.do("PutLogEvents", in{"logGroupName": group, "logStreamName": stream, "logEvents": h.events(lines...)}).(*putLogEventsOutput)
}

// read returns all messages of a stream, from its head.
func (h *harness) read(group, stream string) []string {
	h.t.Helper()
	out := h.do("GetLogEvents", in{"logGroupName": group, "logStreamName": stream, "startFromHead": true}).(*getLogEventsOutput)
	messages := make([]string, len(out.Events))
	for i, e := range out.Events {
		messages[i] = e.Message
	}
	return messages
}

func TestUnknownGroupOrStreamIsNotFound(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g", "s")
	event := h.events(line{0, "x"})
	for _, tt := range []struct {
		operation string
		input     in
		message   string
	}{
		{"PutLogEvents", in{"logGroupName": "nope", "logStreamName": "s", "logEvents": event}, "The specified log group does not exist."},
		{"PutLogEvents", in{"logGroupName": "g", "logStreamName": "nope", "logEvents": event}, "The specified log stream does not exist."},
		{"GetLogEvents", in{"logGroupName": "nope", "logStreamName": "s"}, "The specified log group does not exist."},
		{"GetLogEvents", in{"logGroupName": "g", "logStreamName": "nope"}, "The specified log stream does not exist."},
		{"FilterLogEvents", in{"logGroupName": "nope"}, "The specified log group does not exist."},
		{"FilterLogEvents", in{"logGroupName": "g", "logStreamNames": []string{"nope"}}, "The specified log stream does not exist."},
		{"CreateLogStream", in{"logGroupName": "nope", "logStreamName": "s"}, "The specified log group does not exist."},
		{"DeleteLogStream", in{"logGroupName": "g", "logStreamName": "nope"}, "The specified log stream does not exist."},
		{"DeleteLogGroup", in{"logGroupName": "nope"}, "The specified log group does not exist."},
		{"DescribeLogStreams", in{"logGroupName": "nope"}, "The specified log group does not exist."},
		{"PutRetentionPolicy", in{"logGroupName": "nope", "retentionInDays": 1}, "The specified log group does not exist."},
		{"DeleteRetentionPolicy", in{"logGroupName": "nope"}, "The specified log group does not exist."},
		{"ListTagsLogGroup", in{"logGroupName": "nope"}, "The specified log group does not exist."},
		{"FilterLogEvents", in{"logGroupIdentifier": "arn:aws:logs:eu-central-1:999999999999:log-group:g"}, "The specified log group does not exist."},
	} {
		t.Run(fmt.Sprint(tt.operation, tt.message), func(t *testing.T) {
			e := h.refused(tt.operation, tt.input)
			assert.Equal(t, "ResourceNotFoundException", e.Code)
			assert.Equal(t, tt.message, e.Message)
		})
	}
}

func TestEveryOperationRefusesAnEmptyInput(t *testing.T) {
	h := newHarness(t, Config{})
	for operation := range h.s.Operations() {
		if operation == "DescribeLogGroups" {
			continue // nothing is required
		}
		for _, body := range []string{"", "{}", "null"} {
			e := h.refused(operation, []byte(body))
			assert.Equal(t, "InvalidParameterException", e.Code, "%s %q", operation, body)
		}
		e := h.refused(operation, []byte("{"))
		assert.Equal(t, "SerializationException", e.Code, operation)
	}
}

func TestIdentifierIsANameOrAnARN(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g", "s")
	h.put("g", "s", line{0, "x"})
	for _, identifier := range []string{"g", "arn:aws:logs:eu-central-1:123456789012:log-group:g"} {
		out := h.do("FilterLogEvents", in{"logGroupIdentifier": identifier}).(*filterLogEventsOutput)
		assert.Len(t, out.Events, 1, identifier)
		got := h.do("GetLogEvents", in{"logGroupIdentifier": identifier, "logStreamName": "s"}).(*getLogEventsOutput)
		assert.Len(t, got.Events, 1, identifier)
		described := h.do("DescribeLogStreams", in{"logGroupIdentifier": identifier}).(*describeLogStreamsOutput)
		assert.Len(t, described.LogStreams, 1, identifier)
	}
	e := h.refused("FilterLogEvents", in{"logGroupIdentifier": "g", "logGroupName": "g"})
	assert.Contains(t, e.Message, "mutually exclusive")
	e = h.refused("FilterLogEvents", in{"logGroupIdentifier": "arn:aws:logs:eu-central-1:123456789012:log-group:g:*"})
	assert.Contains(t, e.Message, "regular expression")
}

func TestPartitionIsInTheARN(t *testing.T) {
	s := New(Config{Region: "cn-north-1", Account: "123456789012"})
	assert.Equal(t, "arn:aws-cn:logs:cn-north-1:123456789012:log-group:g", s.logGroupARN("g"))
}

// repeated is a message of n bytes.
func repeated(n int) string { return strings.Repeat("x", n) }
