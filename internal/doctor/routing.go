package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// routing is where the route table comes from, and what it is.
type routing struct {
	from      string // in words; empty: there is none
	extension string // its id, where the configuration uses it
	config    awsaccess.Config
	table     *awsroute.Table // nil: there is none, or err
	err       error
}

// findRouting takes the table of --routes, of the extension, or of the environment, in this order.
func findRouting(ctx context.Context, o Options, p *plan) routing {
	r, ok := limited(ctx, stateLimit, func(ctx context.Context) routing { return readRouting(ctx, o, p) })
	if !ok {
		r = routing{from: "route table", err: errors.New(tooLate(ctx, stateLimit))}
	}
	return r
}

func readRouting(ctx context.Context, o Options, p *plan) routing {
	var r routing
	extensions := p.ofType("extensions", awsaccess.Extension)
	if len(extensions) > 0 {
		r.extension = extensions[0]
	}
	switch {
	case o.Routes != "":
		r.from = "--routes"
		r.config, r.err = awsaccess.Load(ctx, o.Routes)
	case len(extensions) > 1:
		r.from = "the extensions " + strings.Join(extensions, " and ")
		r.err = errors.New("there may be one only")
	case r.extension != "":
		r.from = "extension " + r.extension
		r.config, r.err = tableOf(o, p, r.extension)
	case os.Getenv(awsaccess.Variable) != "":
		r.from = awsaccess.Variable
		r.config, _, r.err = awsaccess.FromEnvironment(ctx)
	default:
		return r
	}
	if r.err == nil {
		r.table, r.err = awsroute.New(r.config.Config, awsroute.Options{Resolver: o.Resolver})
	}
	return r
}

// router is what AWS calls go through. Without a usable table nothing may leave the host: which way was
// allowed is not known.
func (r *routing) router(unknown bool) awsconfig.Router {
	switch {
	case r.table != nil:
		return r.table
	case r.err != nil || unknown:
		return nowhere{}
	}
	return nil
}

func (r *routing) endpoints() map[string]string {
	if r.table == nil {
		return nil
	}
	return r.table.Endpoints()
}

// check reports the table itself.
func (r *routing) check() Check {
	c := Check{ID: "configuration.routes", Title: "Route table"}
	switch {
	case r.from == "":
		return notChecked(c.ID, c.Title, "there is none (extension endpoint_routing, --routes, "+awsaccess.Variable+"); calls go where DNS and the proxy variables lead")
	case r.err != nil:
		c.Status, c.Detail = Problem, r.from+": "+oneLine(r.err)
		c.Remedy = "mend what the message names; until then no call is made here, as no way is known to be allowed"
		return c
	}
	c.Status, c.Detail = OK, fmt.Sprintf("%s: policy %s in %s", r.from, r.config.Policy, r.config.Region)
	for _, route := range r.config.Routes {
		c.fact("route", route.Name)
	}
	c.fact("listener", r.config.Listen)
	if listen := r.config.CredentialsEndpoint; listen != nil {
		c.fact("credentials endpoint", listen.Endpoint)
	}
	return c
}

// tableOf is the route table of an extension.
func tableOf(o Options, p *plan, extension string) (awsaccess.Config, error) {
	if o.Access != nil {
		if c, ok, err := o.Access(); ok || err != nil {
			return c, err
		}
	}
	return awsaccess.FromMap(p.components["extensions"][extension])
}
