package layers

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// pair is a key of a YAML mapping, its merge keys (<<) resolved.
type pair struct {
	key   string
	raw   any // where the key is no string
	line  int
	value *yaml.Node
}

func (r *reader) mapping(n *yaml.Node, origin Origin, plain bool) *node {
	pairs, ok := r.pairs(n)
	if !ok {
		return nil
	}
	m := &node{kind: kindMap, origin: origin, entries: make([]entry, 0, len(pairs))}
	for _, p := range pairs {
		m.general = m.general || p.raw != nil
	}
	plain = plain || m.general
	for _, p := range pairs {
		parts := []string{p.key}
		if !plain && strings.Contains(p.key, delimiter) {
			parts = strings.Split(p.key, delimiter)
		}
		r.path = append(r.path, parts...)
		at := Origin{r.layer, p.line}
		child := r.node(p.value, at, plain)
		if child != nil {
			child.raw = p.raw
			ok = r.insert(m, r.path[:len(r.path)-len(parts)], parts, child, at) && ok
		}
		r.path = r.path[:len(r.path)-len(parts)]
		if r.stopped {
			return nil
		}
		ok = ok && child != nil
	}
	if !ok {
		return nil
	}
	return m
}

// insert puts child where its split key belongs. path is that of the map.
func (r *reader) insert(m *node, path, parts []string, child *node, at Origin) bool {
	for len(parts) > 1 {
		below := m.find(parts[0])
		path = append(path[:len(path):len(path)], parts[0])
		switch {
		case below == nil:
			below = &node{kind: kindMap, origin: at}
			m.add(parts[0], below)
		case below.kind == kindNull:
			below = &node{kind: kindMap, origin: below.origin}
			m.replace(parts[0], below)
		case below.kind != kindMap:
			r.twice(path, below, at)
			return false
		}
		m, parts = below, parts[1:]
	}
	return r.put(m, path, parts[0], child)
}

func (r *reader) put(m *node, path []string, key string, child *node) bool {
	have := m.find(key)
	if have == nil {
		m.add(key, child)
		return true
	}
	path = append(path[:len(path):len(path)], key)
	switch {
	case have.kind == kindMap && child.kind == kindNull:
	case have.kind == kindNull && child.kind == kindMap:
		m.replace(key, child)
	case have.kind == kindMap && child.kind == kindMap:
		ok := true
		child.each(func(key string, grandchild *node) { ok = r.put(have, path, key, grandchild) && ok })
		return ok
	default:
		r.twice(path, have, child.origin)
		return false
	}
	return true
}

func (r *reader) twice(path []string, have *node, at Origin) {
	r.problems.add(Problem{Path: path, Message: "the key is set twice in one layer; keep one of them", Origins: []Origin{have.origin, at}})
}

// pairs reads the keys of a mapping: its own ones, then those that its merge key brings.
func (r *reader) pairs(n *yaml.Node) ([]pair, bool) {
	pairs := make([]pair, 0, len(n.Content)/2)
	seen := make(map[string]int, len(n.Content)/2) // the line of a key
	var merged *yaml.Node
	ok := true
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		var p pair
		if isMergeKey(key) {
			if merged != nil {
				r.fail(key.Line, "one mapping has two merge keys (<<); give one of them a list of aliases")
				return nil, false
			}
			merged = value
			continue
		}
		if p, ok = r.key(key); !ok {
			return nil, false
		}
		p.value = value
		if line, ok := seen[p.key]; ok {
			r.path = append(r.path, p.key)
			r.fail(p.line, "the key is set twice in one mapping; keep one of them", Origin{r.layer, line})
			r.path = r.path[:len(r.path)-1]
			return nil, false
		}
		seen[p.key] = p.line
		pairs = append(pairs, p)
	}
	if merged == nil {
		return pairs, true
	}
	brought, ok := r.merged(merged)
	for _, p := range brought {
		if _, has := seen[p.key]; !has {
			seen[p.key] = p.line
			pairs = append(pairs, p)
		}
	}
	return pairs, ok
}

func isMergeKey(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "<<" && n.ShortTag() == "!!merge"
}

// merged reads what a merge key brings: a map, or a list of maps of which the first one wins.
func (r *reader) merged(n *yaml.Node) ([]pair, bool) {
	if r.values += 1 + len(n.Content)/2; r.values > MaxValues || len(r.aliases) > MaxDepth {
		r.stop(n.Line, fmt.Sprintf("has more than %d values, or more than %d aliases in one another, when its merge keys (<<) are written out", MaxValues, MaxDepth))
		return nil, false
	}
	switch {
	case n.Kind == yaml.MappingNode:
		return r.pairs(n)
	case n.Kind == yaml.AliasNode && n.Alias.Kind == yaml.MappingNode:
		if !r.enter(n) {
			return nil, false
		}
		defer delete(r.aliases, n)
		return r.merged(n.Alias)
	case n.Kind == yaml.SequenceNode:
		var all []pair
		for _, item := range n.Content {
			if item.Kind == yaml.SequenceNode {
				r.fail(item.Line, "a merge key (<<) takes a map or a list of maps, and no list in a list")
				return nil, false
			}
			some, ok := r.merged(item)
			if !ok {
				return nil, false
			}
			all = append(all, some...)
		}
		return all, true
	}
	r.fail(n.Line, "a merge key (<<) takes a map or a list of maps")
	return nil, false
}

func (r *reader) key(n *yaml.Node) (pair, bool) {
	line := n.Line
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		r.fail(line, "a key is a scalar, and neither a map nor a list; quote it where it begins with { or [ or ${")
		return pair{}, false
	}
	if n.ShortTag() == "!!str" {
		return pair{key: n.Value, line: line}, true
	}
	var raw any
	if err := n.Decode(&raw); err != nil {
		r.fail(line, "a key is not of the type that its tag says; remove the tag")
		return pair{}, false
	}
	if s, ok := raw.(string); ok {
		return pair{key: s, line: line}, true
	}
	if raw == nil {
		r.fail(line, "a key is null; quote it")
		return pair{}, false
	}
	return pair{key: fmt.Sprint(raw), raw: raw, line: line}, true
}
