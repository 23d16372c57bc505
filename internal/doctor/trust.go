package doctor

import "strings"

// trustChecks say what whoever may write the fetched layers may do with this host; none where nothing is fetched.
func trustChecks(o Options) []Check {
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
	return []Check{c}
}
