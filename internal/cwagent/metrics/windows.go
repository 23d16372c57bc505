package metrics

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
)

// single are the objects of Windows that have no instances, whatever resources say.
var single = []string{"System", "Memory", "TCPv4", "TCPv6"}

// total is the instance that stands for all, which the receiver takes for none.
const total = "_Total"

// windows converts objects and their counters. Metrics are OBJECT COUNTER, as in
// config/layers/cwagent-metrics-windows.yaml.
func (v *converter) windows(plugins agentjson.Node) {
	receivers := map[int]string{}
	var fromInstance []string
	const extras = "transform/cwagent_plugins"
	for _, object := range plugins.Keys() {
		n := plugins.Get(object)
		if !n.IsObject() || object == "procstat" || slices.Contains(elsewhere, object) || v.windowsHasNone(object) {
			continue
		}
		interval := v.interval(n)
		receiver := "windowsperfcounters/cwagent_" + seconds(interval)
		to := v.at("receivers", receiver)
		all := v.measurements(object, n, " ")
		for _, m := range all {
			v.Report.Converted(m.node.Path(), to)
		}
		v.converted(n, to, "metrics_collection_interval", "resources")
		v.converted(n, v.at("exporters", "cloudwatch_emf/cwagent", "drop_original_metrics"), "drop_original_metrics")
		texts, fixed := v.appended(n, fmt.Sprintf(`datapoint.attributes["objectname"] == %s and `, quoted(object)), to)
		fromInstance = append(fromInstance, texts...)
		if len(all) == 0 {
			continue
		}
		receivers[interval] = receiver
		v.layer.Set(seconds(interval), "receivers", receiver, "collection_interval")
		for _, m := range all {
			metric := inLine("gauge", inLine())
			if m.unit != "" {
				metric = inLine("unit", m.unit, "gauge", inLine())
			}
			v.layer.Set(metric, "receivers", receiver, "metrics", layer.Expand(m.sent()))
		}
		for _, instances := range v.instances(object, n) {
			v.layer.Add(perfObject(object, instances, all, fixed, highResolution(interval)), "receivers", receiver, "perfcounters")
		}
	}
	if len(receivers) == 0 {
		return
	}
	var names, processors []string
	for _, interval := range slices.Sorted(maps.Keys(receivers)) {
		names = append(names, receivers[interval])
	}
	if len(fromInstance) > 0 {
		v.layer.Set("propagate", "processors", extras, "error_mode")
		v.layer.Set(sequence(statements("datapoint", fromInstance)), "processors", extras, "metric_statements")
		processors = append(processors, extras)
	}
	v.pipeline("metrics/cwagent", names, processors)
}

// windowsHasNone tells whether a name is of a plugin, and not of an object of Windows.
func (v *converter) windowsHasNone(name string) bool {
	return slices.Contains([]string{"ethtool", "nvidia_gpu", "nvidia_smi", "efa", "dpdk", "win_services"}, name)
}

// instances are an object's, in lists that are asked for one by one. A list without any asks for no instance.
func (v *converter) instances(object string, n agentjson.Node) [][]string {
	names := n.Get("resources").Texts()
	if slices.Contains(single, object) || len(names) == 0 {
		return [][]string{nil}
	}
	if slices.Contains(names, "*") {
		return [][]string{{"*"}}
	}
	var lists [][]string
	if others := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == total }); len(others) > 0 {
		lists = append(lists, others)
	}
	if slices.Contains(names, total) {
		lists = append(lists, []string{total})
	}
	return lists
}

// perfObject is an entry of perfcounters.
func perfObject(object string, instances []string, all []measurement, fixed map[string]string, high bool) *yaml.Node {
	var counters []*yaml.Node
	for _, m := range all {
		attributes := []any{"objectname", layer.Literal(object)}
		if slices.Equal(instances, []string{total}) {
			// The receiver gives a total that is alone no instance.
			attributes = append(attributes, "instance", total)
		}
		for _, key := range slices.Sorted(maps.Keys(fixed)) {
			if key != "objectname" && key != "instance" {
				attributes = append(attributes, layer.Expand(key), layer.Expand(fixed[key]))
			}
		}
		if high {
			attributes = append(attributes, "aws.emf.storage_resolution", "1")
		}
		counters = append(counters, inLine("name", layer.Literal(m.name[len(object)+1:]), "metric", layer.Expand(m.sent()), "attributes", inLine(attributes...)))
	}
	if len(instances) == 0 {
		return ordered("object", layer.Literal(object), "counters", sequence(counters...))
	}
	return ordered("object", layer.Literal(object), "instances", expanded(instances), "counters", sequence(counters...))
}
