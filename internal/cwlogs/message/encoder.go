package message

import "go.opentelemetry.io/collector/pdata/plog"

// maxShared is the largest buffer that an Encoder keeps for what records share, in bytes.
const maxShared = 64 << 10

// Encoder writes records in one format. Resource, then Scope come before the records that they belong
// to; without them there is neither. It keeps nothing of what it was given, and is for one goroutine at a time.
type Encoder struct {
	format Format
	values values
	// resource is the resource's own part. head and tail are what stands around each record, and hold it.
	resource, head, tail []byte
	// schema is the address of the resource's schema, for OTLPJSON.
	schema string
}

// NewEncoder makes an encoder for a format.
func NewEncoder(format Format) *Encoder {
	e := &Encoder{format: format, values: values{style: styles[format]}}
	e.Resource(plog.NewResourceLogs())
	e.Scope(plog.NewScopeLogs())
	return e
}

// styles are how each format writes values.
var styles = [...]style{JSON: forHTML, Raw: plain, OTLPJSON: protobuf}

// Format is the encoder's format.
func (e *Encoder) Format() Format { return e.format }

// Resource begins the records of a resource.
func (e *Encoder) Resource(r plog.ResourceLogs) {
	e.resource = reuse(e.resource)
	switch e.format {
	case JSON:
		if attributes := r.Resource().Attributes(); attributes.Len() > 0 {
			e.resource = e.values.sorted(append(e.resource, `,"resource":`...), attributes)
		}
	case OTLPJSON:
		e.resource = e.values.otlpResource(e.resource, r.Resource())
		e.schema = r.SchemaUrl()
	}
}

// Scope begins the records of a scope of that resource.
func (e *Encoder) Scope(s plog.ScopeLogs) {
	e.head, e.tail = reuse(e.head), reuse(e.tail)
	switch e.format {
	case JSON:
		e.tail = e.values.scope(e.tail, s.Scope())
		e.tail = append(e.tail, e.resource...)
		e.tail = append(e.tail, '}')
	case OTLPJSON:
		e.head = append(e.head, `{"resourceLogs":[{"resource":`...)
		e.head = append(e.head, e.resource...)
		e.head = append(e.head, `,"scopeLogs":[{"scope":`...)
		e.head = e.values.otlpScope(e.head, s.Scope())
		e.head = append(e.head, `,"logRecords":[`...)
		e.tail = e.values.otlpSchema(append(e.tail, ']'), s.SchemaUrl())
		e.tail = e.values.otlpSchema(append(e.tail, `}]`...), e.schema)
		e.tail = append(e.tail, `}]}`...)
	}
}

// Append appends a record's message. It is empty for a record with an empty body in Raw.
func (e *Encoder) Append(dst []byte, r plog.LogRecord) []byte {
	switch e.format {
	case Raw:
		return e.values.text(dst, r.Body())
	case OTLPJSON:
		dst = append(dst, e.head...)
		dst = e.values.otlpRecord(dst, r)
		return append(dst, e.tail...)
	}
	start := len(dst)
	dst = e.values.record(dst, r)
	dst = append(dst, e.tail...)
	if dst[start] == '}' { // nothing at all
		return append(dst[:start], `{}`...)
	}
	dst[start] = '{' // instead of the first comma
	return dst
}

// reuse empties a buffer, and gives up one that had to hold too much.
func reuse(buffer []byte) []byte {
	if cap(buffer) > maxShared {
		return nil
	}
	return buffer[:0]
}
