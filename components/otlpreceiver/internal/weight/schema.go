package weight

// Kind is a message of OTLP.
type Kind struct {
	// cost is the size of the message where it is decoded, with the pointer to it, in bytes.
	cost int64
	// leaf says that an exporter makes a document of each.
	leaf bool
	// numbers and names are the members that take more than the message itself, as protobuf and as JSON have them.
	numbers map[uint64]member
	names   map[string]member
}

type member struct {
	// of is the message that the member is. nil: a string, bytes or a packed list of numbers.
	of *Kind
	// times is how many bytes a list of numbers takes for each of its bytes: 8 for varints of one byte.
	times int64
	// shared says that the documents of all leaves in the message have it.
	shared bool
}

// documentCost is what an exporter needs for a document without attributes: its text, and the request that it is sent in.
const documentCost = 512

// Sizes of messages as pdata decodes them on 64 bits (v0.156.0), rounded up to the allocator's classes, with the pointer
// in a list that grew by doubling. TestTheEstimateIsAboveWhatDecodingTakes compares them with the runtime's heap.
const (
	pointer  = 20
	perValue = 16 // of a list of numbers in JSON
)

type spec struct {
	number uint64
	name   string
	of     *Kind
	times  int64
	shared bool
	snake  string
}

func (k *Kind) with(members ...spec) *Kind {
	k.numbers, k.names = map[uint64]member{}, map[string]member{}
	for _, s := range members {
		m := member{of: s.of, times: s.times, shared: s.shared}
		k.numbers[s.number] = m
		k.names[s.name] = m
		if s.snake != "" {
			k.names[s.snake] = m
		}
	}
	return k
}

// Logs, Metrics and Traces are the requests.
var Logs, Metrics, Traces = requests()

func requests() (logs, metrics, traces *Kind) {
	value, array, list := &Kind{cost: 40}, &Kind{cost: 32}, &Kind{cost: 32}
	pair := &Kind{cost: 80}
	value.with(
		spec{number: 1, name: "stringValue", snake: "string_value"},
		spec{number: 5, name: "arrayValue", snake: "array_value", of: array},
		spec{number: 6, name: "kvlistValue", snake: "kvlist_value", of: list},
		spec{number: 7, name: "bytesValue", snake: "bytes_value"})
	array.with(spec{number: 1, name: "values", of: value})
	list.with(spec{number: 1, name: "values", of: pair})
	pair.with(spec{number: 1, name: "key"}, spec{number: 2, name: "value", of: value})
	entity := (&Kind{cost: 96 + pointer}).with(
		spec{number: 1, name: "schemaUrl", snake: "schema_url"}, spec{number: 2, name: "type"},
		spec{number: 3, name: "idKeys", snake: "id_keys", times: 16}, spec{number: 4, name: "descriptionKeys", snake: "description_keys", times: 16})
	resource := (&Kind{cost: 64}).with(spec{number: 1, name: "attributes", of: pair}, spec{number: 3, name: "entityRefs", snake: "entity_refs", of: entity})
	scope := (&Kind{cost: 64}).with(spec{number: 1, name: "name"}, spec{number: 2, name: "version"}, spec{number: 3, name: "attributes", of: pair})
	attributes := func(number uint64) spec { return spec{number: number, name: "attributes", of: pair} }
	grouped := func(name, scopes string, snakes [2]string, leaf *Kind) *Kind {
		inScope := (&Kind{cost: 144 + pointer}).with(
			spec{number: 1, name: "scope", of: scope, shared: true}, spec{number: 2, name: leafName(name), snake: snakes[1], of: leaf},
			spec{number: 3, name: "schemaUrl", snake: "schema_url"})
		inResource := (&Kind{cost: 176 + pointer}).with(
			spec{number: 1, name: "resource", of: resource, shared: true}, spec{number: 2, name: scopes, snake: snakes[0], of: inScope},
			spec{number: 3, name: "schemaUrl", snake: "schema_url"},
			spec{number: 1000, name: "deprecatedS" + scopes[1:], snake: "deprecated_" + snakes[0], of: inScope})
		return (&Kind{}).with(spec{number: 1, name: "resource" + name, snake: "resource_" + snakes[1], of: inResource})
	}

	record := (&Kind{cost: 240 + pointer, leaf: true}).with(
		spec{number: 3, name: "severityText", snake: "severity_text"}, spec{number: 5, name: "body", of: value}, attributes(6),
		spec{number: 9, name: "traceId", snake: "trace_id"}, spec{number: 10, name: "spanId", snake: "span_id"},
		spec{number: 12, name: "eventName", snake: "event_name"})
	logs = grouped("Logs", "scopeLogs", [2]string{"scope_logs", "log_records"}, record)
	logs.names["resource_logs"] = logs.names["resourceLogs"]

	event := (&Kind{cost: 64 + pointer}).with(spec{number: 2, name: "name"}, attributes(3))
	link := (&Kind{cost: 96 + pointer}).with(
		spec{number: 1, name: "traceId", snake: "trace_id"}, spec{number: 2, name: "spanId", snake: "span_id"},
		spec{number: 3, name: "traceState", snake: "trace_state"}, attributes(4))
	status := (&Kind{cost: 32}).with(spec{number: 2, name: "message"})
	span := (&Kind{cost: 352 + pointer, leaf: true}).with(
		spec{number: 1, name: "traceId", snake: "trace_id"}, spec{number: 2, name: "spanId", snake: "span_id"},
		spec{number: 3, name: "traceState", snake: "trace_state"}, spec{number: 4, name: "parentSpanId", snake: "parent_span_id"},
		spec{number: 5, name: "name"}, attributes(9), spec{number: 11, name: "events", of: event}, spec{number: 13, name: "links", of: link},
		spec{number: 15, name: "status", of: status})
	traces = grouped("Spans", "scopeSpans", [2]string{"scope_spans", "spans"}, span)
	traces.names["resource_spans"] = traces.names["resourceSpans"]

	exemplar := (&Kind{cost: 112 + pointer}).with(
		attributes(7), spec{number: 4, name: "spanId", snake: "span_id"}, spec{number: 5, name: "traceId", snake: "trace_id"})
	number := (&Kind{cost: 128 + pointer, leaf: true}).with(attributes(7), spec{number: 5, name: "exemplars", of: exemplar})
	histogram := (&Kind{cost: 224 + pointer, leaf: true}).with(attributes(9),
		spec{number: 6, name: "bucketCounts", snake: "bucket_counts", times: 8}, spec{number: 7, name: "explicitBounds", snake: "explicit_bounds", times: 8},
		spec{number: 8, name: "exemplars", of: exemplar})
	buckets := (&Kind{cost: 48}).with(spec{number: 2, name: "bucketCounts", snake: "bucket_counts", times: 16})
	exponential := (&Kind{cost: 272 + pointer, leaf: true}).with(attributes(1),
		spec{number: 8, name: "positive", of: buckets}, spec{number: 9, name: "negative", of: buckets}, spec{number: 11, name: "exemplars", of: exemplar})
	quantile := (&Kind{cost: 32 + pointer}).with()
	summary := (&Kind{cost: 144 + pointer, leaf: true}).with(
		attributes(7), spec{number: 6, name: "quantileValues", snake: "quantile_values", of: quantile})
	points := func(of *Kind) *Kind {
		return (&Kind{cost: 48}).with(spec{number: 1, name: "dataPoints", snake: "data_points", of: of})
	}
	metric := (&Kind{cost: 112 + pointer}).with(
		spec{number: 1, name: "name", shared: true}, spec{number: 2, name: "description"}, spec{number: 3, name: "unit", shared: true},
		spec{number: 5, name: "gauge", of: points(number)}, spec{number: 7, name: "sum", of: points(number)},
		spec{number: 9, name: "histogram", of: points(histogram)},
		spec{number: 10, name: "exponentialHistogram", snake: "exponential_histogram", of: points(exponential)},
		spec{number: 11, name: "summary", of: points(summary)}, spec{number: 12, name: "metadata", of: pair})
	metrics = grouped("Metrics", "scopeMetrics", [2]string{"scope_metrics", "metrics"}, metric)
	metrics.names["resource_metrics"] = metrics.names["resourceMetrics"]
	return logs, metrics, traces
}

// leafName is what JSON calls the list that a scope's message has.
func leafName(of string) string {
	switch of {
	case "Logs":
		return "logRecords"
	case "Spans":
		return "spans"
	}
	return "metrics"
}
