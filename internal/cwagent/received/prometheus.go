package received

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// scrape is a receiver that scrapes as a file of Prometheus says.
func (v *converter) scrape(name string, path agentjson.Node) {
	file := path.Text()
	if placeholder, ok := strings.CutPrefix(file, "env:"); ok { // the agent writes the variable's text to a file
		v.set("${env:"+placeholder+"}", "receivers", name, "config")
	} else {
		v.set("${file:"+layer.Expand(file)+"}", "receivers", name, "config")
	}
	v.Report.Different(path.Path(), v.at("receivers", name, "config"), "the file is read at the start and at a reload; a target may answer with as much as it likes where the file has no bound", "where it has ${…} that is not for the environment, write $${…}; bound targets in it with global: {body_size_limit: 10MB, sample_limit: 20000, label_limit: 60}")
}

func (v *converter) prometheus(n agentjson.Node) {
	if !n.There() {
		return
	}
	const receiver = "prometheus/cwagent"
	v.scrape(receiver, n.Get("prometheus_config_path"))
	v.metrics("cwagent_prometheus", []string{receiver})
}

// prometheusLogs is Prometheus of the section logs: documents in a log group, of which declarations make metrics.
func (v *converter) prometheusLogs(n agentjson.Node) {
	if !n.There() {
		return
	}
	const receiver, exporter, processor = "prometheus/cwagent_emf", "cloudwatch_emf/cwagent_prometheus", "transform/cwagent_prometheus"
	v.scrape(receiver, n.Get("prometheus_config_path"))
	v.Exporter(v.layer, "logs", exporter)
	v.endpoint(exporter)
	v.set(section.StateStorage, "exporters", exporter, "sending_queue", "storage")
	v.set("", "exporters", exporter, "scope_dimension")
	cluster := n.Get("cluster_name").Text()
	group := n.Get("log_group_name").Text()
	if group == "" {
		group = "/aws/containerinsights/" + cluster + "/prometheus"
	}
	v.set(layer.Expand(group), "exporters", exporter, "log_group_name")
	v.set(`{record:job|"default"}`, "exporters", exporter, "log_stream_name")
	v.set([]string{"*"}, "exporters", exporter, "allowed_streams") // a job's slashes stay, as with the agent
	namespace := "CWAgent/Prometheus"
	processorOf := n.Get("emf_processor")
	if given := processorOf.Get("metric_namespace"); given.There() {
		namespace = layer.Expand(given.Text())
	}
	v.set(namespace, "exporters", exporter, "namespace")
	v.declarations(exporter, processorOf)
	statements := []string{
		`set(datapoint.attributes["job"], resource.attributes["service.name"]) where datapoint.attributes["job"] == nil`,
		`set(datapoint.attributes["instance"], resource.attributes["service.instance.id"]) where datapoint.attributes["instance"] == nil`,
	}
	if cluster != "" {
		statements = append(statements, `set(datapoint.attributes["ClusterName"], `+layer.Expand(quoted(cluster))+`)`)
	}
	v.set([]map[string]any{{"context": "datapoint", "statements": statements}}, "processors", processor, "metric_statements")
	v.pipeline("metrics/cwagent_prometheus_logs", []string{receiver}, []string{processor}, []string{exporter})
	v.converted(n, v.at("exporters", exporter), "log_group_name")
	v.converted(n, v.at("processors", processor), "cluster_name")
	v.converted(processorOf, v.at("exporters", exporter, "namespace"), "metric_namespace")
	if dedup := processorOf.Get("metric_declaration_dedup"); dedup.There() {
		v.Report.Different(dedup.Path(), "", "a metric is in a document once for each set of dimensions, as with true", "")
	}
	if off := n.Get("disable_metric_extraction"); off.There() {
		if off.Bool() {
			v.set("0", "exporters", exporter, "version")
		}
		v.Report.Converted(off.Path(), v.at("exporters", exporter, "version"))
	}
	v.discovery(n.Get("ecs_service_discovery"))
	if len(n.Keys()) == 0 {
		v.Report.Converted(n.Path(), v.at("receivers", receiver))
	}
}

// declarations are which metrics have which sets of dimensions.
func (v *converter) declarations(exporter string, n agentjson.Node) {
	for _, one := range n.Get("metric_declaration").Items() {
		declaration := map[string]any{}
		var sets [][]string
		for _, set := range one.Get("dimensions").Items() {
			sets = append(sets, escaped(set.Texts()))
		}
		declaration["dimensions"] = sets
		declaration["metric_name_selectors"] = escaped(one.Get("metric_selectors").Texts())
		if labels := one.Get("source_labels").Texts(); len(labels) > 0 {
			matcher := map[string]any{"label_names": escaped(labels), "regex": ".*"}
			if given := one.Get("label_matcher"); given.There() {
				matcher["regex"] = layer.Literal(given.Text())
			}
			if separator := one.Get("label_separator"); separator.There() {
				matcher["separator"] = layer.Literal(separator.Text())
			}
			declaration["label_matchers"] = []map[string]any{matcher}
		}
		v.layer.Add(declaration, "exporters", exporter, "metric_declarations")
		v.Report.Converted(one.Path(), v.at("exporters", exporter, "metric_declarations"))
	}
	units := n.Get("metric_unit")
	for _, name := range units.Keys() {
		v.layer.Add(map[string]any{"metric_name": layer.Literal(name), "unit": units.Get(name).Text(), "overwrite": true}, "exporters", exporter, "metric_descriptors")
		v.Report.Converted(units.Get(name).Path(), v.at("exporters", exporter, "metric_descriptors"))
	}
}

func escaped(texts []string) []string {
	out := []string{}
	for _, text := range texts {
		out = append(out, layer.Literal(text))
	}
	return out
}

// discovery finds tasks of ECS, and writes them into the file that Prometheus' configuration names.
func (v *converter) discovery(n agentjson.Node) {
	if !n.There() {
		return
	}
	const extension = "ecs_observer/cwagent"
	to := v.at("extensions", extension)
	for _, k := range []struct{ key, name string }{{"sd_target_cluster", "cluster_name"}, {"sd_cluster_region", "cluster_region"}, {"sd_frequency", "refresh_interval"}, {"sd_result_file", "result_file"}} {
		if given := n.Get(k.key); given.There() {
			v.set(layer.Expand(given.Text()), "extensions", extension, k.name)
			v.Report.Converted(given.Path(), to+"::"+k.name)
		}
	}
	lists := map[string][]map[string]any{"services": {}, "task_definitions": {}, "docker_labels": {}}
	rename := func(one agentjson.Node, names map[string]string) map[string]any {
		out := map[string]any{}
		for _, key := range one.Keys() {
			if name := names[key]; name != "" {
				out[name] = layer.Expand(one.Get(key).Text())
				v.Report.Converted(one.Get(key).Path(), to)
			}
		}
		if ports := one.Get("sd_metrics_ports"); ports.There() {
			numbers := []int{}
			for _, text := range regexp.MustCompile(`\d+`).FindAllString(ports.Text(), -1) {
				number := 0
				for _, digit := range text {
					number = number*10 + int(digit-'0')
				}
				numbers = append(numbers, number)
			}
			out["metrics_ports"] = numbers
			v.Report.Converted(ports.Path(), to)
		}
		return out
	}
	common := map[string]string{"sd_job_name": "job_name", "sd_metrics_path": "metrics_path", "sd_container_name_pattern": "container_name_pattern"}
	with := func(key, name string) map[string]string {
		all := maps.Clone(common)
		all[key] = name
		return all
	}
	for _, one := range n.Get("service_name_list_for_tasks").Items() {
		lists["services"] = append(lists["services"], rename(one, with("sd_service_name_pattern", "name_pattern")))
	}
	for _, one := range n.Get("task_definition_list").Items() {
		lists["task_definitions"] = append(lists["task_definitions"], rename(one, with("sd_task_definition_arn_pattern", "arn_pattern")))
	}
	if label := n.Get("docker_label"); label.There() {
		one := rename(label, map[string]string{"sd_port_label": "port_label", "sd_job_name_label": "job_name_label", "sd_metrics_path_label": "metrics_path_label"})
		if one["port_label"] == nil {
			one["port_label"] = "ECS_PROMETHEUS_EXPORTER_PORT"
		}
		lists["docker_labels"] = append(lists["docker_labels"], one)
		if len(label.Keys()) == 0 {
			v.Report.Converted(label.Path(), to)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		v.set(lists[name], "extensions", extension, name)
	}
	v.layer.Add(extension, "service", "extensions")
}
