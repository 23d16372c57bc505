package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/filepatterns"
)

// remarksLimit bounds what validate looks at on the disk.
const remarksLimit = 5 * time.Second

// Remarks are what is valid in a resolved configuration, and is probably a mistake: one line each, with key, value and remedy.
func Remarks(ctx context.Context, config map[string]any) (remarks []string) {
	p := newPlan(config)
	remarks, _ = limited(ctx, remarksLimit, func(ctx context.Context) []string { return p.patternRemarks(ctx) })
	return remarks
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
