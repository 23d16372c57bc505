package xray

import (
	"net/http"
	"sync"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Limits of X-Ray (API reference, segment document schema, endpoints and quotas).
const (
	MaxBatch         = 50        // documents of PutTraceSegments
	MaxDocument      = 64 << 10  // bytes of a segment document
	MaxTrace         = 500 << 10 // bytes of a trace's documents
	MaxBatchGet      = 5         // trace ids of BatchGetTraces
	MaxSummaryWindow = 24 * time.Hour
)

const (
	// DefaultMaxTraces is how many traces are kept; the oldest goes first. With MaxTrace it bounds
	// the memory, but maxStoredBytes does so sooner.
	DefaultMaxTraces = 1000
	maxStoredBytes   = 64 << 20
)

// Config says whose X-Ray this is.
type Config struct {
	Region  string
	Account string // 12 digits

	// MaxTraces is how many traces are kept. Default: 1,000.
	MaxTraces int
}

// Service keeps the traces of one account. It is safe for concurrent use.
type Service struct {
	config Config

	mu        sync.RWMutex
	traces    map[string]*trace
	order     []string // trace ids by arrival of their first segment
	bytes     int
	segments  int64
	rejected  int64
	telemetry int64
}

// New is an X-Ray without traces.
func New(c Config) *Service {
	if c.MaxTraces <= 0 {
		c.MaxTraces = DefaultMaxTraces
	}
	return &Service{config: c, traces: map[string]*trace{}}
}

// Operations implements wire.Service.
func (s *Service) Operations() map[string]wire.Handler {
	return map[string]wire.Handler{
		"PutTraceSegments":    s.putTraceSegments,
		"PutTelemetryRecords": s.putTelemetryRecords,
		"GetTraceSummaries":   s.getTraceSummaries,
		"BatchGetTraces":      s.batchGetTraces,
		"GetSamplingRules":    s.getSamplingRules,
		"GetSamplingTargets":  s.getSamplingTargets,
	}
}

// Status is what the status page shows.
type Status struct {
	Segments         int64         `json:"segments"`          // accepted since the start
	Rejected         int64         `json:"rejected"`          // documents that were unprocessed
	TelemetryRecords int64         `json:"telemetry_records"` // taken since the start
	Traces           []TraceStatus `json:"traces"`            // latest first, at most 20
}

// TraceStatus is one trace of the status page.
type TraceStatus struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"` // of its first segment
	Segments int           `json:"segments"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration_nanoseconds"`
	Error    bool          `json:"error"`
	Fault    bool          `json:"fault"`
	Throttle bool          `json:"throttle"`
}

// shownTraces is how many traces the status page has.
const shownTraces = 20

// Status returns counters and the last traces.
func (s *Service) Status() Status {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := Status{Segments: s.segments, Rejected: s.rejected, TelemetryRecords: s.telemetry, Traces: []TraceStatus{}}
	for i := len(s.order) - 1; i >= 0 && len(out.Traces) < shownTraces; i-- {
		t := s.traces[s.order[i]]
		start, end, _ := t.span()
		status := TraceStatus{ID: t.id, Name: t.segments[0].Name, Segments: len(t.segments), Start: start, Duration: end.Sub(start)}
		for _, seg := range t.segments {
			status.Error = status.Error || seg.Error
			status.Fault = status.Fault || seg.Fault
			status.Throttle = status.Throttle || seg.Throttle
		}
		out.Traces = append(out.Traces, status)
	}
	return out
}

func invalidRequest(format string, args ...any) error {
	e := wire.Errorf("InvalidRequestException", format, args...)
	e.Status = http.StatusBadRequest
	return e
}
