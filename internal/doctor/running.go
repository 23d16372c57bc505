package doctor

import (
	"fmt"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

// runningChecks report what a running collector has said of its configuration.
func runningChecks(o Options) []Check {
	if o.Running == nil {
		return nil
	}
	c := Check{ID: "configuration.running", Title: "Running", Status: OK}
	s, said, err := o.Running()
	switch {
	case err != nil:
		c.Status, c.Detail = NotChecked, "what the collector said cannot be read: "+oneLine(err)
		return []Check{c}
	case !said:
		c.Status, c.Detail = NotChecked, "no collector has run with these --config values and this state folder"
		return []Check{c}
	}
	c.Detail = "the newest configuration that a collector has seen"
	if r := s.Refused; r != nil {
		c.Status = Problem
		c.Detail = fmt.Sprintf("a newer configuration is not used (%s): %s", r.Outcome, strings.Join(strings.Fields(r.Reason), " "))
		for _, where := range r.Where {
			c.fact("at", where)
		}
		c.fact("refused", stamp(r.At))
		if !r.RetryAt.IsZero() {
			c.fact("tried again", stamp(r.RetryAt))
		}
		c.Remedy = remedyForRefusal(r)
	}
	for _, l := range s.LeftOut {
		if c.Status == OK {
			c.Status = Warning
			c.Remedy = "stop what has the address, or configure another one; the collector tries it again by itself"
		}
		c.fact("left out", fmt.Sprintf("%s at %s: %s", l.Component, l.Address, l.Reason))
	}
	if s.Running.Hash != "" {
		c.fact("since", stamp(s.Running.Since))
	}
	if s.Running.LastKnownGood {
		c.fact("runs", "the last known good configuration, of "+stamp(s.LastKnownGood))
	}
	if !s.LastKnownGood.IsZero() && !s.Running.LastKnownGood {
		c.fact("last known good", s.LastKnownGood.UTC().Format(time.DateTime)+" UTC")
	}
	return []Check{c}
}

func remedyForRefusal(r *reload.Refusal) string {
	switch r.Outcome {
	case reload.Unreachable:
		return "see the ways and credentials below; the collector tries again by itself"
	case reload.Failed:
		return "mend what the message names, and store the configuration again"
	}
	return "mend the layer; the collector takes it as soon as it is valid"
}
