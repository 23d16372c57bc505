package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metrics"
)

func TestPrintedEventsCannotSteerTheTerminal(t *testing.T) {
	var out bytes.Buffer
	p := newEventPrinter(&out)
	p.add("g", "host/var/log/app.log", "red \x1b[31m bell \a csi \u009b größer 日本\ttab", time.Now())
	p.flush()
	assert.Contains(t, out.String(), "log      app.log | red ·[31m bell · csi · größer 日本\ttab\n")
}

func TestPrintedEventsAreBounded(t *testing.T) {
	var out bytes.Buffer
	p := newEventPrinter(&out)
	for range watchedEvents + 5 {
		p.add("g", "s", strings.Repeat("ä", watchedRunes+1), time.Now())
	}
	p.flush()
	assert.Equal(t, watchedEvents+1, strings.Count(out.String(), "\n"))
	assert.Contains(t, out.String(), strings.Repeat("ä", watchedRunes)+"…\n")
	assert.Contains(t, out.String(), "… and 5 more events")
	out.Reset()
	p.flush()
	assert.Empty(t, out.String(), "nothing is printed twice")
}

func TestOnlyChangedAndWatchedMetricsArePrinted(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	series := func(name string, updated time.Time) metrics.SeriesStatus {
		return metrics.SeriesStatus{Name: name, Unit: "None", LastValue: 0.5, Updated: updated,
			Dimensions: []emf.Dimension{{Name: "host", Value: "h"}, {Name: "state", Value: "idle"}}}
	}
	status := metrics.Status{Series: []metrics.SeriesStatus{series("system.cpu.load", at), series("system.memory", at), series("system.cpu.old", at.Add(-time.Hour))}}
	var out bytes.Buffer
	seen := printMetrics(&out, status, []string{"system.cpu.*"}, at.Add(-time.Minute))
	assert.Equal(t, at, seen)
	assert.Contains(t, out.String(), "metrics  2 new values\n")
	assert.Regexp(t, `system\.cpu\.load +0\.5 +state=idle\n`, out.String())
	assert.NotContains(t, out.String(), "system.memory")
	assert.NotContains(t, out.String(), "system.cpu.old")
	out.Reset()
	printMetrics(&out, status, nil, seen)
	assert.Empty(t, out.String())
}
