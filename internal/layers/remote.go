package layers

import (
	"slices"
	"strconv"
	"strings"
)

// SectionRemote is the section with which local layers say what remote ones may do. It is no part of the collector's
// configuration.
const SectionRemote = "remote_layers"

// localSchemes are those whose text only root, or who starts the collector, can write.
var localSchemes = []string{"file", "dir", "env", "yaml", "host"}

// RemoteScheme reports whether what a scheme brings was written somewhere else than on this host.
func RemoteScheme(scheme string) bool { return !slices.Contains(localSchemes, scheme) }

// RemoteURI reports whether a value of --config names a layer that is fetched.
func RemoteURI(uri string) bool {
	scheme, _, ok := strings.Cut(uri, ":")
	return ok && len(scheme) > 1 && RemoteScheme(scheme) // one letter is a drive of Windows
}

// takeRemote takes the section remote_layers out of the merged configuration.
func (m *Merged) takeRemote() {
	at := m.root.position(SectionRemote)
	if at < 0 {
		return
	}
	m.remoteLayers = m.root.entries[at].node
	m.root.entries[at].node = nil
	delete(m.root.index, SectionRemote)
}

// checkRemote refuses the section in a layer that was fetched.
func checkRemote(layer Layer, root *node, p *problems) {
	if n := root.find(SectionRemote); n != nil && layer.Remote {
		p.add(Problem{
			Path:    []string{SectionRemote},
			Message: "a fetched layer cannot say what fetched layers may do; write it into a layer on the host",
			Origins: []Origin{n.origin},
		})
	}
}

// RemoteLayers is the section remote_layers, and where it was written; nil where no layer has it.
func (m *Merged) RemoteLayers() (any, Origin) {
	if m.remoteLayers == nil {
		return nil, Origin{}
	}
	return m.remoteLayers.export(), m.remoteLayers.origin
}

// Remote reports whether a layer was fetched.
func (m *Merged) Remote(layer string) bool { return m.remote[layer] }

// Leaf is one value with nothing hidden.
type Leaf struct {
	// Path is its key. An item of a list is named by its index.
	Path []string
	// Value is a scalar, nil, an empty map or an empty list.
	Value any
	// Source is what was written where Value is what placeholders stand for.
	Source string
	// Origin is where it was written, Remote whether that layer was fetched.
	Origin Origin
	Remote bool
	// Hidden says that it is a secret, by its key or by what stands beside it.
	Hidden bool
}

// Leaves are all values below a path, in the order in which they were first written.
func (m *Merged) Leaves(path ...string) []Leaf {
	n, depth := m.deepest(path)
	if depth < len(path) {
		return nil
	}
	var all []Leaf
	var walk func(path, secret []string, n *node)
	walk = func(path, secret []string, n *node) {
		if n.leaf() {
			if len(path) > 0 {
				all = append(all, Leaf{Path: slices.Clone(path), Value: n.export(), Origin: n.origin, Remote: m.remote[n.origin.Layer], Hidden: Secret(secret)})
			}
			return
		}
		for i, item := range n.items {
			at := strconv.Itoa(i)
			walk(append(path, at), append(secret, at), item)
		}
		n.each(func(key string, child *node) { walk(append(path, key), n.under(secret, key), child) })
	}
	walk(slices.Clone(path), slices.Clone(path), n)
	return all
}

// Has reports whether there is a key.
func (m *Merged) Has(path ...string) bool {
	_, depth := m.deepest(path)
	return depth == len(path)
}

// Keys are those of a map; none where there is no map.
func (m *Merged) Keys(path ...string) []string {
	n, depth := m.deepest(path)
	if depth < len(path) {
		return nil
	}
	var keys []string
	n.each(func(key string, _ *node) { keys = append(keys, key) })
	return keys
}

// List are the names in a list, as the collector takes them: without spaces around type and name, and of a text its parts.
func (m *Merged) List(path ...string) []string {
	n, depth := m.deepest(path)
	if depth < len(path) {
		return nil
	}
	items := n.items
	if s, ok := n.value.(string); ok && n.kind == kindScalar {
		var names []string
		for _, part := range strings.Split(s, ",") {
			names = append(names, normal(part))
		}
		return names
	}
	names := make([]string, 0, len(items))
	for _, item := range items {
		if name, ok := item.name(); ok {
			names = append(names, name)
		}
	}
	return names
}

// Culprit is the place of the fetched layer that is the likeliest to have changed or removed a key: where it removed it or a
// key above, where it wrote it, or the last fetched layer.
func (m *Merged) Culprit(path []string) Origin {
	n := m.root
	for _, key := range path {
		if at, ok := n.removed[key]; ok && m.remote[at.Layer] {
			return at
		}
		below := n.child(key)
		if below == nil {
			break
		}
		n = below
	}
	for _, at := range append(slices.Clone(n.more), n.origin) {
		if m.remote[at.Layer] {
			return at
		}
	}
	for _, name := range slices.Backward(m.names) {
		if m.remote[name] {
			return Origin{Layer: name}
		}
	}
	return Origin{}
}
