package awsroute

import (
	"go.uber.org/zap"
)

// maxTold bounds the names whose refusal is logged. A program may ask for any number of them.
const maxTold = 256

// Refusals is what is counted of refused connections. Addresses, unknown names and services that the table does not
// watch are left out: their number has no bound.
type Refusals struct {
	Service string
	Route   string
	Reason  Reason
}

// refused counts a refusal, and logs the first for each service or name, route and reason.
func (t *Table) refused(e *RefusedError) {
	key := Refusals{Service: e.Service, Route: e.Route, Reason: e.Reason}
	if e.name || !t.watches(e.service) {
		key.Service = ""
	}
	line := e.Service + "\x00" + e.Route + "\x00" + string(e.Reason)
	t.mu.Lock()
	t.refusals[key]++
	_, told := t.told[line]
	full := len(t.told) >= maxTold
	last := len(t.told) == maxTold-1
	if !told && !full {
		t.told[line] = struct{}{}
	}
	t.mu.Unlock()
	if told || full { // the counter has the rest
		return
	}
	t.logger.Warn("A connection was refused by the route policy", zap.String("service", e.Service), zap.String("address", e.Address),
		zap.String("route", e.Route), zap.String("policy", string(e.Policy)), zap.String("reason", string(e.Reason)), zap.String("remedy", e.remedy))
	if last {
		t.logger.Warn("Further refusals of the route policy are counted and not logged: endpoint_routing_refusals", zap.Int("logged", maxTold))
	}
}
