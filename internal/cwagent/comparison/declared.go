package comparison

import (
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
)

// dimensionsOf are those that a plugin's metrics have besides the host's and its own append_dimensions.
var dimensionsOf = map[string][]string{
	"cpu": {"cpu"}, "disk": {"path", "device", "fstype"}, "diskio": {"name"}, "net": {"interface"},
	"mem": nil, "swap": nil, "netstat": nil, "processes": nil,
}

// fixed are the keys of append_dimensions that the agent takes for the whole section.
var fixed = map[string]string{
	"ImageId": "${aws:ImageId}", "InstanceId": "${aws:InstanceId}", "InstanceType": "${aws:InstanceType}",
	"AutoScalingGroupName": "${aws:AutoScalingGroupName}",
}

// Scope is what a host adds to each metric: what of append_dimensions it can find out. Outside EC2 that is nothing.
type Scope struct {
	// InstanceDimensions are those of append_dimensions that have a value on this host.
	InstanceDimensions []string
}

// ScopeOf is the scope of a host that sent something.
func ScopeOf(sent []Metric) Scope {
	var s Scope
	for key := range fixed {
		if slices.ContainsFunc(sent, func(m Metric) bool { return slices.Contains(m.Dimensions, key) }) {
			s.InstanceDimensions = append(s.InstanceDimensions, key)
		}
	}
	return s
}

// Declared are the series that the section metrics declares for a host: those of plugins that collect by themselves. What
// others send (statsd, collectd, otlp, prometheus) declares no names.
func Declared(root agentjson.Node, s Scope) []Metric {
	section := root.Get("metrics")
	namespace := section.Get("namespace").Text()
	if namespace == "" {
		namespace = "CWAgent"
	}
	host := hostDimensions(root, s)
	var all []Metric
	plugins := section.Get("metrics_collected")
	for _, plugin := range plugins.Keys() {
		for _, node := range plugins.Get(plugin).Items() {
			for _, m := range declaredBy(plugin, node, host) {
				sets := aggregations(section, m.Dimensions)
				if !m.dropped {
					sets = append(sets, m.Dimensions)
				}
				for _, set := range sets {
					m.Namespace, m.Dimensions = namespace, slices.Compact(slices.Sorted(slices.Values(set)))
					all = append(all, m.Metric)
				}
			}
		}
	}
	return all
}

// hostDimensions are the dimensions of every metric: the instance's, or the host's name.
func hostDimensions(root agentjson.Node, s Scope) []string {
	appended := root.Get("metrics", "append_dimensions")
	var dimensions []string
	for _, key := range appended.Keys() {
		if fixed[key] == appended.Get(key).Text() && slices.Contains(s.InstanceDimensions, key) {
			dimensions = append(dimensions, key)
		}
	}
	valid := slices.ContainsFunc(appended.Keys(), func(key string) bool { return fixed[key] == appended.Get(key).Text() })
	if len(dimensions) > 0 || root.Get("agent", "omit_hostname").Bool() || appended.There() && !valid {
		return dimensions
	}
	return []string{"host"} // also outside EC2, where the agent would not start
}

// declaration is a metric with all its dimensions.
type declaration struct {
	Metric
	// dropped: it is sent with aggregation_dimensions alone.
	dropped bool
}

func declaredBy(plugin string, node agentjson.Node, host []string) []declaration {
	if total := node.Get("totalcpu"); plugin == "cpu" && total.There() && !total.Bool() && len(node.Get("resources").Items()) == 0 {
		return nil // neither the cores nor all of them together
	}
	own, known := dimensionsOf[plugin]
	windows := !known && node.Get("measurement").There() && !others[plugin]
	if !known && !windows {
		return nil
	}
	dimensions := slices.Concat(host, own, node.Get("append_dimensions").Keys())
	if plugin == "disk" && node.Get("drop_device").Bool() {
		dimensions = slices.DeleteFunc(dimensions, func(d string) bool { return d == "device" })
	}
	if windows {
		dimensions = append(dimensions, "objectname")
		if node.Get("resources").There() && len(node.Get("resources").Items()) > 0 {
			dimensions = append(dimensions, "instance")
		}
	}
	var metrics []declaration
	for _, item := range node.Get("measurement").Items() {
		name, rename, unit := item.Text(), "", ""
		if item.IsObject() {
			name, rename, unit = item.Get("name").Text(), item.Get("rename").Text(), item.Get("unit").Text()
		}
		m := declaration{Metric: Metric{Dimensions: dimensions, Path: item.Path()}}
		if windows {
			m.Name = plugin + " " + name
		} else {
			m.Name = plugin + "_" + strings.TrimPrefix(name, plugin+"_")
			m.Unit = unitOf(m.Name)
		}
		if unit = spelled(unit); unit != "" {
			m.Unit = unit
		}
		for _, dropped := range node.Get("drop_original_metrics").Texts() {
			m.dropped = m.dropped || dropped == "*" || m.Name == plugin+"_"+strings.TrimPrefix(dropped, plugin+"_")
		}
		if rename != "" {
			m.Name = rename
		}
		metrics = append(metrics, m)
	}
	return metrics
}

// others are plugins that declare no series of their own here.
var others = map[string]bool{
	"statsd": true, "collectd": true, "otlp": true, "prometheus": true, "jmx": true, "procstat": true, "ethtool": true,
	"nvidia_smi": true, "nvidia_gpu": true, "efa": true,
}

// aggregations are the sets of aggregation_dimensions that a metric with these dimensions takes part in.
func aggregations(section agentjson.Node, dimensions []string) [][]string {
	var sets [][]string
	for _, set := range section.Get("aggregation_dimensions").Items() {
		names := set.Texts()
		if !slices.ContainsFunc(names, func(d string) bool { return !slices.Contains(dimensions, d) }) && len(names) < len(dimensions) {
			sets = append(sets, names)
		}
	}
	return sets
}

// unitOf is the unit that the agent gives a metric of a Linux host.
func unitOf(name string) string {
	plugin, field, _ := strings.Cut(name, "_")
	switch {
	case strings.HasSuffix(field, "_percent"), strings.HasPrefix(name, "cpu_usage_"):
		return "Percent"
	case plugin == "cpu":
		return "None"
	case plugin == "mem", plugin == "swap", plugin == "disk" && !strings.HasPrefix(field, "inodes"):
		return "Bytes"
	case strings.HasSuffix(field, "_bytes"), strings.HasPrefix(field, "bytes_"):
		return "Bytes"
	case plugin == "diskio" && strings.HasSuffix(field, "_time"):
		return "Milliseconds"
	}
	return "Count"
}

// units are CloudWatch's.
var units = []string{
	"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits",
	"Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second", "Megabytes/Second",
	"Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second",
	"Terabits/Second", "Count/Second", "None",
}

// spelled is a unit in CloudWatch's spelling, and "" for what is none.
func spelled(unit string) string {
	for _, known := range units {
		if strings.EqualFold(unit, known) {
			return known
		}
	}
	return ""
}
