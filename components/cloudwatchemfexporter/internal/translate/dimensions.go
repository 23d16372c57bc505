package translate

import (
	"encoding/json"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
)

// sets are the sets of dimensions of metrics that match the same declarations.
type sets struct {
	matched []int32   // declarations
	alone   bool      // aggregations and nothing else
	members [][]int32 // labels, by their index in the group
	json    []byte
	hashes  []uint64 // of names and values
}

// shape is what the sets of a group depend on, as far as it has no declarations.
type shape struct {
	known  bool // it is that of a group of this batch
	labels []label
	usable []bool
	all    []sets // of each combination of declarations
	used   []bool // by any set
	arena  []int32
	key    []byte
	many   bool // the set of all labels is too large
}

// shaped works out what a group's labels can be, and tells whether this is as it was for the group before.
func (w *walk) shaped(labels []label) bool {
	s := &w.shape
	same := s.known && len(s.labels) == len(labels) && len(w.t.o.Declarations) == 0
	for i := 0; same && i < len(labels); i++ {
		same = s.labels[i].key == labels[i].key
	}
	s.labels, s.known = labels, true
	if !same {
		s.usable = s.usable[:0]
		for range labels {
			s.usable = append(s.usable, false)
		}
	}
	for i := range labels {
		usable := w.t.usable(&labels[i])
		if usable != s.usable[i] {
			s.usable[i], same = usable, false
		}
	}
	if !same {
		s.all, s.arena, s.many = s.all[:0], s.arena[:0], false
		s.used = append(s.used[:0], make([]bool, len(labels))...)
	}
	return same
}

// usable tells whether a label can be a dimension.
func (t *Translator) usable(l *label) bool {
	return (t.allowed == nil || t.allowed[l.key]) && dimensionName(l.key) && !blank(l.value) && (len(t.json) == 0 || !t.json[l.key] || t.text(l.value))
}

// text tells whether a value that is to be written as JSON is a string nevertheless, which is not blank.
func (*Translator) text(value string) bool {
	if !json.Valid([]byte(value)) {
		return true // it is written as it is
	}
	var text string
	return json.Unmarshal([]byte(value), &text) == nil && !blank(text)
}

// withoutDimension tells whether a label was to be a dimension and cannot be.
func (t *Translator) withoutDimension(l *label) bool {
	return (t.allowed == nil || t.allowed[l.key]) && (!dimensionName(l.key) || blank(l.value))
}

// setsOf are those of the metrics that match some declarations, or that have aggregations alone.
func (w *walk) setsOf(matched []int32, alone bool) int {
	s := &w.shape
	for i := range s.all {
		if s.all[i].alone == alone && slices.Equal(s.all[i].matched, matched) {
			return i
		}
	}
	at := len(s.all)
	if at < cap(s.all) {
		s.all = s.all[:at+1]
	} else {
		s.all = append(s.all, sets{})
	}
	one := &s.all[at]
	one.matched, one.members, one.json, one.hashes = append(one.matched[:0], matched...), one.members[:0], one.json[:0], one.hashes[:0]
	one.alone = alone
	declared := len(w.t.o.Declarations) > 0
	if !alone {
		if !declared {
			w.full(one)
		}
		for _, d := range matched {
			for _, set := range w.t.declared[d] {
				w.present(one, set)
			}
		}
	}
	if !declared || len(matched) > 0 {
		if !alone {
			w.rollUp(one)
		}
		for _, set := range w.t.aggregations {
			if !alone || len(set) < w.usableLabels() {
				w.present(one, set)
			}
		}
	}
	one.json = append(one.json, '[')
	for i, set := range one.members {
		if i > 0 {
			one.json = append(one.json, ',')
		}
		one.json = append(one.json, '[')
		for j, l := range set {
			if j > 0 {
				one.json = append(one.json, ',')
			}
			one.json = message.AppendString(one.json, s.labels[l].key)
			s.used[l] = true
		}
		one.json = append(one.json, ']')
	}
	one.json = append(one.json, ']')
	return at
}

// usableLabels is how many labels the full set has.
func (w *walk) usableLabels() int {
	n := 0
	for _, usable := range w.shape.usable {
		if usable {
			n++
		}
	}
	return n
}

// full adds the set of all labels.
func (w *walk) full(to *sets) {
	w.collect(to, func(int) bool { return true })
}

// collect adds the set of the usable labels that keep says.
func (w *walk) collect(to *sets, keep func(at int) bool) {
	s := &w.shape
	from := len(s.arena)
	for i, usable := range s.usable {
		if usable && keep(i) {
			s.arena = append(s.arena, int32(i))
		}
	}
	set := s.arena[from:len(s.arena):len(s.arena)]
	if len(set) > MaxDimensions {
		s.many = true
		return
	}
	if !slices.ContainsFunc(to.members, func(other []int32) bool { return slices.Equal(other, set) }) {
		to.members = append(to.members, set)
	}
}

// present adds the set of labels with some names, where all of them are there.
func (w *walk) present(to *sets, names []string) {
	s := &w.shape
	for _, name := range names {
		if at, ok := search(s.labels, name); !ok || !s.usable[at] {
			return
		}
	}
	w.collect(to, func(at int) bool { return slices.Contains(names, s.labels[at].key) })
}

// rollUp adds the sets of the roll-up. The scope's label is in all of them.
func (w *walk) rollUp(to *sets) {
	s, o := &w.shape, &w.t.o
	if o.Rollup != SingleRollup && o.Rollup != ZeroAndSingleRollup {
		return
	}
	isScope := func(at int) bool { return o.ScopeLabel != "" && s.labels[at].key == o.ScopeLabel }
	others := 0
	for i, usable := range s.usable {
		if usable && !isScope(i) {
			others++
		}
	}
	if o.Rollup == ZeroAndSingleRollup && others > 0 {
		w.collect(to, isScope)
	}
	for i, usable := range s.usable {
		if usable && !isScope(i) {
			w.collect(to, func(at int) bool { return at == i || isScope(at) })
		}
	}
}

// hash works out what tells the sets of this group from others.
func (w *walk) hash(to *sets) {
	s := &w.shape
	to.hashes = to.hashes[:0]
	for _, set := range to.members {
		s.key = s.key[:0]
		for _, l := range set {
			s.key = append(append(s.key, s.labels[l].key...), 0)
			s.key = append(append(s.key, s.labels[l].value...), 0)
		}
		to.hashes = append(to.hashes, xxhash.Sum64(s.key))
	}
}
