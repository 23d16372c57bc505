package xray

import (
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

type segmentOutput struct {
	ID       string `json:"Id"`
	Document string
}

type traceOutput struct {
	ID            string `json:"Id"`
	Duration      float64
	LimitExceeded bool
	Segments      []segmentOutput
}

func (s *Service) batchGetTraces(c *wire.Call) (any, error) {
	var in struct {
		TraceIDs []string `json:"TraceIds"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var constraints wire.Constraints
	constraints.Length("traceIds", in.TraceIDs, len(in.TraceIDs), 1, MaxBatchGet)
	for _, id := range in.TraceIDs {
		constraints.Length("traceIds", id, len(id), 1, 35)
	}
	if err := constraints.Err("InvalidRequestException"); err != nil {
		return nil, err
	}
	out := struct {
		Traces              []traceOutput
		UnprocessedTraceIDs []string `json:"UnprocessedTraceIds"`
	}{[]traceOutput{}, []string{}}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range in.TraceIDs {
		t := s.traces[id]
		if t == nil {
			continue // the service leaves unknown traces out, too
		}
		start, end, _ := t.span()
		answer := traceOutput{ID: t.id, Duration: end.Sub(start).Seconds(), LimitExceeded: t.exceeded}
		for _, seg := range t.segments {
			answer.Segments = append(answer.Segments, segmentOutput{seg.ID, seg.document})
		}
		out.Traces = append(out.Traces, answer)
	}
	return &out, nil
}

type httpOutput struct {
	HTTPURL    string `json:"HttpURL,omitempty"`
	HTTPStatus *int64 `json:"HttpStatus,omitempty"`
	HTTPMethod string `json:"HttpMethod,omitempty"`
	UserAgent  string `json:",omitempty"`
	ClientIP   string `json:"ClientIp,omitempty"`
}

type serviceOutput struct {
	Name      string
	Names     []string
	AccountID string `json:"AccountId"`
}

type summaryOutput struct {
	ID           string `json:"Id"`
	StartTime    *wire.Time
	Duration     float64
	ResponseTime float64
	HasFault     bool
	HasError     bool
	HasThrottle  bool
	IsPartial    bool
	HTTP         httpOutput `json:"Http"`
	EntryPoint   *serviceOutput
	ServiceIDs   []serviceOutput `json:"ServiceIds"`
	Revision     int
}

func (s *Service) getTraceSummaries(c *wire.Call) (any, error) {
	var in struct {
		StartTime, EndTime *wire.Time
		FilterExpression   string
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var constraints wire.Constraints
	if in.StartTime == nil {
		constraints.Required("startTime")
	}
	if in.EndTime == nil {
		constraints.Required("endTime")
	}
	if err := constraints.Err("InvalidRequestException"); err != nil {
		return nil, err
	}
	if in.EndTime.Before(in.StartTime.Time) || in.EndTime.Sub(in.StartTime.Time) > MaxSummaryWindow {
		return nil, invalidRequest("The time range must end after it starts and cannot be longer than 24 hours.")
	}
	if in.FilterExpression != "" {
		return nil, invalidRequest("cloudwatch-local has no filter expressions; leave FilterExpression out")
	}
	out := struct {
		TraceSummaries       []summaryOutput
		ApproximateTime      *wire.Time
		TracesProcessedCount int
	}{TraceSummaries: []summaryOutput{}, ApproximateTime: wire.NewTime(c.Now)}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range s.order {
		summary := s.summary(s.traces[id])
		if summary.StartTime.Before(in.StartTime.Time) || summary.StartTime.After(in.EndTime.Time) {
			continue
		}
		out.TraceSummaries = append(out.TraceSummaries, summary)
	}
	out.TracesProcessedCount = len(out.TraceSummaries)
	return &out, nil
}

func (s *Service) summary(t *trace) summaryOutput {
	start, end, complete := t.span()
	out := summaryOutput{
		ID: t.id, StartTime: wire.NewTime(start), Duration: end.Sub(start).Seconds(),
		IsPartial: !complete, ServiceIDs: []serviceOutput{}, Revision: len(t.segments),
	}
	for _, seg := range t.segments {
		out.HasError = out.HasError || seg.Error
		out.HasFault = out.HasFault || seg.Fault
		out.HasThrottle = out.HasThrottle || seg.Throttle
		if seg.Type == "subsegment" {
			continue
		}
		service := serviceOutput{Name: seg.Name, Names: []string{seg.Name}, AccountID: s.config.Account}
		out.ServiceIDs = append(out.ServiceIDs, service)
		if seg.ParentID == "" && out.EntryPoint == nil {
			out.EntryPoint = &service
			out.ResponseTime = seg.end().Sub(seg.start()).Seconds()
			request := seg.HTTP.Request
			out.HTTP = httpOutput{
				HTTPURL: request.URL, HTTPStatus: seg.HTTP.Response.Status, HTTPMethod: request.Method,
				UserAgent: request.UserAgent, ClientIP: request.ClientIP,
			}
		}
	}
	return out
}
