package metrics

import (
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
)

// series is one metric: a namespace, a name and a set of dimensions.
type series struct {
	key        string
	namespace  string
	name       string
	dimensions []emf.Dimension // sorted by name

	minutes []bucket // sorted by time and unit
	seconds []bucket // the same data points of a high-resolution metric

	updated       time.Time // when the last data point came
	last          sample    // the one with the latest time, without its values
	samples       float64
	min, max      float64
	older, newer  *series // by updated
	estimatedSize int64
}

// seriesBytes is the memory of a series beside its strings and buckets, by estimate.
const seriesBytes = 512

// store holds the series. The service's mutex guards it.
type store struct {
	maxSeries, maxPoints int
	maxBytes             int64

	byKey          map[string]*series
	newest, oldest *series
	bytes          int64
	evictedSeries  int64
	evictedPoints  int64
	sorted         []*series // by key; nil when it must be made again
	scratch        []byte
}

func newStore(c Config) store {
	return store{maxSeries: c.MaxSeries, maxPoints: c.MaxPoints, maxBytes: c.MaxBytes, byKey: map[string]*series{}}
}

// separator stands between the parts of a key. It is no UTF-8, and so in none of them.
const separator = 0xff

func appendKey(b []byte, namespace, name string, dimensions []emf.Dimension) []byte {
	b = append(b, namespace...)
	b = append(b, separator)
	b = append(b, name...)
	for _, d := range dimensions {
		b = append(b, separator)
		b = append(b, d.Name...)
		b = append(b, separator)
		b = append(b, d.Value...)
	}
	return b
}

func (st *store) find(namespace, name string, dimensions []emf.Dimension) *series {
	st.scratch = appendKey(st.scratch[:0], namespace, name, dimensions)
	return st.byKey[string(st.scratch)]
}

// add stores a data point. It copies the strings that it keeps.
func (st *store) add(now time.Time, namespace, name string, dimensions []emf.Dimension, s *sample) {
	x := st.find(namespace, name, dimensions)
	if x == nil {
		x = st.create(namespace, name, dimensions)
	} else {
		st.unlink(x)
	}
	st.pushNewest(x)
	x.updated = now
	if x.samples == 0 {
		x.min, x.max = s.min, s.max
	}
	if x.samples == 0 || s.at >= x.last.at {
		x.last = *s
		x.last.values, x.last.counts = nil, nil
	}
	x.samples += s.count
	x.min, x.max = min(x.min, s.min), max(x.max, s.max)

	size := insert(&x.minutes, s, 60) + st.trim(&x.minutes, st.maxPoints)
	if s.highResolution {
		size += insert(&x.seconds, s, 1) + st.trim(&x.seconds, maxSeconds)
	}
	x.estimatedSize += size
	st.bytes += size
	for st.bytes > st.maxBytes && st.oldest != nil {
		st.shrink(st.oldest)
	}
}

func (st *store) create(namespace, name string, dimensions []emf.Dimension) *series {
	for len(st.byKey) >= st.maxSeries {
		st.remove(st.oldest)
	}
	// The parts of the series are parts of the key: a log event's memory is not kept.
	key := string(appendKey(nil, namespace, name, dimensions))
	x := &series{key: key, namespace: key[:len(namespace)], dimensions: make([]emf.Dimension, len(dimensions))}
	at := len(namespace) + 1
	cut := func(n int) string {
		part := key[at : at+n]
		at += n + 1
		return part
	}
	x.name = cut(len(name))
	for i, d := range dimensions {
		x.dimensions[i].Name = cut(len(d.Name))
		x.dimensions[i].Value = cut(len(d.Value))
	}
	x.estimatedSize = seriesBytes + int64(len(key))
	st.bytes += x.estimatedSize
	st.byKey[key] = x
	st.sorted = nil
	return x
}

// insert merges the sample into its bucket and returns how much memory that took.
func insert(buckets *[]bucket, s *sample, seconds int64) int64 {
	at := s.at - mod(s.at, seconds)
	list := *buckets
	i := len(list)
	found := false
	// Nearly always the point belongs at the end.
	if n := len(list); n > 0 && order(&list[n-1], at, s.unit) >= 0 {
		i, found = slices.BinarySearchFunc(list, at, func(b bucket, at int64) int { return order(&b, at, s.unit) })
	}
	if !found {
		list = slices.Insert(list, i, bucket{at: at, unit: s.unit})
		list[i].add(s)
		*buckets = list
		return list[i].bytes()
	}
	before := list[i].bytes()
	list[i].add(s)
	return list[i].bytes() - before
}

func order(b *bucket, at int64, unit uint8) int {
	switch {
	case b.at < at:
		return -1
	case b.at > at:
		return 1
	}
	return int(b.unit) - int(unit)
}

func mod(a, b int64) int64 { return ((a % b) + b) % b }

// trim drops the oldest buckets above most and returns the (negative) change of memory. It waits
// for a few of them, because each time moves all others.
func (st *store) trim(buckets *[]bucket, most int) int64 {
	if len(*buckets) <= most+most/16 {
		return 0
	}
	return st.drop(buckets, len(*buckets)-most)
}

func (st *store) drop(buckets *[]bucket, n int) int64 {
	size := int64(0)
	for i := range n {
		size -= (*buckets)[i].bytes()
	}
	*buckets = slices.Delete(*buckets, 0, n)
	st.evictedPoints += int64(n)
	return size
}

// shrink drops the older half of a series' points, and a series without points.
func (st *store) shrink(x *series) {
	if len(x.minutes) <= 1 {
		st.remove(x)
		return
	}
	size := st.drop(&x.minutes, (len(x.minutes)+1)/2)
	if len(x.seconds) > 0 {
		size += st.drop(&x.seconds, (len(x.seconds)+1)/2)
	}
	// Deleting alone frees no memory.
	x.minutes, x.seconds = slices.Clone(x.minutes), slices.Clone(x.seconds)
	x.estimatedSize += size
	st.bytes += size
}

func (st *store) remove(x *series) {
	st.unlink(x)
	delete(st.byKey, x.key)
	st.bytes -= x.estimatedSize
	st.evictedSeries++
	st.evictedPoints += int64(len(x.minutes) + len(x.seconds))
	st.sorted = nil
}

func (st *store) unlink(x *series) {
	if x.newer != nil {
		x.newer.older = x.older
	} else {
		st.newest = x.older
	}
	if x.older != nil {
		x.older.newer = x.newer
	} else {
		st.oldest = x.newer
	}
	x.newer, x.older = nil, nil
}

func (st *store) pushNewest(x *series) {
	x.older = st.newest
	if st.newest != nil {
		st.newest.newer = x
	} else {
		st.oldest = x
	}
	st.newest = x
}

// all is the series in the order of their keys.
func (st *store) all() []*series {
	if st.sorted == nil {
		st.sorted = make([]*series, 0, len(st.byKey))
		for _, x := range st.byKey {
			st.sorted = append(st.sorted, x)
		}
		slices.SortFunc(st.sorted, func(a, b *series) int { return strings.Compare(a.key, b.key) })
	}
	return st.sorted
}
