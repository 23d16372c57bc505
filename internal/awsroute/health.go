package awsroute

import (
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

const (
	// calm is how long a route must stay healthy until its earlier failures are forgotten.
	calm = 10 * time.Minute
	// maxDamping bounds how much longer a route that comes and goes must stay up before it is taken
	// again: healthy_after << maxDamping probes.
	maxDamping = 4
	// retryUnprobed is when a route that failed is tried again where nothing probes it.
	retryUnprobed = 30 * time.Second
)

// service is what the table knows about one service of one region.
type service struct {
	key        serviceKey
	host       string // the name that probes ask for
	candidates []*route
	verdicts   map[*route]*verdict
	active     *route
	failovers  int64
}

// verdict is what is known about one route to one service.
type verdict struct {
	unhealthy bool
	since     time.Time
	streak    int // results in a row that speak against the verdict
	failures  int // times that it became unhealthy within calm
	last      outcome
	probed    time.Time
}

// outcome is the result of one probe, or of a failed connection.
type outcome struct {
	latency time.Duration
	target  string
	err     error
	probe   bool
}

// track is what the table knows about a service, which is probed from now on.
func (t *Table) track(key serviceKey, host string) *service {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.services[key]; s != nil {
		if host != "" && s.host != host {
			s.host = host // FIPS and dual-stack names are probed as they are used
		}
		return s
	}
	s := &service{key: key, host: host, verdicts: map[*route]*verdict{}}
	for _, names := range t.names {
		if names.Region() == key.region && host == "" {
			s.host = names.Public(key.service)
		}
	}
	d := destination{service: key.service, region: key.region, host: s.host, port: "443"}
	for _, r := range t.config.Policy.order(t.routes) {
		if len(r.targets(d)) > 0 {
			s.candidates = append(s.candidates, r)
			s.verdicts[r] = &verdict{since: t.now()}
		}
	}
	if len(s.candidates) > 0 {
		s.active = s.candidates[0]
	}
	t.services[key] = s
	t.prober.poke()
	return s
}

// known is what the table knows about the service of d, which is probed from now on; nil for services that neither
// the collector calls nor the configuration names. Their names come from whoever asks, and have no bound.
func (t *Table) known(d destination) *service {
	if d.own || d.region == awsnames.Global || !t.watches(d.service) {
		return nil
	}
	return t.track(serviceKey{d.service, d.region}, d.host)
}

// watches says whether a service has verdicts of its own.
func (t *Table) watches(s awsnames.Service) bool {
	if slices.Contains(awsnames.Services(), s) || slices.Contains(t.config.Probe.Services, s) {
		return true
	}
	return slices.ContainsFunc(t.config.Routes, func(r Route) bool {
		return slices.Contains(r.Services, s) || len(r.VPCEndpoints[s]) > 0
	})
}

// inOrder are the routes in the order in which they are tried for a service: healthy ones, then the others. For one
// that the table knows nothing about (nil) a route counts as unhealthy that works for no other service.
func (t *Table) inOrder(s *service) []*route {
	t.mu.Lock()
	defer t.mu.Unlock()
	candidates := t.config.Policy.order(t.routes)
	if s != nil {
		candidates = s.candidates
	}
	var healthy, rest []*route
	for _, r := range candidates {
		if t.works(s, r) {
			healthy = append(healthy, r)
		} else {
			rest = append(rest, r)
		}
	}
	return append(healthy, rest...)
}

// works says whether a route is worth a try before others.
func (t *Table) works(s *service, r *route) bool {
	works, asked := false, false
	for _, of := range t.services {
		v := of.verdicts[r]
		if v == nil || s != nil && of != s {
			continue
		}
		asked = true
		works = works || !v.unhealthy || t.config.Probe.Interval == 0 && t.now().Sub(v.since) > retryUnprobed
	}
	return works || !asked
}

// observed takes the result of a probe or of a failed connection into the verdict on a route, and the
// service to another route where that changes which one is first.
func (t *Table) observed(s *service, r *route, o outcome) {
	t.mu.Lock()
	v := s.verdicts[r]
	if o.probe {
		v.last, v.probed = o, t.now()
	} else {
		v.last.err = o.err
	}
	changed := v.take(o.err == nil, t.config.Probe, t.now())
	if changed && v.unhealthy {
		t.logger.Warn("A route does not work", zap.String("service", string(s.key.service)), zap.String("route", r.name), zap.Error(o.err))
	} else if changed {
		t.logger.Info("A route works again", zap.String("service", string(s.key.service)), zap.String("route", r.name), zap.Duration("latency", o.latency))
	}
	if changed {
		t.activate(s)
	}
	t.mu.Unlock()
	if changed && t.onChange != nil {
		t.onChange()
	}
}

// take counts a result and says whether the verdict changed.
func (v *verdict) take(good bool, p Probe, now time.Time) bool {
	if good == !v.unhealthy {
		v.streak = 0
		return false
	}
	v.streak++
	needed := p.UnhealthyAfter
	if v.unhealthy {
		needed = p.HealthyAfter << min(max(v.failures-1, 0), maxDamping)
	}
	if v.streak < needed {
		return false
	}
	if !v.unhealthy {
		if now.Sub(v.since) > calm {
			v.failures = 0
		}
		v.failures++
	}
	v.unhealthy, v.since, v.streak = !v.unhealthy, now, 0
	return true
}

// activate makes the first healthy candidate the active one. Where none is healthy the active one
// stays: each connection tries them all.
func (t *Table) activate(s *service) {
	for _, r := range s.candidates {
		if s.verdicts[r].unhealthy {
			continue
		}
		if r != s.active {
			t.logger.Info("A service takes another route", zap.String("service", string(s.key.service)), zap.String("region", s.key.region),
				zap.String("from", s.active.name), zap.String("to", r.name))
			s.active = r
			s.failovers++
			t.generation.Add(1)
		}
		return
	}
}
