// Package traces converts the section traces.
package traces

import (
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/received"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

const (
	exporter = "awsxray/cwagent"
	direct   = "otlp_http/cwagent_traces"
	signer   = "sigv4auth/cwagent_xray"
	receiver = "awsxray/cwagent"
	pipeline = "traces/cwagent"
)

// Convert converts the section traces.
func Convert(c *section.Context) {
	root := c.Root.Get("traces")
	if !root.There() {
		return
	}
	l := c.Layer(section.Traces)
	at := func(path ...string) string { return l.Name() + ": " + strings.Join(path, "::") }
	collected := root.Get("traces_collected")
	var receivers []string
	if n := collected.Get("xray"); n.There() {
		address := func(keys ...string) string {
			if given := n.Get(keys...); given.There() {
				return layer.Expand(given.Text())
			}
			return "127.0.0.1:2000"
		}
		l.Set(address("bind_address"), "receivers", receiver, "endpoint")
		l.Set(address("tcp_proxy", "bind_address"), "receivers", receiver, "proxy_server", "endpoint")
		l.Set(region(c), "receivers", receiver, "proxy_server", "region")
		if role := c.Role("traces"); role != "" {
			l.Set(role, "receivers", receiver, "proxy_server", "role_arn")
		}
		receivers = append(receivers, receiver)
		c.Report.Converted(n.Path(), at("receivers", receiver))
	}
	if n := collected.Get("otlp"); n.There() {
		receivers = append(receivers, received.OTLP(c, l, n)...)
	}
	for _, key := range []string{"app_signals", "application_signals"} {
		if n := collected.Get(key); n.There() {
			c.Report.Lost(n.Path(), "Application Signals' attributes are made by a processor that only the agent has",
				"send traces to CloudWatch's OTLP endpoint (config/layers/otlp.yaml) with Transaction Search on, from which CloudWatch makes Application Signals")
		}
	}
	if len(receivers) == 0 {
		settings(c, "", at)
		return
	}
	to := exporter
	if root.Get("transit_spans_in_otlp_format").Bool() {
		to = direct
		otlp(c, l)
	} else {
		xray(c, l)
	}
	l.Set(receivers, "service", "pipelines", pipeline, "receivers")
	l.Set([]string{section.MemoryLimiter, section.ResourceDetection}, "service", "pipelines", pipeline, "processors")
	l.Set([]string{to}, "service", "pipelines", pipeline, "exporters")
	settings(c, to, at)
}

// region is the section's own one, or the agent's.
func region(c *section.Context) string {
	if n := c.Root.Get("traces", "region_override"); n.There() {
		return layer.Expand(n.Text())
	}
	return c.Region()
}

// xray sends segments.
func xray(c *section.Context, l *layer.Layer) {
	root := c.Root.Get("traces")
	c.Exporter(l, "traces", exporter)
	l.Set(region(c), "exporters", exporter, "region")
	for _, k := range []struct{ key, name string }{{"endpoint_override", "endpoint"}, {"proxy_override", "proxy_address"}, {"resource_arn", "resource_arn"}} {
		if n := root.Get(k.key); n.There() {
			l.Set(layer.Expand(n.Text()), "exporters", exporter, k.name)
		}
	}
	for _, k := range []struct{ key, name string }{{"local_mode", "local_mode"}, {"insecure", "no_verify_ssl"}} {
		if n := root.Get(k.key); n.There() {
			l.Set(n.Bool(), "exporters", exporter, k.name)
		}
	}
	if n := root.Get("concurrency"); n.There() {
		l.Set(n.Int(), "exporters", exporter, "num_workers")
	}
}

// otlp sends spans as they come.
func otlp(c *section.Context, l *layer.Layer) {
	root := c.Root.Get("traces")
	endpoint := "https://xray." + region(c) + ".amazonaws.com"
	if n := root.Get("endpoint_override"); n.There() {
		endpoint = strings.TrimSuffix(layer.Expand(n.Text()), "/")
	}
	l.Set(endpoint+"/v1/traces", "exporters", direct, "traces_endpoint")
	l.Set(signer, "exporters", direct, "auth", "authenticator")
	l.Set("gzip", "exporters", direct, "compression")
	l.Set("30s", "exporters", direct, "timeout")
	l.Set(map[string]any{"initial_interval": "500ms", "max_interval": "30s", "max_elapsed_time": 0}, "exporters", direct, "retry_on_failure")
	l.Set(section.StateStorage, "exporters", direct, "sending_queue", "storage")
	l.Set("bytes", "exporters", direct, "sending_queue", "sizer")
	size := 32
	if n := root.Get("buffer_size_mb"); n.There() {
		size = n.Int()
	}
	l.Set(size<<20, "exporters", direct, "sending_queue", "queue_size")
	l.Set(true, "exporters", direct, "sending_queue", "block_on_overflow")
	// CloudWatch takes 10,000 spans and 5 MB.
	l.Set(map[string]any{"sizer": "items", "min_size": 2000, "max_size": 2000, "flush_timeout": "1s"}, "exporters", direct, "sending_queue", "batch")
	if n := root.Get("proxy_override"); n.There() {
		l.Set(layer.Expand(n.Text()), "exporters", direct, "proxy_url")
	}
	if root.Get("insecure").Bool() {
		l.Set(true, "exporters", direct, "tls", "insecure_skip_verify")
	}
	l.Set(region(c), "extensions", signer, "region")
	l.Set("xray", "extensions", signer, "service")
	if role := c.Role("traces"); role != "" {
		l.Set(role, "extensions", signer, "assume_role", "arn")
	}
	l.Add(signer, "service", "extensions")
}

// settings reports the section's own keys.
func settings(c *section.Context, to string, at func(...string) string) {
	root := c.Root.Get("traces")
	for _, key := range root.Keys() {
		n := root.Get(key)
		switch {
		case key == "traces_collected":
		case to == "":
			c.Report.Different(n.Path(), "", "no traces are sent, so that it has nothing to say", "")
		case key == "buffer_size_mb" && to == exporter:
			c.Report.Different(n.Path(), "", "segments wait in memory_limiter's limit, and sources are told to wait above it", "OTELCOL_CLOUDWATCH_MEMORY_LIMIT_MIB")
		case to == direct && (key == "concurrency" || key == "resource_arn" || key == "local_mode"):
			c.Report.Different(n.Path(), "", "is about segments; spans are sent as they come", "")
		default:
			c.Report.Converted(n.Path(), at("exporters", to))
		}
	}
}
