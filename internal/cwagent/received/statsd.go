package received

import (
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

const (
	statsd     = "statsd/cwagent"
	statsdName = "transform/cwagent_statsd"
)

func (v *converter) statsd(n agentjson.Node) {
	if !n.There() {
		return
	}
	to := v.at("receivers", statsd)
	at := address(n.Get("service_address"), ":8125")
	v.set(at, "receivers", statsd, "endpoint")
	interval, given := 60, n.Get("metrics_aggregation_interval")
	if given.There() {
		interval = given.Int()
	}
	collected := n.Get("metrics_collection_interval")
	switch {
	case interval > 0:
		v.converted(n, to+"::aggregation_interval", "metrics_aggregation_interval")
		if collected.There() {
			v.Report.Different(collected.Path(), to+"::aggregation_interval", "messages are aggregated as they come, and sent at the end of metrics_aggregation_interval", "")
		}
	default: // each collection is sent by itself, at a resolution of a second
		interval = 10
		if collected.There() {
			interval = collected.Int()
		}
		v.Report.Different(given.Path(), to+"::aggregation_interval", "values are sent after each metrics_collection_interval, with statistics of that time", "")
		v.converted(n, to+"::aggregation_interval", "metrics_collection_interval")
	}
	v.set(seconds(interval), "receivers", statsd, "aggregation_interval")
	// As the agent does, whoever sent it.
	v.set(true, "receivers", statsd, "ignore_host")
	v.set(true, "receivers", statsd, "enable_metric_type")
	v.set(true, "receivers", statsd, "enable_simple_tags")
	for _, kind := range []string{"timing", "histogram", "distribution"} {
		v.layer.Add(map[string]any{"statsd_type": kind, "observer_type": "histogram"}, "receivers", statsd, "timer_histogram_mapping")
	}
	separator := "_"
	if given := n.Get("metric_separator"); given.There() {
		separator = given.Text()
	}
	v.set([]map[string]any{
		{"context": "metric", "statements": []string{`replace_pattern(metric.name, "[.]", ` + layer.Literal(quoted(separator)) + `)`}},
		{"context": "datapoint", "statements": []string{`set(datapoint.attributes["metric_type"], "timing") where datapoint.attributes["metric_type"] == "timer"`}},
	}, "processors", statsdName, "metric_statements")
	v.metrics("cwagent_statsd", []string{statsd}, statsdName)

	v.converted(n, to+"::endpoint", "service_address")
	v.converted(n, v.at("processors", statsdName), "metric_separator")
	if pending := n.Get("allowed_pending_messages"); pending.There() {
		v.Report.Different(pending.Path(), "", "messages wait in the system's buffer of the socket alone", "where UDP messages are dropped (nstat UdpRcvbufErrors), raise net.core.rmem_default")
	}
	for _, name := range n.Get("drop_original_metrics").Texts() {
		v.layer.Add(layer.Literal(name), "exporters", section.MetricsExporter, "drop_original_metrics")
	}
	v.converted(n, v.at("exporters", section.MetricsExporter, "drop_original_metrics"), "drop_original_metrics")
	v.service(n)
	v.Report.Different(n.Path(), to, "timings are histograms with a relative error of at most 2.2% instead of the values themselves; sets (|s), which the receiver does not know, are not taken; names and tags of an interval have a bound (limits::max_bytes)"+reach(at),
		joined("send sizes of sets as gauges (|g)", reachHint(at, to+"::endpoint")))
}

// collectdPiece is for who asks collectd to write JSON.
func (v *converter) collectd(n agentjson.Node) {
	if !n.There() {
		return
	}
	v.Report.Lost(n.Path(), "the agent listens to collectd's plugin network, a binary protocol that nothing in this program reads",
		`let collectd's plugin write_http send JSON (Format "JSON") to a receiver collectd: {endpoint: 127.0.0.1:8081}, in a pipeline metrics/collectd with the processor `+section.MetricsDimensions+" and the exporter "+section.MetricsExporter)
}

func (v *converter) jmx(n agentjson.Node) {
	for _, one := range n.Items() {
		v.Report.Lost(one.Path(), "this program does not speak JMX: it has no Java",
			"run OpenTelemetry's jmx-scraper, or its Java agent, which send the same metrics (jvm, kafka, tomcat) by OTLP to a receiver otlp; or Prometheus' jmx_exporter and the receiver prometheus")
	}
}
