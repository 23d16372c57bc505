package message

import (
	"encoding/hex"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// object appends the fields of an object: each calls next first.
type object struct{ any bool }

// next appends the comma before all but the first field.
func (o *object) next(dst []byte, field string) []byte {
	if o.any {
		dst = append(dst, ',')
	}
	o.any = true
	dst = append(dst, '"')
	dst = append(dst, field...)
	return append(dst, `":`...)
}

func (w *values) otlpResource(dst []byte, r pcommon.Resource) []byte {
	var o object
	dst = w.otlpAttributes(append(dst, '{'), &o, r.Attributes(), r.DroppedAttributesCount())
	return append(dst, '}')
}

func (w *values) otlpScope(dst []byte, s pcommon.InstrumentationScope) []byte {
	var o object
	dst = append(dst, '{')
	dst = w.otlpString(dst, &o, "name", s.Name())
	dst = w.otlpString(dst, &o, "version", s.Version())
	dst = w.otlpAttributes(dst, &o, s.Attributes(), s.DroppedAttributesCount())
	return append(dst, '}')
}

// otlpSchema appends a schema's address as a later field.
func (w *values) otlpSchema(dst []byte, url string) []byte {
	return w.otlpString(dst, &object{any: true}, "schemaUrl", url)
}

func (w *values) otlpRecord(dst []byte, r plog.LogRecord) []byte {
	var o object
	dst = append(dst, '{')
	dst = otlpTime(dst, &o, "timeUnixNano", r.Timestamp())
	dst = otlpTime(dst, &o, "observedTimeUnixNano", r.ObservedTimestamp())
	if n := r.SeverityNumber(); n != 0 {
		dst = strconv.AppendInt(o.next(dst, "severityNumber"), int64(n), 10)
	}
	dst = w.otlpString(dst, &o, "severityText", r.SeverityText())
	dst = w.otlpValue(o.next(dst, "body"), r.Body())
	dst = w.otlpAttributes(dst, &o, r.Attributes(), r.DroppedAttributesCount())
	if flags := r.Flags(); flags != 0 {
		dst = strconv.AppendUint(o.next(dst, "flags"), uint64(flags), 10)
	}
	if id := r.TraceID(); !id.IsEmpty() {
		dst = append(hex.AppendEncode(append(o.next(dst, "traceId"), '"'), id[:]), '"')
	}
	if id := r.SpanID(); !id.IsEmpty() {
		dst = append(hex.AppendEncode(append(o.next(dst, "spanId"), '"'), id[:]), '"')
	}
	dst = w.otlpString(dst, &o, "eventName", r.EventName())
	return append(dst, '}')
}

// otlpTime appends a time that is set. 64-bit numbers are strings in protobuf's JSON.
func otlpTime(dst []byte, o *object, field string, t pcommon.Timestamp) []byte {
	if t == 0 {
		return dst
	}
	return append(strconv.AppendUint(append(o.next(dst, field), '"'), uint64(t), 10), '"')
}

// otlpString appends text that is not empty.
func (w *values) otlpString(dst []byte, o *object, field, text string) []byte {
	if text == "" {
		return dst
	}
	return appendString(o.next(dst, field), text, w.style)
}

func (w *values) otlpAttributes(dst []byte, o *object, attributes pcommon.Map, dropped uint32) []byte {
	if attributes.Len() > 0 {
		dst = w.otlpList(o.next(dst, "attributes"), attributes)
	}
	if dropped != 0 {
		dst = strconv.AppendUint(o.next(dst, "droppedAttributesCount"), uint64(dropped), 10)
	}
	return dst
}

// otlpList appends keys and values in their order.
func (w *values) otlpList(dst []byte, m pcommon.Map) []byte {
	dst = append(dst, '[')
	comma := false
	for key, value := range m.All() {
		if comma {
			dst = append(dst, ',')
		}
		comma = true
		var o object
		dst = w.otlpString(append(dst, '{'), &o, "key", key)
		dst = append(w.otlpValue(o.next(dst, "value"), value), '}')
	}
	return append(dst, ']')
}

func (w *values) otlpValue(dst []byte, v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		dst = appendString(append(dst, `{"stringValue":`...), v.Str(), w.style)
	case pcommon.ValueTypeBool:
		dst = strconv.AppendBool(append(dst, `{"boolValue":`...), v.Bool())
	case pcommon.ValueTypeInt:
		dst = append(strconv.AppendInt(append(dst, `{"intValue":"`...), v.Int(), 10), '"')
	case pcommon.ValueTypeDouble:
		dst = appendFloat(append(dst, `{"doubleValue":`...), v.Double(), w.style)
	case pcommon.ValueTypeBytes:
		dst = append(appendBase64(append(dst, `{"bytesValue":"`...), v.Bytes()), '"')
	case pcommon.ValueTypeMap:
		dst = append(dst, `{"kvlistValue":{`...)
		if m := v.Map(); m.Len() > 0 {
			dst = w.otlpList(append(dst, `"values":`...), m)
		}
		dst = append(dst, '}')
	case pcommon.ValueTypeSlice:
		dst = append(dst, `{"arrayValue":{`...)
		if list := v.Slice(); list.Len() > 0 {
			dst = append(dst, `"values":[`...)
			for i := range list.Len() {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = w.otlpValue(dst, list.At(i))
			}
			dst = append(dst, ']')
		}
		dst = append(dst, '}')
	default:
		return append(dst, `{}`...)
	}
	return append(dst, '}')
}
