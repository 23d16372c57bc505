package otlp

import (
	"mime"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Limits of the endpoints (CloudWatch User Guide, "OTLP endpoints": bytes are those of the request without compression).
const (
	MaxLogsBytes    = 1 << 20
	MaxLogs         = 10_000
	MaxLogsSpan     = 24 * time.Hour
	MaxMetricsBytes = 1 << 20
	MaxPoints       = 1000
	MaxLabels       = 150 // of a data point, its resource's and scope's included
	MaxTracesBytes  = 5 << 20
	MaxSpans        = 10_000
)

// maxKept bounds the data points and the spans that are kept; the oldest go first.
const maxKept = 100_000

// Config says where records go.
type Config struct {
	// PutLogEvents is CloudWatch Logs' operation, which takes the records.
	PutLogEvents wire.Handler
}

// Service keeps what was sent. It is safe for concurrent use.
type Service struct {
	config Config

	mu     sync.Mutex
	points []Point
	spans  []Span
	status Status
}

// Point is a data point.
type Point struct {
	Name, Unit, Type string
	Time             time.Time
	// Value is that of a number, and the count of everything else.
	Value float64
	// Labels are the attributes of the data point, its scope and its resource.
	Labels map[string]string
}

// Span is a span.
type Span struct{ TraceID, SpanID, Name, Service string }

// Status counts what was taken since the start.
type Status struct {
	LogRecords int64 `json:"log_records"`
	DataPoints int64 `json:"data_points"`
	Spans      int64 `json:"spans"`
	Rejected   int64 `json:"rejected"` // of all three, in requests that were taken
}

// New is a Service without anything.
func New(c Config) *Service { return &Service{config: c} }

// Operations are those of each service that has an endpoint.
func (s *Service) Operations() map[string]map[string]wire.Handler {
	return map[string]map[string]wire.Handler{
		wire.Logs:       {wire.ExportLogs: s.exportLogs},
		wire.Monitoring: {wire.ExportMetrics: s.exportMetrics},
		wire.XRay:       {wire.ExportTraces: s.exportTraces},
	}
}

// Status counts.
func (s *Service) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Points are the last data points, in the order of their arrival.
func (s *Service) Points() []Point {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Point(nil), s.points...)
}

// Spans are the last spans, in the order of their arrival.
func (s *Service) Spans() []Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Span(nil), s.spans...)
}

// keep appends to what is kept, and forgets what was there first.
func keep[T any](all []T, more ...T) []T {
	all = append(all, more...)
	if len(all) > maxKept+maxKept/10 {
		all = append([]T(nil), all[len(all)-maxKept:]...)
	}
	return all
}

// request is one of plogotlp's, pmetricotlp's or ptraceotlp's.
type request interface {
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}

// decode reads a request of at most so many bytes.
func decode(c *wire.Call, most int, into request) error {
	kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if len(c.Body) > most {
		return &wire.Error{Code: "RequestEntityTooLarge", Status: http.StatusRequestEntityTooLarge, Message: sprintf("the request has %d bytes, and %d are allowed", len(c.Body), most)}
	}
	switch {
	case err == nil && kind == "application/x-protobuf":
		err = into.UnmarshalProto(c.Body)
	case err == nil && kind == "application/json":
		err = into.UnmarshalJSON(c.Body)
	default:
		return &wire.Error{Code: "UnsupportedMediaType", Status: http.StatusUnsupportedMediaType,
			Message: sprintf("Content-Type is %q, want application/x-protobuf or application/json", c.Header.Get("Content-Type"))}
	}
	if err != nil {
		return wire.Errorf("InvalidArgument", "the request cannot be read as %s: %v", kind, err)
	}
	return nil
}

// tooMany is the error for a request with more than is allowed of something.
func tooMany(what string, n, most int) error {
	return wire.Errorf("InvalidArgument", "the request has %d %s, and %d are allowed", n, what, most)
}

// labels adds attributes to labels.
func labels(to map[string]string, attributes pcommon.Map) {
	for k, v := range attributes.All() {
		to[k] = v.AsString()
	}
}
