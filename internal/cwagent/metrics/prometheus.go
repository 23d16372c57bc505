package metrics

import (
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// apsSigner signs what goes to Amazon Managed Service for Prometheus.
const apsSigner = "sigv4auth/cwagent_aps"

// workspace makes the exporter to the workspace that metrics_destinations names.
func (v *converter) workspace() {
	n := v.root.Get("metrics_destinations", "amp")
	if !n.There() {
		return
	}
	set := func(value any, key ...string) {
		v.layer.Set(value, append([]string{"exporters", section.PrometheusExporter}, key...)...)
	}
	set("https://aps-workspaces."+v.Region()+".amazonaws.com/workspaces/"+layer.Expand(n.Get("workspace_id").Text())+"/api/v1/remote_write", "endpoint")
	set(apsSigner, "auth", "authenticator")
	// What cannot be sent for so long is dropped: Prometheus takes no old samples.
	set(map[string]any{"initial_interval": "500ms", "max_interval": "30s", "max_elapsed_time": "1h"}, "retry_on_failure")
	set(false, "target_info", "enabled")
	set(false, "add_metric_suffixes")
	v.layer.Set(v.Region(), "extensions", apsSigner, "region")
	v.layer.Set("aps", "extensions", apsSigner, "service")
	if role := v.Role("metrics"); role != "" {
		v.layer.Set(role, "extensions", apsSigner, "assume_role", "arn")
	}
	v.layer.Add(apsSigner, "service", "extensions")
}

// prometheus reports what becomes of the workspace.
func (v *converter) prometheus(n agentjson.Node) {
	if !n.There() {
		return
	}
	v.Report.Different(n.Path(), v.at("exporters", section.PrometheusExporter), "samples wait in memory while the workspace cannot be reached, for an hour at most; disk and network counters are totals, of which rate() makes what the agent sends as differences",
		"allow aps:RemoteWrite")
	if statsd := v.root.Get("metrics_collected", "statsd"); statsd.There() {
		v.Report.Lost(n.Path(), "counters of statsd are differences, which Prometheus does not take: they do not go to the workspace", "send them to CloudWatch too (metrics_destinations.cloudwatch), or by OTLP as totals")
	}
}
