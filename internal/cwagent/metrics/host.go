package metrics

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/recipes"
)

// hostPlugins are those that look at the host, and the scraper of host_metrics that has what they send.
var hostPlugins = map[string]string{
	"cpu": "cpu", "mem": "memory", "swap": "paging", "disk": "filesystem", "diskio": "disk", "net": "network", "netstat": "network", "processes": "processes",
}

// scrapers are those of host_metrics, by the beginnings of the names of their metrics, with those that are on unless they
// are turned off.
var scrapers = map[string]struct {
	names []string
	on    []string
}{
	"cpu":        {[]string{"system.cpu."}, []string{"system.cpu.time"}},
	"memory":     {[]string{"system.memory.", "system.linux.memory."}, []string{"system.memory.usage"}},
	"paging":     {[]string{"system.paging."}, []string{"system.paging.faults", "system.paging.operations", "system.paging.usage"}},
	"filesystem": {[]string{"system.filesystem."}, []string{"system.filesystem.inodes.usage", "system.filesystem.usage"}},
	"disk": {[]string{"system.disk."}, []string{"system.disk.io", "system.disk.io_time", "system.disk.merged", "system.disk.operation_time",
		"system.disk.operations", "system.disk.pending_operations", "system.disk.weighted_io_time"}},
	"network": {[]string{"system.network."}, []string{"system.network.connections", "system.network.dropped", "system.network.errors",
		"system.network.io", "system.network.packets"}},
	"processes": {[]string{"system.processes."}, []string{"system.processes.count", "system.processes.created"}},
}

// sizeless are file systems of size 0, which the agent leaves out.
var sizeless = []string{
	"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fusectl",
	"hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "ramfs", "rpc_pipefs", "securityfs", "selinuxfs", "smackfs", "sysfs", "tracefs",
}

// group is what is looked at with one interval.
type group struct {
	interval int
	wanted   map[string]bool
	plugins  map[string]agentjson.Node
}

func (g *group) receiver() string { return "host_metrics/cwagent_" + seconds(g.interval) }

// host converts the plugins of Linux and macOS.
func (v *converter) host(plugins agentjson.Node) {
	r := recipes.Read(v.OS)
	known := r.Names()
	groups := map[int]*group{}
	wanted := map[string]bool{}
	var decorated []measurement
	var points []string
	const extras = "transform/cwagent_plugins"
	for _, plugin := range slices.Sorted(maps.Keys(hostPlugins)) {
		n := plugins.Get(plugin)
		if !n.IsObject() {
			continue
		}
		interval := v.interval(n)
		g := groups[interval]
		if g == nil {
			g = &group{interval: interval, wanted: map[string]bool{}, plugins: map[string]agentjson.Node{}}
		}
		sent := 0
		for _, m := range v.measurements(plugin, n, "_") {
			if reason, instead := v.missing(m.name, known); reason != "" {
				v.Report.Lost(m.node.Path(), reason, instead)
				continue
			}
			v.measured(m, g.receiver())
			g.wanted[m.name], wanted[m.name] = true, true
			decorated = append(decorated, m)
			sent++
		}
		v.pluginKeys(plugin, n, g)
		where := fmt.Sprintf(`IsMatch(metric.name, "^%s_") and `, plugin)
		texts, fixed := v.appended(n, where, v.at("processors", extras))
		if sent == 0 {
			continue
		}
		groups[interval] = g
		g.plugins[plugin] = n
		points = append(append(points, fixedDimensions(fixed, where)...), texts...)
		if plugin == "disk" && n.Get("drop_device").Bool() {
			points = append(points, `delete_key(datapoint.attributes, "device") where IsMatch(metric.name, "^disk_")`)
		}
		if highResolution(interval) {
			points = append(points, fmt.Sprintf(`set(datapoint.attributes["aws.emf.storage_resolution"], "1") where IsMatch(metric.name, "^%s_")`, plugin))
		}
	}
	if len(wanted) == 0 {
		return
	}
	var receivers []string
	for _, interval := range slices.Sorted(maps.Keys(groups)) {
		v.receiver(groups[interval], r)
		receivers = append(receivers, groups[interval].receiver())
	}
	chosen := r.Choose(wanted, totalCPU(plugins.Get("cpu")))
	processors := v.recipe(chosen)
	processors = append(processors, v.filter(wanted, plugins))
	var blocks []*yaml.Node
	if len(points) > 0 {
		blocks = append(blocks, statements("datapoint", points))
	}
	if texts := decorations(decorated); len(texts) > 0 {
		blocks = append(blocks, statements("metric", texts))
	}
	if len(blocks) > 0 {
		v.layer.Set("propagate", "processors", extras, "error_mode")
		v.layer.Set(sequence(blocks...), "processors", extras, "metric_statements")
		v.layer.Comment("append_dimensions of plugins, high resolution, units and new names.", "processors", extras)
		processors = append(processors, extras)
	}
	v.pipeline("metrics/cwagent", receivers, processors)
}

// recipe sets the processors that make the agent's metrics, and names them.
func (v *converter) recipe(chosen recipes.Chosen) []string {
	var names []string
	if len(chosen.Transforms) > 0 {
		v.layer.Set(chosen.Transforms, "processors", "metrics_transform/cwagent", "transforms")
		v.layer.Comment("Each of the agent's metrics from its part of host_metrics', as config/layers/cwagent-metrics.yaml has it.", "processors", "metrics_transform/cwagent")
		names = append(names, "metrics_transform/cwagent")
	}
	if len(chosen.Rules) > 0 {
		v.layer.Set(chosen.Rules, "processors", "metricsgeneration/cwagent", "rules")
		names = append(names, "metricsgeneration/cwagent")
	}
	var blocks []*yaml.Node
	if len(chosen.Points) > 0 {
		blocks = append(blocks, statements("datapoint", chosen.Points))
	}
	if len(chosen.Metrics) > 0 {
		blocks = append(blocks, statements("metric", chosen.Metrics))
	}
	if len(blocks) > 0 {
		v.layer.Set("propagate", "processors", "transform/cwagent", "error_mode")
		v.layer.Set(sequence(blocks...), "processors", "transform/cwagent", "metric_statements")
		names = append(names, "transform/cwagent")
	}
	return names
}

// filter drops what was not asked for.
func (v *converter) filter(wanted map[string]bool, plugins agentjson.Node) string {
	const name = "filter/cwagent"
	v.layer.Set("propagate", "processors", name, "error_mode")
	v.layer.Set(sequence(lines("not ContainsValue("+list(slices.Sorted(maps.Keys(wanted)))+", metric.name)")), "processors", name, "metrics", "metric")
	var points []string
	if cpu := plugins.Get("cpu"); cpu.There() {
		cpus := "cpu-total"
		switch {
		case perCPU(cpu) && totalCPU(cpu):
			cpus = "cpu.*"
		case perCPU(cpu):
			cpus = "cpu[0-9]+"
		case !totalCPU(cpu):
			cpus = ""
		}
		if cpus != "cpu.*" {
			points = append(points, fmt.Sprintf(`IsMatch(metric.name, "^cpu_") and not IsMatch(datapoint.attributes["cpu"], "^(%s)$$")`, cpus))
		}
	}
	if points != nil {
		v.layer.Set(points, "processors", name, "metrics", "datapoint")
	}
	v.layer.Comment("What was not asked for.", "processors", name)
	return name
}

// everything tells whether resources name all of what there is: * among them, or none.
func everything(n agentjson.Node) bool {
	resources := n.Get("resources").Texts()
	return len(resources) == 0 || slices.Contains(resources, "*")
}

func perCPU(n agentjson.Node) bool { return slices.Contains(n.Get("resources").Texts(), "*") }

func totalCPU(n agentjson.Node) bool { return !n.Get("totalcpu").There() || n.Get("totalcpu").Bool() }

// receiver sets a group's receiver.
func (v *converter) receiver(g *group, r *recipes.Recipes) {
	name := g.receiver()
	v.layer.Set(seconds(g.interval), "receivers", name, "collection_interval")
	sources := r.Choose(g.wanted, totalCPU(g.plugins["cpu"])).Sources
	for _, scraper := range slices.Sorted(maps.Keys(scrapers)) {
		kind := scrapers[scraper]
		enabled := map[string]any{}
		for _, source := range sources {
			if slices.ContainsFunc(kind.names, func(prefix string) bool { return strings.HasPrefix(source, prefix) }) {
				enabled[source] = on(true)
			}
		}
		if len(enabled) == 0 {
			continue
		}
		for _, metric := range kind.on {
			if enabled[metric] == nil {
				enabled[metric] = on(false)
			} else {
				delete(enabled, metric)
			}
		}
		v.layer.Set(ordered(), "receivers", name, "scrapers", scraper)
		if len(enabled) > 0 {
			v.layer.Set(enabled, "receivers", name, "scrapers", scraper, "metrics")
		}
	}
	v.resources(g)
}

func on(enabled bool) *yaml.Node { return inLine("enabled", enabled) }

// strictly is a filter of host_metrics for names.
func strictly(key string, names []string) *yaml.Node {
	return ordered("match_type", "strict", key, expanded(names))
}

// resources sets which file systems, devices and interfaces a group looks at.
func (v *converter) resources(g *group) {
	set := func(value any, path ...string) {
		v.layer.Set(value, append([]string{"receivers", g.receiver(), "scrapers"}, path...)...)
	}
	if n, ok := g.plugins["disk"]; ok {
		set(true, "filesystem", "include_virtual_filesystems")
		ignored := slices.Clone(sizeless)
		for _, kind := range n.Get("ignore_file_system_types").Texts() {
			if kind = layer.Expand(kind); !slices.Contains(ignored, kind) {
				ignored = append(ignored, kind)
			}
		}
		set(ordered("match_type", "strict", "fs_types", ignored), "filesystem", "exclude_fs_types")
		if !everything(n) {
			set(strictly("mount_points", n.Get("resources").Texts()), "filesystem", "include_mount_points")
		}
	}
	if n, ok := g.plugins["diskio"]; ok && !everything(n) {
		names := n.Get("resources").Texts()
		for i := range names {
			names[i] = strings.TrimPrefix(names[i], "/dev/")
		}
		set(matching("devices", names), "disk", "include")
	}
	if n, ok := g.plugins["net"]; ok {
		if everything(n) {
			loopback := map[string]string{"linux": "lo", "darwin": "lo0"}[v.OS]
			set(strictly("interfaces", []string{loopback}), "network", "exclude")
		} else {
			set(matching("interfaces", n.Get("resources").Texts()), "network", "include")
		}
	}
}

func expanded(texts []string) []string {
	all := []string{}
	for _, text := range texts {
		all = append(all, layer.Expand(text))
	}
	return all
}

// matching is a filter of host_metrics for names, which may be patterns of a shell.
func matching(key string, names []string) *yaml.Node {
	if !slices.ContainsFunc(names, func(name string) bool { return strings.ContainsAny(name, "*?[{") }) {
		return strictly(key, names)
	}
	all := []string{}
	for _, name := range names {
		all = append(all, "^"+layer.Expand(globs(name))+"$$")
	}
	return ordered("match_type", "regexp", key, all)
}

// globs is a regular expression for a pattern of a shell.
func globs(pattern string) string {
	var out strings.Builder
	depth := 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*':
			out.WriteString(".*")
		case c == '?':
			out.WriteString(".")
		case c == '{':
			depth++
			out.WriteString("(?:")
		case c == '}' && depth > 0:
			depth--
			out.WriteString(")")
		case c == ',' && depth > 0:
			out.WriteString("|")
		case c == '[' && strings.IndexByte(pattern[i:], ']') > 1:
			end := i + strings.IndexByte(pattern[i:], ']')
			out.WriteString("[" + strings.Replace(pattern[i+1:end], "!", "^", 1) + "]")
			i = end
		default:
			out.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return out.String() + strings.Repeat(")", depth)
}

// pluginKeys reports a plugin's keys besides its measurements and dimensions.
func (v *converter) pluginKeys(plugin string, n agentjson.Node, g *group) {
	to := v.at("receivers", g.receiver())
	v.converted(n, to, "metrics_collection_interval")
	exporter := v.at("exporters", "cloudwatch_emf/cwagent", "drop_original_metrics")
	v.converted(n, exporter, "drop_original_metrics")
	if m := n.Get("measurement"); m.There() {
		if len(m.Items()) == 0 {
			v.Report.Different(m.Path(), "", "an empty list: as with the agent, nothing of the plugin is sent", "")
		}
	}
	resources := n.Get("resources")
	scraper := v.at("receivers", g.receiver(), "scrapers", hostPlugins[plugin])
	switch plugin {
	case "cpu":
		v.converted(n, v.at("processors", "filter/cwagent"), "resources", "totalcpu")
	case "disk":
		if resources.There() {
			v.Report.Converted(resources.Path(), scraper+"::include_mount_points")
		}
		v.converted(n, scraper+"::exclude_fs_types", "ignore_file_system_types")
		v.converted(n, v.at("processors", "transform/cwagent_plugins"), "drop_device")
	case "diskio", "net":
		if plugin == "net" && everything(n) {
			v.Report.Different(n.Get("measurement").Path(), scraper, "an interface that is down is sent too, with 0; the agent leaves it out", "name the interfaces in resources")
		}
		if resources.There() {
			v.Report.Converted(resources.Path(), scraper+"::include")
		}
	}
}

// measured reports a metric that is sent.
func (v *converter) measured(m measurement, receiver string) {
	to := v.at("receivers", receiver)
	if differs := differences[m.name]; differs != "" {
		v.Report.Different(m.node.Path(), to, m.name+": "+differs, "")
		return
	}
	v.Report.Converted(m.node.Path(), to)
}
