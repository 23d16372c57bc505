package translate

import (
	"bytes"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/statistics"
)

// kind is how a value is written.
type kind uint8

const (
	number kind = iota
	count
	statisticSet
)

// value is what a metric measured.
type value struct {
	kind   kind
	number float64
	count  uint64
	stats  int32 // index in gathered.stats
}

// stats are statistics, with buckets where they are known.
type stats struct {
	statistics.Set
	buckets span // of gathered.buckets
}

// metric is a name with a unit.
type metric struct {
	name, unit string
	hash       uint64 // of the name
	// definition is the JSON of its entry in a directive, and key of its name as a member, both in gathered.json.
	definition, key span
	declared        []int32 // declarations with its name
	alone           bool    // it has no full set
	valid           bool
}

// span is a part of a buffer.
type span struct{ from, to int32 }

func (s span) of(buffer []byte) []byte { return buffer[s.from:s.to] }

// entry is a metric's value in a group.
type entry struct {
	metric int32
	points int32 // 1 where it stands for a data point, and 0 where another entry does
	next   int32 // of the group; -1: the last
	// more are further values of the metric, and tail the last of them. -1: none.
	more, tail int32
	values     int32
	value      value
}

// group are entries that share a document.
type group struct {
	hash       uint64
	labels     span // of gathered.labels
	key        span // of gathered.keys
	namespace  int32
	target     int32
	ms         int64
	resolution int
	prometheus bool
	typ        pmetric.MetricType // where prometheus is set

	first, last int32
	entries     int32
}

// gathered is what data points have become before they are written. Its memory serves many batches.
type gathered struct {
	groups  []group
	entries []entry
	labels  []label
	keys    []byte
	stats   []stats
	buckets []statistics.Bucket
	metrics []metric
	json    []byte
	table   []int32 // index of a group, plus 1; its size is a power of 2

	namespaces []string
	targets    []destination
	byMetric   map[metricKey]int32
	byTarget   map[asked]int32
}

type metricKey struct{ name, unit string }

// maxKept is how many entries and labels memory is kept for.
const maxKept = 256 << 10

func (g *gathered) reset() {
	if cap(g.entries) > maxKept || cap(g.labels) > maxKept || cap(g.keys) > 64*maxKept || cap(g.json) > 16*maxKept || cap(g.buckets) > 4*maxKept {
		*g = gathered{}
	}
	// The strings are the data points' own.
	clear(g.labels)
	clear(g.metrics)
	clear(g.targets)
	clear(g.namespaces)
	g.groups, g.entries, g.labels, g.keys = g.groups[:0], g.entries[:0], g.labels[:0], g.keys[:0]
	g.stats, g.buckets, g.metrics, g.json = g.stats[:0], g.buckets[:0], g.metrics[:0], g.json[:0]
	g.namespaces, g.targets = g.namespaces[:0], g.targets[:0]
	clear(g.table)
	if g.byMetric == nil {
		g.byMetric, g.byTarget = map[metricKey]int32{}, map[asked]int32{}
	}
	clear(g.byMetric)
	clear(g.byTarget)
	if len(g.table) == 0 {
		g.table = make([]int32, 256)
	}
}

// find is the group of a key, which is made where there is none. made tells that.
func (g *gathered) find(key []byte) (at int32, made bool) {
	hash := xxhash.Sum64(key)
	mask := uint64(len(g.table) - 1)
	i := hash & mask
	for ; g.table[i] != 0; i = (i + 1) & mask {
		at = g.table[i] - 1
		if p := &g.groups[at]; p.hash == hash && bytes.Equal(p.key.of(g.keys), key) {
			return at, false
		}
	}
	at = int32(len(g.groups))
	g.table[i] = at + 1
	from := int32(len(g.keys))
	g.keys = append(g.keys, key...)
	g.groups = append(g.groups, group{hash: hash, key: span{from, int32(len(g.keys))}, first: -1, last: -1})
	if 2*len(g.groups) > len(g.table) {
		g.grow()
	}
	return at, true
}

func (g *gathered) grow() {
	g.table = make([]int32, 2*len(g.table))
	mask := uint64(len(g.table) - 1)
	for at := range g.groups {
		i := g.groups[at].hash & mask
		for g.table[i] != 0 {
			i = (i + 1) & mask
		}
		g.table[i] = int32(at) + 1
	}
}

// holder is the entry of a metric's name in a group, or -1. lately says that it can only be the last one.
func (g *gathered) holder(at, of int32, lately bool) int32 {
	p := &g.groups[at]
	if lately {
		if p.last >= 0 && g.entries[p.last].metric == of {
			return p.last
		}
		return -1
	}
	name := g.metrics[of].name
	for e := p.first; e >= 0; e = g.entries[e].next {
		if m := g.entries[e].metric; m == of || g.metrics[m].name == name {
			return e
		}
	}
	return -1
}

// append adds an entry to a group.
func (g *gathered) append(at, of int32, v value, points int32) {
	e := int32(len(g.entries))
	g.entries = append(g.entries, entry{metric: of, points: points, next: -1, more: -1, tail: -1, values: 1, value: v})
	p := &g.groups[at]
	if p.last >= 0 {
		g.entries[p.last].next = e
	} else {
		p.first = e
	}
	p.last = e
	p.entries++
}

// extend adds a number to those of an entry, and tells whether it can be.
func (g *gathered) extend(at, of int32, v value, points int32) bool {
	h := &g.entries[at]
	if h.metric != of || h.value.kind != number || v.kind != number || h.values >= MaxValues {
		return false
	}
	e := int32(len(g.entries))
	if h.tail >= 0 {
		g.entries[h.tail].more = e
	} else {
		h.more = e
	}
	h.tail = e
	h.values++
	h.points += points
	g.entries = append(g.entries, entry{metric: of, next: -1, more: -1, tail: -1, value: v})
	return true
}
