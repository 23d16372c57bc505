package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// target is a way in which a service is called: by whom, at which URL.
type target struct {
	endpoint, role, externalID string

	group string   // of logs, where one is named without placeholders
	users []string // components
}

// targets of a service: the process's own, if any component uses it or none is known, then one for each
// endpoint and role that components have of their own.
func (a *access) targets(s awsnames.Service) []target {
	targets := []target{{}}
	for _, c := range a.plan.clients {
		if c.service != s || c.region != "" && c.region != a.region {
			continue
		}
		at := -1
		for i, t := range targets {
			if t.endpoint == c.endpoint && t.role == c.role && t.externalID == c.externalID {
				at = i
			}
		}
		if at < 0 {
			targets = append(targets, target{endpoint: c.endpoint, role: c.role, externalID: c.externalID})
			at = len(targets) - 1
		}
		t := &targets[at]
		t.users = append(t.users, c.component)
		if t.group == "" && !strings.ContainsAny(c.logGroup, "{}") {
			t.group = c.logGroup
		}
	}
	if len(targets) > 1 && len(targets[0].users) == 0 && s != awsnames.STS {
		targets = targets[1:] // nobody calls it in the process's own way
	}
	return targets
}

// serviceSection is one service: its ways, and a signed call on each.
func (a *access) serviceSection(ctx context.Context, s awsnames.Service, identity func() who) Section {
	targets := a.targets(s)
	byTarget := make([][]Check, len(targets))
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Go(func() { byTarget[i] = a.targetChecks(ctx, s, t, identity) })
	}
	wg.Wait()
	section := Section{ID: string(s), Title: titles[s]}
	for _, checks := range byTarget {
		section.Checks = append(section.Checks, checks...)
	}
	return section
}

var titles = map[awsnames.Service]string{
	awsnames.Logs: "CloudWatch Logs (logs)", awsnames.Monitoring: "CloudWatch metrics (monitoring)", awsnames.SSM: "Systems Manager (ssm)",
	awsnames.STS: "Security Token Service (sts)", awsnames.XRay: "X-Ray (xray)", awsnames.EC2: "EC2 (ec2)", awsnames.S3: "S3 (s3)",
	awsnames.KMS: "Key Management Service (kms)", awsnames.SecretsManager: "Secrets Manager (secretsmanager)",
}

// targetChecks are the ways and the call of one target, at the same time: neither waits for the other.
func (a *access) targetChecks(ctx context.Context, s awsnames.Service, t target, identity func() who) []Check {
	var ways []Check
	var wg sync.WaitGroup
	wg.Go(func() { ways = a.wayChecks(ctx, s, t) })
	id, title := fmt.Sprintf("%s.call", s), "Signed call"
	if of := strings.Join(t.users, ", "); t.endpoint+t.role != "" {
		id, title = fmt.Sprintf("%s.call.%s", s, t.users[0]), "Signed call as "+of+" does"
	}
	result := timed(ctx, credentialsLimit+callLimit, id, title, func(ctx context.Context) Check { return a.callCheck(ctx, s, t, identity) })
	wg.Wait()
	if result.unreached && slices.ContainsFunc(ways, func(c Check) bool { return c.Status == Problem }) {
		result = notChecked(result.ID, result.Title, "the service is not reached, as shown above") // one cause, one problem
	}
	return append(ways, result)
}

// wayChecks looks at the endpoint that is called instead of AWS's name, or at every route.
func (a *access) wayChecks(ctx context.Context, s awsnames.Service, t target) []Check {
	endpoint, id := t.endpoint, fmt.Sprintf("%s.endpoint", s)
	if endpoint != "" {
		id += "." + t.users[0]
	} else if a.session != nil {
		endpoint = endpointOf(a.session.Config, s)
	}
	if endpoint != "" {
		return []Check{timed(ctx, pathLimit, id, "Endpoint "+endpoint, func(ctx context.Context) Check { return a.endpointCheck(ctx, id, endpoint) })}
	}
	id = fmt.Sprintf("%s.route", s)
	if a.ways == nil {
		return []Check{notChecked(id, "Routes", a.waysErr.Error())}
	}
	checks, ok := limited(ctx, pathLimit, func(ctx context.Context) []Check {
		if a.routing.table != nil {
			return routeChecks(s, a.ways.Inspect(ctx, s), a.options.Now())
		}
		return []Check{directCheck(ctx, a.ways, s, a.options)}
	})
	switch {
	case !ok, ctx.Err() != nil:
		return []Check{notChecked(id, "Routes", tooLate(ctx, pathLimit))}
	case a.routing.table != nil && !a.ways.Serves(s):
		c := Check{ID: id, Title: "Routes", Status: Problem, Detail: fmt.Sprintf("no route serves %s under policy %s", s, a.ways.Policy())}
		c.Remedy = fmt.Sprintf("add %s to vpc_endpoints of a route, or a route of another kind", s)
		if s == awsnames.STS && !a.needsSTS() {
			c.Status = Warning
			c.Detail += "; what is configured works without it"
		}
		return append([]Check{c}, checks...)
	}
	return checks
}

// needsSTS says whether somebody gets credentials from STS, as far as it is known.
func (a *access) needsSTS() bool {
	return a.credentials().err != nil || slices.ContainsFunc(a.plan.clients, func(c client) bool { return c.role != "" })
}

// callCheck makes the signed call.
func (a *access) callCheck(ctx context.Context, s awsnames.Service, t target, identity func() who) Check {
	var c Check
	k, ok := callFor(s, t.group)
	if !ok {
		return notChecked("", "", "doctor has no harmless call for this service")
	}
	if why := a.closed(s, t); why != "" {
		return notChecked("", "", why)
	}
	if a.credentials().err != nil {
		return notChecked("", "", "there are no credentials")
	}
	config := a.session.Config
	if t.role+t.endpoint != "" {
		session, err := a.sessionOf(ctx, t)
		if err != nil {
			return Check{Status: Problem, Detail: oneLine(err), Remedy: "mend that setting of " + strings.Join(t.users, ", ")}
		}
		defer session.Close()
		config = session.Config
		c.fact("role", t.role)
	}
	if t.role != "" {
		if _, err := config.Credentials.Retrieve(ctx); err != nil {
			f := failureOf(err)
			c.Status, c.Detail, c.Remedy = f.status, "the role cannot be assumed: "+f.detail, f.remedy(a.clock)
			return c
		}
	}
	var err error
	if s == awsnames.STS && t.role == "" {
		err = identity().err // asked once
	} else {
		calling, cancel := context.WithTimeout(ctx, callLimit)
		err = k.do(calling, config)
		cancel()
	}
	if err != nil && ctx.Err() != nil {
		return notChecked("", "", tooLate(ctx, callLimit))
	}
	k.outcome(&c, err, a.clock)
	return c
}

// closed says why a target cannot be called. Empty: it can.
func (a *access) closed(s awsnames.Service, t target) string {
	switch {
	case a.session == nil:
		return "there is no AWS configuration"
	case t.endpoint != "" && a.routing.table != nil:
		if host, port, err := awsnames.Custom(t.endpoint); err != nil || !a.routing.table.Names(host, port) {
			return "the route table does not serve " + t.endpoint
		}
	case t.endpoint != "" || endpointOf(a.session.Config, s) != "":
	case a.ways == nil:
		return a.waysErr.Error()
	case a.routing.table != nil && !a.ways.Serves(s):
		return "no route serves it"
	}
	return ""
}
