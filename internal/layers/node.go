package layers

import (
	"slices"
	"strings"
)

// kind is what a node is.
type kind uint8

const (
	kindNull kind = iota
	kindScalar
	kindList
	kindMap
)

// describe is a kind as an error names it, which never shows a value: it may be a secret.
func (n *node) describe() string {
	switch n.kind {
	case kindNull:
		return "null"
	case kindList:
		return "a list"
	case kindMap:
		return "a map"
	}
	switch n.value.(type) {
	case string:
		return "a string"
	case bool:
		return "a bool"
	}
	return "a number"
}

// node is one value of a document, or of the merged configuration.
type node struct {
	kind    kind
	written bool // a null that was written out, and not a key with nothing after it
	general bool // a map with a key that is no string; the collector does not split its keys
	spaced  bool // a map with a key that has a space, which normal may take away
	value   any  // of a scalar, as YAML decodes it
	raw     any  // this node's key, where that is no string
	origin  Origin
	more    []Origin // other layers that wrote to this map or list

	items   []*node
	entries []entry
	index   map[string]int

	removed map[string]Origin // keys of a map that a later layer's null took away, and where
	lost    []loss            // items of a list that went with their component
}

type entry struct {
	key  string
	node *node // nil where the key has been removed
}

type loss struct {
	id string
	at Origin
}

// scanned is up to how many keys are searched without an index.
const scanned = 8

func (n *node) find(key string) *node {
	if i := n.position(key); i >= 0 {
		return n.entries[i].node
	}
	return nil
}

func (n *node) position(key string) int {
	if n == nil {
		return -1
	}
	if n.index != nil {
		if i, ok := n.index[key]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(n.entries, func(e entry) bool { return e.node != nil && e.key == key })
}

// add appends a key that the map does not have.
func (n *node) add(key string, child *node) {
	n.entries = append(n.entries, entry{key, child})
	n.spaced = n.spaced || strings.ContainsAny(key, " \t\n")
	delete(n.removed, key)
	switch {
	case n.index != nil:
		n.index[key] = len(n.entries) - 1
	case len(n.entries) > scanned:
		n.index = make(map[string]int, len(n.entries))
		for i, e := range n.entries {
			if e.node != nil {
				n.index[e.key] = i
			}
		}
	}
}

func (n *node) replace(key string, child *node) { n.entries[n.position(key)].node = child }

func (n *node) remove(key string, at Origin) {
	n.entries[n.position(key)].node = nil
	delete(n.index, key)
	if n.removed == nil {
		n.removed = map[string]Origin{}
	}
	n.removed[key] = at
}

// each calls f for each key in the order in which they were written.
func (n *node) each(f func(key string, child *node)) {
	if n == nil {
		return
	}
	for _, e := range n.entries {
		if e.node != nil {
			f(e.key, e.node)
		}
	}
}

// export is the node as YAML would have decoded it, in memory of its own.
func (n *node) export() any {
	switch n.kind {
	case kindScalar:
		return n.value
	case kindList:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.export()
		}
		return list
	case kindMap:
		if n.general {
			m := make(map[any]any, len(n.entries))
			n.each(func(key string, child *node) {
				if child.raw != nil {
					m[child.raw] = child.export()
				} else {
					m[key] = child.export()
				}
			})
			return m
		}
		m := make(map[string]any, len(n.entries))
		n.each(func(key string, child *node) { m[key] = child.export() })
		return m
	}
	return nil
}

// origins are all layers that wrote to the node, the one that has defined it first.
func (n *node) origins() []Origin { return append([]Origin{n.origin}, n.more...) }
