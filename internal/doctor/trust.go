package doctor

import (
	"errors"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
)

// trustChecks say what whoever may write the fetched layers may do with this host; none where nothing is fetched. refusal is
// why the configuration cannot be read.
func trustChecks(o Options, refusal error) []Check {
	if o.Trust == nil {
		return nil
	}
	fetched, policy := o.Trust()
	if len(fetched) == 0 {
		return nil
	}
	c := Check{ID: "configuration.trust", Title: "Fetched layers", Status: OK, Detail: policy.Means()}
	for _, name := range fetched {
		c.fact("fetched", name)
	}
	var granted []string
	for _, capability := range policy.Allow {
		granted = append(granted, string(capability))
	}
	c.fact("allowed as a whole", strings.Join(granted, ", "))
	if refused, ok := errors.AsType[*trust.Error](refusal); ok {
		c.Status, c.Remedy = Problem, refused.Remedy()
		c.Detail = plural(len(refused.Refusals)+refused.More, "key") + " of them may not be set by a fetched layer: the configuration is not used"
		for _, where := range refused.Where()[:min(maxNamed, len(refused.Where()))] {
			c.fact("refused at", where)
		}
	} else if refusedBefore(o) {
		c.Status, c.Detail = Warning, "a collector has refused a configuration for what fetched layers set in it: "+c.Detail
		c.Remedy = "see what is said of the running collector"
	} else if refusal != nil {
		c.Status, c.Detail = NotChecked, "the configuration cannot be read, so that nothing says what is refused"
	}
	return []Check{c}
}

// refusedBefore reports whether a collector has said that it refused what fetched layers set.
func refusedBefore(o Options) bool {
	if o.Running == nil {
		return false
	}
	s, said, err := o.Running()
	return err == nil && said && s.Refused != nil && strings.Contains(s.Refused.Reason, trust.RefusalText)
}
