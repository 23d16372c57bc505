package message

import (
	"encoding/hex"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// record appends the record's own fields, each after a comma.
func (w *values) record(dst []byte, r plog.LogRecord) []byte {
	if body := r.Body(); body.Type() != pcommon.ValueTypeEmpty {
		dst = w.value(append(dst, `,"body":`...), body)
	}
	if n := r.SeverityNumber(); n != 0 {
		dst = strconv.AppendInt(append(dst, `,"severity_number":`...), int64(n), 10)
	}
	if text := r.SeverityText(); text != "" {
		dst = appendString(append(dst, `,"severity_text":`...), text, w.style)
	}
	if n := r.DroppedAttributesCount(); n != 0 {
		dst = strconv.AppendUint(append(dst, `,"dropped_attributes_count":`...), uint64(n), 10)
	}
	if flags := r.Flags(); flags != 0 {
		dst = strconv.AppendUint(append(dst, `,"flags":`...), uint64(flags), 10)
	}
	if id := r.TraceID(); !id.IsEmpty() {
		dst = append(hex.AppendEncode(append(dst, `,"trace_id":"`...), id[:]), '"')
	}
	if id := r.SpanID(); !id.IsEmpty() {
		dst = append(hex.AppendEncode(append(dst, `,"span_id":"`...), id[:]), '"')
	}
	if attributes := r.Attributes(); attributes.Len() > 0 {
		dst = w.sorted(append(dst, `,"attributes":`...), attributes)
	}
	return dst
}

// scope appends the scope after a comma, if it has a name.
func (w *values) scope(dst []byte, s pcommon.InstrumentationScope) []byte {
	if s.Name() == "" {
		return dst
	}
	dst = appendString(append(dst, `,"scope":{"name":`...), s.Name(), w.style)
	if version := s.Version(); version != "" {
		dst = appendString(append(dst, `,"version":`...), version, w.style)
	}
	if attributes := s.Attributes(); attributes.Len() > 0 {
		dst = w.sorted(append(dst, `,"attributes":`...), attributes)
	}
	return append(dst, '}')
}
