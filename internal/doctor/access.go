package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// access is the way to call AWS as the collector would.
type access struct {
	options Options
	plan    *plan
	routing *routing
	router  awsconfig.Router
	clock   *clock

	// unknown says that the configuration could not be read, and that no table is known from elsewhere.
	unknown bool

	ways    *awsroute.Table // to look at: the route table, or one of what happens without; nil: waysErr
	waysErr error

	session *awsconfig.Session // nil: err says why
	err     error
	// credentials fetches them once for all who need them.
	credentials func() held

	region string // empty: not known
	source string // of the region
}

// open finds the region. Credentials are fetched by the checks.
func (a *access) open(ctx context.Context) {
	c := a.config()
	c.Region, a.source = a.configuredRegion()
	type loaded struct {
		session *awsconfig.Session
		err     error
	}
	answer, ok := limited(ctx, regionLimit, func(ctx context.Context) loaded {
		s, err := awsconfig.Load(ctx, c, a.loadOptions())
		return loaded{s, err}
	})
	if !ok {
		answer.err = errors.New(tooLate(ctx, regionLimit))
	}
	a.credentials = sync.OnceValue(func() held { return a.fetch(ctx) })
	if a.err = answer.err; a.err != nil {
		a.region = c.Region
		return
	}
	a.session, a.region = answer.session, answer.session.Region
	a.source = cmp.Or(a.source, a.session.RegionSource)
	a.session.Config.HTTPClient = &recorder{client: a.session.Config.HTTPClient, clock: a.clock}
}

// findWays makes the table that is looked at, once the region is known.
func (a *access) findWays() {
	switch {
	case a.routing.table != nil:
		a.ways = a.routing.table
	case a.routing.err != nil:
		a.waysErr = errors.New("the route table is not usable")
	case a.unknown:
		a.waysErr = errors.New("the configuration, which may hold the routes, could not be read; --routes names them")
	case a.region == "":
		a.waysErr = errors.New("the region is not known")
	default:
		a.ways, a.waysErr = directTable(a.region, a.options)
	}
}

func (a *access) close() {
	if a.session != nil {
		a.session.Close()
	}
}

func (a *access) loadOptions() awsconfig.Options {
	return awsconfig.Options{
		Router: a.router, Endpoints: a.routing.endpoints(),
		UserAgent: "otelcol-cloudwatch-doctor/" + cmp.Or(a.options.Build, "0"),
	}
}

func (a *access) config() awsconfig.Config {
	var c awsconfig.Config
	switch {
	case a.options.Profile != "":
		c.Credentials = awsconfig.Credentials{Source: awsconfig.SourceProfile, Profile: a.options.Profile}
	case a.routing.config.HasCredentials():
		c.Credentials = a.routing.config.Credentials
	}
	return c
}

// configuredRegion is the region of the flag, the table or the exporters; the environment's is left to
// awsconfig.
func (a *access) configuredRegion() (region, source string) {
	if a.options.Region != "" {
		return a.options.Region, "--region"
	}
	if a.routing.config.Region != "" {
		return a.routing.config.Region, "route table of " + a.routing.from
	}
	for _, c := range a.plan.clients {
		if c.region != "" {
			return c.region, c.component
		}
	}
	return "", ""
}

// checkRegion says which region is called, and who would call another one.
func (a *access) checkRegion() Check {
	c := Check{ID: "credentials.region", Title: "Region", Status: OK}
	if a.region == "" {
		c.Status, c.Detail = Problem, oneLine(a.err)
		c.Remedy = "set region in the configuration, AWS_REGION, or --region"
		return c
	}
	c.Detail = a.region
	c.fact("from", a.source)
	if t := a.routing.config; t.Region != "" && t.Region != a.region && !slices.Contains(t.OtherRegions, a.region) {
		c.Status = Problem
		c.Detail += fmt.Sprintf(", which the route table for %s does not serve", t.Region)
		c.Remedy = fmt.Sprintf("add %s to other_regions of the table, or use its region", a.region)
		return c
	}
	for _, other := range a.plan.clients {
		if other.region == "" || other.region == a.region {
			continue
		}
		t := a.routing.config
		if t.Region != "" && other.region != t.Region && !slices.Contains(t.OtherRegions, other.region) {
			c.Status = Problem
			c.fact(other.component, other.region+": the route table does not serve it")
			c.Remedy = fmt.Sprintf("add %s to other_regions of the table, or change the exporter's region", other.region)
			continue
		}
		if c.Status == OK {
			c.Status = Warning
			c.Remedy = fmt.Sprintf("run doctor again with --region %s", other.region)
		}
		c.fact(other.component, other.region+": not checked")
	}
	return c
}

func oneLine(err error) string {
	if err == nil {
		return ""
	}
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
