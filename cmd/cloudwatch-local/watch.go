package main

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metrics"
)

const (
	// watchInterval is the time between two looks at what is new.
	watchInterval = time.Second
	// watchedEvents is how many events are printed at most at each look; the rest is counted.
	watchedEvents = 20
	// watchedRunes is how much of a message is printed.
	watchedRunes = 160
	clock        = "15:04:05"
)

// eventPrinter prints log events as they arrive, without making the client wait for the terminal.
type eventPrinter struct {
	out io.Writer

	mu      sync.Mutex
	waiting []string
	more    int
}

func newEventPrinter(out io.Writer) *eventPrinter { return &eventPrinter{out: out} }

func (p *eventPrinter) add(_, stream, message string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == watchedEvents {
		p.more++
		return
	}
	if short := []rune(message); len(short) > watchedRunes {
		message = string(short[:watchedRunes]) + "…"
	}
	// %q would hide other scripts; only what could steer a terminal is escaped.
	message = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '·'
		}
		return r
	}, message)
	p.waiting = append(p.waiting, fmt.Sprintf("%s  log      %s | %s", at.Local().Format(clock), path.Base(stream), message))
}

func (p *eventPrinter) flush() {
	p.mu.Lock()
	lines, more := p.waiting, p.more
	p.waiting, p.more = nil, 0
	p.mu.Unlock()
	for _, line := range lines {
		fmt.Fprintln(p.out, line)
	}
	if more > 0 {
		fmt.Fprintf(p.out, "          … and %d more events\n", more)
	}
}

// watch prints what arrives until ctx ends; then the channel is closed.
func watch(ctx context.Context, server *awslocal.Server, events *eventPrinter, names []string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(watchInterval)
		defer ticker.Stop()
		var seen time.Time
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-ticker.C:
			}
			events.flush()
			seen = printMetrics(events.out, server.Metrics.Status(), names, seen)
		}
	}()
	return done
}

// printMetrics prints the series that changed since the last look, and returns the time of this one.
func printMetrics(out io.Writer, status metrics.Status, names []string, seen time.Time) time.Time {
	var changed []metrics.SeriesStatus
	latest, updated := seen, 0
	for _, s := range status.Series {
		if !s.Updated.After(seen) {
			continue
		}
		updated++
		if s.Updated.After(latest) {
			latest = s.Updated
		}
		if watched(s.Name, names) {
			changed = append(changed, s)
		}
	}
	if updated == 0 {
		return seen
	}
	slices.SortFunc(changed, func(a, b metrics.SeriesStatus) int {
		return strings.Compare(a.Name+dimensions(a.Dimensions), b.Name+dimensions(b.Dimensions))
	})
	fmt.Fprintf(out, "%s  metrics  %d new values\n", latest.Local().Format(clock), updated)
	for _, s := range changed {
		fmt.Fprintf(out, "          %-32s %10.4g %s  %s\n", s.Name, s.LastValue, unitName(s.Unit), dimensions(s.Dimensions))
	}
	return latest
}

func unitName(unit string) string {
	if unit == "None" {
		return ""
	}
	return unit
}

// dimensions without the host, which is the same for all.
func dimensions(list []emf.Dimension) string {
	var parts []string
	for _, d := range list {
		if d.Name != "host" {
			parts = append(parts, d.Name+"="+d.Value)
		}
	}
	return strings.Join(parts, " ")
}

func watched(name string, patterns []string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	})
}
