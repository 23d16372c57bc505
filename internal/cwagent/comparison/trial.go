package comparison

import (
	"maps"
	"slices"
	"strings"
)

// Trial is a layer over a configuration with which it collects metrics and prints them as documents: nothing is sent,
// nobody is listened to, no log file is read, and the folder takes the place of the state. Collection is every interval,
// such as 2s. It is false where the configuration collects no metrics by itself.
func Trial(config map[string]any, folder, interval string) (layer map[string]any, ok bool) {
	receivers, exporters, pipelines := map[string]any{}, map[string]any{}, map[string]any{}
	service, _ := config["service"].(map[string]any)
	all, _ := service["pipelines"].(map[string]any)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		pipeline, _ := all[id].(map[string]any)
		from, to := names(pipeline["receivers"]), names(pipeline["exporters"])
		if !strings.HasPrefix(id+"/", "metrics/") || !slices.ContainsFunc(from, collects) || !slices.ContainsFunc(to, prints) {
			pipelines[id] = nil
			continue
		}
		ok = true
		for _, receiver := range from {
			if collects(receiver) {
				receivers[receiver] = map[string]any{"collection_interval": interval}
			} else {
				receivers[receiver] = nil // it would listen where the agent does
			}
		}
		for _, exporter := range to {
			if prints(exporter) {
				exporters[exporter] = map[string]any{"output_destination": "stdout", "sending_queue": map[string]any{"enabled": false}}
			} else {
				exporters[exporter] = nil
			}
		}
	}
	extensions := map[string]any{}
	given, _ := config["extensions"].(map[string]any)
	for id := range given {
		switch kind(id) {
		case "state_storage":
			extensions[id] = map[string]any{"directory": folder}
		case "file_storage":
			extensions[id] = map[string]any{"directory": folder, "compaction": map[string]any{"directory": folder}}
		case "endpoint_routing":
			// The names of AWS stay as they are, and nobody is asked.
			extensions[id] = map[string]any{"listen": "", "process_proxy": false}
		default:
			extensions[id] = nil
		}
	}
	return map[string]any{
		"extensions": extensions, "receivers": receivers, "exporters": exporters,
		"service": map[string]any{
			"pipelines": pipelines,
			"telemetry": map[string]any{"logs": map[string]any{"level": "warn"}, "metrics": map[string]any{"level": "none"}},
		},
	}, ok
}

func names(list any) []string {
	items, _ := list.([]any)
	var out []string
	for _, item := range items {
		if name, ok := item.(string); ok {
			out = append(out, name)
		}
	}
	return out
}

func kind(id string) string {
	kind, _, _ := strings.Cut(id, "/")
	return kind
}

// collects says whether a receiver asks the system.
func collects(receiver string) bool {
	return slices.Contains([]string{"host_metrics", "hostmetrics", "windows_perf_counters", "windowsperfcounters"}, kind(receiver))
}

// prints says whether an exporter can print its documents.
func prints(exporter string) bool { return kind(exporter) == "cloudwatch_emf" }
