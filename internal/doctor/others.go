package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// otherChecks look at the hosts that other_hosts lists: which way each takes, and whether it resolves. There is none without
// such a list.
func otherChecks(ctx context.Context, r *routing) []Check {
	if r.table == nil || len(r.config.OtherHosts) == 0 {
		return nil
	}
	return []Check{timed(ctx, pathLimit, "configuration.other_hosts", "Other hosts", func(ctx context.Context) Check {
		return othersCheck(r.table.InspectOthers(ctx))
	})}
}

func othersCheck(all []awsroute.OtherInspection, more int) Check {
	c := Check{Status: OK}
	looked, failed := 0, 0
	for i := range all {
		line, remedy, looks := otherLine(&all[i])
		if looks {
			looked++
		}
		if remedy != "" {
			failed++
			c.Status, c.Remedy = Warning, remedy
		}
		c.fact(all[i].Host, line)
	}
	if more > 0 {
		c.fact("not looked at", fmt.Sprintf("%d more", more))
	}
	if c.Detail = plural(looked, "host") + " looked at"; failed > 0 {
		c.Detail += fmt.Sprintf(", %d cannot be reached as they are listed", failed)
	}
	return c
}

// otherLine is everything about one host, and what to do where it cannot be reached. looks says that there was something to
// look at.
func otherLine(o *awsroute.OtherInspection) (line, remedy string, looks bool) {
	switch {
	case o.Pattern:
		return "via " + o.Via + "; it stands for many, and is not looked at", "", false
	case o.Via == awsroute.ViaRefuse && o.Before:
		return "refused by an earlier entry", "put the entry of " + o.Host + " before the one that refuses it", true
	case o.Via == awsroute.ViaRefuse:
		return "refused", "", false
	}
	if line = "via " + o.Via; o.Before {
		line += " of an earlier entry"
	}
	if o.Refused != nil {
		if refused, ok := errors.AsType[*awsroute.RefusedError](o.Refused); ok && refused.Reason == awsroute.ReasonUnknownName {
			return line + ", refused: a name of AWS, which other_hosts is not asked for", "add its region to other_regions, or its URL to endpoints", true
		}
		return line + ", refused: " + brief(o.Refused), cmp.Or(pathRemedy(o.Refused), "mend what is said of it"), true
	}
	if o.Route == "" {
		return line + "; the table serves it by its own routes", "", true
	}
	if o.Route != o.Via {
		line += " (" + o.Route + ")"
	}
	if !strings.Contains(strings.ToLower(o.Host), o.Resolved) {
		line += ", " + o.Resolved // the proxy resolves the rest
	}
	if o.DNSErr != nil {
		return line + ", DNS: " + dnsReason(o.DNSErr), "check the spelling of " + o.Resolved + ", and which DNS server this host asks", true
	}
	allowed := 0
	for _, a := range o.Addresses {
		line += ", " + fmt.Sprintf("%s (%s)", a.Address, a.Scope)
		if a.Refused != nil {
			line += " refused"
			remedy = pathRemedy(a.Refused)
			continue
		}
		allowed++
	}
	if allowed > 0 {
		remedy = ""
	}
	switch {
	case !o.Dialed || allowed == 0:
	case o.Err != nil:
		line += ", TCP: " + brief(o.Err)
		remedy = "let this host connect to " + o.Host + " on that way: firewall, routes, proxy; and see that something listens there"
	default:
		line += ", connected in " + millis(o.Took)
	}
	return line, remedy, true
}
