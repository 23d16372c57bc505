package awspolicy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Need is a feature that somebody needs, with values for some of its places.
type Need struct {
	Feature string
	Values  Values
	// Principal is the role that needs it; empty for the identity that the host has.
	Principal string
	// For is the component, the layer or the placeholder that needs it.
	For string
}

// partitions are the partitions by the beginnings of their regions' names; aws has all others.
var partitions = []struct{ region, name, suffix string }{
	{"cn-", "aws-cn", "amazonaws.com.cn"},
	{"us-gov-", "aws-us-gov", "amazonaws.com"},
	{"eusc-", "aws-eusc", "amazonaws.eu"},
	{"us-iso-", "aws-iso", "c2s.ic.gov"},
	{"us-isob-", "aws-iso-b", "sc2s.sgov.gov"},
	{"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"},
	{"us-isof-", "aws-iso-f", "csp.hci.ic.gov"},
}

// located are the values that a region has.
func located(v Values) Values {
	located := Values{"PARTITION": "aws", "DNS_SUFFIX": "amazonaws.com"}
	for _, p := range partitions {
		if strings.HasPrefix(v["REGION"], p.region) {
			located["PARTITION"], located["DNS_SUFFIX"] = p.name, p.suffix
		}
	}
	return located
}

// Policy is the policy that allows all needs, which are of one kind. Fixed values go before those of needs.
func Policy(needs []Need, fixed Values) (Document, error) {
	d := Document{Version: Version}
	var kind Kind
	at := map[string]int{} // by Sid and what sets a statement apart
	for _, n := range needs {
		f, err := Named(n.Feature)
		if err != nil {
			return Document{}, err
		}
		if kind == "" {
			kind = f.Kind
		}
		if f.Kind != kind {
			return Document{}, fmt.Errorf("%s is for an %s policy and another feature for an %s policy: they are attached to different things; ask for each alone", f.Name, f.Kind, kind)
		}
		for _, sid := range f.grants {
			s := statement(sid, kind, fixed, n.Values, f.Defaults)
			apart := sid + fmt.Sprint(s.Principal, s.Condition)
			if i, ok := at[apart]; ok {
				d.Statement[i].Resource = append(d.Statement[i].Resource, s.Resource...)
				continue
			}
			at[apart] = len(d.Statement)
			d.Statement = append(d.Statement, s)
		}
	}
	seen := map[string]int{}
	for i := range d.Statement {
		s := &d.Statement[i]
		s.Resource = distinct(s.Resource)
		if seen[s.Sid]++; seen[s.Sid] > 1 {
			s.Sid = fmt.Sprint(s.Sid, seen[s.Sid]) // a Sid stands once in a policy
		}
	}
	return d, nil
}

// statement is a grant with values in its places; the first that has one is taken.
func statement(sid string, kind Kind, values ...Values) Statement {
	g := grants[sid]
	joined := Values{}
	for _, v := range slices.Backward(values) {
		maps.Copy(joined, v)
	}
	exact := Values{}
	maps.Copy(exact, located(joined))
	maps.Copy(exact, joined)
	// Where a pattern may stand, any region will do; any account only for an identity, which is its account's.
	loose := Values{"REGION": "*"}
	if kind == Identity {
		loose["ACCOUNT"] = "*"
	}
	maps.Copy(loose, exact)

	s := Statement{Sid: sid, Effect: "Allow", Action: slices.Clone(g.actions)}
	if kind != Trust {
		for _, r := range g.resources {
			s.Resource = append(s.Resource, fill(r, loose))
		}
	}
	switch {
	case kind == Endpoint && g.principal["AWS"] == "*":
		s.Principal = "*" // every identity, those without an account's included
	case g.principal != nil:
		p := map[string]string{}
		for k, v := range g.principal {
			p[k] = fill(v, exact)
		}
		s.Principal = p
	}
	for operator, of := range g.condition {
		if s.Condition == nil {
			s.Condition = Conditions{}
		}
		s.Condition[operator] = map[string]string{}
		with := exact
		if strings.HasSuffix(operator, "Like") {
			with = loose
		}
		for k, v := range of {
			s.Condition[operator][fill(k, exact)] = fill(v, with)
		}
	}
	return s
}
