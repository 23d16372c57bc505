package otlp

import (
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

func (s *Service) exportTraces(c *wire.Call) (any, error) {
	r := ptraceotlp.NewExportRequest()
	if err := decode(c, MaxTracesBytes, r); err != nil {
		return nil, err
	}
	if n := r.Traces().SpanCount(); n > MaxSpans {
		return nil, tooMany("spans", n, MaxSpans)
	}
	var spans []Span
	for _, rs := range r.Traces().ResourceSpans().All() {
		service := ""
		if v, ok := rs.Resource().Attributes().Get("service.name"); ok {
			service = v.AsString()
		}
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				spans = append(spans, Span{span.TraceID().String(), span.SpanID().String(), span.Name(), service})
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spans = keep(s.spans, spans...)
	s.status.Spans += int64(len(spans))
	return ptraceotlp.NewExportResponse(), nil
}
