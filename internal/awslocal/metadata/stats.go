package metadata

import "time"

// The container's use of its machine, per second of its life: made up, but growing as real counters
// do, so that rates come out.
const (
	cpuNanosPerSecond  = 50_000_000    // 5% of one CPU
	hostNanosPerSecond = 2_000_000_000 // of two CPUs
	netBytesPerSecond  = 1000
	netPacketsASecond  = 10
	diskBytesPerSecond = 4096

	memoryUse = 64 << 20 // bytes
)

// stats is what Docker tells of a container.
type stats struct {
	Name     string                  `json:"name"`
	ID       string                  `json:"id"`
	Read     time.Time               `json:"read"`
	PreRead  time.Time               `json:"preread"`
	NumProcs int                     `json:"num_procs"`
	CPU      cpuStats                `json:"cpu_stats"`
	PreCPU   cpuStats                `json:"precpu_stats"`
	Memory   memoryStats             `json:"memory_stats"`
	Disk     diskStats               `json:"blkio_stats"`
	Networks map[string]networkStats `json:"networks"`
	Rates    *networkRates           `json:"network_rate_stats,omitempty"` // version 4
}

type cpuStats struct {
	Usage struct {
		Total  uint64   `json:"total_usage"`
		PerCPU []uint64 `json:"percpu_usage"`
		Kernel uint64   `json:"usage_in_kernelmode"`
		User   uint64   `json:"usage_in_usermode"`
	} `json:"cpu_usage"`
	System     uint64 `json:"system_cpu_usage"`
	OnlineCPUs int    `json:"online_cpus"`
}

type memoryStats struct {
	Usage    uint64            `json:"usage"`
	MaxUsage uint64            `json:"max_usage"`
	Limit    uint64            `json:"limit"`
	Stats    map[string]uint64 `json:"stats"`
}

type diskOperations struct {
	Major uint64 `json:"major"`
	Minor uint64 `json:"minor"`
	Op    string `json:"op"`
	Value uint64 `json:"value"`
}

type diskStats struct {
	Bytes []diskOperations `json:"io_service_bytes_recursive"`
}

type networkStats struct {
	RxBytes   uint64 `json:"rx_bytes"`
	RxPackets uint64 `json:"rx_packets"`
	RxErrors  uint64 `json:"rx_errors"`
	RxDropped uint64 `json:"rx_dropped"`
	TxBytes   uint64 `json:"tx_bytes"`
	TxPackets uint64 `json:"tx_packets"`
	TxErrors  uint64 `json:"tx_errors"`
	TxDropped uint64 `json:"tx_dropped"`
}

type networkRates struct {
	RxBytesPerSecond float64 `json:"rx_bytes_per_sec"`
	TxBytesPerSecond float64 `json:"tx_bytes_per_sec"`
}

func (s *Service) stats(id, name string, v4 bool) stats {
	now := s.config.Now().UTC()
	age := uint64(max(0, now.Sub(s.started)/time.Second)) // not negative
	before := max(age, 1) - 1
	out := stats{
		Name: name, ID: id, Read: now, PreRead: now.Add(-time.Second), NumProcs: 1,
		CPU: cpuAfter(age), PreCPU: cpuAfter(before),
		Memory: memoryStats{Usage: memoryUse, MaxUsage: memoryUse, Limit: memoryLimit << 20, Stats: map[string]uint64{"cache": 4 << 20, "rss": 60 << 20}},
		Disk: diskStats{Bytes: []diskOperations{
			{Op: "Read", Value: age * diskBytesPerSecond}, {Op: "Write", Value: age * diskBytesPerSecond},
		}},
		Networks: map[string]networkStats{"eth1": {
			RxBytes: age * netBytesPerSecond, RxPackets: age * netPacketsASecond,
			TxBytes: age * netBytesPerSecond, TxPackets: age * netPacketsASecond,
		}},
	}
	if v4 {
		out.Rates = &networkRates{RxBytesPerSecond: netBytesPerSecond, TxBytesPerSecond: netBytesPerSecond}
	}
	return out
}

func cpuAfter(seconds uint64) cpuStats {
	var c cpuStats
	c.Usage.Total = seconds * cpuNanosPerSecond
	c.Usage.Kernel, c.Usage.User = c.Usage.Total/5, c.Usage.Total-c.Usage.Total/5
	c.Usage.PerCPU = []uint64{c.Usage.Total / 2, c.Usage.Total - c.Usage.Total/2}
	c.System, c.OnlineCPUs = seconds*hostNanosPerSecond, 2
	return c
}
