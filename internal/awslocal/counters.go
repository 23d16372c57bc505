package awslocal

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/page"
)

// counters count calls and errors by operation. Only operations that exist are counted, so their
// number is bounded.
type counters struct {
	mu     sync.RWMutex
	counts map[counterKey]*counter
}

type counterKey struct{ service, operation string }

type counter struct{ calls, errors atomic.Int64 }

func newCounters() *counters { return &counters{counts: map[counterKey]*counter{}} }

func (c *counters) of(service, operation string) *counter {
	key := counterKey{service, operation}
	c.mu.RLock()
	count := c.counts[key]
	c.mu.RUnlock()
	if count != nil {
		return count
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts[key] == nil {
		c.counts[key] = new(counter)
	}
	return c.counts[key]
}

func (c *counters) snapshot() []page.OperationCount {
	c.mu.RLock()
	defer c.mu.RUnlock()
	list := make([]page.OperationCount, 0, len(c.counts))
	for key, count := range c.counts {
		list = append(list, page.OperationCount{
			Service: key.service, Operation: key.operation,
			Count: count.calls.Load(), Errors: count.errors.Load(),
		})
	}
	slices.SortFunc(list, func(a, b page.OperationCount) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Operation, b.Operation))
	})
	return list
}

// Calls is how often an operation was called, with whatever outcome.
func (s *Server) Calls(service, operation string) int64 {
	return s.counters.of(service, operation).calls.Load()
}
