//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// idle has ten thousand files that nobody writes to.
func (b *bench) idle() (err error) {
	folder := filepath.Join(b.dir, "idle")
	files := b.million / 100
	if err := many(folder, files, 10); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	period := time.Minute * time.Duration(b.million) / 1_000_000
	var got []figures
	for _, exporter := range []string{ours, upstream} {
		f, err := b.rest(exporter, folder, period)
		if err != nil {
			return fmt.Errorf("%s: %w", exporter, err)
		}
		got = append(got, f)
	}
	compare(fmt.Sprintf("8 %d idle files", files), got,
		column{"CPU s per minute", "%.2f", func(f figures) float64 { return f.CPU / f.Wall * 60 }}, anon, hwm)
	return nil
}

// rest measures a collector that has nothing to do, after it has found its files.
func (b *bench) rest(exporter, folder string, period time.Duration) (got figures, err error) {
	url, stop, err := startSink(job{Kind: "sink"})
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	receiver := "file_log"
	keys := fmt.Sprintf("endpoint: %q, log_group_name: /bench, log_stream_name: bench, raw_log: true", url)
	if exporter == ours {
		receiver = "file_tail"
		keys += ", sending_queue: {enabled: false}"
	}
	receiver += fmt.Sprintf(": {include: [%q]}", filepath.Join(folder, "*"))
	command, ended, err := collect(b.binary, b.dir, receiver, fmt.Sprintf(exporters[exporter], keys))
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, quit(command, ended)) }()
	time.Sleep(15 * time.Second) // they are found
	before := spent(command.Process.Pid)
	start := time.Now()
	for time.Since(start) < period {
		time.Sleep(sampling)
		got.Anon = max(got.Anon, memory(command.Process.Pid, "RssAnon:"))
	}
	got.CPU, got.Wall = spent(command.Process.Pid)-before, time.Since(start).Seconds()
	got.HWM = memory(command.Process.Pid, "VmHWM:")
	return got, nil
}

func quit(command *exec.Cmd, ended <-chan error) error {
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return <-ended
}

// spent are the CPU seconds of another process.
func spent(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100 // USER_HZ
}

// fair has a thousand files with a backlog each, and looks when half of all lines have arrived.
func (b *bench) fair() (err error) {
	const files = 1000
	folder := filepath.Join(b.dir, "fair")
	each := 2 * b.million / files
	if err := many(folder, files, each); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	url, stop, err := startSink(job{Kind: "sink", ByStream: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	receiver := fmt.Sprintf("file_tail: {include: [%q], start_at: beginning, file_attributes: resource}", filepath.Join(folder, "*"))
	exporter := fmt.Sprintf("cloudwatch_logs: {endpoint: %q, log_group_name: /bench, log_stream_name: '{resource:log.file.name}', raw_log: true, "+
		"compression: none, sending_queue: {enabled: false}}", url)
	command, ended, err := collect(b.binary, b.dir, receiver, exporter)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, quit(command, ended)) }()
	for start := time.Now(); time.Since(start) < 2*time.Minute; time.Sleep(sampling) {
		arrived, err := byStream(url)
		if err != nil {
			return err
		}
		var lags []int64
		total := int64(0)
		for n := range files {
			a := arrived[name(n)]
			total += a
			lags = append(lags, int64(each)-a)
		}
		if total < int64(files*each/2) {
			continue
		}
		slices.Sort(lags)
		fmt.Printf("| 9 %d files of %d lines, at half | lag in lines: smallest, median, largest | %d, %d, %d | | |\n", files, each, lags[0], lags[files/2], lags[files-1])
		fmt.Printf("| 9 %d files of %d lines, at half | largest lag / median lag | %.2f | | |\n", files, each, float64(lags[files-1])/float64(max(lags[files/2], 1)))
		return nil
	}
	return errors.New("half of the lines did not arrive")
}

func byStream(url string) (streams map[string]int64, err error) {
	r, err := http.Get(url + "/streams")
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Body.Close() }() // it was read
	return streams, json.NewDecoder(r.Body).Decode(&streams)
}

func name(n int) string { return fmt.Sprintf("%05d.log", n) }

// many writes files of a few lines.
func many(folder string, files, each int) error {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	text := []byte(strings.Join(lines(each), "\n") + "\n")
	for n := range files {
		unique := append(fmt.Appendf(nil, "this is file %d\n", n), text[:max(0, len(text)-lineSize-1)]...)
		if err := os.WriteFile(filepath.Join(folder, name(n)), unique, 0o600); err != nil {
			return err
		}
	}
	return nil
}
