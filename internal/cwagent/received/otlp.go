package received

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// OTLP makes receivers for endpoints of the agent, and returns their names. The same endpoints in several sections are one
// receiver, which all their pipelines share.
func OTLP(c *section.Context, l *layer.Layer, n agentjson.Node) []string {
	var receivers []string
	for _, one := range n.Items() {
		grpc, http := one.Get("grpc_endpoint").Text(), one.Get("http_endpoint").Text()
		if grpc == "" && http == "" { // the agent's defaults
			grpc, http = "127.0.0.1:4317", "127.0.0.1:4318"
		}
		name := "otlp/cwagent_" + suffix(grpc, http)
		tls := map[string]string{}
		for _, key := range []string{"ca_file", "cert_file", "key_file"} {
			if value := one.Get("tls", key); value.There() {
				tls[key] = layer.Expand(value.Text())
			}
		}
		for _, protocol := range []string{"grpc", "http"} {
			endpoint := map[string]string{"grpc": grpc, "http": http}[protocol]
			if endpoint == "" {
				continue
			}
			l.Set(layer.Expand(endpoint), "receivers", name, "protocols", protocol, "endpoint")
			for _, key := range slices.Sorted(maps.Keys(tls)) {
				to := key
				if key == "ca_file" { // of clients, on the side of the server
					to = "client_ca_file"
				}
				l.Set(tls[key], "receivers", name, "protocols", protocol, "tls", to)
			}
		}
		if !slices.Contains(receivers, name) {
			receivers = append(receivers, name)
		}
		for _, key := range one.Keys() {
			switch key {
			case "service.name", "deployment.environment":
				c.Report.Different(one.Get(key).Path(), "", "what programs send says which service it is of", "set OTEL_SERVICE_NAME for programs that do not")
			default:
				c.Report.Converted(one.Get(key).Path(), l.Name()+": receivers::"+name)
			}
		}
		if len(one.Keys()) == 0 {
			c.Report.Converted(one.Path(), l.Name()+": receivers::"+name)
		}
	}
	return receivers
}

// suffix names a receiver after the ports that it listens at.
func suffix(endpoints ...string) string {
	var ports []string
	for _, endpoint := range endpoints {
		if endpoint != "" {
			port := endpoint[strings.LastIndex(endpoint, ":")+1:]
			ports = append(ports, strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
					return r
				}
				return '_'
			}, port))
		}
	}
	return strings.Join(ports, "_")
}

// labels is the processor that makes dimensions of what OTLP says of the resource.
func (v *converter) otlp(n agentjson.Node) {
	if !n.There() {
		return
	}
	receivers := OTLP(v.Context, v.layer, n)
	v.metrics("cwagent_otlp", receivers)
	v.Report.Different(n.Path(), v.at("service", "pipelines", "metrics/cwagent_otlp"), "histograms keep their buckets as values and counts; attributes of the resource are no dimensions, as with the agent", "")
}

// otlpLogs is OTLP of the section logs: metrics as documents in a log group.
func (v *converter) otlpLogs(n agentjson.Node) {
	if !n.There() {
		return
	}
	const exporter = "cloudwatch_emf/cwagent_otlp"
	receivers := OTLP(v.Context, v.layer, n)
	v.Exporter(v.layer, "logs", exporter)
	v.endpoint(exporter)
	v.set("CWAgent", "exporters", exporter, "namespace")
	v.set("/aws/cwagent", "exporters", exporter, "log_group_name")
	v.set(map[string]bool{"enabled": true}, "exporters", exporter, "resource_to_telemetry_conversion")
	v.set(section.FileStorage, "exporters", exporter, "sending_queue", "storage")
	v.pipeline("metrics/cwagent_otlp_logs", receivers, nil, []string{exporter})
	v.Report.Different(n.Path(), v.at("exporters", exporter), "documents are in the group /aws/cwagent", "exporters::"+exporter+"::log_group_name names another one")
}

// endpoint gives an exporter the section's own endpoint.
func (v *converter) endpoint(exporter string) {
	if n := v.Root.Get(v.section, "endpoint_override"); n.There() {
		v.set(layer.Expand(n.Text()), "exporters", exporter, "endpoint")
	}
}

// emf listens for documents as the agent does, by UDP and TCP, and sends them as they are.
func (v *converter) emf(from agentjson.Node) {
	for _, key := range []string{"emf", "structuredlog"} {
		n := from.Get(key)
		if !n.There() {
			continue
		}
		const exporter = "cloudwatch_logs/cwagent_emf"
		given := n.Get("service_address").Text()
		var receivers []string
		at := address(n.Get("service_address"), "0.0.0.0:25888")
		for _, protocol := range []string{"udp", "tcp"} {
			if given != "" && !strings.HasPrefix(given, protocol) {
				continue
			}
			name := protocol + "_log/cwagent_emf"
			v.set(at, "receivers", name, "listen_address")
			if protocol == "tcp" {
				v.set("1MiB", "receivers", name, "max_log_size")
			}
			receivers = append(receivers, name)
		}
		v.Exporter(v.layer, "logs", exporter)
		v.endpoint(exporter)
		// Of what names no group itself.
		v.set("/aws/cwagent/emf", "exporters", exporter, "log_group_name")
		stream := "{instance_id}"
		if s := v.Root.Get("logs", "log_stream_name"); s.There() {
			stream = layer.Expand(s.Text())
		}
		v.set(stream, "exporters", exporter, "log_stream_name")
		v.set("raw", "exporters", exporter, "format")
		v.set(section.FileStorage, "exporters", exporter, "sending_queue", "storage")
		v.pipeline("logs/cwagent_emf", receivers, nil, []string{exporter})
		v.Report.Different(n.Path(), v.at("receivers", strings.Join(receivers, ", ")), "documents go as they are to the group and the stream that they name; the agent drops those that name no group, which here go to /aws/cwagent/emf"+reach(at), reachHint(at, "listen_address"))
	}
}

func quoted(text string) string { return fmt.Sprintf("%q", text) }
