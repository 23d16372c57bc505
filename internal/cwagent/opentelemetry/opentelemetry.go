// Package opentelemetry converts the section opentelemetry, which sends by OTLP.
package opentelemetry

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/received"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

const resource = "resource/cwagent_otel"

type converter struct {
	*section.Context
	root  agentjson.Node
	layer *layer.Layer
	first []string // the processors of every pipeline
}

// Convert converts the section opentelemetry, but for its log files and events, which package logs does.
func Convert(c *section.Context) {
	root := c.Root.Get("opentelemetry")
	if !root.There() {
		return
	}
	v := &converter{Context: c, root: root, layer: c.Layer(section.OTel), first: []string{section.MemoryLimiter, section.ResourceDetection}}
	v.attributes()
	collect := root.Get("collect")
	for _, key := range collect.Keys() {
		n := collect.Get(key)
		switch key {
		case "host_metrics":
			v.hostMetrics(n)
		case "otlp":
			v.otlp(n)
		case "prometheus":
			v.prometheus(n)
		case "container_insights":
			c.Report.Lost(n.Path(), "Container Insights by OTLP is made by processors that only the agent has",
				"install the chart of this program (docs/deploying/kubernetes.md) for the metrics of nodes and the logs of containers")
		case "database_insights":
			c.Report.Lost(n.Path(), "Database Insights asks databases by a receiver that only the agent has",
				"keep the agent for it, or postgres_exporter with a receiver prometheus; for the database's log files: a receiver file_tail")
		}
	}
}

func (v *converter) at(path ...string) string {
	return v.layer.Name() + ": " + strings.Join(path, "::")
}

// attributes are added to everything of the section.
func (v *converter) attributes() {
	n := v.root.Get("resource_attributes")
	add := func(key, value string, path agentjson.Node) {
		v.layer.Add(map[string]any{"key": layer.Literal(key), "value": layer.Expand(value), "action": "insert"}, "processors", resource, "attributes")
		v.Report.Converted(path.Path(), v.at("processors", resource))
		v.first = []string{section.MemoryLimiter, section.ResourceDetection, resource}
	}
	for _, key := range n.Keys() {
		add(key, n.Get(key).Text(), n.Get(key))
	}
	if cluster := v.root.Get("cluster_name"); cluster.There() {
		add("k8s.cluster.name", cluster.Text(), cluster)
	}
}

// sender makes the exporter of a signal, once, and returns its name. The limits are those of CloudWatch's endpoints.
func (v *converter) sender(signal string) string {
	name := "otlp_http/cwagent_" + signal
	if v.layer.Has("exporters", name) {
		return name
	}
	service := map[string]string{"metrics": "monitoring", "traces": "xray"}[signal]
	signer := "sigv4auth/cwagent_otel_" + service
	set := func(value any, key ...string) { v.layer.Set(value, append([]string{"exporters", name}, key...)...) }
	set(fmt.Sprintf("https://%s.%s.amazonaws.com/v1/%s", service, v.Region(), signal), signal+"_endpoint")
	set(signer, "auth", "authenticator")
	set("gzip", "compression")
	set("30s", "timeout")
	set(map[string]any{"initial_interval": "500ms", "max_interval": "30s", "max_elapsed_time": 0}, "retry_on_failure")
	set(section.StateStorage, "sending_queue", "storage")
	set("bytes", "sending_queue", "sizer")
	set(32<<20, "sending_queue", "queue_size")
	set(true, "sending_queue", "block_on_overflow")
	items := map[string]int{"metrics": 500, "traces": 2000}[signal]
	set(map[string]any{"sizer": "items", "min_size": items, "max_size": items, "flush_timeout": "1s"}, "sending_queue", "batch")
	v.layer.Set(v.Region(), "extensions", signer, "region")
	v.layer.Set(service, "extensions", signer, "service")
	if role := v.Role("opentelemetry"); role != "" {
		v.layer.Set(role, "extensions", signer, "assume_role", "arn")
	}
	v.layer.Add(signer, "service", "extensions")
	return name
}

func (v *converter) pipeline(name string, receivers []string, exporter string) {
	v.layer.Set(receivers, "service", "pipelines", name, "receivers")
	v.layer.Set(v.first, "service", "pipelines", name, "processors")
	v.layer.Set([]string{exporter}, "service", "pipelines", name, "exporters")
}

func (v *converter) hostMetrics(n agentjson.Node) {
	const receiver = "host_metrics/cwagent_otel"
	interval := 60
	if given := n.Get("collection_interval"); given.There() {
		interval = given.Int()
	}
	v.layer.Set(strconv.Itoa(interval)+"s", "receivers", receiver, "collection_interval")
	for _, scraper := range []string{"cpu", "disk", "filesystem", "load", "memory", "network", "paging", "processes"} {
		v.layer.Set(map[string]any{}, "receivers", receiver, "scrapers", scraper)
	}
	v.pipeline("metrics/cwagent_otel_host", []string{receiver}, v.sender("metrics"))
	v.Report.Different(n.Path(), v.at("receivers", receiver), "the metrics are those of host_metrics' scrapers at their defaults, which the agent may have chosen otherwise", "")
}

func (v *converter) otlp(n agentjson.Node) {
	receivers := received.OTLP(v.Context, v.layer, n)
	v.pipeline("metrics/cwagent_otel_otlp", receivers, v.sender("metrics"))
	v.pipeline("traces/cwagent_otel_otlp", receivers, v.sender("traces"))
	v.Report.Lost(agentjson.Join(n.Path(), "logs"), "logs that come by OTLP are not sent: CloudWatch's endpoint needs a group and a stream that exist",
		"name both in the exporter otlp_http/logs of config/layers/otlp.yaml, and add a pipeline logs with the receiver "+strings.Join(receivers, ", "))
	if spans := n.Get("span_metrics_enabled"); spans.Bool() {
		v.Report.Lost(spans.Path(), "metrics of spans are made by a connector that is no part of this program", "use Transaction Search, which makes them of the spans in CloudWatch")
	}
}

func (v *converter) prometheus(n agentjson.Node) {
	const receiver = "prometheus/cwagent_otel"
	path := n.Get("config_path")
	v.layer.Set("${file:"+layer.Expand(path.Text())+"}", "receivers", receiver, "config")
	v.pipeline("metrics/cwagent_otel_prometheus", []string{receiver}, v.sender("metrics"))
	v.Report.Different(path.Path(), v.at("receivers", receiver, "config"), "the file is read at the start and at a reload", "where it has ${…} that is not for the environment, write $${…}")
}
