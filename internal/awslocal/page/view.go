package page

import (
	"cmp"
	"slices"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/ssm"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/xray"
)

// How much the page shows: what a person reads without searching. /_status has the rest.
const (
	maxGroups     = 20
	maxStreams    = 8 // of each group
	maxEvents     = 10
	maxTags       = 10
	maxNamespaces = 20
	maxSeries     = 40 // of each namespace
	maxInvalid    = 20
	maxParameters = 50
	maxTraces     = 20
	maxFaults     = 50
	maxOperations = 100
)

// view is what the template shows: text, already bounded and formatted.
type view struct {
	Data
	Refresh, RefreshSeconds int
	Uptime                  string
	Clock                   moment
	Empty                   bool
	Tiles                   []tile
	Groups                  bounded[groupView]
	Namespaces              bounded[namespaceView]
	Invalid                 bounded[invalidView]
	Parameters              bounded[parameterView]
	Traces                  bounded[traceView]
	Rules                   bounded[faultView]
	Operations              bounded[operationView]
}

// bounded is the part of a list that is shown.
type bounded[T any] struct {
	Shown []T
	More  string // how many are left out, or ""
}

// bound shows at most limit elements of a list of total.
func bound[S, T any](list []S, limit, total int, show func(S) T) bounded[T] {
	var b bounded[T]
	for _, element := range list[:min(limit, len(list))] {
		b.Shown = append(b.Shown, show(element))
	}
	if more := total - len(b.Shown); more > 0 {
		b.More = count(int64(more))
	}
	return b
}

// tile is one of the totals at the top.
type tile struct {
	Name, Value, Note string
	Link              string // the section's id
	Exact             string // where Value is rounded
	Bad               bool
}

// total is a tile whose number is rounded where its digits would not fit.
func total(name string, n int64, note, link string, bad bool) tile {
	t := tile{Name: name, Value: count(n), Note: note, Link: link, Bad: bad}
	if n >= 1e6 {
		t.Value, t.Exact = scaled(float64(n), ""), t.Value
	}
	return t
}

type operationView struct {
	Service, Operation, Count, Errors string
	Failed                            bool
}

type parameterView struct {
	Name, Type, Tier, Version, Size, Value string
	Secret                                 bool
	Labels                                 []string
	Modified                               moment
}

type traceView struct {
	ID, Name, Segments, Duration string
	Start                        moment
	Marks                        []string
}

type faultView struct {
	ID, Kind, Where, When, Matched, Applied string
	Spent                                   bool
}

func newView(d Data, refresh int) view {
	v := view{
		Data: d, Refresh: refresh, RefreshSeconds: refreshSeconds,
		Uptime: duration(d.Now.Sub(d.Started).Truncate(time.Second).Seconds()), Clock: newMoment(d.Now, d.Now),
		Groups: groupViews(d), Namespaces: namespaceViews(d), Invalid: invalidViews(d),
	}
	v.Parameters = bound(d.SSM.Parameters, maxParameters, len(d.SSM.Parameters), func(p ssm.ParameterStatus) parameterView {
		return parameterView{
			Name: clip(p.Name), Type: p.Type, Tier: p.Tier, Version: count(p.Version), Size: bytesText(int64(p.Size)), Value: clip(p.Value),
			Secret: p.Type == "SecureString", Labels: p.Labels, Modified: newMoment(p.LastModified, d.Now),
		}
	})
	v.Traces = bound(d.XRay.Traces, maxTraces, len(d.XRay.Traces), func(t xray.TraceStatus) traceView {
		shown := traceView{
			ID: t.ID, Name: clip(t.Name), Segments: count(int64(t.Segments)), Duration: duration(t.Duration.Seconds()), Start: newMoment(t.Start, d.Now),
		}
		for _, mark := range []struct {
			is   bool
			name string
		}{{t.Fault, "fault"}, {t.Error, "error"}, {t.Throttle, "throttle"}} {
			if mark.is {
				shown.Marks = append(shown.Marks, mark.name)
			}
		}
		return shown
	})
	v.Rules = bound(d.Faults, maxFaults, len(d.Faults), newFaultView)
	requests := slices.Clone(d.Requests)
	slices.SortStableFunc(requests, func(a, b OperationCount) int { return cmp.Compare(b.Count, a.Count) })
	v.Operations = bound(requests, maxOperations, len(requests), func(o OperationCount) operationView {
		return operationView{o.Service, o.Operation, count(o.Count), count(o.Errors), o.Errors > 0}
	})
	v.Empty = len(d.Requests) == 0 && len(d.Logs.Groups) == 0 && d.Metrics.SeriesCount == 0 && len(d.SSM.Parameters) == 0 && len(d.XRay.Traces) == 0
	v.Tiles = tiles(d)
	return v
}

func tiles(d Data) []tile {
	var calls, failed int64
	for _, o := range d.Requests {
		calls, failed = calls+o.Count, failed+o.Errors
	}
	rejected := d.Logs.Rejected.TooNew + d.Logs.Rejected.TooOld + d.Logs.Rejected.Expired
	invalid := d.Metrics.EMF.ParsingErrors + d.Metrics.EMF.ValidationErrors
	points := d.Metrics.Totals.PointsFromEMF + d.Metrics.Totals.PointsFromPut
	list := []tile{
		total("Requests", calls, noted(failed, "with an error"), "requests", failed > 0),
		total("Log events", d.Logs.Accepted, noted(rejected, "rejected"), "logs", rejected > 0),
		total("Metrics", int64(d.Metrics.SeriesCount), noted(points, "data points"), "metrics", false),
		total("Parameters", int64(len(d.SSM.Parameters)), "", "parameters", false),
		total("Trace segments", d.XRay.Segments, noted(d.XRay.Rejected, "unprocessed"), "traces", d.XRay.Rejected > 0),
	}
	if n := d.OTLP.LogRecords + d.OTLP.DataPoints + d.OTLP.Spans; n > 0 {
		list = append(list, total("OTLP items", n, noted(d.OTLP.Rejected, "rejected"), "requests", d.OTLP.Rejected > 0))
	}
	if len(d.Metrics.InvalidEMF) > 0 {
		list = append(list, total("Invalid EMF", invalid, "in "+plural(d.Metrics.EMF.Documents, "document", "documents"), "invalid", true))
	}
	if len(d.Faults) > 0 {
		spent := int64(0)
		for _, state := range d.Faults {
			if newFaultView(state).Spent {
				spent++
			}
		}
		list = append(list, total("Faults active", int64(len(d.Faults))-spent, noted(spent, "spent"), "faults", false))
	}
	return list
}

func noted(n int64, what string) string {
	if n == 0 {
		return ""
	}
	return count(n) + " " + what
}

func newFaultView(s faults.State) faultView {
	shown := faultView{
		ID: clip(s.ID), Kind: string(s.Kind), Matched: count(s.Matched), Applied: count(s.Applied),
		Spent: s.Count > 0 && s.Applied >= s.Count,
	}
	add := func(to *string, text string) {
		if *to != "" {
			*to += ", "
		}
		*to += text
	}
	for _, p := range []struct{ name, pattern string }{
		{"service", s.Service}, {"operation", s.Operation}, {"log group", s.LogGroup}, {"log stream", s.LogStream},
	} {
		if p.pattern != "" {
			add(&shown.Where, p.name+" "+clip(p.pattern))
		}
	}
	if shown.Where == "" {
		shown.Where = "every call"
	}
	if s.Skip > 0 {
		add(&shown.When, "after "+plural(s.Skip, "call", "calls"))
	}
	if s.Every > 1 {
		add(&shown.When, "one call in "+count(s.Every))
	}
	if s.Probability > 0 {
		add(&shown.When, "at random, "+plain(s.Probability*100)+" %")
	}
	if s.Count > 0 {
		add(&shown.When, count(s.Count)+" in all")
	}
	if s.Latency > 0 {
		add(&shown.When, "delay "+time.Duration(s.Latency).String())
	}
	if s.Reject > 0 {
		add(&shown.When, "first "+count(int64(s.Reject))+" of each batch")
	}
	if shown.When == "" {
		shown.When = "always"
	}
	return shown
}
