package awsroute

import (
	"cmp"
	"slices"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// Snapshot is the state of a table at one moment.
type Snapshot struct {
	Services []ServiceState
	Routes   []Traffic
	Refusals map[Refusals]int64
}

// ServiceState is the state of one service of one region.
type ServiceState struct {
	Service, Region string
	// Active is the route that the next connection takes first. Empty: no route serves the service.
	Active string
	// Healthy is false where no route is.
	Healthy   bool
	Failovers int64
	Routes    []RouteState
}

// RouteState is the verdict on one route to one service.
type RouteState struct {
	Route     string
	Kind      Kind
	Healthy   bool
	Probed    time.Time     // zero: not yet
	Latency   time.Duration // of the last probe: TCP and TLS
	LastError error         // of the last probe or connection, nil where the last probe was good
}

// Traffic is what has gone over a route, in bytes of TLS records.
type Traffic struct {
	Route                       string
	Sent, Received, Connections int64
}

// Snapshot is the state of the table now.
func (t *Table) Snapshot() Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	snapshot := Snapshot{Refusals: make(map[Refusals]int64, len(t.refusals))}
	for key, n := range t.refusals {
		snapshot.Refusals[key] = n
	}
	for _, r := range append(slices.Clone(t.routes), t.direct) {
		if r == t.direct && len(t.endpoints) == 0 {
			continue
		}
		snapshot.Routes = append(snapshot.Routes, Traffic{Route: r.name, Sent: r.sent.Load(), Received: r.received.Load(), Connections: r.connections.Load()})
	}
	for key, s := range t.services {
		state := ServiceState{Service: string(key.service), Region: key.region, Failovers: s.failovers}
		if s.active != nil {
			state.Active = s.active.name
		}
		for _, r := range s.candidates {
			v := s.verdicts[r]
			state.Healthy = state.Healthy || !v.unhealthy
			state.Routes = append(state.Routes, RouteState{Route: r.name, Kind: r.kind, Healthy: !v.unhealthy, Probed: v.probed, Latency: v.last.latency, LastError: v.last.err})
		}
		snapshot.Services = append(snapshot.Services, state)
	}
	slices.SortFunc(snapshot.Services, func(a, b ServiceState) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Service, b.Service))
	})
	return snapshot
}

// Preferred says whether the next connection to the host of a connection that took route would take
// it again.
func (t *Table) Preferred(host, port, route string) bool {
	d, ok := t.destination(host, port)
	if !ok || d.region == "" {
		return true
	}
	if d.own || d.region == awsnames.Global || !t.watches(d.service) {
		for _, r := range t.inOrder(nil) {
			if len(r.targets(d)) > 0 {
				return r.name == route
			}
		}
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.services[serviceKey{d.service, d.region}]
	return s == nil || s.active == nil || s.active.name == route
}
