package received

import "github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"

// insights is Container Insights.
func (v *converter) insights(from agentjson.Node) {
	if n := from.Get("kubernetes"); n.There() {
		v.Report.Lost(n.Path(), "Container Insights of a cluster, enhanced or not, is the agent's own: its metrics and its dashboards are not made here",
			"install the chart of this program (docs/deploying/kubernetes.md), which sends the metrics of nodes and the logs of containers; keep the add-on's agent for Container Insights alone")
	}
	if n := from.Get("ecs"); n.There() {
		v.Report.Lost(n.Path(), "Container Insights of ECS instances is not made here",
			"switch Container Insights on for the cluster, which needs no agent; a task's own metrics are in config/ecs.yaml")
	}
}

// signals is Application Signals.
func (v *converter) signals(from agentjson.Node) {
	for _, key := range []string{"app_signals", "application_signals"} {
		if n := from.Get(key); n.There() {
			v.Report.Lost(n.Path(), "Application Signals' metrics are made by a processor that only the agent has",
				"send traces to CloudWatch's OTLP endpoint (config/layers/otlp.yaml) with Transaction Search on, from which CloudWatch makes Application Signals")
		}
	}
}
