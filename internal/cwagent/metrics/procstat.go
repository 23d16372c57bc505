package metrics

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
)

// ofProcess is where a metric of procstat comes from: a metric of the scraper process, those of its data points whose
// attribute has one of some values, and its unit.
type ofProcess struct {
	source, attribute, values, unit string
}

// procstat are the metrics of procstat that have a source.
var procstat = map[string]ofProcess{
	"cpu_time":                     {"process.cpu.time", "state", "^(user|system)$", "None"},
	"cpu_time_iowait":              {"process.cpu.time", "state", "^wait$", "None"},
	"cpu_time_system":              {"process.cpu.time", "state", "^system$", "None"},
	"cpu_time_user":                {"process.cpu.time", "state", "^user$", "None"},
	"cpu_usage":                    {"process.cpu.time", "state", "^(user|system)$", "Percent"},
	"involuntary_context_switches": {"process.context_switches", "type", "^involuntary$", "None"},
	"memory_rss":                   {"process.memory.usage", "", "", "Bytes"},
	"memory_vms":                   {"process.memory.virtual", "", "", "Bytes"},
	"num_fds":                      {"process.open_file_descriptors", "", "", "None"},
	"num_threads":                  {"process.threads", "", "", "None"},
	"pid":                          {"process.threads", "", "", "None"},
	"pid_count":                    {"process.threads", "", "", "None"},
	"read_bytes":                   {"process.disk.io", "direction", "^read$", "Bytes"},
	"read_count":                   {"process.disk.operations", "direction", "^read$", "None"},
	"signals_pending":              {"process.signals_pending", "", "", "None"},
	"voluntary_context_switches":   {"process.context_switches", "type", "^voluntary$", "None"},
	"write_bytes":                  {"process.disk.io", "direction", "^write$", "Bytes"},
	"write_count":                  {"process.disk.operations", "direction", "^write$", "None"},
}

// processOn are the metrics of the scraper that are on unless they are turned off.
var processOn = []string{"process.cpu.time", "process.disk.io", "process.memory.usage", "process.memory.virtual"}

// processes converts the entries of procstat, each of which has a receiver and a pipeline of its own.
func (v *converter) processes(n agentjson.Node) {
	for i, entry := range n.Items() {
		v.process(entry, strconv.Itoa(i))
	}
}

func (v *converter) process(n agentjson.Node, number string) {
	if file := n.Get("pid_file"); file.There() {
		v.Report.Lost(n.Path(), "nothing here finds a process by its PID file", "find it by its name with exe, or by its command line with pattern, in the agent's configuration, and convert it again")
		return
	}
	by, text := "exe", n.Get("exe").Text()
	if !n.Get("exe").There() {
		by, text = "pattern", n.Get("pattern").Text()
	}
	p := &process{converter: v, node: n, by: by, text: text, number: number}
	for _, m := range v.measurements("procstat", n, "_") {
		field := m.name[len("procstat_"):]
		if _, ok := procstat[field]; !ok {
			v.Report.Lost(m.node.Path(), "procstat_"+field+" has no source here", p.instead(field))
			continue
		}
		p.fields = append(p.fields, field)
		v.Report.Converted(m.node.Path(), v.at("receivers", p.receiver()))
	}
	p.convert()
}

// process is an entry of procstat.
type process struct {
	*converter
	node   agentjson.Node
	by     string // exe or pattern
	text   string
	number string
	fields []string
}

func (p *process) receiver() string { return "host_metrics/cwagent_procstat_" + p.number }

// named is the name of a processor of the entry.
func (p *process) named(kind string) string { return kind + "/cwagent_procstat_" + p.number }

// metric is the name of a field's metric.
func (p *process) metric(field string) string {
	plugin, separator := "procstat", "_"
	if field == "pid_count" {
		plugin = "procstat_lookup"
	}
	if p.OS == "windows" {
		separator = " "
	}
	return plugin + separator + field
}

func (p *process) instead(field string) string {
	switch field {
	case "memory_swap", "memory_data", "memory_stack", "memory_locked":
		return "memory_rss and memory_vms; or run process-exporter and scrape it with the receiver prometheus"
	case "cpu_time_idle", "cpu_time_nice", "cpu_time_irq", "cpu_time_soft_irq", "cpu_time_steal", "cpu_time_stolen", "cpu_time_guest", "cpu_time_guest_nice":
		return "cpu_time_user and cpu_time_system; systems do not count this for a process, so that the agent's is always 0"
	}
	return "run process-exporter and scrape it with the receiver prometheus"
}

func (p *process) convert() {
	p.converted(p.node, p.at("receivers", p.receiver(), "scrapers", "process"), "exe", "pattern", "metrics_collection_interval")
	texts, fixed := p.appended(p.node, "", p.at("processors", p.named("transform")))
	if d := p.node.Get("drop_original_metrics"); d.There() {
		p.Report.Different(d.Path(), "", "the agent takes no notice of it here", "")
	}
	if len(p.fields) == 0 {
		return
	}
	interval := p.interval(p.node)
	p.scrape(interval)
	processors := p.byPattern()
	p.transforms()
	processors = append(processors, p.named("metrics_transform"))
	if slices.Contains(p.fields, "cpu_usage") {
		name := layer.Literal(p.metric("cpu_usage"))
		p.layer.Set(ordered("match_type", "strict", "metrics", []string{name}), "processors", "cumulativetodelta/cwagent_procstat", "include")
		p.layer.Set([]string{name}, "processors", "deltatorate/cwagent_procstat", "metrics")
		processors = append(processors, "cumulativetodelta/cwagent_procstat", "deltatorate/cwagent_procstat")
	}
	p.layer.Set("propagate", "processors", p.named("filter"), "error_mode")
	p.layer.Set([]string{`IsMatch(metric.name, "^(process|system)[.]")`}, "processors", p.named("filter"), "metrics", "metric")
	p.attributes(interval, append(fixedDimensions(fixed, ""), texts...))
	processors = append(processors, p.named("filter"), p.named("transform"))
	if slices.Contains(p.fields, "pid_count") {
		processors = append(processors, p.count()...)
	}
	p.pipeline("metrics/cwagent_procstat_"+p.number, []string{p.receiver()}, processors)
}

// scrape sets the receiver.
func (p *process) scrape(interval int) {
	set := func(value any, path ...string) {
		p.layer.Set(value, append([]string{"receivers", p.receiver()}, path...)...)
	}
	set(seconds(interval), "collection_interval")
	if p.by == "exe" {
		set(ordered("match_type", "regexp", "names", []string{layer.Expand(p.text)}), "scrapers", "process", "include")
	}
	// A process may end, or hide from the user that the collector runs as, while it is looked at.
	set(true, "scrapers", "process", "mute_process_all_errors")
	wanted := map[string]any{}
	for _, field := range p.fields {
		wanted[procstat[field].source] = on(true)
	}
	for _, metric := range processOn {
		if wanted[metric] == nil {
			wanted[metric] = on(false)
		} else {
			delete(wanted, metric)
		}
	}
	if len(wanted) > 0 {
		set(wanted, "scrapers", "process", "metrics")
	}
	if slices.Contains(p.fields, "pid_count") {
		set(map[string]any{}, "scrapers", "system")
		p.layer.Comment("One data point that is always there: a count of no process is 0.", "receivers", p.receiver(), "scrapers", "system")
	}
}

// byPattern sets the filter by command line.
func (p *process) byPattern() []string {
	if p.by != "pattern" {
		return nil
	}
	name := p.named("filter") + "_pattern"
	p.layer.Set("ignore", "processors", name, "error_mode")
	p.layer.Set([]string{fmt.Sprintf(`resource.attributes["process.pid"] != nil and not IsMatch(resource.attributes["process.command_line"], %s)`, quoted(p.text))},
		"processors", name, "metrics", "resource")
	return []string{name}
}

// transforms makes metrics of procstat's names.
func (p *process) transforms() {
	var transforms []*yaml.Node
	for _, field := range slices.Sorted(maps.Keys(procstat)) {
		if !slices.Contains(p.fields, field) {
			continue
		}
		from, name := procstat[field], layer.Literal(p.metric(field))
		if from.attribute == "" {
			transforms = append(transforms, inLine("include", from.source, "action", "insert", "new_name", name))
		} else {
			transforms = append(transforms, inLine("include", "^"+strings.ReplaceAll(from.source, ".", "[.]")+"$$", "match_type", "regexp",
				"experimental_match_labels", inLine(from.attribute, layer.Literal(from.values)), "action", "insert", "new_name", name,
				"operations", sequence(inLine("action", "aggregate_labels", "label_set", []string{}, "aggregation_type", "sum"))))
		}
		if field == "pid_count" {
			transforms = append(transforms, inLine("include", "system.uptime", "action", "insert", "new_name", name))
		}
	}
	p.layer.Set(sequence(transforms...), "processors", p.named("metrics_transform"), "transforms")
}

// attributes gives data points their values, units and dimensions.
func (p *process) attributes(interval int, appended []string) {
	count := quoted(p.metric("pid_count"))
	points := []string{fmt.Sprintf(`set(datapoint.attributes[%s], %s)`, quoted(p.by), quoted(p.text))}
	rest := ""
	if slices.Contains(p.fields, "pid_count") {
		rest = " where metric.name != " + count
		points = append(points,
			`set(datapoint.attributes["pid_finder"], "native") where metric.name == `+count,
			`set(datapoint.attributes["result"], "success") where metric.name == `+count,
			`set(datapoint.value_double, 1.0) where metric.name == `+count+` and resource.attributes["process.pid"] != nil`,
			`set(datapoint.value_double, 0.0) where metric.name == `+count+` and resource.attributes["process.pid"] == nil`,
			// Of one look. The exporter takes the time at which it gets it.
			`set(datapoint.time_unix_nano, 0) where metric.name == `+count,
			`set(datapoint.start_time_unix_nano, 0) where metric.name == `+count)
	}
	points = append(points, `set(datapoint.attributes["process_name"], resource.attributes["process.executable.name"])`+rest)
	if slices.Contains(p.fields, "cpu_usage") {
		points = append(points, `set(datapoint.value_double, datapoint.value_double * 100.0) where metric.name == `+quoted(p.metric("cpu_usage")))
	}
	if slices.Contains(p.fields, "pid") {
		points = append(points, `set(datapoint.value_int, resource.attributes["process.pid"]) where metric.name == `+quoted(p.metric("pid")))
	}
	points = append(points, appended...)
	if highResolution(interval) {
		points = append(points, `set(datapoint.attributes["aws.emf.storage_resolution"], "1")`)
	}
	// The agent sends totals as they are.
	metrics := []string{"convert_sum_to_gauge() where metric.type == METRIC_DATA_TYPE_SUM"}
	for _, field := range p.fields {
		metrics = append(metrics, fmt.Sprintf("set(metric.unit, %s) where metric.name == %s", quoted(procstat[field].unit), quoted(p.metric(field))))
	}
	if slices.Contains(p.fields, "pid_count") {
		metrics = append(metrics, `set(metric.description, "") where metric.name == `+count)
	}
	p.layer.Set("propagate", "processors", p.named("transform"), "error_mode")
	p.layer.Set(sequence(statements("metric", metrics), statements("datapoint", points)), "processors", p.named("transform"), "metric_statements")
}

// count makes one number of a data point for each process.
func (p *process) count() []string {
	const one = "transform/cwagent_procstat_one"
	p.layer.Set("propagate", "processors", one, "error_mode")
	p.layer.Set(sequence(
		statements("resource", []string{`delete_matching_keys(resource.attributes, "^process[.]")`}),
		statements("scope", []string{`set(scope.name, "")`, `set(scope.version, "")`})), "processors", one, "metric_statements")
	p.layer.Comment("How many processes there are: those of all resources and scopes as one number.", "processors", one)
	p.layer.Set(map[string]any{}, "processors", "groupbyattrs/cwagent_procstat")
	const sum = "transform/cwagent_procstat_sum"
	p.layer.Set("propagate", "processors", sum, "error_mode")
	p.layer.Set(sequence(statements("metric", []string{`aggregate_on_attributes("sum") where metric.name == ` + quoted(p.metric("pid_count"))})), "processors", sum, "metric_statements")
	return []string{one, "groupbyattrs/cwagent_procstat", sum}
}
