// Package message writes a log record as the text of a CloudWatch event.
//
//	plog.ResourceLogs ─▶ Encoder.Resource ─┐ what records share, once
//	plog.ScopeLogs ────▶ Encoder.Scope ────┤
//	plog.LogRecord ────▶ Encoder.Append ───┴─▶ bytes, appended to the caller's
//	                                             └─▶ Target: the stream that an EMF document names
//
// # Formats
//
// raw is the record's body: text as it is, EMF documents included; numbers and booleans as text, bytes as
// base64, lists and maps as JSON. It is what awscloudwatchlogs sends with raw_log.
//
// json is what awscloudwatchlogs sends without, byte for byte: one object with body, severity_number,
// severity_text, dropped_attributes_count, flags, trace_id, span_id, attributes, scope and resource, each
// left out where it is empty; scope only where it has a name. The keys of maps are sorted; of a key that
// is there twice the last value counts; <, > and & are escaped.
//
// otlp_json is the record in the OTLP's JSON, the document that plog.JSONMarshaler makes of logs with this
// record alone. What reads OTLP's files reads it. Entity references of the resource are left out: pdata has
// them as an experiment.
//
// A number that JSON does not have is the string "NaN", "Infinity" or "-Infinity" in every format. For
// awscloudwatchlogs such a record is an error, and it drops it; in a list or a map under raw_log it makes an
// empty message of it. Text that is not valid UTF-8 has \ufffd for each wrong byte in json and otlp_json; raw
// leaves it as it is.
package message
