package shape

var traces = object{required: []string{"traces_collected"}, keys: map[string]shape{
	"traces_collected": object{min: 1, keys: map[string]shape{
		"app_signals":         object{others: anything{}},
		"application_signals": object{others: anything{}},
		"otlp":                otlp,
		"xray": object{keys: map[string]shape{
			"bind_address": endpoint,
			"tcp_proxy":    object{keys: map[string]shape{"bind_address": endpoint}},
		}},
	}},
	"concurrency":                  number{min: 1},
	"buffer_size_mb":               number{min: 3},
	"resource_arn":                 text{},
	"local_mode":                   truth{},
	"insecure":                     truth{},
	"credentials":                  credentials,
	"proxy_override":               endpoint,
	"endpoint_override":            endpoint,
	"region_override":              text{},
	"transit_spans_in_otlp_format": truth{},
}}

var openTelemetry = object{keys: map[string]shape{
	"cluster_name":        text{},
	"resource_attributes": object{others: short, max: 30},
	"collect": object{keys: map[string]shape{
		"host_metrics": object{keys: map[string]shape{"collection_interval": interval}},
		"container_insights": object{keys: map[string]shape{
			"collection_interval": interval,
			"role":                text{oneOf: []string{"node", "cluster"}},
			"logs":                object{keys: map[string]shape{"enabled": truth{}}},
		}},
		"prometheus": object{required: []string{"config_path"}, keys: map[string]shape{"config_path": text{}}},
		"otlp":       object{keys: map[string]shape{"grpc_endpoint": text{}, "http_endpoint": text{}, "span_metrics_enabled": truth{}}},
		"database_insights": object{keys: map[string]shape{"postgresql": list{item: object{
			required: []string{"endpoint", "instance_name", "username", "password_file"},
			keys: map[string]shape{
				"endpoint": text{}, "instance_name": text{}, "username": text{}, "password_file": text{}, "ca_file": text{},
				"logs": object{keys: map[string]shape{"file_path": text{}}},
			},
		}}}},
		"windows_events": otelList(object{required: []string{"event_name"}, keys: map[string]shape{
			"event_name": name, "event_levels": list{item: eventLevels, min: 1, unique: true}, "event_ids": eventIDs, "event_format": eventFormat,
			"log_group_name": group, "log_stream_name": stream,
		}}),
		"files": otelList(object{required: []string{"file_path"}, keys: map[string]shape{
			"file_path": path, "log_group_name": group, "log_stream_name": stream, "multi_line_start_pattern": text{}, "timestamp_format": text{},
			"timezone": timezone, "encoding": text{},
		}}),
	}},
}}

func otelList(item object) object {
	return object{required: []string{"collect_list"}, keys: map[string]shape{"collect_list": list{item: item, min: 1}}}
}
