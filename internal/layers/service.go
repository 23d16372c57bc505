package layers

import (
	"fmt"
	"strings"
)

// The sections of a collector's configuration.
const (
	sectionReceivers  = "receivers"
	sectionProcessors = "processors"
	sectionExporters  = "exporters"
	sectionConnectors = "connectors"
	sectionExtensions = "extensions"
	sectionService    = "service"
)

var (
	componentSections = []string{sectionReceivers, sectionProcessors, sectionExporters, sectionConnectors, sectionExtensions}
	sections          = append([]string{sectionService}, componentSections...)
)

// defining are the sections that define what a list of the service names.
var defining = map[string][]string{
	sectionReceivers:  {sectionReceivers, sectionConnectors},
	sectionProcessors: {sectionProcessors},
	sectionExporters:  {sectionExporters, sectionConnectors},
	sectionExtensions: {sectionExtensions},
}

// union says whether the lists at path are united: the service's extensions, and a pipeline's receivers
// and exporters. The order of processors has a meaning that no union would keep.
func union(path []string) bool {
	switch {
	case len(path) < 2 || path[0] != sectionService:
		return false
	case len(path) == 2:
		return path[1] == sectionExtensions
	}
	return len(path) == 4 && path[1] == "pipelines" && (path[3] == sectionReceivers || path[3] == sectionExporters)
}

// normal is a component's or a pipeline's name as the collector takes it: without spaces around its type
// and its name.
func normal(id string) string {
	kind, name, named := strings.Cut(id, "/")
	if !named {
		return strings.TrimSpace(kind)
	}
	return strings.TrimSpace(kind) + "/" + strings.TrimSpace(name)
}

// named finds the key whose normal name it is.
func (n *node) named(name string) (string, bool) {
	if n.find(name) != nil {
		return name, true
	}
	found, ok := "", false
	if n.spaced {
		n.each(func(key string, _ *node) {
			if !ok && normal(key) == name {
				found, ok = key, true
			}
		})
	}
	return found, ok
}

// name is the component that an item of a list names. It is false for a placeholder, and for what is no
// name.
func (n *node) name() (string, bool) {
	s, ok := n.value.(string)
	if !ok || n.kind != kindScalar || open(n) {
		return "", false
	}
	return normal(s), true
}

// unite appends what the list does not name yet.
func (n *node) unite(later *node) {
	n.more = append(n.more, later.origin)
	seen := make(map[string]bool, len(n.items))
	same := func(item *node) string {
		if s, ok := item.value.(string); ok {
			return normal(s)
		}
		return fmt.Sprintf("%#v", item.export()) // what is no name
	}
	for _, item := range n.items {
		seen[same(item)] = true
	}
	for _, item := range later.items {
		if key := same(item); !seen[key] {
			seen[key] = true
			n.items = append(n.items, item)
		}
	}
}

// lists calls f for each list of the service that names components, with its path and its kind.
func lists(root *node, f func(path []string, kind string, list *node)) {
	service := root.find(sectionService)
	visit := func(parent *node, kind string, path ...string) {
		if list := parent.find(kind); list != nil && list.kind == kindList {
			f(append(path, kind), kind, list)
		}
	}
	visit(service, sectionExtensions, sectionService)
	service.find("pipelines").each(func(name string, pipeline *node) {
		for _, kind := range []string{sectionReceivers, sectionProcessors, sectionExporters} {
			visit(pipeline, kind, sectionService, "pipelines", name)
		}
	})
}

// defines finds the definition of what a list of that kind names. It also returns true where a section
// is a placeholder, which may define anything.
func defines(root *node, kind, name string) (*node, bool) {
	for _, section := range defining[kind] {
		s := root.find(section)
		if s == nil {
			continue
		}
		if open(s) {
			return nil, true
		}
		if key, ok := s.named(name); ok {
			return s.find(key), true
		}
	}
	return nil, false
}

// prune takes the components that the layer removes out of the lists that earlier layers have made.
func (m *merger) prune() {
	if len(m.gone) == 0 {
		return
	}
	lists(m.root, func(_ []string, kind string, list *node) {
		kept := list.items[:0]
		for _, item := range list.items {
			name, ok := item.name()
			at, removed := Origin{}, false
			for _, section := range defining[kind] {
				if o, has := m.gone[section][name]; ok && has {
					at, removed = o, true
				}
			}
			if _, still := defines(m.root, kind, name); removed && !still {
				list.lost = append(list.lost, loss{name, at})
				continue
			}
			kept = append(kept, item)
		}
		list.items = kept
	})
}
