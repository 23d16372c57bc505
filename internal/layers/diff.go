package layers

import (
	"math"
	"slices"
	"strconv"
)

// Change is one key that two configurations do not have alike.
type Change struct {
	// Path is the key. An item of a list is named by its index.
	Path []string
	// Old and New are the values, what is secret redacted; a nil may be a key's value.
	Old, New any
	// InOld and InNew say whether the configurations have the key.
	InOld, InNew bool
	// OldOrigin and NewOrigin are where it was written.
	OldOrigin, NewOrigin Origin

	old, new *node
	redact   func(path []string, value any) bool
	secret   []string // the path by which secrets are hidden, where it is another
}

// Diff compares two configurations key by key. What one of them has alone is one change with all that is
// below it, and a list of scalars is one value. redact says which values are not shown: nil stands for
// those that Secret names. They are compared nevertheless.
func Diff(a, b *Merged, redact ...func(path []string, value any) bool) []Change {
	d := differ{}
	if len(redact) > 0 {
		d.redact = redact[0]
	}
	d.maps(nil, nil, a.root, b.root)
	return d.changes
}

type differ struct {
	redact  func(path []string, value any) bool
	changes []Change
}

// maps compares two maps. secret is the path by which secrets are hidden: {key: password, value: …} hides its value.
func (d *differ) maps(path, secret []string, a, b *node) {
	under := func(key string) []string {
		if a.hides(key) || b.hides(key) {
			key = hidden
		}
		return append(secret, key)
	}
	a.each(func(key string, old *node) { d.nodes(append(path, key), under(key), old, b.find(key)) })
	b.each(func(key string, added *node) {
		if a.find(key) == nil {
			d.nodes(append(path, key), under(key), nil, added)
		}
	})
}

func (d *differ) nodes(path, secret []string, a, b *node) {
	switch {
	case a == nil || b == nil || a.kind != b.kind:
		d.add(path, secret, a, b)
	case a.kind == kindMap && a.leaf() != b.leaf():
		if a.leaf() {
			d.maps(path, secret, a, b)
			return
		}
		d.add(path, secret, a, b) // a map that has nothing left
	case a.kind == kindMap:
		d.maps(path, secret, a, b)
	case a.kind == kindList && (a.nested() || b.nested()):
		for i := range max(len(a.items), len(b.items)) {
			at := strconv.Itoa(i)
			d.nodes(append(path, at), append(secret, at), a.child(at), b.child(at))
		}
	case !same(a, b):
		d.add(path, secret, a, b)
	}
}

// same compares what is no map. NaN is like itself.
func same(a, b *node) bool {
	if a.kind == kindList {
		return slices.EqualFunc(a.items, b.items, same)
	}
	return a.kind == b.kind && (a.value == b.value || isNaN(a.value) && isNaN(b.value))
}

func isNaN(value any) bool {
	f, ok := value.(float64)
	return ok && math.IsNaN(f)
}

// nested says whether a list has more than scalars.
func (n *node) nested() bool {
	return slices.ContainsFunc(n.items, func(item *node) bool { return item.kind == kindMap || item.kind == kindList })
}

func (d *differ) add(path, secret []string, a, b *node) {
	c := Change{Path: slices.Clone(path), InOld: a != nil, InNew: b != nil, old: a, new: b, redact: d.redact}
	if !slices.Equal(secret, path) {
		c.secret = slices.Clone(secret)
	}
	if a != nil {
		c.Old, c.OldOrigin = redacted(d.redact, c.hiding(), a), a.origin
	}
	if b != nil {
		c.New, c.NewOrigin = redacted(d.redact, c.hiding(), b), b.origin
	}
	d.changes = append(d.changes, c)
}

// hiding is the path by which secrets are hidden.
func (c Change) hiding() []string {
	if c.secret != nil {
		return c.secret
	}
	return c.Path
}

// redacted is export with secrets hidden.
func redacted(redact func(path []string, value any) bool, path []string, n *node) any {
	path = slices.Clone(path)
	switch n.kind {
	case kindMap:
		m := make(map[string]any, len(n.entries))
		n.each(func(key string, child *node) { m[key] = redacted(redact, n.under(path, key), child) })
		return m
	case kindList:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = redacted(redact, append(path, strconv.Itoa(i)), item)
		}
		return list
	}
	return shown(redact, path, n.export())
}
