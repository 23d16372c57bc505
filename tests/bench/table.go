//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// column is a figure of the table.
type column struct {
	name   string
	format string
	of     func(figures) float64
}

var (
	cpu       = column{"CPU s per million lines", "%.2f", func(f figures) float64 { return f.CPU / float64(f.Lines) * 1e6 }}
	wall      = column{"wall s", "%.2f", func(f figures) float64 { return f.Wall }}
	speed     = column{"lines/s", "%.0f", func(f figures) float64 { return float64(f.Lines) / f.Wall }}
	mallocs   = column{"mallocs per record", "%.2f", func(f figures) float64 { return f.Mallocs }}
	allocated = column{"bytes allocated per record", "%.0f", func(f figures) float64 { return f.Allocated }}
	requests  = column{"requests", "%.0f", func(f figures) float64 { return float64(f.Seen.Requests) }}
	atOnce    = column{"most requests at once", "%.0f", func(f figures) float64 { return float64(f.Seen.AtOnce) }}
	wire      = column{"wire MB", "%.1f", func(f figures) float64 { return float64(f.Seen.Wire) / 1e6 }}
	hwm       = column{"peak VmHWM MiB", "%.0f", func(f figures) float64 { return f.HWM }}
	anon      = column{"peak RssAnon MiB", "%.0f", func(f figures) float64 { return f.Anon }}
	arrived   = column{"**events that arrived**", "%.0f", func(f figures) float64 { return float64(f.Seen.Events) }}
)

func heading() {
	fmt.Print("| measurement | figure | ours | upstream | upstream/ours |\n|---|---|--:|--:|--:|\n")
}

// both measures ours and upstream's, and prints them.
func (b *bench) both(name string, j job, columns ...column) (got []figures, err error) {
	for _, exporter := range []string{ours, upstream} {
		j.Exporter = exporter
		f, err := b.one(j)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", exporter, err)
		}
		got = append(got, f)
	}
	if slices.ContainsFunc(got, incomplete) {
		columns = append(columns, arrived) // some were lost, or came twice
	}
	compare(name, got, columns...)
	return got, nil
}

func incomplete(f figures) bool { return f.Seen.Events != int64(f.Lines) }

func compare(name string, got []figures, columns ...column) {
	for _, c := range columns {
		ours, theirs := c.of(got[0]), c.of(got[1])
		fmt.Printf("| %s | %s | "+c.format+" | "+c.format+" | %.2f |\n", name, c.name, ours, theirs, theirs/ours)
	}
}

// single measures what has no counterpart.
func (b *bench) single(name string, j job, columns ...column) error {
	f, err := b.one(j)
	if j.Exporter != nobody && incomplete(f) {
		columns = append(columns, arrived)
	}
	for _, c := range columns {
		if err == nil {
			fmt.Printf("| %s | %s | "+c.format+" | | |\n", name, c.name, c.of(f))
		}
	}
	return err
}

// one runs a measurement with a sink of its own.
func (b *bench) one(j job) (got figures, err error) {
	var stop func() error
	if j.URL, stop, err = startSink(job{Kind: "sink", Latency: j.Latency, Bare: b.bare}); err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if j.Kind == "pipeline" && j.Latency > 0 {
		if _, err := ask(j.URL, "/reset"); err != nil {
			return got, err
		}
	}
	if j.Kind == "pipeline" {
		got, err = pipeline(b.binary, b.dir, j)
	} else {
		var text []byte
		if text, err = command(j).Output(); err == nil {
			err = json.Unmarshal(text, &got)
		}
	}
	if err != nil {
		return got, err
	}
	got.Seen, err = ask(j.URL, "/stats")
	return got, err
}

// startSink starts a sink, and returns its URL and what stops it.
func startSink(j job) (url string, stop func() error, err error) {
	sink := command(j)
	end, err1 := sink.StdinPipe()
	out, err2 := sink.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return "", nil, err
	}
	if err := sink.Start(); err != nil {
		return "", nil, err
	}
	stop = func() error { return errors.Join(end.Close(), sink.Wait()) }
	if url, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		return "", nil, errors.Join(err, stop())
	}
	return strings.TrimSpace(url), stop, nil
}

// command is this program as a child.
func command(j job) *exec.Cmd {
	text, err := json.Marshal(j)
	if err != nil {
		panic(err) // strings and numbers
	}
	c := exec.Command("/proc/self/exe", "child", string(text))
	c.Env = environment()
	c.Stderr = os.Stderr
	return c
}

// environment is this one's with keys that are nobody's, and without what else would lead to AWS.
func environment() []string {
	mine := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	return append(mine, "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
}
