//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	sampling = 50 * time.Millisecond
	quiet    = time.Second      // without a request: it may be over
	silent   = 30 * time.Second // without a request: it is over, whatever is missing
)

// exporters are the YAML of each; upstream's queue is bestQueue.
var exporters = map[string]string{
	ours: "cloudwatch_logs: {%s}",
	upstream: "awscloudwatchlogs: {%s, sending_queue: {num_consumers: 10, sizer: bytes, queue_size: 33554432, " +
		"block_on_overflow: true, batch: {sizer: bytes, min_size: 1048576}}}",
}

const pipelineYAML = `receivers:
  %s
exporters:
  %s
service:
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines: {logs: {receivers: [%s], exporters: [%s]}}
`

// pipeline runs the real binary until everything has arrived. It is the parent that measures it.
func pipeline(binary, dir string, j job) (got figures, err error) {
	keys := fmt.Sprintf("endpoint: %q, log_group_name: /bench, log_stream_name: bench, raw_log: true", j.URL)
	receiver := fmt.Sprintf("file_log: {include: [%q], start_at: beginning}", j.File)
	if j.Exporter == ours && j.Tail {
		ordering := "parallel"
		if j.Strict {
			ordering = "strict"
		}
		if j.InFlight != "" {
			ordering += ", max_in_flight: " + j.InFlight
		}
		receiver = fmt.Sprintf("file_tail: {include: [%q], start_at: beginning, ordering: %s}", j.File, ordering)
		keys += ", sending_queue: {enabled: false}"
	}
	if j.Exporter == ours && j.Plain {
		keys += ", compression: none"
	}
	start := time.Now()
	command, ended, err := collect(binary, dir, receiver, fmt.Sprintf(exporters[j.Exporter], keys))
	if err != nil {
		return got, err
	}
	got = figures{Lines: j.Lines}
	last, err := watch(j, command.Process.Pid, ended, &got)
	if err != nil {
		_ = command.Process.Kill()
		return got, err
	}
	got.Wall = last.Sub(start).Seconds()
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return got, err
	}
	if err := <-ended; err != nil {
		return got, err
	}
	state := command.ProcessState
	got.CPU = (state.UserTime() + state.SystemTime()).Seconds()
	return got, nil
}

// collect starts the collector with one receiver and one exporter, and tells its end.
func collect(binary, dir, receiver, exporter string) (*exec.Cmd, <-chan error, error) {
	name, _, _ := strings.Cut(exporter, ":")
	reader, _, _ := strings.Cut(receiver, ":")
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, pipelineYAML, receiver, exporter, reader, name), 0o600); err != nil {
		return nil, nil, err
	}
	command := exec.Command(binary, "--config", config)
	command.Env = environment()
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	return command, ended, nil
}

// watch samples the process's memory until the sink has got everything.
func watch(j job, pid int, ended <-chan error, got *figures) (last time.Time, err error) {
	start := time.Now()
	for tick := 0; ; tick++ {
		select {
		case err := <-ended:
			return last, errors.Join(errors.New("the collector ended by itself"), err)
		case <-time.After(sampling):
		}
		got.HWM = max(got.HWM, memory(pid, "VmHWM:"))
		got.Anon = max(got.Anon, memory(pid, "RssAnon:"))
		if tick%4 > 0 {
			continue
		}
		seen, err := ask(j.URL, "/glance")
		if err != nil {
			return last, err
		}
		idle := time.Since(seen.Last)
		if seen.Requests == 0 {
			idle = time.Since(start)
		}
		if idle < quiet || seen.Requests == 0 && idle < silent {
			continue
		}
		if seen, err = ask(j.URL, "/stats"); err != nil {
			return last, err
		}
		if seen.Events >= int64(j.Lines) || idle > silent {
			return seen.Last, nil
		}
	}
}

// memory is a figure of /proc/PID/status in MiB, or 0.
func memory(pid int, name string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), name)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseFloat(fields[0], 64)
	return kib / 1024
}
