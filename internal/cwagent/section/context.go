// Package section is what the converters of a configuration's sections share: what is known about the host and the agent,
// the layers that they write, and the report.
package section

import (
	"fmt"
	"maps"
	"slices"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
)

// The layers, in the order in which they are merged.
const (
	Base    = "10-base.yaml"    // state, health, telemetry, and what pipelines share
	Access  = "20-access.yaml"  // region, credentials, the way to AWS
	Metrics = "30-metrics.yaml" // of the section metrics
	Logs    = "40-logs.yaml"    // of the section logs
	Traces  = "50-traces.yaml"  // of the section traces
	OTel    = "60-otel.yaml"    // of the section opentelemetry
)

var headings = map[string]string{
	Base:    "What the pipelines of the other layers share.",
	Access:  "Region, credentials and the way to AWS.",
	Metrics: "What the CloudWatch agent's configuration has under metrics.",
	Logs:    "What the CloudWatch agent's configuration has under logs.",
	Traces:  "What the CloudWatch agent's configuration has under traces.",
	OTel:    "What the CloudWatch agent's configuration has under opentelemetry.",
}

// The components of the base layer that sections put into their pipelines. A pipeline that others feed begins with both
// processors, and one of files or of the host with ResourceDetection: the limiter looks at the heap of the whole process,
// and would refuse what is bounded by itself for what others send.
const (
	MemoryLimiter     = "memory_limiter"
	ResourceDetection = "resource_detection" // host.name, and what Detect asks for
	StateStorage      = "state_storage"      // of offsets, and of queues on disk
)

// Context is what converters work with.
type Context struct {
	// OS is that of the host: linux, windows or darwin.
	OS string
	// Root is the merged configuration.
	Root agentjson.Node
	// Report says what became of each setting.
	Report *report.Report

	layers    map[string]*layer.Layer
	detectors []string
}

// New is the context of one conversion.
func New(os string, root agentjson.Node) *Context {
	return &Context{OS: os, Root: root, Report: &report.Report{}, layers: map[string]*layer.Layer{}}
}

// Layer is the layer of a name, which is made at its first use.
func (c *Context) Layer(name string) *layer.Layer {
	if c.layers[name] == nil {
		c.layers[name] = layer.New(name, fmt.Sprintf("otelcol-cloudwatch migrate cwagent wrote this. It is yours now: change it as you like.\n\n%s", headings[name]))
	}
	return c.layers[name]
}

// Layers are those in which something was set, in their order.
func (c *Context) Layers() []*layer.Layer {
	var layers []*layer.Layer
	for _, name := range slices.Sorted(maps.Keys(c.layers)) {
		if !c.layers[name].Empty() {
			layers = append(layers, c.layers[name])
		}
	}
	return layers
}

// Detect asks for a detector of resource_detection besides env and system: ec2, ecs, eks, azure, gcp.
func (c *Context) Detect(detector string) {
	if !slices.Contains(c.detectors, detector) {
		c.detectors = append(c.detectors, detector)
	}
}

// Detectors are those that were asked for.
func (c *Context) Detectors() []string { return c.detectors }

// Interval is how often something is collected, in seconds: its own metrics_collection_interval, or the agent's, or 60.
func (c *Context) Interval(n agentjson.Node) int {
	for _, interval := range []agentjson.Node{n.Get("metrics_collection_interval"), c.Root.Get("agent", "metrics_collection_interval")} {
		if interval.There() {
			return interval.Int()
		}
	}
	return 60
}

// Role is the role that a section assumes: its own credentials.role_arn, or the agent's; "" for none. As a text of
// collector configuration.
func (c *Context) Role(section string) string {
	for _, role := range []agentjson.Node{c.Root.Get(section, "credentials", "role_arn"), c.Root.Get("agent", "credentials", "role_arn")} {
		if role.There() {
			return layer.Expand(role.Text())
		}
	}
	return ""
}

// Exporter sets what exporters to AWS share: the region, the section's role and endpoint_override, which are reported as
// converted. The rest of the exporter is its section's.
func (c *Context) Exporter(l *layer.Layer, sectionName, exporter string) {
	l.Set(c.Region(), "exporters", exporter, "region")
	if role := c.Role(sectionName); role != "" {
		l.Set(role, "exporters", exporter, "role_arn")
	}
}

// Region is that of the agent's configuration, or of the environment, as a text of collector configuration. Empty means
// that the exporter finds it.
func (c *Context) Region() string {
	if region := c.Root.Get("agent", "region"); region.There() {
		return layer.Expand(region.Text())
	}
	return "${env:AWS_REGION:-}"
}

// What metrics of every source go through: metrics.Shared makes both from the section metrics, of whose pipelines they are
// the last processor and the exporter.
const (
	MetricsExporter   = "cloudwatch_emf/cwagent"
	MetricsDimensions = "transform/cwagent_dimensions"
	// PrometheusExporter sends to Amazon Managed Service for Prometheus, where the section names it.
	PrometheusExporter = "prometheusremotewrite/cwagent"
)

// MetricsExporters are those of the section's pipelines: CloudWatch's unless its metrics_destinations name Prometheus alone.
func (c *Context) MetricsExporters() []string {
	destinations := c.Root.Get("metrics", "metrics_destinations")
	var exporters []string
	if !destinations.Get("amp").There() || destinations.Get("cloudwatch").There() {
		exporters = append(exporters, MetricsExporter)
	}
	if destinations.Get("amp").There() {
		exporters = append(exporters, PrometheusExporter)
	}
	return exporters
}
