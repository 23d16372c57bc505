package doctor

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/groups"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/filepatterns"
)

// remarksLimit bounds what validate looks at on the disk.
const remarksLimit = 5 * time.Second

// Remarks are what is valid in a resolved configuration, and is probably a mistake: one line each, with key, value and remedy.
func Remarks(ctx context.Context, config map[string]any) (remarks []string) {
	p := newPlan(config)
	remarks, _ = limited(ctx, remarksLimit, func(ctx context.Context) []string { return p.patternRemarks(ctx) })
	return append(remarks, p.groupRemarks()...)
}

// groupRemarks are of exporters that want different things of one log group.
func (p *plan) groupRemarks() []string {
	var wishes []groups.Wish
	for _, c := range p.clients {
		if c.wish != nil {
			wishes = append(wishes, *c.wish)
		}
	}
	return groups.Conflicts(wishes)
}

// groupChecks is one check where exporters want different things of one log group, and none otherwise.
func groupChecks(p *plan) []Check {
	conflicts := p.groupRemarks()
	if len(conflicts) == 0 {
		return nil
	}
	c := Check{ID: "configuration.groups", Title: "Log groups", Status: Warning, Detail: plural(len(conflicts), "pair") + " of exporters want different things of one log group",
		Remedy: "write the same in both, or use two groups"}
	for _, one := range conflicts {
		c.fact("conflict", one)
	}
	return []Check{c}
}

// wish is what an exporter to CloudWatch Logs wants of its groups, if it makes or changes any.
func wish(id string, s settings) *groups.Wish {
	group := text(s["log_group_name"])
	if strings.HasSuffix(typeOf(id), "emf") && group == "" {
		group = "/metrics/" + cmp.Or(text(s["namespace"]), "{resource:service.name}")
	}
	if typeOf(id) == "awsxray" || group == "" || s["create"] == false && text(s["existing_log_retention"]) != "set" && text(s["existing_log_retention"]) != "extend" {
		return nil
	}
	days, _ := strconv.ParseInt(text(s["log_retention"]), 10, 32)
	account := strings.Join([]string{text(s["region"]), text(s["endpoint"]), text(s["role_arn"]), fmt.Sprint(table(s, "credentials")["assume_role"])}, " ")
	return &groups.Wish{Exporter: id, Account: account, Group: names.PatternOf(names.Group, group), Days: int32(days), Class: text(s["log_group_class"])}
}

// patternRemarks are of patterns that match no file of this host. Of those without a sign of a mistake nothing is said: the
// configuration may be another host's.
func (p *plan) patternRemarks(ctx context.Context) (remarks []string) {
	for _, t := range p.tails {
		for i, pattern := range t.include {
			if m, ok := filepatterns.Check(pattern); !ok || !m.Never {
				if found, err := match(ctx, pattern, t); err != nil || len(found.files)+len(found.refused) > 0 {
					continue // what is no pattern at all is an error
				}
			}
			if why := filepatterns.Explain(ctx, &t.rules, pattern); why.Likely {
				remarks = append(remarks, fmt.Sprintf("receivers::%s::include[%d]: %q matches no file here: %s: %s", t.component, i, pattern, why.Problem, why.Remedy))
			}
		}
		for i, pattern := range t.exclude {
			if m, ok := filepatterns.Check(pattern); ok && m.Never {
				remarks = append(remarks, fmt.Sprintf("receivers::%s::exclude[%d]: %q excludes nothing: %s: %s", t.component, i, pattern, m.Problem, m.Remedy))
			}
		}
	}
	return remarks
}
