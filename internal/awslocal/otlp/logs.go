package otlp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// Headers that name where log records go.
const (
	groupHeader  = "X-Aws-Log-Group"
	streamHeader = "X-Aws-Log-Stream"
)

// event is a log event of PutLogEvents.
type event struct {
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// perEvent is what PutLogEvents counts for an event beside its message, in bytes.
const perEvent = 26

func (s *Service) exportLogs(c *wire.Call) (any, error) {
	r := plogotlp.NewExportRequest()
	if err := decode(c, MaxLogsBytes, r); err != nil {
		return nil, err
	}
	group, stream := c.Header.Get(groupHeader), c.Header.Get(streamHeader)
	if group == "" || stream == "" {
		return nil, wire.Errorf("InvalidArgument", "the headers %s and %s are required, and are %q and %q", groupHeader, streamHeader, group, stream)
	}
	if n := r.Logs().LogRecordCount(); n > MaxLogs {
		return nil, tooMany("log records", n, MaxLogs)
	}
	events, err := eventsOf(r.Logs(), c.Now)
	if err != nil {
		return nil, err
	}
	if n := len(events); n > 0 && events[n-1].Timestamp-events[0].Timestamp > MaxLogsSpan.Milliseconds() {
		return nil, wire.Errorf("InvalidArgument", "the records' times are more than %s apart", MaxLogsSpan)
	}
	rejected := 0
	for len(events) > 0 {
		size, n := 0, 0
		for n < len(events) && (n == 0 || size+len(events[n].Message)+perEvent <= MaxLogsBytes) {
			size += len(events[n].Message) + perEvent
			n++
		}
		refused, err := s.put(c, group, stream, events[:n])
		if err != nil {
			return nil, err
		}
		rejected += refused
		events = events[n:]
	}
	answer := plogotlp.NewExportResponse()
	if rejected > 0 {
		answer.PartialSuccess().SetRejectedLogRecords(int64(rejected))
		answer.PartialSuccess().SetErrorMessage("records are too old, too new, or older than the log group's retention")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.LogRecords += int64(r.Logs().LogRecordCount() - rejected)
	s.status.Rejected += int64(rejected)
	return answer, nil
}

// put hands events to CloudWatch Logs, and tells how many it rejected.
func (s *Service) put(c *wire.Call, group, stream string, events []event) (int, error) {
	body, err := json.Marshal(map[string]any{"logGroupName": group, "logStreamName": stream, "logEvents": events})
	if err != nil {
		return 0, err
	}
	call := *c
	call.Operation, call.Protocol, call.Body = "PutLogEvents", wire.JSON11, body
	out, err := s.config.PutLogEvents(&call)
	if err != nil {
		return 0, err
	}
	text, err := json.Marshal(out)
	if err != nil {
		return 0, err
	}
	var answer struct {
		RejectedLogEventsInfo struct {
			TooNewLogEventStartIndex *int
			TooOldLogEventEndIndex   *int
			ExpiredLogEventEndIndex  *int
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, err
	}
	info, rejected := answer.RejectedLogEventsInfo, 0
	for _, end := range []*int{info.TooOldLogEventEndIndex, info.ExpiredLogEventEndIndex} {
		if end != nil {
			rejected = max(rejected, *end)
		}
	}
	if info.TooNewLogEventStartIndex != nil {
		rejected += len(events) - *info.TooNewLogEventStartIndex
	}
	return rejected, nil
}

// eventsOf are log events of records, each an object with its resource and scope, in the order of time.
func eventsOf(ld plog.Logs, now time.Time) ([]event, error) {
	var events []event
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				text, err := json.Marshal(messageOf(rl, sl, r))
				if err != nil {
					return nil, wire.Errorf("InvalidArgument", "a record cannot be written as JSON: %v", err)
				}
				at := now
				if t := cmp.Or(r.Timestamp(), r.ObservedTimestamp()); t != 0 {
					at = t.AsTime()
				}
				events = append(events, event{at.UnixMilli(), string(text)})
			}
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	return events, nil
}

// messageOf is a record as the service shows it: names of OTLP's JSON, without what is empty.
func messageOf(rl plog.ResourceLogs, sl plog.ScopeLogs, r plog.LogRecord) map[string]any {
	m := map[string]any{"resource": map[string]any{"attributes": rl.Resource().Attributes().AsRaw()}, "body": r.Body().AsRaw()}
	set := func(key string, value any, known bool) {
		if known {
			m[key] = value
		}
	}
	scope := map[string]any{}
	if name := sl.Scope().Name(); name != "" {
		scope["name"] = name
	}
	if version := sl.Scope().Version(); version != "" {
		scope["version"] = version
	}
	m["scope"] = scope
	nano := func(t pcommon.Timestamp) uint64 { return uint64(t) }
	set("timeUnixNano", nano(r.Timestamp()), r.Timestamp() != 0)
	set("observedTimeUnixNano", nano(r.ObservedTimestamp()), r.ObservedTimestamp() != 0)
	set("severityNumber", int(r.SeverityNumber()), r.SeverityNumber() != 0)
	set("severityText", r.SeverityText(), r.SeverityText() != "")
	set("attributes", r.Attributes().AsRaw(), r.Attributes().Len() > 0)
	set("traceId", r.TraceID().String(), !r.TraceID().IsEmpty())
	set("spanId", r.SpanID().String(), !r.SpanID().IsEmpty())
	set("flags", uint32(r.Flags()), r.Flags() != 0)
	return m
}
