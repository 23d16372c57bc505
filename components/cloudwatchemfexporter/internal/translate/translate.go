package translate

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// Translator translates. It is safe for concurrent use.
type Translator struct {
	o           Options
	descriptors map[string]Descriptor
	json        map[string]bool
	allowed     map[string]bool // nil: all
	alone       map[string]bool // metrics without their full set
	// sets are those of declarations and aggregations, sorted and without what is there twice.
	declared     [][][]string
	aggregations [][]string
	pool         sync.Pool // of *walk

	mu       sync.Mutex
	matching map[string][]int32 // declarations by name
}

// New makes a Translator. Its declarations are compiled.
func New(o Options) *Translator {
	t := &Translator{o: o, descriptors: map[string]Descriptor{}, json: map[string]bool{}, alone: map[string]bool{}, matching: map[string][]int32{}}
	for _, d := range o.Descriptors {
		t.descriptors[d.MetricName] = d
	}
	for _, key := range o.JSON {
		t.json[key] = true
	}
	if o.Dimensions != nil {
		t.allowed = map[string]bool{}
		for _, name := range o.Dimensions {
			t.allowed[name] = true
		}
	}
	for _, name := range o.AggregatedAlone {
		t.alone[name] = true
	}
	for _, d := range o.Declarations {
		t.declared = append(t.declared, sortedSets(d.Dimensions))
	}
	t.aggregations = sortedSets(o.Aggregations)
	t.pool.New = func() any { return &walk{t: t} }
	return t
}

func sortedSets(sets [][]string) [][]string {
	var sorted [][]string
	for _, set := range sets {
		names := map[string]bool{}
		for _, name := range set {
			names[name] = true
		}
		one := slices.Sorted(maps.Keys(names))
		if !slices.ContainsFunc(sorted, func(s []string) bool { return slices.Equal(s, one) }) {
			sorted = append(sorted, one)
		}
	}
	return sorted
}

// Document is a log event.
type Document struct {
	Destination
	// Timestamp is in milliseconds since 1970.
	Timestamp int64
	// Points are the data points in it.
	Points int
	Text   []byte
}

// Destination is where a document goes.
type Destination struct {
	Target cwlogs.Target
	// Fallback is where it goes if Target cannot be written to; empty where it waits.
	Fallback cwlogs.Target
}

// Elsewhere are documents that do not go where their data points ask.
type Elsewhere struct {
	Documents int
	// Asked is one of the targets that were asked for.
	Asked cwlogs.Target
}

// Batch is what a pmetric.Metrics has become. It has nothing of it.
type Batch struct {
	Documents []Document
	// Counts are data points that are in no document, or not as they were given, and Examples the name of the last
	// metric of each kind.
	Counts   [reasons]int
	Examples [reasons]string
	// Elsewhere are documents that do not go where their data points ask, by why. nil: none.
	Elsewhere map[admission.Reason]Elsewhere
	// Exceeding are metrics that have exceeded their budget with this batch.
	Exceeding []string
}

// Count adds a data point of a metric.
func (b *Batch) count(r Reason, metric string, points int) {
	b.Counts[r] += points
	b.Examples[r] = metric
}

// Translate makes documents.
func (t *Translator) Translate(md pmetric.Metrics, now time.Time) *Batch {
	w := t.pool.Get().(*walk)
	w.reset()
	b := &Batch{}
	w.batch, w.now = b, now.UnixMilli()
	if t.o.Deltas != nil {
		t.o.Deltas.Lock()
		t.o.Deltas.Age(now)
	}
	for _, rm := range md.ResourceMetrics().All() {
		w.resource(rm)
	}
	if t.o.Deltas != nil {
		t.o.Deltas.Unlock()
	}
	if t.o.Series != nil {
		t.o.Series.Begin(now)
	}
	w.write()
	for i, name := range b.Examples {
		b.Examples[i] = string([]byte(name)) // it is the data point's own
	}
	w.batch = nil
	w.text = nil
	t.pool.Put(w)
	return b
}

// walk goes over metrics. Its fields are of the resource, scope, metric and data point where it stands.
type walk struct {
	gathered
	t     *Translator
	batch *Batch
	now   int64 // milliseconds

	resourceHash   uint64
	resourceLabels []label
	namespace      int32
	prometheus     bool
	source         names.Source
	to             cwlogs.Target
	whole          bool // to does not depend on the data point
	target         int32

	scope     string
	scopeHash uint64

	name   string
	metric int32
	typ    pmetric.MetricType
	// fresh says that no metric of the batch had its name before.
	fresh bool
	seed  uint64 // of a series' identity

	point      []label
	ms         int64
	resolution int
	key        []byte
	labelsAt   int
	scratch    scratch

	writer
}

func (w *walk) reset() {
	w.gathered.reset()
	clear(w.point[:cap(w.point)])
	clear(w.resourceLabels[:cap(w.resourceLabels)])
}

const perPoint = names.OnRecord | names.OnDate

func (w *walk) resource(rm pmetric.ResourceMetrics) {
	o := &w.t.o
	attributes := rm.Resource().Attributes()
	w.resourceHash = hashOf(attributes)
	w.resourceLabels = w.resourceLabels[:0]
	if o.Resource {
		for k, v := range attributes.All() {
			if !o.NoService || !isService(k) {
				w.resourceLabels = append(w.resourceLabels, label{valid(k), textOf(v)})
			}
		}
	}
	receiver, ok := attributes.Get("receiver")
	w.prometheus = ok && receiver.Str() == "prometheus"
	w.namespaced(attributes)
	w.scope, w.scopeHash = "", 0
	w.source = names.Source{Resource: attributes}
	w.targeted()
	for _, sm := range rm.ScopeMetrics().All() {
		w.scope = sm.Scope().Name()
		w.scopeHash = xxhash.Sum64String(w.scope) ^ 31*xxhash.Sum64String(sm.Scope().Version()) ^ hashOf(sm.Scope().Attributes())
		if w.depends()&names.OnScope != 0 {
			w.source.Scope = sm.Scope()
			w.targeted()
		}
		for _, m := range sm.Metrics().All() {
			w.metricOf(m)
		}
	}
}

// hashOf does not depend on the order of attributes.
func hashOf(attributes pcommon.Map) uint64 {
	var sum uint64
	for k, v := range attributes.All() {
		h := xxhash.Sum64String(k)
		sum += (h ^ bitsMix(xxhash.Sum64String(textOf(v)))) * 0x9e3779b97f4a7c15
	}
	return sum
}

func bitsMix(h uint64) uint64 {
	h ^= h >> 31
	return h*0xbf58476d1ce4e5b9 + 1
}

// metricOf adds a metric's data points.
func (w *walk) metricOf(m pmetric.Metric) {
	w.name, w.typ = valid(m.Name()), m.Type()
	unit := m.Unit()
	if d, ok := w.t.descriptors[w.name]; ok && (unit == "" || d.Overwrite) {
		unit = d.Unit
	}
	w.metric, w.fresh = w.metricAt(w.name, cloudWatchUnit(unit))
	w.seed = w.resourceHash ^ bitsMix(w.scopeHash) ^ bitsMix(bitsMix(w.metrics[w.metric].hash))
	if w.t.o.Deltas != nil && isTotal(m) {
		w.t.o.Deltas.Of(w.seed, w.name)
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		w.numbers(m.Gauge().DataPoints(), false)
	case pmetric.MetricTypeSum:
		w.numbers(m.Sum().DataPoints(), m.Sum().IsMonotonic() && m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeHistogram:
		w.histograms(m.Histogram().DataPoints(), m.Histogram().AggregationTemporality() == pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeExponentialHistogram:
		w.exponentials(m.ExponentialHistogram().DataPoints(), m.ExponentialHistogram().AggregationTemporality() == pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeSummary:
		w.summaries(m.Summary().DataPoints())
	default:
		w.batch.count(Unsupported, w.name, 1)
	}
}

// isTotal reports whether the store of totals may be asked for a metric's data points.
func isTotal(m pmetric.Metric) bool {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityCumulative
	case pmetric.MetricTypeHistogram:
		return m.Histogram().AggregationTemporality() == pmetric.AggregationTemporalityCumulative
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().AggregationTemporality() == pmetric.AggregationTemporalityCumulative
	}
	return m.Type() == pmetric.MetricTypeSummary
}

// metricAt is the metric of a name and a unit. fresh tells that the name is new.
func (w *walk) metricAt(name, unit string) (at int32, fresh bool) {
	if at, ok := w.byMetric[metricKey{name, unit}]; ok {
		return at, false
	}
	fresh = true
	if _, ok := w.byMetric[metricKey{name: name, unit: "\x00"}]; ok {
		fresh = false
	}
	at = int32(len(w.metrics))
	w.byMetric[metricKey{name, unit}] = at
	w.byMetric[metricKey{name, "\x00"}] = at
	w.metrics = append(w.metrics, metric{name: name, unit: unit, hash: xxhash.Sum64String(name), valid: w.t.names(name)})
	m := &w.metrics[at]
	if len(w.t.o.Declarations) > 0 {
		m.declared = w.t.declarations(name)
	}
	m.alone = w.t.alone[name]
	w.defined(m)
	return at, fresh
}

// names tells whether a name may be a metric's. Others are members of the document that say what it is.
func (t *Translator) names(name string) bool {
	return name != "" && (len(name) <= MaxNameLength || utf8.RuneCountInString(name) <= MaxNameLength) && !t.reserved(name)
}

// reserved tells whether a member has a meaning of its own.
func (t *Translator) reserved(name string) bool {
	if t.o.Version0 {
		return name == "Version" || name == "CloudWatchMetrics" || name == "Timestamp"
	}
	return name == "_aws"
}

// maxMatching bounds the names whose declarations are remembered.
const maxMatching = 10_000

// declarations are those that a name matches.
func (t *Translator) declarations(name string) []int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	list, ok := t.matching[name]
	if !ok {
		for i, d := range t.o.Declarations {
			if d.named(name) {
				list = append(list, int32(i))
			}
		}
		if len(t.matching) >= maxMatching {
			clear(t.matching)
		}
		if len(name) <= MaxNameLength { // others are no metrics, and of any length
			t.matching[string([]byte(name))] = list
		}
	}
	return list
}

// begin takes in a data point's labels and time, and makes the key of its group.
func (w *walk) begin(attributes pcommon.Map, at pcommon.Timestamp) {
	o := &w.t.o
	w.ms = int64(uint64(at) / uint64(time.Millisecond))
	if w.ms == 0 {
		w.ms = w.now
	}
	w.resolution = 60
	w.point = w.point[:0]
	for k, v := range attributes.All() {
		switch {
		case k == resolutionAttribute:
			if textOf(v) == "1" {
				w.resolution = 1
			}
		case k != "" && !w.t.reserved(k):
			w.point = append(w.point, label{valid(k), textOf(v)})
		}
	}
	for _, l := range w.resourceLabels {
		if l.key != "" && !w.t.reserved(l.key) {
			w.point = set(w.point, l.key, l.value)
		}
	}
	if w.scope != "" && o.ScopeLabel != "" {
		w.point = set(w.point, o.ScopeLabel, w.scope)
	}
	if o.Kubernetes {
		if at := slices.IndexFunc(w.point, func(l label) bool { return l.key == "Type" }); at >= 0 && (w.point[at].value == "Pod" || w.point[at].value == "Container") {
			w.point = set(w.point, "kubernetes", kubernetes(w.point))
		}
	}
	target := w.targetOfPoint(attributes)
	key := binary.LittleEndian.AppendUint64(w.key[:0], uint64(w.ms))
	key = binary.LittleEndian.AppendUint32(key, uint32(w.namespace))
	key = binary.LittleEndian.AppendUint32(key, uint32(target))
	typ := byte(0)
	if w.prometheus {
		typ = byte(w.typ) + 1
	}
	w.key = append(key, typ, byte(w.resolution), 0, 0)
	w.labelsAt = len(w.key)
	w.labelled()
}

// labelled makes the part of the key that has the labels.
func (w *walk) labelled() {
	w.point = order(w.point)
	key := w.key[:w.labelsAt]
	for i := range w.point {
		l := &w.point[i]
		key = append(binary.AppendUvarint(key, uint64(len(l.key))), l.key...)
		key = append(binary.AppendUvarint(key, uint64(len(l.value))), l.value...)
	}
	w.key = key
}

// layerAt is where a key has the number of the document, of those that have the same labels.
const layerAt = 8 + 4 + 4 + 1 + 1

// series identifies the data point's series.
func (w *walk) series() uint64 {
	return bitsMix(xxhash.Sum64(w.key[w.labelsAt:])) ^ w.seed
}

// add adds a value. points is 1 for the first of a data point, and 0 for others.
func (w *walk) add(of int32, fresh bool, v value, points int32) {
	m := &w.metrics[of]
	if !m.valid {
		w.batch.count(InvalidName, m.name, int(points))
		return
	}
	for i := range w.point {
		if w.point[i].key == m.name {
			w.batch.count(NameIsLabel, m.name, int(points))
			return
		}
	}
	for layer := range math.MaxUint16 {
		binary.LittleEndian.PutUint16(w.key[layerAt:], uint16(layer))
		at, made := w.find(w.key)
		if made {
			w.made(at)
		} else if h := w.holder(at, of, fresh); h >= 0 {
			if w.extend(h, of, v, points) {
				return
			}
			continue
		}
		w.append(at, of, v, points)
		return
	}
}

// made fills in a new group.
func (w *walk) made(at int32) {
	g := &w.groups[at]
	from := int32(len(w.labels))
	w.labels = append(w.labels, w.point...)
	g.labels = span{from, int32(len(w.labels))}
	g.namespace, g.ms, g.resolution = w.namespace, w.ms, w.resolution
	g.target = int32(binary.LittleEndian.Uint32(w.key[12:]))
	g.prometheus, g.typ = w.prometheus, w.typ
}
