package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/user"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// Run looks at everything and reports it. It returns within the options' time limit, or soon after.
func Run(ctx context.Context, o Options) *Report { return run(ctx, o, thisHost) }

func run(ctx context.Context, o Options, h host) *Report {
	o = o.withDefaults()
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()

	var placed Check
	var wg sync.WaitGroup
	wg.Go(func() {
		placed = timed(ctx, placeLimit, "place.host", "Host", func(ctx context.Context) Check { return findPlace(ctx, o) })
	})

	config, resolved, refusal := resolve(ctx, o)
	known := refusal == nil
	p := newPlan(config)
	var files, state Section
	wg.Go(func() { files = filesSection(ctx, o, p, h, known) })
	wg.Go(func() { state = stateSection(ctx, p, h, known) })

	r := findRouting(ctx, o, p)
	var others []Check
	wg.Go(func() { others = otherChecks(ctx, &r) })
	a := &access{options: o, plan: p, routing: &r, clock: &clock{now: o.Now}}
	a.unknown = !known && r.from == ""
	a.router = r.router(a.unknown)
	services := o.Services
	if len(services) == 0 {
		services = p.services(o.Sources)
		if o.Resolve == nil || !known {
			services = []awsnames.Service{awsnames.Logs, awsnames.STS}
		}
	}
	calls := a.sections(ctx, services)
	wg.Wait()

	configuration := Section{ID: "configuration", Title: "Configuration", Checks: slices.Concat([]Check{resolved}, trustChecks(o, refusal), runningChecks(o), groupChecks(p), []Check{r.check()}, others, a.attachChecks())}
	report := &Report{
		Version: ReportVersion, Generated: o.Now().UTC().Truncate(time.Second), Build: o.Build,
		Sections:   append([]Section{configuration, {ID: "place", Title: "Place", Checks: []Check{placed}}}, append(calls, files, state)...),
		DurationMS: time.Since(started).Milliseconds(),
	}
	report.conclude()
	return report
}

// resolve reads the configuration. An error says that there is one, and that it cannot be read.
func resolve(ctx context.Context, o Options) (config map[string]any, c Check, err error) {
	c = Check{ID: "configuration.source", Title: "Source"}
	if o.Resolve == nil {
		return nil, notChecked(c.ID, c.Title, "no --config: what the flags and the environment say is looked at"), nil
	}
	type resolved struct {
		config map[string]any
		err    error
	}
	started := time.Now()
	answer, ok := limited(ctx, resolveLimit, func(ctx context.Context) resolved {
		config, err := o.Resolve(ctx)
		return resolved{config, err}
	})
	c.DurationMS = time.Since(started).Milliseconds()
	for _, source := range o.Sources {
		c.fact("from", source)
	}
	if !ok {
		answer.err = errors.New(tooLate(ctx, resolveLimit))
	}
	if answer.err != nil {
		c.Status, c.Detail = Problem, oneLine(answer.err)
		c.Remedy = "mend what the message names; what does not depend on the configuration is checked below"
		return nil, c, answer.err
	}
	c.Status = OK
	pipelines := table(table(answer.config, "service"), "pipelines")
	c.Detail = plural(len(pipelines), "pipeline")
	if len(pipelines) == 0 {
		c.Status, c.Remedy = Warning, "name the pipelines in service::pipelines"
	}
	return answer.config, c, nil
}

// sections are those of region and credentials, of every service, and of the clock.
func (a *access) sections(ctx context.Context, services []awsnames.Service) []Section {
	a.open(ctx)
	defer a.close()
	a.findWays()
	identity := sync.OnceValue(func() who { return a.whoAmI(ctx) })

	own := Section{ID: "credentials", Title: "Region and credentials"}
	sections := make([]Section, len(services))
	var wg sync.WaitGroup
	wg.Go(func() {
		own.Checks = []Check{a.checkRegion(), a.checkCredentials(), a.checkIdentity(identity(), slices.Contains(services, awsnames.STS))}
	})
	for i, s := range services {
		wg.Go(func() { sections[i] = a.serviceSection(ctx, s, identity) })
	}
	wg.Wait()
	skew := timed(ctx, callLimit, "clock.skew", "This host's clock", func(ctx context.Context) Check { return a.checkClock(ctx, services) })
	return append(append([]Section{own}, sections...), Section{ID: "clock", Title: "Clock", Checks: []Check{skew}})
}

// checkClock takes the time from the answers that there were, or asks for one without a signature.
func (a *access) checkClock(ctx context.Context, services []awsnames.Service) Check {
	why := "no service was asked"
	for _, s := range services {
		if a.clock.known() {
			break
		}
		if closed := a.closed(s, target{}); closed != "" {
			why = closed
			continue
		}
		why = "no service answers"
		a.askUnsigned(ctx, s)
	}
	return a.clock.check(why)
}

// askUnsigned asks for the root of a service, which answers with an error and its time.
func (a *access) askUnsigned(ctx context.Context, s awsnames.Service) {
	url := endpointOf(a.session.Config, s)
	if url == "" {
		names, err := awsnames.ForRegion(a.region)
		if err != nil {
			return
		}
		url = "https://" + names.Public(s) + "/"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	if answer, err := a.session.Config.HTTPClient.Do(r); err == nil {
		_ = answer.Body.Close() // the header is enough
	}
}

func filesSection(ctx context.Context, o Options, p *plan, h host, known bool) Section {
	s := Section{ID: "files", Title: "Log files"}
	for _, t := range p.tails {
		c := timed(ctx, filesLimit, "files."+t.component, t.component, func(ctx context.Context) Check { return filesCheck(ctx, t, h.open) })
		c.fact("checked as", whoRuns())
		s.Checks = append(s.Checks, c)
	}
	if len(s.Checks) > 0 {
		s.Checks = append(s.Checks, linkChecks(o.Root)...)
	} else {
		s.Checks = []Check{notChecked("files.none", "Log files", absent(known, "no pipeline has a file_tail or file_log receiver"))}
	}
	return s
}

func stateSection(ctx context.Context, p *plan, h host, known bool) Section {
	s := Section{ID: "state", Title: "State"}
	for _, of := range p.stores {
		for _, folder := range of.folders {
			id, title := "state."+of.component, folder
			if folder != of.folders[0] {
				id += ".compaction"
			}
			s.Checks = append(s.Checks, timed(ctx, stateLimit, id, title, func(context.Context) Check { return storeCheck(of, folder, h) }))
		}
	}
	if len(s.Checks) == 0 {
		s.Checks = []Check{notChecked("state.none", "State folder", absent(known, "no state_storage extension is used: offsets and queues are lost when the collector ends"))}
	}
	return s
}

func absent(known bool, why string) string {
	if !known {
		return "the configuration could not be read"
	}
	return why
}

// whoRuns is the user of this process.
func whoRuns() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%s (%s)", u.Username, u.Uid))
}
