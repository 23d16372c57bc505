package metrics

import (
	"math"
	"slices"
)

// sample is one data point as it arrives.
type sample struct {
	at             int64 // seconds since 1970
	unit           uint8 // index into emf.Units
	highResolution bool

	count, sum, min, max float64
	// values are what the statistics were made of, with counts (nil: once each). Without them, and
	// with min and max apart, the values are unknown.
	values, counts []float64
}

// setValues fills the statistics from values and counts.
func (s *sample) setValues(values, counts []float64) {
	s.values, s.counts = values, counts
	s.min, s.max = math.Inf(1), math.Inf(-1)
	for i, v := range values {
		n := 1.0
		if counts != nil {
			n = counts[i]
		}
		s.count += n
		s.sum += n * v
		s.min, s.max = min(s.min, v), max(s.max, v)
	}
}

// bucket is the data points of one unit in one interval.
type bucket struct {
	at                   int64 // start, seconds since 1970
	unit                 uint8
	opaque               bool // values unknown: no percentiles
	count, sum, min, max float64
	dist                 *distribution // nil while there is one value only
}

// Memory of the parts, by estimate.
const (
	bucketBytes = 64
	entryBytes  = 16
	binBytes    = 40
)

// add merges a sample.
func (b *bucket) add(s *sample) {
	before := *b
	b.mergeStatistics(s.count, s.sum, s.min, s.max)
	switch {
	case b.opaque:
	case s.min != s.max && s.values == nil:
		b.opaque, b.dist = true, nil
	case b.min == b.max:
	default:
		b.spread(&before)
		if s.min == s.max {
			b.dist.add(s.min, s.count)
			return
		}
		for i, v := range s.values {
			n := 1.0
			if s.counts != nil {
				n = s.counts[i]
			}
			b.dist.add(v, n)
		}
	}
}

// merge adds another bucket; without percentiles, only its statistics.
func (b *bucket) merge(o *bucket, percentiles bool) {
	before := *b
	b.mergeStatistics(o.count, o.sum, o.min, o.max)
	switch {
	case !percentiles || b.opaque:
	case o.opaque:
		b.opaque, b.dist = true, nil
	case b.min == b.max:
	default:
		b.spread(&before)
		if o.dist == nil {
			b.dist.add(o.min, o.count)
			return
		}
		b.dist.merge(o.dist)
	}
}

func (b *bucket) mergeStatistics(count, sum, least, most float64) {
	if b.count == 0 {
		b.min, b.max = least, most
	}
	b.count += count
	b.sum += sum
	b.min, b.max = min(b.min, least), max(b.max, most)
}

// spread makes a distribution where one value was enough so far.
func (b *bucket) spread(before *bucket) {
	if b.dist != nil {
		return
	}
	b.dist = &distribution{}
	if before.count > 0 {
		b.dist.add(before.min, before.count)
	}
}

func (b *bucket) bytes() int64 { return bucketBytes + b.dist.bytes() }

// percentile is the value below which p per cent of the values lie; false where it is unknown.
func (b *bucket) percentile(p float64) (float64, bool) {
	// Percentiles of negative values are not available in CloudWatch.
	if b.count == 0 || b.opaque || b.min < 0 {
		return 0, false
	}
	switch {
	case b.dist == nil || p == 0:
		return b.min, true
	case p == 100:
		return b.max, true
	}
	return min(max(b.dist.percentile(p), b.min), b.max), true
}

// MaxExactValues is how many different values a point holds exactly: all that one PutMetricData
// datum may have (150), and some more.
const MaxExactValues = 256

// The sketch has a bin for each power of gamma, so that the middle of a bin is off by one per cent
// at most. maxBins is enough for values of 17 orders of magnitude.
const (
	relativeError = 0.01
	gamma         = (1 + relativeError) / (1 - relativeError)
	maxBins       = 2048
)

var logGamma = math.Log(gamma)

type entry struct{ value, count float64 }

// distribution is values with their counts; the zero value is empty.
type distribution struct {
	exact []entry // sorted by value; nil once there are bins
	bins  map[int]float64
	zero  float64 // count of zeros beside bins
}

func (d *distribution) bytes() int64 {
	if d == nil {
		return 0
	}
	return bucketBytes + int64(cap(d.exact))*entryBytes + int64(len(d.bins))*binBytes
}

func (d *distribution) add(value, count float64) {
	if d.bins != nil {
		d.addBin(value, count)
		return
	}
	i, found := slices.BinarySearchFunc(d.exact, value, func(e entry, v float64) int {
		switch {
		case e.value < v:
			return -1
		case e.value > v:
			return 1
		}
		return 0
	})
	switch {
	case found:
		d.exact[i].count += count
	case len(d.exact) < MaxExactValues:
		d.exact = slices.Insert(d.exact, i, entry{value, count})
	default:
		d.bins = make(map[int]float64, MaxExactValues)
		for _, e := range d.exact {
			d.addBin(e.value, e.count)
		}
		d.exact = nil
		d.addBin(value, count)
	}
}

func (d *distribution) addBin(value, count float64) {
	if value <= 0 { // with a negative value there are no percentiles anyway
		d.zero += count
		return
	}
	d.bins[int(math.Ceil(math.Log(value)/logGamma))] += count
	if len(d.bins) > maxBins { // the least two become one: high percentiles matter most
		first, second := math.MaxInt, math.MaxInt
		for k := range d.bins {
			switch {
			case k < first:
				first, second = k, first
			case k < second:
				second = k
			}
		}
		d.bins[second] += d.bins[first]
		delete(d.bins, first)
	}
}

func (d *distribution) merge(o *distribution) {
	for _, e := range o.entries() {
		d.add(e.value, e.count)
	}
}

// entries are the values and counts in the order of values.
func (d *distribution) entries() []entry {
	if d.bins == nil {
		return d.exact
	}
	keys := make([]int, 0, len(d.bins))
	for k := range d.bins {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	entries := make([]entry, 0, len(keys)+1)
	if d.zero > 0 {
		entries = append(entries, entry{0, d.zero})
	}
	for _, k := range keys {
		entries = append(entries, entry{2 * math.Pow(gamma, float64(k)) / (gamma + 1), d.bins[k]})
	}
	return entries
}

// percentile is by the nearest rank: the least value that at least p per cent of the values do not
// exceed. How CloudWatch interpolates is not documented.
func (d *distribution) percentile(p float64) float64 {
	entries := d.entries()
	total := 0.0
	for _, e := range entries {
		total += e.count
	}
	rank := total * p / 100
	seen := 0.0
	for _, e := range entries {
		// Counts are sums of doubles: a hair below the rank is the rank.
		if seen += e.count; seen >= rank*(1-1e-12) {
			return e.value
		}
	}
	return entries[len(entries)-1].value
}
