// Package report says what became of each setting of a configuration that was converted.
package report

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// Outcome is what became of a setting.
type Outcome string

// The outcomes, from the best to the worst.
const (
	// Converted: the same is done.
	Converted Outcome = "converted"
	// Different: done, or not needed, with a difference that the entry tells. No telemetry is lost by it.
	Different Outcome = "different"
	// Lost: telemetry that the agent sends is not sent; the entry tells what to use instead.
	Lost Outcome = "lost"
	// Invalid: not what the agent accepts; nothing is converted.
	Invalid Outcome = "invalid"
)

func (o Outcome) rank() int {
	return slices.Index([]Outcome{Converted, Different, Lost, Invalid}, o)
}

// Entry is what became of one setting.
type Entry struct {
	// Path is the setting's, a JSON pointer into the merged configuration, or NAME#POINTER of another input, such as
	// common-config.toml#/proxy/http_proxy. It stands for all that is below it.
	Path string `json:"path"`
	// Outcome is what became of it.
	Outcome Outcome `json:"outcome"`
	// To is where it is now: LAYER: KEY::KEY, or an environment variable. Empty where it is nowhere.
	To string `json:"to,omitempty"`
	// Message says what differs, or why it could not be converted.
	Message string `json:"message,omitempty"`
	// Instead says what to use or to do.
	Instead string `json:"instead,omitempty"`
}

// Report has an entry for each setting, in the order of their paths.
type Report struct {
	Entries []Entry `json:"entries"`
}

// Converted says that a setting does the same at its new place.
func (r *Report) Converted(path, to string) {
	r.Entries = append(r.Entries, Entry{Path: path, Outcome: Converted, To: to})
}

// Different says what differs, and what can be done about it. What is nowhere has no new place.
func (r *Report) Different(path, to, message, instead string) {
	r.Entries = append(r.Entries, Entry{Path: path, Outcome: Different, To: to, Message: message, Instead: instead})
}

// Lost says what is not sent any more, why, and what to use instead.
func (r *Report) Lost(path, message, instead string) {
	r.Entries = append(r.Entries, Entry{Path: path, Outcome: Lost, Message: message, Instead: instead})
}

// Invalid says what the agent would not accept, and the remedy.
func (r *Report) Invalid(path, message, instead string) {
	r.Entries = append(r.Entries, Entry{Path: path, Outcome: Invalid, Message: message, Instead: instead})
}

// Covers says whether there is an entry for a path, or for what it stands below.
func (r *Report) Covers(path string) bool {
	return slices.ContainsFunc(r.Entries, func(e Entry) bool {
		return e.Path == path || strings.HasPrefix(path, e.Path+"/")
	})
}

// Count is how many entries have an outcome.
func (r *Report) Count(o Outcome) int {
	n := 0
	for _, e := range r.Entries {
		if e.Outcome == o {
			n++
		}
	}
	return n
}

// Sort puts entries in the order of their paths, the worst first where a path has several.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(b.Outcome.rank(), a.Outcome.rank()))
	})
}

// Err is nil, or says what is invalid: each path, its reason and the remedy.
func (r *Report) Err() error {
	var lines []string
	for _, e := range r.Entries {
		if e.Outcome != Invalid {
			continue
		}
		line := e.Path + ": " + e.Message
		if e.Instead != "" {
			line += ": " + e.Instead
		}
		lines = append(lines, line)
	}
	if lines == nil {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}
