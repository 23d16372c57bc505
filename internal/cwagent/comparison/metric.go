// Package comparison sets what a configuration of the CloudWatch agent declares beside what a collector sends: names,
// dimensions and units of metrics, groups and streams of log files. What is declared is worked out from the agent's JSON
// alone, without the converters, so that their mistakes show.
package comparison

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Metric is a metric with one set of dimensions: what CloudWatch shows as one series for each combination of values.
type Metric struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Dimensions are names, sorted.
	Dimensions []string `json:"dimensions"`
	// Unit is CloudWatch's. Of a declared metric "" means that the agent's is not known here.
	Unit string `json:"unit,omitempty"`
	// Path is the agent's setting that declares it. Empty for what was sent.
	Path string `json:"path,omitempty"`
}

func (m Metric) series() string {
	return m.Namespace + "\x00" + m.Name + "\x00" + strings.Join(m.Dimensions, "\x00")
}

// String is NAMESPACE NAME {DIMENSION, …} UNIT.
func (m Metric) String() string {
	text := m.Namespace + " " + m.Name + " {" + strings.Join(m.Dimensions, ", ") + "}"
	if m.Unit != "" {
		text += " " + m.Unit
	}
	return text
}

// Document is the metrics of one document in the Embedded Metric Format. What is none has no metrics.
func Document(text []byte) []Metric {
	var document struct {
		AWS struct {
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	if json.Unmarshal(text, &document) != nil {
		return nil
	}
	var metrics []Metric
	for _, directive := range document.AWS.CloudWatchMetrics {
		for _, m := range directive.Metrics {
			for _, dimensions := range directive.Dimensions {
				dimensions = slices.Sorted(slices.Values(dimensions))
				metrics = append(metrics, Metric{Namespace: directive.Namespace, Name: m.Name, Dimensions: dimensions, Unit: cmp.Or(m.Unit, "None")})
			}
		}
	}
	return metrics
}

// Finding is what became of one declared series, or one that nothing declares.
type Finding struct {
	Metric
	// Result is what became of it.
	Result Result `json:"result"`
	// Sent is the unit that was sent, where it is another one.
	Sent string `json:"sent_unit,omitempty"`
}

// Result is what became of a declared series.
type Result string

// The results, from the worst to the best.
const (
	// Missing: declared, and not sent in the time that was looked at.
	Missing Result = "missing"
	// OtherUnit: sent with another unit.
	OtherUnit Result = "other_unit"
	// Extra: sent, and not declared.
	Extra Result = "extra"
	// Known: declared, and the conversion's report says that it is not sent.
	Known Result = "lost"
	// Same: sent as declared.
	Same Result = "same"
)

// Compare sets what is declared beside what was sent. lost says whether the conversion's report has a path among what is
// lost.
func Compare(declared, sent []Metric, lost func(path string) bool) []Finding {
	seen := map[string]Metric{}
	for _, m := range sent {
		seen[m.series()] = m
	}
	var findings []Finding
	wanted := map[string]bool{}
	for _, m := range declared {
		if wanted[m.series()] {
			continue
		}
		wanted[m.series()] = true
		got, is := seen[m.series()]
		f := Finding{Metric: m, Result: Same}
		switch {
		case !is && lost(m.Path):
			f.Result = Known
		case !is:
			f.Result = Missing
		case m.Unit != "" && m.Unit != got.Unit:
			f.Result, f.Sent = OtherUnit, got.Unit
		}
		findings = append(findings, f)
	}
	for _, m := range sent {
		if !wanted[m.series()] {
			wanted[m.series()] = true
			findings = append(findings, Finding{Metric: m, Result: Extra})
		}
	}
	order := []Result{Missing, OtherUnit, Extra, Known, Same}
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Result), slices.Index(order, b.Result)), cmp.Compare(a.series(), b.series()))
	})
	return findings
}
