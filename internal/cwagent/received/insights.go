package received

import (
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// declaration is metrics of Container Insights, and the sets of dimensions that its dashboards look for.
type declaration struct {
	dimensions [][]string
	metrics    []string
}

// ofKubernetes and ofECS are what CloudWatch's documentation lists for Container Insights without enhanced observability.
var (
	ofKubernetes = []declaration{
		{[][]string{{"NodeName", "InstanceId", "ClusterName"}}, []string{"node_cpu_utilization", "node_memory_utilization", "node_network_total_bytes", "node_cpu_reserved_capacity", "node_memory_reserved_capacity", "node_number_of_running_pods", "node_number_of_running_containers"}},
		{[][]string{{"ClusterName"}}, []string{"node_cpu_utilization", "node_memory_utilization", "node_network_total_bytes", "node_cpu_reserved_capacity", "node_memory_reserved_capacity", "node_number_of_running_pods", "node_number_of_running_containers", "node_cpu_usage_total", "node_cpu_limit", "node_memory_working_set", "node_memory_limit"}},
		{[][]string{{"NodeName", "InstanceId", "ClusterName"}, {"ClusterName"}}, []string{"node_filesystem_utilization"}},
		{[][]string{{"PodName", "Namespace", "ClusterName"}, {"Service", "Namespace", "ClusterName"}, {"ClusterName", "Namespace"}, {"ClusterName"}}, []string{"pod_cpu_utilization", "pod_memory_utilization", "pod_network_rx_bytes", "pod_network_tx_bytes", "pod_cpu_utilization_over_pod_limit", "pod_memory_utilization_over_pod_limit"}},
		{[][]string{{"PodName", "Namespace", "ClusterName"}, {"ClusterName"}}, []string{"pod_cpu_reserved_capacity", "pod_memory_reserved_capacity"}},
		{[][]string{{"PodName", "Namespace", "ClusterName"}}, []string{"pod_number_of_container_restarts"}},
		{[][]string{{"ClusterName"}}, []string{"cluster_node_count", "cluster_failed_node_count"}},
		{[][]string{{"Service", "Namespace", "ClusterName"}, {"ClusterName"}}, []string{"service_number_of_running_pods"}},
		{[][]string{{"Namespace", "ClusterName"}, {"ClusterName"}}, []string{"namespace_number_of_running_pods"}},
	}
	ofECS = []declaration{
		{[][]string{{"ContainerInstanceId", "InstanceId", "ClusterName"}}, []string{"instance_cpu_reserved_capacity", "instance_cpu_utilization", "instance_filesystem_utilization", "instance_memory_reserved_capacity", "instance_memory_utilization", "instance_network_total_bytes", "instance_number_of_running_tasks"}},
		{[][]string{{"ClusterName"}}, []string{"instance_cpu_limit", "instance_cpu_reserved_capacity", "instance_cpu_usage_total", "instance_cpu_utilization", "instance_filesystem_utilization", "instance_memory_limit", "instance_memory_reserved_capacity", "instance_memory_utilization", "instance_memory_working_set", "instance_network_total_bytes", "instance_number_of_running_tasks"}},
	}
)

// insights is Container Insights of nodes of Kubernetes and of instances of ECS, as upstream's receiver makes it.
func (v *converter) insights(from agentjson.Node) {
	if n := from.Get("kubernetes"); n.There() {
		v.containers(n, "eks", "{NodeName}", ofKubernetes)
		for _, key := range []string{"enhanced_container_insights", "accelerated_compute_metrics", "jmx_container_insights", "kueue_container_insights"} {
			if more := n.Get(key); more.Bool() {
				v.Report.Lost(more.Path(), "only the agent makes these metrics: here are those of Container Insights without them",
					"keep the add-on's agent for them, with its logs off")
			}
		}
		for _, key := range []string{"cluster_name", "prefer_full_pod_name"} {
			if given := n.Get(key); given.There() && key == "cluster_name" {
				v.Report.Different(given.Path(), "", "the receiver finds the cluster's name in the tags of the instance", "")
			} else if given.There() {
				v.set(given.Bool(), "receivers", insightsOf("eks"), "prefer_full_pod_name")
				v.Report.Converted(given.Path(), v.at("receivers", insightsOf("eks"), "prefer_full_pod_name"))
			}
		}
		v.Report.Different(n.Path(), v.at("receivers", insightsOf("eks")), "Container Insights without enhanced observability, of nodes of EKS on EC2; it needs the agent's mounts and its ClusterRole",
			"for logs of containers install the chart (docs/deploying/kubernetes.md)")
	}
	if n := from.Get("ecs"); n.There() {
		v.containers(n, "ecs", "instanceTelemetry/{ContainerInstanceId}", ofECS)
		v.Report.Different(n.Path(), v.at("receivers", insightsOf("ecs")), "the metrics of instances, as with the agent; it needs the agent's mounts of the host", "")
	}
}

func insightsOf(orchestrator string) string {
	return "awscontainerinsightreceiver/cwagent_" + orchestrator
}

func (v *converter) containers(n agentjson.Node, orchestrator, stream string, declarations []declaration) {
	receiver, exporter := insightsOf(orchestrator), "cloudwatch_emf/cwagent_"+orchestrator
	v.set(seconds(v.Interval(n)), "receivers", receiver, "collection_interval")
	v.set(orchestrator, "receivers", receiver, "container_orchestrator")
	v.converted(n, v.at("receivers", receiver, "collection_interval"), "metrics_collection_interval")
	namespace := "ContainerInsights"
	if orchestrator == "ecs" {
		namespace = "ECS/ContainerInsights"
	}
	v.Exporter(v.layer, "logs", exporter)
	v.endpoint(exporter)
	v.set(namespace, "exporters", exporter, "namespace")
	group := "/aws/containerinsights/{ClusterName}/performance"
	if orchestrator == "ecs" {
		group = "/aws/ecs/containerinsights/{ClusterName}/performance"
	}
	v.set(group, "exporters", exporter, "log_group_name")
	v.set(stream, "exporters", exporter, "log_stream_name")
	v.set("", "exporters", exporter, "scope_dimension")
	v.set(map[string]bool{"enabled": true}, "exporters", exporter, "resource_to_telemetry_conversion")
	v.set([]string{"Sources", "kubernetes"}, "exporters", exporter, "parse_json_encoded_attr_values")
	v.set(section.StateStorage, "exporters", exporter, "sending_queue", "storage")
	for _, d := range declarations {
		v.layer.Add(map[string]any{"dimensions": d.dimensions, "metric_name_selectors": []string{"^(" + strings.Join(d.metrics, "|") + ")$$"}}, "exporters", exporter, "metric_declarations")
	}
	if off := n.Get("disable_metric_extraction"); off.There() {
		if off.Bool() {
			v.set("0", "exporters", exporter, "version")
		}
		v.Report.Converted(off.Path(), v.at("exporters", exporter, "version"))
	}
	v.pipeline("metrics/cwagent_"+orchestrator, []string{receiver}, nil, []string{exporter})
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
