// Package series counts the metrics that CloudWatch bills: each combination of namespace, name and dimensions that has
// a data point in an hour is one.
package series

import (
	"sync"
	"time"
)

// Window is how long a series counts after it was seen first: CloudWatch bills by the hour.
const Window = time.Hour

// maxMetrics bounds the names that are watched, and maxSeries the series of all of them, which take 40 bytes each. Further ones
// are within their budget.
const (
	maxMetrics = 20_000
	maxSeries  = 200_000
)

// Budget watches how many series each metric has.
type Budget struct {
	// PerMetric is how many series a metric may have in a window. 0: no bound.
	perMetric int

	mu      sync.Mutex
	began   time.Time
	metrics map[uint64]*metric
	total   int
}

type metric struct {
	seen map[uint64]struct{}
	told bool
}

// New makes a Budget.
func New(perMetric int) *Budget {
	return &Budget{perMetric: perMetric, metrics: map[uint64]*metric{}}
}

// Verdict says whether a series is within its metric's budget.
type Verdict uint8

// The verdicts.
const (
	Within Verdict = iota
	// Exceeds is the first that does in this window, and Excess a later one.
	Exceeds
	Excess
)

// Begin starts a new window when the last one is over. It is to be called before a batch's calls of See, with the
// time of now.
func (b *Budget) Begin(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if since := now.Sub(b.began); since >= Window || since < 0 {
		b.began, b.total = now, 0
		clear(b.metrics)
	}
}

// See takes in a series of a metric, both by their hashes.
func (b *Budget) See(name, dimensions uint64) Verdict {
	if b.perMetric <= 0 {
		return Within
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.metrics[name]
	if m == nil {
		if len(b.metrics) >= maxMetrics {
			return Within
		}
		m = &metric{seen: map[uint64]struct{}{}}
		b.metrics[name] = m
	}
	if _, ok := m.seen[dimensions]; ok {
		return Within
	}
	if len(m.seen) >= b.perMetric {
		if m.told {
			return Excess
		}
		m.told = true
		return Exceeds
	}
	if b.total < maxSeries {
		m.seen[dimensions] = struct{}{}
		b.total++
	}
	return Within
}

// Series is how many there are in this window, without those that exceed a budget.
func (b *Budget) Series() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total
}
