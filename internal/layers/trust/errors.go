package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// Refusal is one thing that a remote layer may not set.
type Refusal struct {
	// Path is its key.
	Path []string
	// Value is what it has, without secrets.
	Value string
	// Capability would allow it.
	Capability Capability
	// Why says what it does.
	Why string
	// Origin is where it was written.
	Origin layers.Origin
}

// RefusalText stands in each refusal.
const RefusalText = "a fetched layer may not have this"

func (r Refusal) String() string {
	text := strings.Join(r.Path, delimiter)
	if r.Value != "" {
		text += ": " + r.Value
	}
	return fmt.Sprintf("%s (%s): %s, as it %s (%s)", text, r.Origin, RefusalText, r.Why, r.Capability)
}

// Error is everything that remote layers set and may not.
type Error struct {
	Refusals []Refusal
	// More is how many others there are.
	More int
}

// Error has each refusal on a line, and the remedy on the last one.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Refusals)+2)
	for _, r := range e.Refusals {
		lines = append(lines, r.String())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", e.More))
	}
	return strings.Join(append(lines, "hint: "+e.Remedy()), "\n")
}

// Capabilities are those that would allow all of it.
func (e *Error) Capabilities() []Capability {
	var all []Capability
	for _, c := range Capabilities {
		if slices.ContainsFunc(e.Refusals, func(r Refusal) bool { return r.Capability == c }) {
			all = append(all, c)
		}
	}
	return all
}

// Remedy says what an operator of the host may do.
func (e *Error) Remedy() string {
	need := e.Capabilities()
	text := fmt.Sprintf("take it out of the fetched layer, move it to a layer on the host, or allow it there: %s: {allow: [%s]}", layers.SectionRemote, list(need))
	for capability, key := range map[Capability]string{Read: "paths", Send: "hosts", Environment: "environment"} {
		if slices.Contains(need, capability) {
			text += fmt.Sprintf("; %s: […] allows less than %s", key, capability)
		}
	}
	return text
}

// Where are the places of all refusals, each once.
func (e *Error) Where() []string {
	var all []string
	for _, r := range e.Refusals {
		if at := r.Origin.String(); !slices.Contains(all, at) {
			all = append(all, at)
		}
	}
	return all
}
