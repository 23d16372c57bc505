package translate

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/series"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
)

// maxField is how long fields may be, in bytes, where a document is too large otherwise.
const maxField = 8 << 10

// writer is where documents are made.
type writer struct {
	text  []byte
	ends  []int
	shape shape

	list     []int32 // entries of the group
	kinds    []int   // their sets
	matching []bool  // declarations whose matchers the labels of the group match
	matched  []int32
	first    bool // no member was written
	compact  bytes.Buffer
}

// defined writes what of a metric is the same in every document.
func (w *walk) defined(m *metric) {
	from := len(w.json)
	w.json = append(w.json, `{"Name":`...)
	w.json = message.AppendString(w.json, m.name)
	if m.unit != "" {
		w.json = append(append(append(w.json, `,"Unit":"`...), m.unit...), '"')
	}
	w.json = append(w.json, '}')
	m.definition = span{int32(from), int32(len(w.json))}
	w.json = message.AppendString(w.json, m.name)
	w.json = append(w.json, ':')
	m.key = span{m.definition.to, int32(len(w.json))}
}

// write makes documents of the groups.
func (w *walk) write() {
	w.text, w.ends = make([]byte, 0, w.estimate()), w.ends[:0]
	w.batch.Documents = make([]Document, 0, len(w.groups))
	w.shape.labels, w.shape.known = nil, false
	for i := range w.groups {
		w.writeGroup(&w.groups[i])
	}
	from := 0
	for i, end := range w.ends {
		w.batch.Documents[i].Text = w.text[from:end:end]
		from = end
	}
	w.shape.labels, w.shape.known = nil, false
}

// estimate is about how much text the documents have: the frame of each, its labels in the directive and as members,
// names and values. Sets of roll-ups and declarations are not in it.
func (w *walk) estimate() int {
	return 160*len(w.groups) + 3*len(w.keys)/2 + 80*len(w.entries) + 12*len(w.buckets) + 40*len(w.stats)
}

func (w *walk) writeGroup(g *group) {
	labels := w.labels[g.labels.from:g.labels.to]
	same := w.shaped(labels)
	w.list, w.kinds = w.list[:0], w.kinds[:0]
	points := 0
	if len(w.t.o.Declarations) > 0 {
		w.matching = w.matching[:0]
		for _, d := range w.t.o.Declarations {
			w.matching = append(w.matching, d.labelled(labels))
		}
		for e := g.first; e >= 0; e = w.entries[e].next {
			w.matched = w.matched[:0]
			for _, d := range w.metrics[w.entries[e].metric].declared {
				if w.matching[d] {
					w.matched = append(w.matched, d)
				}
			}
			w.list = append(w.list, e)
			w.kinds = append(w.kinds, w.setsOf(w.matched, w.metrics[w.entries[e].metric].alone))
			points += int(w.entries[e].points)
		}
	} else {
		if !same {
			w.setsOf(nil, false)
		}
		for e := g.first; e >= 0; e = w.entries[e].next {
			kind := 0
			if len(w.t.alone) > 0 {
				kind = w.setsOf(nil, w.metrics[w.entries[e].metric].alone)
			}
			w.list, w.kinds = append(w.list, e), append(w.kinds, kind)
			points += int(w.entries[e].points)
		}
	}
	if len(w.t.alone) > 0 {
		w.dropOriginals()
	}
	w.dimensionsToldOf(labels, points, w.metrics[w.entries[g.first].metric].name)
	if w.t.o.Series != nil {
		w.budget(g)
	}
	for from := 0; from < len(w.list); from += MaxMetrics {
		to := min(from+MaxMetrics, len(w.list))
		w.documents(g, w.list[from:to], w.kinds[from:to], 0)
	}
}

// dropOriginals leaves out what was to be aggregated alone, and is not aggregated.
func (w *walk) dropOriginals() {
	n := 0
	for i, e := range w.list {
		if sets := &w.shape.all[w.kinds[i]]; sets.alone && len(sets.members) == 0 {
			w.batch.count(Original, w.metrics[w.entries[e].metric].name, int(w.entries[e].points))
			continue
		}
		w.list[n], w.kinds[n] = e, w.kinds[i]
		n++
	}
	w.list, w.kinds = w.list[:n], w.kinds[:n]
}

// dimensionsToldOf counts what is not as its labels say.
func (w *walk) dimensionsToldOf(labels []label, points int, name string) {
	if w.shape.many {
		w.batch.count(TooManyDimensions, name, points)
	}
	for i := range labels {
		if !w.shape.usable[i] && w.t.withoutDimension(&labels[i]) {
			w.batch.count(WithoutDimension, name, points)
		}
		if w.shape.used[i] {
			var shortened bool
			if labels[i].value, shortened = shorten(labels[i].value, MaxDimensionValueLength); shortened {
				w.batch.count(ShortenedDimension, name, points)
			}
		}
	}
}

// budget takes what the group has into account of each metric, and leaves out what is too much.
func (w *walk) budget(g *group) {
	for i := range w.shape.all {
		w.hash(&w.shape.all[i])
	}
	namespace := bitsMix(xxhash.Sum64String(w.namespaces[g.namespace]))
	n := 0
	for i, e := range w.list {
		m := &w.metrics[w.entries[e].metric]
		within := true
		for _, hash := range w.shape.all[w.kinds[i]].hashes {
			switch w.t.o.Series.See(m.hash^namespace, hash) {
			case series.Exceeds:
				w.batch.Exceeding = append(w.batch.Exceeding, string([]byte(m.name)))
				within = false
			case series.Excess:
				within = false
			}
		}
		if !within && w.t.o.DropExcess {
			w.batch.count(OverBudget, m.name, int(w.entries[e].points))
			continue
		}
		w.list[n], w.kinds[n] = e, w.kinds[i]
		n++
	}
	w.list, w.kinds = w.list[:n], w.kinds[:n]
}

// documents writes entries as one document, or as several where it is too large. clip bounds fields, in bytes.
func (w *walk) documents(g *group, list []int32, kinds []int, clip int) {
	from := len(w.text)
	w.document(g, list, kinds, clip)
	points := 0
	for _, e := range list {
		points += int(w.entries[e].points)
	}
	if len(w.text)-from <= cwlogs.MaxMessageBytes {
		w.ends = append(w.ends, len(w.text))
		w.batch.Documents = append(w.batch.Documents, Document{Destination: w.destination(g.target), Timestamp: g.ms, Points: points})
		return
	}
	w.text = w.text[:from]
	switch half := len(list) / 2; {
	case clip == 0:
		w.documents(g, list, kinds, maxField)
	case half > 0:
		w.documents(g, list[:half], kinds[:half], clip)
		w.documents(g, list[half:], kinds[half:], clip)
	default:
		w.batch.count(TooLarge, w.metrics[w.entries[list[0]].metric].name, points)
	}
}

func (w *walk) document(g *group, list []int32, kinds []int, clip int) {
	w.text = append(w.text, '{')
	w.first = true
	w.head(g, list, kinds)
	for i, l := range w.labels[g.labels.from:g.labels.to] {
		w.member(l.key)
		w.field(l, w.shape.used[i], clip)
	}
	if g.prometheus {
		w.member("prom_metric_type")
		w.text = message.AppendString(w.text, prometheusTypes[g.typ])
	}
	for _, e := range list {
		w.comma()
		w.text = append(w.text, w.metrics[w.entries[e].metric].key.of(w.json)...)
		w.valueOf(&w.entries[e])
	}
	w.text = append(w.text, '}')
}

// prometheusTypes are what Prometheus calls pmetric's types.
var prometheusTypes = [...]string{"", "gauge", "counter", "histogram", "", "summary"}

func (w *walk) comma() {
	if !w.first {
		w.text = append(w.text, ',')
	}
	w.first = false
}

func (w *walk) member(key string) {
	w.comma()
	w.text = message.AppendString(w.text, key)
	w.text = append(w.text, ':')
}

// head writes which members are metrics.
func (w *walk) head(g *group, list []int32, kinds []int) {
	measured := slices.ContainsFunc(kinds, func(k int) bool { return len(w.shape.all[k].members) > 0 })
	if w.t.o.Version0 {
		w.member("Timestamp")
		w.text = append(strconv.AppendInt(append(w.text, '"'), g.ms, 10), '"')
		if measured {
			w.text = append(w.text, `,"Version":"0","CloudWatchMetrics":[`...)
			w.directives(g, list, kinds)
			w.text = append(w.text, ']')
		}
		return
	}
	if measured {
		w.first = false
		w.text = append(w.text, `"_aws":{"Timestamp":`...)
		w.text = strconv.AppendInt(w.text, g.ms, 10)
		w.text = append(w.text, `,"CloudWatchMetrics":[`...)
		w.directives(g, list, kinds)
		w.text = append(w.text, `]}`...)
	}
}

func (w *walk) directives(g *group, list []int32, kinds []int) {
	written := 0
	for k := range w.shape.all {
		if len(w.shape.all[k].members) == 0 || !slices.Contains(kinds, k) {
			continue
		}
		if written > 0 {
			w.text = append(w.text, ',')
		}
		written++
		w.text = append(w.text, `{"Namespace":`...)
		w.text = message.AppendString(w.text, w.namespaces[g.namespace])
		w.text = append(w.text, `,"Dimensions":`...)
		w.text = append(w.text, w.shape.all[k].json...)
		w.text = append(w.text, `,"Metrics":[`...)
		for i, e := range list {
			if kinds[i] != k {
				continue
			}
			w.text = append(w.text, w.metrics[w.entries[e].metric].definition.of(w.json)...)
			if g.resolution == 1 {
				w.text = append(w.text[:len(w.text)-1], `,"StorageResolution":1}`...)
			}
			w.text = append(w.text, ',')
		}
		w.text[len(w.text)-1] = ']'
		w.text = append(w.text, '}')
	}
}

// field writes a label's value.
func (w *walk) field(l label, dimension bool, clip int) {
	if len(w.t.json) > 0 && w.t.json[l.key] && json.Valid([]byte(l.value)) {
		w.compact.Reset()
		if json.Compact(&w.compact, []byte(l.value)) == nil && (clip == 0 || w.compact.Len() <= clip) {
			w.text = append(w.text, w.compact.Bytes()...)
			return
		}
	}
	value := l.value
	if clip > 0 && !dimension {
		value, _ = shorten(value, clip)
	}
	w.text = message.AppendString(w.text, value)
}

func (w *walk) valueOf(e *entry) {
	if e.more < 0 {
		w.one(e.value)
		return
	}
	w.text = append(w.text, '[')
	w.one(e.value)
	for at := e.more; at >= 0; at = w.entries[at].more {
		w.text = append(w.text, ',')
		w.one(w.entries[at].value)
	}
	w.text = append(w.text, ']')
}

func (w *walk) one(v value) {
	switch v.kind {
	case number:
		w.text = message.AppendFloat(w.text, v.number)
	case count:
		w.text = strconv.AppendUint(w.text, v.count, 10)
	case statisticSet:
		w.statisticsOf(&w.stats[v.stats])
	}
}

func (w *walk) statisticsOf(s *stats) {
	w.text = append(w.text, '{')
	if buckets := w.buckets[s.buckets.from:s.buckets.to]; len(buckets) > 0 {
		w.text = append(w.text, `"Values":[`...)
		for i := range buckets {
			if i > 0 {
				w.text = append(w.text, ',')
			}
			w.text = buckets[i].AppendValue(w.text)
		}
		w.text = append(w.text, `],"Counts":[`...)
		for i := range buckets {
			if i > 0 {
				w.text = append(w.text, ',')
			}
			w.text = strconv.AppendUint(w.text, buckets[i].Count, 10)
		}
		w.text = append(w.text, `],`...)
	}
	w.text = append(w.text, `"Max":`...)
	w.text = message.AppendFloat(w.text, s.Max)
	w.text = append(w.text, `,"Min":`...)
	w.text = message.AppendFloat(w.text, s.Min)
	w.text = append(w.text, `,"Count":`...)
	w.text = strconv.AppendUint(w.text, s.Count, 10)
	w.text = append(w.text, `,"Sum":`...)
	w.text = message.AppendFloat(w.text, s.Sum)
	w.text = append(w.text, '}')
}
