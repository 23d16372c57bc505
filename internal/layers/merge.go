package layers

import (
	"slices"
	"strings"
)

// Merge makes one configuration of layers, the first one lowest. An error is a *MergeError, which has
// every mistake with the layers and lines that it is made of: text that is no YAML, values that do not
// fit together, and names that no layer defines.
func Merge(layers []Layer) (*Merged, error) {
	merged, err := MergePart(layers)
	if err != nil {
		return nil, err
	}
	var p problems
	merged.check(&p)
	if err := p.err(); err != nil {
		return nil, err
	}
	return merged, nil
}

// MergePart is Merge for layers that are a part of a configuration, or the configuration of something
// else: sections may have any name, and what a pipeline names may be defined elsewhere.
func MergePart(layers []Layer) (*Merged, error) {
	var p problems
	merged := &Merged{root: &node{kind: kindMap}, names: make([]string, 0, len(layers)), remote: map[string]bool{}}
	roots := make([]*node, 0, len(layers))
	for _, layer := range layers {
		merged.names = append(merged.names, layer.Name)
		merged.remote[layer.Name] = merged.remote[layer.Name] || layer.Remote
		if root := read(layer, &p); root != nil {
			checkRemote(layer, root, &p)
			roots = append(roots, root)
		}
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	m := merger{problems: &p, root: merged.root}
	for _, root := range roots {
		m.layer(root)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	merged.takeRemote()
	return merged, nil
}

// merger lays one layer after the other over root.
type merger struct {
	problems *problems
	root     *node
	path     []string
	gone     map[string]map[string]Origin // components that this layer removes, by section and normal name
}

// layer lays a layer over what is there. The sections of components come first, so that what it removes
// leaves the lists of earlier layers before its own lists join them.
func (m *merger) layer(root *node) {
	m.gone = map[string]map[string]Origin{}
	root.each(func(key string, child *node) {
		if key != sectionService {
			m.key(m.root, key, child)
		}
	})
	m.prune()
	if service := root.find(sectionService); service != nil {
		m.key(m.root, sectionService, service)
	}
}

func (m *merger) maps(dst, src *node) {
	dst.more = append(dst.more, src.origin)
	if src.general {
		dst.general = true
	}
	src.each(func(key string, child *node) { m.key(dst, key, child) })
}

// key lays one key of a layer over a map.
func (m *merger) key(dst *node, key string, src *node) {
	key = m.spelling(dst, key)
	have := dst.find(key)
	m.path = append(m.path, key)
	defer func() { m.path = m.path[:len(m.path)-1] }()
	switch {
	case have == nil && src.kind == kindNull && src.written:
		if _, removed := dst.removed[key]; !removed {
			dst.add(key, src)
		}
	case have == nil:
		dst.add(key, src)
	case src.kind == kindNull && (!src.written || have.kind == kindNull && have.written):
		// Nothing after a key says "defaults", and so do two that both say null.
	case src.kind == kindNull:
		m.remove(dst, key, have, src.origin)
	case have.kind == kindNull || open(have) || open(src):
		dst.replace(key, src)
	case have.kind == kindMap && src.kind == kindMap:
		m.maps(have, src)
	case have.kind == kindList && src.kind == kindList:
		if union(m.path) {
			have.unite(src)
		} else {
			dst.replace(key, src)
		}
	case have.kind == kindScalar && src.kind == kindScalar:
		dst.replace(key, src)
	case m.splits(have, src):
		dst.replace(key, src)
	default:
		m.problems.add(Problem{
			Path:    slices.Clone(m.path),
			Message: "is " + have.describe() + " in one layer and " + src.describe() + " in a later one; write both alike, or have a layer between them that removes the key with null",
			Origins: []Origin{have.origin, src.origin},
		})
	}
}

// open says whether a value may become anything when its placeholders are replaced.
func open(n *node) bool {
	s, ok := n.value.(string)
	return ok && n.kind == kindScalar && strings.Contains(s, "${")
}

// splits says whether one is a list and the other a string, which the collector splits at its commas.
// The lists that are united are to be written as lists.
func (m *merger) splits(a, b *node) bool {
	if a.kind == kindList {
		a, b = b, a
	}
	_, text := a.value.(string)
	return text && a.kind == kindScalar && b.kind == kindList && !union(m.path)
}

func (m *merger) remove(dst *node, key string, have *node, at Origin) {
	note := func(section, name string) {
		if m.gone[section] == nil {
			m.gone[section] = map[string]Origin{}
		}
		m.gone[section][normal(name)] = at
	}
	switch {
	case len(m.path) == 1:
		have.each(func(name string, _ *node) { note(key, name) })
	case len(m.path) == 2:
		note(m.path[0], key)
	}
	dst.remove(key, at)
}

// spelling is how dst spells the name of a component or a pipeline: "awsemf / x" is awsemf/x to the
// collector. Other keys are what they are.
func (m *merger) spelling(dst *node, key string) string {
	named := len(m.path) == 1 && slices.Contains(componentSections, m.path[0]) ||
		len(m.path) == 2 && m.path[0] == sectionService && m.path[1] == "pipelines"
	if !named || dst.find(key) != nil {
		return key
	}
	if found, ok := dst.named(normal(key)); ok {
		return found
	}
	return key
}
