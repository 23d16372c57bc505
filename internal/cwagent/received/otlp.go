package received

import (
	"fmt"
	"maps"
	"regexp"
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

// senders is the processor that removes what senders say of the host.
const senders = "transform/cwagent_senders"

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
	// What a dimension is made of is what is known here, not what somebody sends.
	v.set("propagate", "processors", senders, "error_mode")
	v.set([]string{`delete_matching_keys(resource.attributes, "^(host|cloud|ec2)[.]")`}, "processors", senders, "metric_statements")
	v.set([]string{section.MemoryLimiter, senders, section.ResourceDetection, section.MetricsDimensions}, "service", "pipelines", "metrics/cwagent_otlp", "processors")
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
	v.set(section.StateStorage, "exporters", exporter, "sending_queue", "storage")
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
		v.set([]string{"*"}, "exporters", exporter, "redirect", "groups")
		if groups := v.groupsOfLogs(); len(groups) > 0 {
			v.set(groups, "exporters", exporter, "redirect", "except")
		}
		v.layer.Comment("Who reaches the receivers may name any log group that the role can write to, as with the agent, but none of those that\nlogs_collected has. Narrow groups to those that your programs name.", "exporters", exporter, "redirect")
		v.set(section.StateStorage, "exporters", exporter, "sending_queue", "storage")
		v.pipeline("logs/cwagent_emf", receivers, nil, []string{exporter})
		hint := "exporters::" + exporter + "::redirect::groups says which groups documents can name: list those of your programs"
		if more := reachHint(at, "listen_address"); more != "" {
			hint += "; " + more
		}
		v.Report.Different(n.Path(), v.at("receivers", strings.Join(receivers, ", ")), "valid documents go as they are to the group and the stream that they name, unless it is a group of logs_collected; the agent drops those that name no group, which here go to /aws/cwagent/emf"+reach(at), hint)
	}
}

// groupsOfLogs are patterns of the groups that entries of logs_collected name.
func (v *converter) groupsOfLogs() []string {
	var groups []string
	var look func(agentjson.Node)
	look = func(n agentjson.Node) {
		for _, key := range n.Keys() {
			look(n.Get(key))
		}
		for _, item := range n.Items() {
			if item.IsObject() && !n.IsObject() {
				look(item)
			}
		}
		if group := n.Get("log_group_name").Text(); n.IsObject() && group != "" {
			if group = layer.Expand(placeholder.ReplaceAllString(group, "${1}*")); !slices.Contains(groups, group) {
				groups = append(groups, group)
			}
		}
	}
	look(v.Root.Get("logs", "logs_collected"))
	return groups
}

// placeholder is one of the agent's, such as {hostname}, and not an environment variable.
var placeholder = regexp.MustCompile(`(^|[^$])\{(?:instance_id|hostname|local_hostname|ip_address|aws_region|account_id|date)\}`)

func quoted(text string) string { return fmt.Sprintf("%q", text) }
