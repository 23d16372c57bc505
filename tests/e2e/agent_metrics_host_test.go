//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// What host.yaml leaves out.
var (
	excludedDisk      = regexp.MustCompile(`^(loop|ram|zram|fd|sr)\d+$`)
	excludedInterface = regexp.MustCompile(`^(lo|veth.*|cali.*|cni.*|docker\d+|br-.*)$`)
)

// ticks is the kernel's clock in /proc/stat, on every platform that Linux has today.
const ticks = 100

// reading is what the machine says at one moment, by the agent's name and the instance: that of a disk, a
// path, an interface or a cpu.
type reading map[instance]float64

type instance struct{ name, of string }

// fileSystem is one that the collector is expected to report.
type fileSystem struct{ device, fstype string }

// procReader reads the machine's state itself, from /proc and statfs.
type procReader struct {
	mounts map[string]fileSystem // by path
	swap   bool
}

func newProcReader() *procReader {
	r := &procReader{mounts: map[string]fileSystem{}}
	virtual := map[string]bool{}
	for _, line := range r.lines("/proc/filesystems") {
		if nodev, name, _ := strings.Cut(line, "\t"); nodev == "nodev" {
			virtual[name] = true
		}
	}
	mounts := "/proc/1/mountinfo" // as the collector does
	if _, err := os.ReadFile(mounts); err != nil {
		mounts = "/proc/self/mountinfo"
	}
	for _, line := range r.lines(mounts) {
		// 36 35 98:0 ROOT PATH OPTIONS … - TYPE SOURCE OPTIONS; a root that is not / is a part of another mount.
		before, after, _ := strings.Cut(line, " - ")
		where, what := strings.Fields(before), strings.Fields(after)
		if where[3] == "/" && !virtual[what[0]] && what[0] != "squashfs" && what[0] != "iso9660" && strings.HasPrefix(what[1], "/dev/") {
			r.mounts[where[4]] = fileSystem{device: strings.TrimPrefix(what[1], "/dev/"), fstype: what[0]}
		}
	}
	r.swap = len(r.lines("/proc/swaps")) > 1
	return r
}

func (r *procReader) lines(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		panic(err) // Linux always has these; and watch may not end the test from its goroutine
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func number(s string) float64 {
	n, _ := strconv.ParseFloat(s, 64)
	return n
}

// has tells whether the machine has what a plugin reports.
func (r *procReader) has(plugin string) bool {
	switch plugin {
	case "swap":
		return r.swap
	case "disk":
		return len(r.mounts) > 0
	case "diskio", "net":
		for i := range r.counters() {
			if strings.HasPrefix(i.name, plugin+"_") {
				return true
			}
		}
		return false
	}
	return true
}

// counters are those of disks and interfaces.
func (r *procReader) counters() reading {
	out := reading{}
	for _, line := range r.lines("/proc/diskstats") {
		f := strings.Fields(line)
		if len(f) < 13 || excludedDisk.MatchString(f[2]) {
			continue
		}
		for column, name := range map[int]string{
			3: "diskio_reads", 5: "diskio_read_bytes", 6: "diskio_read_time", 7: "diskio_writes",
			9: "diskio_write_bytes", 10: "diskio_write_time", 12: "diskio_io_time",
		} {
			value := number(f[column])
			if strings.HasSuffix(name, "_bytes") {
				value *= 512 // sectors, whatever the disk's own are
			}
			out[instance{name, f[2]}] = value
		}
	}
	for _, line := range r.lines("/proc/net/dev") {
		name, values, ok := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if f := strings.Fields(values); ok && !excludedInterface.MatchString(name) {
			for column, metric := range map[int]string{
				0: "net_bytes_recv", 1: "net_packets_recv", 2: "net_err_in", 3: "net_drop_in",
				8: "net_bytes_sent", 9: "net_packets_sent", 10: "net_err_out", 11: "net_drop_out",
			} {
				out[instance{metric, name}] = number(f[column])
			}
		}
	}
	return out
}

// gauges are everything else but cpu_usage, which is a difference of cpu_time.
func (r *procReader) gauges() reading {
	out := reading{}
	r.cpu(out)
	r.memory(out)
	r.disks(out)
	r.connections(out)
	r.processes(out)
	return out
}

func (r *procReader) cpu(out reading) {
	f := strings.Fields(r.lines("/proc/stat")[0])
	active := 0.0
	for column, state := range []string{1: "user", 2: "nice", 3: "system", 4: "idle", 5: "iowait", 6: "irq", 7: "softirq", 8: "steal"} {
		if state == "" {
			continue
		}
		seconds := number(f[column]) / ticks
		out[instance{"cpu_time_" + state, "cpu-total"}] = seconds
		if state != "idle" {
			active += seconds
		}
	}
	out[instance{"cpu_time_active", "cpu-total"}] = active
}

func (r *procReader) memory(out reading) {
	kib := map[string]float64{}
	for _, line := range r.lines("/proc/meminfo") {
		if f := strings.Fields(line); len(f) > 1 {
			kib[strings.TrimSuffix(f[0], ":")] = number(f[1]) * 1024
		}
	}
	set := func(name string, value float64) { out[instance{name, ""}] = value }
	total, cached := kib["MemTotal"], kib["Cached"]+kib["SReclaimable"]
	used := total - kib["MemFree"] - kib["Buffers"] - cached
	set("mem_total", total)
	set("mem_free", kib["MemFree"])
	set("mem_buffered", kib["Buffers"])
	set("mem_cached", cached)
	set("mem_available", kib["MemAvailable"])
	set("mem_available_percent", 100*kib["MemAvailable"]/total)
	set("mem_used", used)
	set("mem_used_percent", 100*used/total)
	if r.swap {
		set("swap_free", kib["SwapFree"])
		set("swap_used", kib["SwapTotal"]-kib["SwapFree"])
		set("swap_used_percent", 100*(kib["SwapTotal"]-kib["SwapFree"])/kib["SwapTotal"])
	}
}

func (r *procReader) disks(out reading) {
	for path := range r.mounts {
		var s syscall.Statfs_t
		if syscall.Statfs(path, &s) != nil {
			continue // no longer mounted
		}
		set := func(name string, value float64) { out[instance{name, path}] = value }
		size := float64(s.Bsize)
		used, free := float64(s.Blocks-s.Bfree)*size, float64(s.Bavail)*size
		set("disk_total", float64(s.Blocks)*size)
		set("disk_used", used)
		set("disk_free", free)
		set("disk_used_percent", 100*used/(used+free))
		set("disk_inodes_total", float64(s.Files))
		set("disk_inodes_free", float64(s.Ffree))
		set("disk_inodes_used", float64(s.Files-s.Ffree))
	}
	for _, line := range r.lines("/proc/diskstats") {
		if f := strings.Fields(line); len(f) > 11 && !excludedDisk.MatchString(f[2]) {
			out[instance{"diskio_iops_in_progress", f[2]}] = number(f[11])
		}
	}
}

func (r *procReader) connections(out reading) {
	// include/net/tcp_states.h, from 1.
	states := []string{"established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2", "time_wait", "close", "close_wait", "last_ack", "listen", "closing"}
	for _, state := range states {
		out[instance{"netstat_tcp_" + state, ""}] = 0
	}
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if _, err := os.Stat(file); err != nil {
			continue // without IPv6
		}
		for _, line := range r.lines(file)[1:] {
			state, err := strconv.ParseInt(strings.Fields(line)[3], 16, 32)
			if err == nil && state >= 1 && int(state) <= len(states) {
				out[instance{"netstat_tcp_" + states[state-1], ""}]++
			}
		}
	}
}

func (r *procReader) processes(out reading) {
	names := map[byte]string{'R': "running", 'S': "sleeping", 'D': "blocked", 'Z': "zombies", 'T': "stopped", 't': "stopped", 'W': "paging", 'I': "idle"}
	for _, name := range names {
		out[instance{"processes_" + name, ""}] = 0
	}
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended
		}
		rest := string(text)[strings.LastIndexByte(string(text), ')')+1:]
		if rest = strings.TrimSpace(rest); rest == "" {
			continue
		}
		out[instance{"processes_total", ""}]++
		if name := names[rest[0]]; name != "" {
			out[instance{"processes_" + name, ""}]++
		}
	}
}

// span is the lowest and the highest value that was seen.
type span struct{ low, high float64 }

// watch reads the machine's gauges again and again until the returned function is called, which reads once
// more and says between which values each was.
func (r *procReader) watch() (stop func() map[instance]span) {
	spans := map[instance]span{}
	look := func() {
		for i, value := range r.gauges() {
			s, ok := spans[i]
			if !ok {
				s = span{value, value}
			}
			spans[i] = span{min(s.low, value), max(s.high, value)}
		}
	}
	look()
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * glance):
				look()
			}
		}
	})
	return sync.OnceValue(func() map[instance]span {
		close(done)
		wait.Wait()
		look()
		return spans
	})
}
