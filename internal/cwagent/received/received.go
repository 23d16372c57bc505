// Package received converts what others send to the agent, or offer for scraping: statsd, collectd, OTLP, Prometheus, JMX,
// documents in the Embedded Metric Format, Container Insights, Application Signals.
package received

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// Convert converts these parts of the sections metrics and logs. Pipelines of metrics end with what metrics.Shared makes.
func Convert(c *section.Context) {
	collected := c.Root.Get("metrics", "metrics_collected")
	m := &converter{Context: c, layer: c.Layer(section.Metrics), section: "metrics"}
	m.statsd(collected.Get("statsd"))
	m.collectd(collected.Get("collectd"))
	m.otlp(collected.Get("otlp"))
	m.prometheus(collected.Get("prometheus"))
	m.jmx(collected.Get("jmx"))

	l := &converter{Context: c, layer: c.Layer(section.Logs), section: "logs"}
	from := c.Root.Get("logs", "metrics_collected")
	l.emf(from)
	l.prometheusLogs(from.Get("prometheus"))
	l.otlpLogs(from.Get("otlp"))
	l.insights(from)
	l.signals(from)
}

type converter struct {
	*section.Context
	layer   *layer.Layer
	section string
}

// at is where a key of the layer is, for the report.
func (v *converter) at(path ...string) string {
	return v.layer.Name() + ": " + strings.Join(path, "::")
}

func (v *converter) set(value any, path ...string) { v.layer.Set(value, path...) }

// pipeline is one with the usual first processors.
func (v *converter) pipeline(name string, receivers, processors, exporters []string) {
	v.set(receivers, "service", "pipelines", name, "receivers")
	v.set(append([]string{section.MemoryLimiter, section.ResourceDetection}, processors...), "service", "pipelines", name, "processors")
	v.set(exporters, "service", "pipelines", name, "exporters")
}

// metrics is a pipeline of the section metrics.
func (v *converter) metrics(name string, receivers []string, processors ...string) {
	v.pipeline("metrics/"+name, receivers, append(processors, section.MetricsDimensions), v.MetricsExporters())
}

// converted reports keys of an object as converted, where they are there.
func (v *converter) converted(n agentjson.Node, to string, keys ...string) {
	for _, key := range keys {
		if n.Get(key).There() {
			v.Report.Converted(n.Get(key).Path(), to)
		}
	}
}

// service reports the name of the service, which metrics have no use for.
func (v *converter) service(n agentjson.Node) {
	for _, key := range []string{"service.name", "deployment.environment"} {
		if n.Get(key).There() {
			v.Report.Different(n.Get(key).Path(), "", "it names the entity that CloudWatch shows beside a metric; metrics are sent without one", "")
		}
	}
}

func seconds(n int) string { return strconv.Itoa(n) + "s" }

// EveryAddress reports whether a receiver at an address takes what comes from other hosts, by every address of this one.
func EveryAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "" || ip != nil && ip.IsUnspecified())
}

// joined are hints in one.
func joined(hints ...string) string {
	return strings.Join(slices.DeleteFunc(hints, func(h string) bool { return h == "" }), "; ")
}

// reach is what the report says of an address, and reachHint what to do about it.
func reach(address string) string {
	if EveryAddress(address) {
		return "; it listens on every address of the host, as the agent does: whoever reaches the port may send"
	}
	return ""
}

func reachHint(address, key string) string {
	if EveryAddress(address) {
		return "where programs of this host alone send, set " + key + " to 127.0.0.1 with the port"
	}
	return ""
}

// address is what to listen at: without a scheme, and with the agent's default.
func address(n agentjson.Node, otherwise string) string {
	text := n.Text()
	if _, after, ok := strings.Cut(text, "://"); ok {
		text = after
	}
	if text == "" {
		return otherwise
	}
	return layer.Expand(text)
}
