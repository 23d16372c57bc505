package doctor

import (
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/redact"
)

// ReportVersion is the version of Report's JSON form. It changes when a field is removed or changes its
// meaning; new fields and new checks leave it as it is.
const ReportVersion = 1

// Report is what was found.
type Report struct {
	Version   int       `json:"version"`
	Generated time.Time `json:"generated"`
	Build     string    `json:"build"`
	// Status is the worst of all checks: problem, warning or ok.
	Status     Status    `json:"status"`
	DurationMS int64     `json:"duration_ms"`
	Sections   []Section `json:"sections"`
}

// Section is checks that belong together. The order of sections and checks is always the same.
type Section struct {
	ID     string  `json:"id"`
	Title  string  `json:"title"`
	Checks []Check `json:"checks"`
}

// Check is one thing that was looked at.
type Check struct {
	// ID is made for programs. It begins with the section's.
	ID     string `json:"id"`
	Title  string `json:"title"`
	Status Status `json:"status"`
	// Detail says in one sentence what was found; why, where nothing was checked.
	Detail string `json:"detail,omitempty"`
	Facts  []Fact `json:"facts,omitempty"`
	// Remedy is one line: what to do.
	Remedy     string `json:"remedy,omitempty"`
	DurationMS int64  `json:"duration_ms"`

	// unreached says that a call did not get to the service, so that its path is to blame.
	unreached bool
}

// Fact is one observation.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Status is the result of a check.
type Status string

// The results of a check.
const (
	OK Status = "ok"
	// Warning is what works now, or works in part, and should be looked at.
	Warning Status = "warning"
	// Problem keeps the collector from doing its work.
	Problem Status = "problem"
	// NotChecked is what was not looked at; the detail says why.
	NotChecked Status = "not_checked"
)

// Count is how many checks have a status.
func (r *Report) Count(s Status) int {
	n := 0
	for _, section := range r.Sections {
		for _, c := range section.Checks {
			if c.Status == s {
				n++
			}
		}
	}
	return n
}

// conclude sets the report's own status, and takes out what errors and URLs have of secrets.
func (r *Report) conclude() {
	for _, section := range r.Sections {
		for i := range section.Checks {
			c := &section.Checks[i]
			c.Detail, c.Remedy = redact.Text(c.Detail), redact.Text(c.Remedy)
			for j := range c.Facts {
				c.Facts[j].Value = redact.Text(c.Facts[j].Value)
			}
		}
	}
	r.Status = OK
	switch {
	case r.Count(Problem) > 0:
		r.Status = Problem
	case r.Count(Warning) > 0:
		r.Status = Warning
	}
}

// fact adds an observation that is there.
func (c *Check) fact(name, value string) {
	if value != "" {
		c.Facts = append(c.Facts, Fact{name, value})
	}
}

func notChecked(id, title, why string) Check {
	return Check{ID: id, Title: title, Status: NotChecked, Detail: why}
}
