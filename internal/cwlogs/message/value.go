package message

import (
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// values writes values in one style. entries are scratch: those of the maps being written, the outermost
// first.
type values struct {
	style   style
	entries []entry
}

type entry struct {
	key   string
	value pcommon.Value
}

// value appends a value as encoding/json has what its AsRaw gives.
func (w *values) value(dst []byte, v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return appendString(dst, v.Str(), w.style)
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(dst, v.Bool())
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(dst, v.Int(), 10)
	case pcommon.ValueTypeDouble:
		return appendFloat(dst, v.Double(), w.style)
	case pcommon.ValueTypeBytes:
		if v.Bytes().Len() == 0 {
			return append(dst, "null"...) // AsRaw gives a nil slice
		}
		return append(appendBase64(append(dst, '"'), v.Bytes()), '"')
	case pcommon.ValueTypeMap:
		return w.sorted(dst, v.Map())
	case pcommon.ValueTypeSlice:
		list := v.Slice()
		dst = append(dst, '[')
		for i := range list.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = w.value(dst, list.At(i))
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}

// smallMap is up to how many entries are sorted by insertion: attributes are few, and often in order.
const smallMap = 24

// sorted appends a map with its keys in order. Of several with one key the last counts.
func (w *values) sorted(dst []byte, m pcommon.Map) []byte {
	first := len(w.entries)
	for key, value := range m.All() {
		w.entries = append(w.entries, entry{key, value})
	}
	end := len(w.entries)
	sortEntries(w.entries[first:end])
	dst = append(dst, '{')
	comma := false
	for i := first; i < end; i++ { // by number: a map within may move w.entries
		e := w.entries[i]
		if i+1 < end && w.entries[i+1].key == e.key {
			continue
		}
		if comma {
			dst = append(dst, ',')
		}
		comma = true
		dst = append(appendString(dst, e.key, w.style), ':')
		dst = w.value(dst, e.value)
	}
	clear(w.entries[first:end]) // let go of the record
	w.entries = w.entries[:first]
	return append(dst, '}')
}

// sortEntries keeps the order of those with the same key.
func sortEntries(entries []entry) {
	if len(entries) > smallMap {
		slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
		return
	}
	for i := 1; i < len(entries); i++ {
		for j := i; j > 0 && entries[j].key < entries[j-1].key; j-- {
			entries[j], entries[j-1] = entries[j-1], entries[j]
		}
	}
}

// text appends a value as its AsString has it: text is not quoted.
func (w *values) text(dst []byte, v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
		return dst
	case pcommon.ValueTypeStr:
		return append(dst, v.Str()...)
	case pcommon.ValueTypeDouble:
		start := len(dst)
		dst = appendFloat(dst, v.Double(), w.style)
		if dst[start] == '"' { // NaN and its like
			dst = slices.Delete(dst[:len(dst)-1], start, start+1)
		}
		return dst
	case pcommon.ValueTypeBytes:
		return appendBase64(dst, v.Bytes())
	}
	return w.value(dst, v)
}
