// Package metrics converts the section metrics of a configuration of the CloudWatch agent, but for the plugins statsd,
// collectd, prometheus, otlp and jmx, whose metrics go through what Shared makes.
package metrics

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// elsewhere are the plugins of other packages.
var elsewhere = []string{"statsd", "collectd", "prometheus", "otlp", "jmx"}

// Convert converts the plugins that watch the host, and what the section says of all its metrics.
func Convert(c *section.Context) {
	root := c.Root.Get("metrics")
	if !root.There() {
		return
	}
	v := &converter{Context: c, root: root, layer: c.Layer(section.Metrics)}
	v.settings()
	plugins := root.Get("metrics_collected")
	if c.OS == "windows" {
		v.windows(plugins)
	} else {
		v.host(plugins)
	}
	v.processes(plugins.Get("procstat"))
	v.unsupported(plugins)
	v.rest(root)
	if !slices.Contains(c.MetricsExporters(), section.MetricsExporter) {
		c.Report.Converted(root.Path(), v.at("exporters", section.PrometheusExporter))
		return
	}
	c.Report.Different(root.Path(), v.at("exporters", section.MetricsExporter),
		"metrics travel through CloudWatch Logs now, as documents of the Embedded Metric Format in the log group "+logGroup+", which keeps them for a day: besides the metrics, their bytes are billed",
		"allow logs:PutLogEvents, logs:CreateLogStream, logs:CreateLogGroup and logs:PutRetentionPolicy instead of cloudwatch:PutMetricData; `otelcol-cloudwatch policy` prints the policy")
}

// converter is one conversion.
type converter struct {
	*section.Context
	root  agentjson.Node
	layer *layer.Layer
}

// at names a place in the layer.
func (v *converter) at(path ...string) string {
	return section.Metrics + ": " + strings.Join(path, "::")
}

// converted reports keys of an object that are there.
func (v *converter) converted(n agentjson.Node, to string, keys ...string) {
	for _, key := range keys {
		if n.Get(key).There() {
			v.Report.Converted(n.Get(key).Path(), to)
		}
	}
}

// rest reports what nothing else has, and which the agent does not know either.
func (v *converter) rest(root agentjson.Node) {
	for _, leaf := range root.Leaves() {
		plugin, ok := strings.CutPrefix(leaf, root.Get("metrics_collected").Path()+"/")
		if name, _, _ := strings.Cut(plugin, "/"); ok && slices.Contains(elsewhere, name) || v.Report.Covers(leaf) {
			continue
		}
		v.Report.Different(leaf, "", "the agent has no such setting here and does nothing with it", "")
	}
}

// seconds is an interval of the agent's.
func seconds(n int) string { return strconv.Itoa(n) + "s" }

// highResolution tells whether the agent asks for a resolution of one second.
func highResolution(interval int) bool { return interval < 60 }

// interval is how often a plugin looks.
func (v *converter) interval(plugin agentjson.Node) int {
	if interval := v.Interval(plugin); interval > 0 {
		return interval
	}
	return 60
}

// quoted is a text in an OTTL statement of the layer. ${NAME} in it stands for the environment variable.
func quoted(text string) string { return layer.Expand(strconv.Quote(text)) }

// list is an OTTL list of texts.
func list(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = "  " + quoted(text)
	}
	return "[\n" + strings.Join(all, ",\n") + "\n]"
}

// statements are those of a transform processor, by their context, one to a line.
func statements(context string, texts []string) *yaml.Node {
	all := encoded(texts)
	all.Style = 0
	return ordered("context", context, "statements", all)
}

// pipeline adds a pipeline to CloudWatch.
func (v *converter) pipeline(name string, receivers, processors []string) {
	all := append([]string{section.ResourceDetection}, processors...)
	v.layer.Set(receivers, "service", "pipelines", name, "receivers")
	v.layer.Set(append(all, section.MetricsDimensions), "service", "pipelines", name, "processors")
	v.layer.Set(v.MetricsExporters(), "service", "pipelines", name, "exporters")
}
