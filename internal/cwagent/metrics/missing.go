package metrics

import (
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
)

// differences are what is not quite the agent's, as docs/agent-metrics.md has it.
var differences = map[string]string{
	"cpu_usage_nice":    "includes guest_nice, which the agent takes off",
	"cpu_usage_user":    "includes guest, which the agent takes off: the same on a host that runs no virtual machines",
	"swap_free":         "nothing is sent on a host without swap, where the agent sends 0",
	"swap_used":         "nothing is sent on a host without swap, where the agent sends 0",
	"swap_used_percent": "nothing is sent on a host without swap, where the agent sends 0",
	"processes_blocked": "the kernel's count of blocked tasks; the agent counts processes in state D",
	"processes_running": "the kernel's count of runnable tasks, threads included; the agent counts processes in state R",
	"processes_total":   "the sum of all states, so that running and blocked threads count",
}

const nodeExporter = "run node_exporter and scrape it with the receiver prometheus: "

// sourceless are the agent's metrics that host_metrics has no source for, and what to use instead.
var sourceless = map[string]string{
	"cpu_usage_guest":         "cpu_usage_user, which has the time of guests in it",
	"cpu_usage_guest_nice":    "cpu_usage_nice, which has the time of such guests in it",
	"cpu_time_guest":          "cpu_time_user, which has the time of guests in it",
	"cpu_time_guest_nice":     "cpu_time_nice, which has the time of such guests in it",
	"mem_active":              nodeExporter + "node_memory_Active_bytes",
	"mem_inactive":            nodeExporter + "node_memory_Inactive_bytes",
	"netstat_tcp_none":        nodeExporter + "node_sockstat_sockets_used",
	"netstat_udp_socket":      nodeExporter + "node_sockstat_UDP_inuse",
	"processes_dead":          "processes_zombies; a process is in the state dead for a moment alone",
	"processes_total_threads": nodeExporter + "node_processes_threads, of its collector processes",
	"processes_wait":          "nothing: the agent does not send it on Linux either",
}

// notOnMac are metrics that macOS has nothing for, by their ends.
var notOnMac = []string{"_nice", "_iowait", "_softirq", "_steal", "diskio_iops_in_progress", "mem_buffered", "mem_cached", "processes_paging"}

// missing says why a metric cannot be sent, and what to use instead; nothing where it can.
func (v *converter) missing(name string, known map[string]bool) (reason, instead string) {
	if v.OS == "darwin" {
		for _, end := range notOnMac {
			if strings.HasSuffix(name, end) {
				return name + " is not sent: macOS does not count it, and the agent's is 0 or not sent", "nothing"
			}
		}
	}
	instead, listed := sourceless[name]
	switch {
	case known[name]:
		return "", ""
	case listed:
		return name + " has no source here", instead
	case strings.HasPrefix(name, "diskio_ebs_"):
		return name + " has no source here: nothing reads the statistics of NVMe devices", "the metrics of EBS volumes in the namespace AWS/EBS, which CloudWatch has without an agent"
	case strings.HasPrefix(name, "diskio_instance_store_"):
		return name + " has no source here: nothing reads the statistics of NVMe devices", "diskio_reads, diskio_writes, diskio_read_bytes, diskio_write_bytes and their times of the same device"
	}
	return name + " is no metric that this version knows", "see docs/agent-metrics.md for those that there are"
}

// unsupported reports plugins that nothing here stands for, and those that the agent does not know.
func (v *converter) unsupported(plugins agentjson.Node) {
	lost := map[string][2]string{
		"ethtool":      {"nothing here reads the statistics of network drivers", nodeExporter + "its collector ethtool has them"},
		"nvidia_gpu":   {"nothing here reads the statistics of graphics processors", "run NVIDIA's DCGM exporter and scrape it with the receiver prometheus"},
		"nvidia_smi":   {"nothing here reads the statistics of graphics processors", "run NVIDIA's DCGM exporter and scrape it with the receiver prometheus"},
		"efa":          {"nothing here reads the statistics of Elastic Fabric Adapters", nodeExporter + "its collector infiniband has them"},
		"dpdk":         {"nothing here reads the statistics of DPDK", "scrape a program that serves DPDK's telemetry with the receiver prometheus"},
		"win_services": {"nothing here reads the states of services", "run windows_exporter with its collector service and scrape it with the receiver prometheus"},
	}
	for _, plugin := range plugins.Keys() {
		n := plugins.Get(plugin)
		if reason, ok := lost[plugin]; ok {
			v.Report.Lost(n.Path(), reason[0], reason[1])
			continue
		}
		_, ours := hostPlugins[plugin]
		if v.OS != "windows" && !ours && plugin != "procstat" && !slices.Contains(elsewhere, plugin) {
			v.Report.Different(n.Path(), "", "no plugin of the agent's on this system: it sends nothing of it either", "")
		}
	}
}
