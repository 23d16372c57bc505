//go:build linux

// Command bench compares cloudwatch_logs with upstream's awscloudwatchlogs, and cloudwatch_emf with awsemf, and prints
// a table:
//
//	go run ./tests/bench [-quick] [-only alone,plain,json,queued,floor,pipeline,tail,slow,idle,fair,emf]
//
// Each measurement is a child process, and so is the sink that it sends to, which takes part of the machine: CPU
// seconds compare better than the time that passes. Nothing leaves this host.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// job is what a child is to do, as JSON in its arguments.
type job struct {
	Kind     string // sink, alone, queued, floor, emf, emfmemory, emfdocuments; the parent does pipeline
	Exporter string
	Raw      bool
	Plain    bool // no compression, as upstream
	Lines    int
	Streams  int
	File     string
	URL      string
	Latency  time.Duration
	Bare     bool
	Tail     bool // ours reads with file_tail, and has no queue
	Strict   bool // with ordering: strict
	InFlight string
	ByStream bool           // the sink counts each stream's events
	Data     string         // which metrics
	Times    int            // how many batches of them
	Keys     map[string]any // further keys of the exporter
}

// figures are what a measurement finds. What is not measured is 0.
type figures struct {
	Lines     int     // or data points
	CPU, Wall float64 // seconds
	Mallocs   float64 // of each record
	Allocated float64 // bytes of each record
	HWM, Anon float64 // MiB
	Seen      stats
	Made      made
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) == 3 && os.Args[1] == "child" {
		return child(os.Args[2])
	}
	quick := flag.Bool("quick", false, "ten times smaller")
	only := flag.String("only", "alone,plain,json,queued,floor,pipeline,tail,slow,idle,fair,emf", "which measurements")
	bare := flag.Bool("bare", false, "the sink answers {} instead of a nextSequenceToken, without which upstream sends every request twice")
	binary := flag.String("binary", "bin/otelcol-cloudwatch", "the collector of the whole pipeline")
	flag.Parse()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is under the system's temporary directory
	b := bench{dir: dir, binary: *binary, bare: *bare, million: 1_000_000, only: strings.Split(*only, ",")}
	if *quick {
		b.million /= 10
	}
	return b.run()
}

func child(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	kinds := map[string]func(context.Context, job) (figures, error){
		"alone": alone, "queued": queued, "floor": floor, "emf": feedEMF, "emfmemory": keepEMF, "emfdocuments": writeEMF,
	}
	if j.Kind == "sink" {
		return serve(j)
	}
	if kinds[j.Kind] == nil {
		return fmt.Errorf("%q is no measurement", j.Kind)
	}
	got, err := kinds[j.Kind](context.Background(), j)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(got)
}

// cpuSeconds are those of this process, user's and system's.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are right
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// bench runs the measurements one after the other.
type bench struct {
	dir, binary string
	bare        bool
	million     int
	only        []string
}

func (b *bench) wants(name string) bool { return slices.Contains(b.only, name) }

func (b *bench) run() error {
	heading()
	for _, m := range []struct {
		name string
		f    func() error
	}{{"alone", b.alone("1 alone, raw", job{Raw: true})}, {"plain", b.alone("1 alone, raw, compression none", job{Raw: true, Plain: true})}, {"json", b.alone("2 alone, json", job{})}, {"queued", b.queued}, {"floor", b.floor}, {"pipeline", b.pipeline}, {"tail", b.tail}, {"slow", b.slow}, {"idle", b.idle}, {"fair", b.fair}, {"emf", b.emf}} {
		if !b.wants(m.name) {
			continue
		}
		if err := m.f(); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

func (b *bench) alone(name string, j job) func() error {
	return func() error {
		j.Kind, j.Lines = "alone", b.million
		_, err := b.both(name, j, cpu, mallocs, allocated, requests, wire)
		return err
	}
}

func (b *bench) queued() error {
	for _, streams := range []int{1, 100} {
		j := job{Kind: "queued", Raw: true, Lines: b.million, Streams: streams, Latency: 50 * time.Millisecond}
		if _, err := b.both(fmt.Sprintf("3 queue, 50 ms, %d streams", streams), j, wall, speed, cpu, requests, atOnce, wire); err != nil {
			return err
		}
	}
	j := job{Kind: "queued", Exporter: nobody, Lines: b.million, Streams: 100}
	return b.single("3 the feeding alone, in the above", j, cpu)
}

func (b *bench) floor() error {
	j := job{Kind: "floor", Exporter: ours, Lines: b.million, File: filepath.Join(b.dir, "floor.log")}
	if err := file(j.File, j.Lines); err != nil {
		return err
	}
	return errors.Join(b.single("4 the floor", j, cpu, mallocs, requests, wire), os.Remove(j.File))
}

func (b *bench) pipeline() error {
	if _, err := os.Stat(b.binary); err != nil {
		fmt.Printf("| 5 whole pipeline | left out: %s is not there; make build | | | |\n", b.binary)
		return nil
	}
	var more []figures
	for _, times := range []int{1, 2} {
		j := job{Kind: "pipeline", Lines: times * b.million, File: filepath.Join(b.dir, "pipeline.log")}
		if err := file(j.File, j.Lines); err != nil {
			return err
		}
		name := fmt.Sprintf("5 pipeline, %d MB", j.Lines*(lineSize+1)/1e6)
		got, err := b.both(name, j, wall, cpu, hwm, anon, requests, wire)
		if err := errors.Join(err, os.Remove(j.File)); err != nil {
			return err
		}
		for i, f := range got { // the larger less the smaller: without starting and stopping
			if times == 1 {
				more = append(more, f)
				continue
			}
			more[i] = figures{Lines: f.Lines - more[i].Lines, CPU: f.CPU - more[i].CPU, Wall: f.Wall - more[i].Wall}
		}
	}
	compare("5 pipeline, the second half of the larger", more, speed, cpu)
	return nil
}

// tail is the whole pipeline with file_tail, and no queue.
func (b *bench) tail() error {
	if _, err := os.Stat(b.binary); err != nil {
		fmt.Printf("| 6 file_tail | left out: %s is not there; make build | | | |\n", b.binary)
		return nil
	}
	j := job{Kind: "pipeline", Tail: true, Lines: 2 * b.million, File: filepath.Join(b.dir, "tail.log")}
	if err := file(j.File, j.Lines); err != nil {
		return err
	}
	name := fmt.Sprintf("6 file_tail → cloudwatch_logs, %d MB", j.Lines*(lineSize+1)/1e6)
	_, err := b.both(name+", gzip", j, wall, cpu, hwm, anon, requests, wire)
	j.Plain = true
	_, err2 := b.both(name+", no gzip", j, wall, cpu, hwm, anon)
	err3 := b.single("6 the floor, no gzip", job{Kind: "floor", Exporter: ours, Plain: true, Lines: j.Lines, File: j.File}, cpu)
	return errors.Join(err, err2, err3, os.Remove(j.File))
}

// slow is one file where each answer takes 50 ms.
func (b *bench) slow() error {
	j := job{Kind: "pipeline", Exporter: ours, Tail: true, Plain: true, Lines: 4 * b.million, File: filepath.Join(b.dir, "slow.log"), Latency: 50 * time.Millisecond}
	if err := file(j.File, j.Lines); err != nil {
		return err
	}
	errs := []error{b.single("7 one file, 50 ms, parallel", j, speed, cpu, atOnce, anon)}
	j.InFlight = "8MiB"
	errs = append(errs, b.single("7 one file, 50 ms, max_in_flight 8MiB", j, speed, cpu, atOnce, anon))
	j.InFlight, j.Latency = "", 0
	errs = append(errs, b.single("7 one file, no latency", j, speed, cpu, atOnce, anon))
	j.Strict, j.Latency, j.Lines = true, 50*time.Millisecond, b.million
	if err := file(j.File, j.Lines); err != nil {
		return err
	}
	errs = append(errs, b.single("7 one file, 50 ms, strict", j, speed, cpu, atOnce), os.Remove(j.File))
	return errors.Join(errs...)
}
