package shape

// group and stream are names of log groups and streams.
var group, stream = text{min: 1, max: 512}, text{min: 1, max: 512}

// retention is in days, as CloudWatch has them; -1 is for ever.
var retention = number{oneOf: []int{-1, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}}

var filters = list{item: object{keys: map[string]shape{"type": text{oneOf: []string{"include", "exclude"}}, "expression": text{}}}}

// target is where the lines of a source go.
var target = map[string]shape{
	"log_group_name": group, "log_stream_name": stream, "log_group_class": text{min: 1, max: 512}, "retention_in_days": retention, "filters": filters,
}

var (
	timezone    = text{oneOf: []string{"Local", "LOCAL", "UTC"}}
	eventLevels = text{oneOf: []string{"CRITICAL", "ERROR", "WARNING", "INFORMATION", "VERBOSE"}}
	eventIDs    = list{item: number{min: 0, max: 65535}, min: 1, unique: true}
	eventFormat = text{oneOf: []string{"text", "xml"}}
	priorities  = text{oneOf: []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "0", "1", "2", "3", "4", "5", "6", "7"}}
)

// collectList is a section with the one key collect_list.
func collectList(item object) object {
	return object{required: []string{"collect_list"}, keys: map[string]shape{"collect_list": list{item: item, min: 1, max: 16384, unique: true}}}
}

var logs = object{oneOf: []string{"logs_collected", "metrics_collected"}, keys: map[string]shape{
	"logs_collected": object{min: 1, keys: map[string]shape{
		"files": collectList(object{required: []string{"file_path"}, keys: with(target, map[string]shape{
			"file_path":                text{max: 4096},
			"multi_line_start_pattern": path,
			"timestamp_format":         path,
			"timezone":                 timezone,
			"trim_timestamp":           truth{},
			"encoding":                 path,
			"auto_removal":             truth{},
			"backpressure_mode":        text{oneOf: []string{"fd_release"}},
			"blacklist":                path,
			"publish_multi_logs":       truth{},
			"service.name":             name,
			"deployment.environment":   environment,
		})}),
		"windows_events": collectList(object{
			required: []string{"event_name"}, oneOf: []string{"event_levels", "event_ids", "filters"},
			keys: with(target, map[string]shape{
				"event_name":   text{min: 1, max: 255, not: []string{"Forwarded Events"}},
				"event_levels": list{item: eventLevels},
				"event_ids":    eventIDs,
				"event_format": eventFormat,
			}),
		}),
		"journald": collectList(object{required: []string{"log_group_name"}, keys: with(target, map[string]shape{
			"units":    list{item: text{max: 256}, min: 1, unique: true},
			"priority": priorities,
			"matches":  list{item: object{others: text{}}, min: 1, unique: true},
		})}),
		"application_signals": object{others: anything{}, keys: map[string]shape{"log_group_name": group, "log_stream_name": stream, "disabled": truth{}}},
	}},
	"metrics_collected":      object{others: anything{}, keys: logMetrics},
	"log_stream_name":        stream,
	"force_flush_interval":   interval,
	"credentials":            credentials,
	"endpoint_override":      endpoint,
	"service.name":           name,
	"deployment.environment": environment,
	"concurrency":            number{min: 1},
}}

var logMetrics = map[string]shape{
	"app_signals":         appSignals,
	"application_signals": appSignals,
	"ecs":                 object{keys: map[string]shape{"metrics_collection_interval": interval, "disable_metric_extraction": truth{}}},
	"kubernetes": object{others: anything{}, keys: map[string]shape{
		"cluster_name": group, "jmx_container_insights": truth{}, "metrics_collection_interval": interval, "disable_metric_extraction": truth{},
	}},
	"otlp": otlp,
	"prometheus": object{keys: map[string]shape{
		"cluster_name": text{}, "log_group_name": text{}, "prometheus_config_path": text{}, "disable_metric_extraction": truth{},
		"emf_processor": emfProcessor, "ecs_service_discovery": ecsDiscovery,
	}},
}

var appSignals = object{others: anything{}, keys: map[string]shape{
	"hosted_in": short,
	"rules": list{item: object{
		others: anything{}, required: []string{"selectors", "action"},
		keys: map[string]shape{
			"selectors":    list{item: object{others: anything{}, required: []string{"dimension", "match"}, keys: map[string]shape{"dimension": text{min: 1}, "match": text{min: 1}}}},
			"replacements": list{item: object{others: anything{}, required: []string{"target_dimension", "value"}, keys: map[string]shape{"target_dimension": text{min: 1}, "value": text{}}}},
			"action":       text{oneOf: []string{"drop", "keep", "replace"}},
			"rule_name":    text{min: 1},
		},
	}},
}}

var texts = list{item: text{}}

var emfProcessor = object{keys: map[string]shape{
	"metric_declaration_dedup": truth{},
	"metric_namespace":         text{},
	"metric_unit":              object{others: text{min: 1, max: 256}},
	"metric_declaration": list{item: object{keys: map[string]shape{
		"source_labels": texts, "label_matcher": text{}, "label_separator": text{}, "metric_selectors": texts, "dimensions": list{item: texts},
	}}},
}}

var ecsDiscovery = object{keys: map[string]shape{
	"docker_label": object{others: anything{}, keys: map[string]shape{"sd_job_name_label": text{}, "sd_metrics_path_label": text{}, "sd_port_label": text{}}},
	"task_definition_list": list{item: object{others: anything{}, keys: map[string]shape{
		"sd_container_name_pattern": text{}, "sd_job_name": text{}, "sd_metrics_path": text{}, "sd_metrics_ports": text{}, "sd_task_definition_arn_pattern": text{},
	}}},
	"service_name_list_for_tasks": list{item: object{others: anything{}, keys: map[string]shape{
		"sd_container_name_pattern": text{}, "sd_job_name": text{}, "sd_metrics_path": text{}, "sd_metrics_ports": text{}, "sd_service_name_pattern": text{},
	}}},
	"sd_cluster_region": text{}, "sd_frequency": text{}, "sd_result_file": text{}, "sd_target_cluster": text{},
}}
