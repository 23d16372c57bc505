package layers

import (
	"slices"
	"strconv"
)

// Merged is one configuration of several layers, its placeholders as they were written. It does not
// change and may be used from several goroutines.
type Merged struct {
	root         *node
	names        []string
	remote       map[string]bool // by name: it was fetched
	remoteLayers *node           // the section of that name; nil: no layer has it
}

// Map is the configuration, fit for confmap.NewRetrieved. It belongs to the caller.
func (m *Merged) Map() map[string]any {
	all, _ := m.root.export().(map[string]any) // a section's name is a string
	return all
}

// Layers are the names of the layers, the first one lowest.
func (m *Merged) Layers() []string { return slices.Clone(m.names) }

// Origin is where a key was written: the value that holds, or, of a map or a united list, where it was
// first defined. Where there is no such key it is the origin of the deepest key above it. An item of a
// list is named by its index.
func (m *Merged) Origin(path ...string) (Origin, bool) {
	n, depth := m.deepest(path)
	if depth == 0 {
		return Origin{}, false
	}
	return n.origin, true
}

// deepest follows path as far as there are keys, and says how far that is.
func (m *Merged) deepest(path []string) (*node, int) {
	n := m.root
	for i, key := range path {
		below := n.child(key)
		if below == nil {
			return n, i
		}
		n = below
	}
	return n, len(path)
}

func (n *node) child(key string) *node {
	if n.kind == kindList {
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.items) {
			return n.items[i]
		}
		return nil
	}
	return n.find(key)
}

// Entry is one value of a configuration.
type Entry struct {
	// Path is its key. An item of a list is named by its index.
	Path []string
	// Value is a scalar, nil, an empty map or an empty list.
	Value any
	// Origin is where it was written.
	Origin Origin
}

// Entries are all values, in the order in which they were first written. redact says which ones are not
// shown: nil stands for those that Secret names.
func (m *Merged) Entries(redact func(path []string, value any) bool) []Entry {
	var all []Entry
	var walk func(path, secret []string, n *node)
	walk = func(path, secret []string, n *node) {
		if n.leaf() {
			value := n.export()
			if n.kind == kindMap {
				value = map[string]any{}
			}
			all = append(all, Entry{slices.Clone(path), shown(redact, secret, value), n.origin})
			return
		}
		for i, item := range n.items {
			at := strconv.Itoa(i)
			walk(append(path, at), append(secret, at), item)
		}
		n.each(func(key string, child *node) { walk(append(path, key), n.under(secret, key), child) })
	}
	m.root.each(func(key string, child *node) { walk([]string{key}, []string{key}, child) })
	return all
}

// leaf says whether nothing is below a node.
func (n *node) leaf() bool {
	if n.kind == kindMap {
		return !slices.ContainsFunc(n.entries, func(e entry) bool { return e.node != nil })
	}
	return len(n.items) == 0
}
