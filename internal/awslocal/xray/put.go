package xray

import (
	"slices"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

type unprocessedSegment struct {
	ID        string `json:"Id,omitempty"`
	ErrorCode string `json:"ErrorCode"`
	Message   string `json:"Message"`
}

type putTraceSegmentsOutput struct {
	UnprocessedTraceSegments []unprocessedSegment `json:"UnprocessedTraceSegments"`
}

func (s *Service) putTraceSegments(c *wire.Call) (any, error) {
	var in struct {
		TraceSegmentDocuments []string
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	switch n := len(in.TraceSegmentDocuments); {
	case n == 0:
		return nil, invalidRequest("1 validation error detected: Value null at 'traceSegmentDocuments' failed to satisfy constraint: Member must not be null")
	case n > MaxBatch:
		return nil, invalidRequest("The number of segment documents %d exceeds the limit of %d.", n, MaxBatch)
	}
	out := putTraceSegmentsOutput{UnprocessedTraceSegments: []unprocessedSegment{}}
	var segments []*segment
	for _, document := range in.TraceSegmentDocuments {
		parsed, id, code := parse(document)
		if code != "" {
			out.UnprocessedTraceSegments = append(out.UnprocessedTraceSegments, unprocessedSegment{
				ID: id, ErrorCode: code, Message: "Invalid segment. ErrorCode: " + code,
			})
		}
		segments = append(segments, parsed...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seg := range segments {
		s.add(seg)
	}
	s.segments += int64(len(segments))
	s.rejected += int64(len(out.UnprocessedTraceSegments))
	return &out, nil
}

// putTelemetryRecords counts what daemons and collectors tell of themselves.
func (s *Service) putTelemetryRecords(c *wire.Call) (any, error) {
	var in struct {
		TelemetryRecords []struct {
			Timestamp *wire.Time
		}
		EC2InstanceID string `json:"EC2InstanceId"`
		Hostname      string
		ResourceARN   string
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var constraints wire.Constraints
	if in.TelemetryRecords == nil {
		constraints.Required("telemetryRecords")
	}
	for _, r := range in.TelemetryRecords {
		if r.Timestamp == nil {
			constraints.Required("telemetryRecords.timestamp")
		}
	}
	constraints.Length("eC2InstanceId", in.EC2InstanceID, len(in.EC2InstanceID), 0, 20)
	constraints.Length("hostname", in.Hostname, len(in.Hostname), 0, 255)
	constraints.Length("resourceARN", in.ResourceARN, len(in.ResourceARN), 0, 500)
	if err := constraints.Err("InvalidRequestException"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.telemetry += int64(len(in.TelemetryRecords))
	return &struct{}{}, nil
}

// trace is the segments with one trace id.
type trace struct {
	id       string
	segments []*segment // at least one
	bytes    int
	exceeded bool // documents were dropped
}

// span is the time from the first start to the last end, and whether all segments have ended.
func (t *trace) span() (start, end time.Time, complete bool) {
	start, end, complete = t.segments[0].start(), t.segments[0].end(), true
	for _, seg := range t.segments {
		if seg.start().Before(start) {
			start = seg.start()
		}
		if seg.end().After(end) {
			end = seg.end()
		}
		complete = complete && !seg.InProgress
	}
	return start, end, complete
}

// add keeps a segment. A later document with the same id replaces an earlier one, as the end of a
// segment replaces what was sent while it was in progress.
func (s *Service) add(seg *segment) {
	t := s.traces[seg.TraceID]
	if t == nil {
		t = &trace{id: seg.TraceID}
		s.traces[t.id] = t
		s.order = append(s.order, t.id)
	}
	at := slices.IndexFunc(t.segments, func(other *segment) bool { return other.ID == seg.ID })
	grown := len(seg.document)
	if at >= 0 {
		grown -= len(t.segments[at].document)
	}
	if t.bytes+grown > MaxTrace {
		t.exceeded = true
		return
	}
	t.bytes += grown
	s.bytes += grown
	if at >= 0 {
		t.segments[at] = seg
	} else {
		t.segments = append(t.segments, seg)
	}
	for len(s.order) > s.config.MaxTraces || s.bytes > maxStoredBytes && len(s.order) > 1 {
		s.bytes -= s.traces[s.order[0]].bytes
		delete(s.traces, s.order[0])
		s.order = slices.Delete(s.order, 0, 1)
	}
}
