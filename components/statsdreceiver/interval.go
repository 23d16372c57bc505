package statsdreceiver

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/lightstep/go-expohisto/structure"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver/protocol"
)

// Memory of what is kept until an interval is sent, and of the metric that is then made of it, in bytes. The test
// TestTheMemoryOfAnIntervalIsEstimated compares them with the heap.
const (
	seriesCost    = 700
	attributeCost = 120
	histogramCost = 900
	perBucket     = 16
	perSample     = 16
	// perPoint is of a timing that is a gauge by itself.
	perPoint = 420
)

// interval is what came since the last one was sent. It is used by one goroutine at a time.
type interval struct {
	of     *aggregator
	began  time.Time
	series map[string]*series
	order  []*series
	seen   map[uint64]struct{} // hashes of keys
	before map[uint64]struct{} // those of the interval before
	bytes  int
}

// series is a name with its type, its attributes and its sender.
type series struct {
	message
	from net.Addr

	total     float64 // of counters
	whole     int64
	points    []point // of timings that are gauges
	weights   []float64
	values    []float64
	histogram *structure.Histogram[float64]
	buckets   *buckets
	cost      int // of what grows
}

type point struct {
	value float64
	at    time.Time
}

// buckets count values up to bounds.
type buckets struct {
	bounds        []float64
	counts        []uint64
	count         uint64
	sum, min, max float64
}

// aggregator makes series of messages.
type aggregator struct {
	c        *Config
	timings  observer
	others   observer // histograms and distributions
	maxBytes int
}

// observer is what becomes of timings or histograms.
type observer struct {
	method      protocol.ObserverType
	exponential structure.Config
	explicit    []explicit
	percentiles []float64
}

type explicit struct {
	names  *regexp.Regexp
	bounds []float64
}

func newAggregator(c *Config) *aggregator {
	a := &aggregator{c: c, maxBytes: c.Limits.MaxBytes}
	a.timings.method, a.others.method = protocol.DefaultObserverType, protocol.DefaultObserverType
	for _, m := range c.TimerHistogramMapping {
		o := &a.others
		if m.StatsdType == protocol.TimingTypeName || m.StatsdType == protocol.TimingAltTypeName {
			o = &a.timings
		}
		o.method, o.percentiles, o.explicit = m.ObserverType, m.Summary.Percentiles, nil
		var options []structure.Option
		if m.Histogram.MaxSize >= structure.MinSize {
			options = append(options, structure.WithMaxSize(m.Histogram.MaxSize))
		}
		o.exponential = structure.NewConfig(options...)
		for _, e := range m.Histogram.ExplicitBuckets {
			o.explicit = append(o.explicit, explicit{regexp.MustCompile(e.MatcherPattern), e.Buckets}) // Validate has compiled it
		}
	}
	return a
}

func (a *aggregator) observerOf(kind protocol.TypeName) *observer {
	if kind == protocol.TimingTypeName {
		return &a.timings
	}
	return &a.others
}

// begin makes the interval that follows another one, which may be nil.
func (a *aggregator) begin(after *interval, now time.Time) *interval {
	i := &interval{of: a, began: now, series: map[string]*series{}, seen: map[uint64]struct{}{}}
	if after != nil {
		i.before = after.seen
	}
	return i
}

// add takes in a message. It says no where there is no room for what is new in it: beyond half of the memory that is what did
// not come in the interval before. So who sends ever new names leaves room for others.
func (i *interval) add(m *message, from net.Addr, now time.Time) bool {
	sender := i.sender(from)
	key := keyOf(m, sender)
	s := i.series[key]
	if s == nil {
		if s = i.make(m, key, from); s == nil {
			return false
		}
	}
	return i.take(s, m, now)
}

// sender is what tells senders apart.
func (i *interval) sender(from net.Addr) string {
	if i.of.c.IgnoreHost || from == nil {
		return ""
	}
	text := from.String()
	if i.of.c.EnableIPOnlyAggregation {
		if host, _, err := net.SplitHostPort(text); err == nil {
			return host
		}
	}
	return text
}

func keyOf(m *message, sender string) string {
	var key []byte
	put := func(text string) { key = append(binary.AppendUvarint(key, uint64(len(text))), text...) }
	put(sender)
	put(string(m.kind))
	put(m.name)
	for _, a := range m.attributes {
		put(a.key)
		put(a.value)
	}
	return string(key)
}

func (i *interval) make(m *message, key string, from net.Addr) *series {
	o := i.of.observerOf(m.kind)
	cost := seriesCost + 3*len(key) + attributeCost*len(m.attributes)
	s := &series{from: from}
	switch m.kind {
	case protocol.CounterTypeName, protocol.GaugeTypeName:
	default:
		switch o.method {
		case protocol.HistogramObserver:
			cost += histogramCost
			for _, e := range o.explicit {
				if e.names.MatchString(m.name) {
					s.buckets = &buckets{bounds: e.bounds, counts: make([]uint64, len(e.bounds)+1)}
					cost += perBucket * len(e.bounds)
					break
				}
			}
			if s.buckets == nil {
				s.histogram = new(structure.Histogram[float64])
				s.histogram.Init(o.exponential)
			}
		case protocol.DisableObserver:
			return nil
		}
	}
	hash := xxhash.Sum64String(key)
	limit := i.of.maxBytes / 2
	if _, known := i.before[hash]; known {
		limit = i.of.maxBytes
	}
	if i.bytes+cost > limit {
		return nil
	}
	// The line belongs to a datagram, and would keep it.
	s.message = message{name: strings.Clone(m.name), kind: m.kind, attributes: slices.Clone(m.attributes)}
	for n := range s.attributes {
		a := &s.attributes[n]
		a.key, a.value = strings.Clone(a.key), strings.Clone(a.value)
	}
	i.bytes += cost
	i.series[key] = s
	i.order = append(i.order, s)
	i.seen[hash] = struct{}{}
	return s
}

// grow makes room for what a series has more.
func (i *interval) grow(s *series, cost int) bool {
	if i.bytes+cost-s.cost > i.of.maxBytes {
		return false
	}
	i.bytes += cost - s.cost
	s.cost = cost
	return true
}

func (i *interval) take(s *series, m *message, now time.Time) bool {
	switch m.kind {
	case protocol.GaugeTypeName:
		if m.relative && !s.first() {
			s.value += m.value
		} else {
			s.value = m.value
		}
		s.time, s.count = uint64(now.UnixNano()), 1
	case protocol.CounterTypeName:
		if s.first() {
			s.time, s.count = m.time, 1
		}
		s.total += m.value * m.count
		if i.of.c.CounterType == protocol.CounterTypeStochasticInt {
			s.whole += integer(rounded(m.value * m.count))
		} else {
			s.whole += integer(m.value * m.count)
		}
	default:
		return i.observe(s, m, now)
	}
	return true
}

// first reports whether a counter or gauge has no value yet.
func (s *series) first() bool { return s.count == 0 }

func (i *interval) observe(s *series, m *message, now time.Time) bool {
	switch {
	case s.buckets != nil:
		s.buckets.add(m.value, uint64(m.count))
	case s.histogram != nil:
		s.histogram.UpdateByIncr(m.value, uint64(m.count))
		if cost := perBucket * int(s.histogram.Positive().Len()+s.histogram.Negative().Len()); cost > s.cost {
			i.bytes += cost - s.cost // it has a bound of its own
			s.cost = cost
		}
	case i.of.observerOf(m.kind).method == protocol.SummaryObserver:
		if !i.grow(s, s.cost+perSample) {
			return false
		}
		s.values, s.weights = append(s.values, m.value), append(s.weights, m.count)
	default:
		if !i.grow(s, s.cost+perPoint+attributeCost*len(s.attributes)) {
			return false
		}
		s.points = append(s.points, point{m.value, now})
	}
	return true
}

func (b *buckets) add(value float64, count uint64) {
	if count == 0 {
		return
	}
	if b.count == 0 {
		b.min, b.max = value, value
	}
	b.count += count
	b.sum += value * float64(count)
	b.min, b.max = min(b.min, value), max(b.max, value)
	at, _ := slices.BinarySearch(b.bounds, value)
	b.counts[at] += count
}

// integer is a number without its fraction, within what 64 bits hold.
func integer(f float64) int64 {
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

// rounded is up as often as the fraction says.
func rounded(f float64) float64 {
	floor := math.Floor(f)
	if rand.Float64() < f-floor {
		return floor + 1
	}
	return floor
}
