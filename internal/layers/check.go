package layers

import (
	"fmt"
	"slices"
	"strings"
)

// check finds what no merge can: names without a definition.
func (m *Merged) check(p *problems) {
	m.root.each(func(key string, section *node) {
		if slices.Contains(sections, key) {
			return
		}
		if ofAgent(key, section) {
			p.add(Problem{Path: []string{key}, Message: "belongs to the CloudWatch agent's configuration: convert it first with 'otelcol-cloudwatch migrate cwagent FILE'", Origins: []Origin{section.origin}})
			return
		}
		message := "is no section of a collector's configuration, which has " + strings.Join(sections, ", ")
		if near, ok := nearest(key, sections); ok {
			message += fmt.Sprintf("; did you mean %s?", near)
		}
		p.add(Problem{Path: []string{key}, Message: message, Origins: []Origin{section.origin}})
	})
	lists(m.root, func(path []string, kind string, list *node) {
		for _, item := range list.items {
			if name, ok := item.name(); ok {
				m.reference(p, path, kind, name, item)
			}
		}
		if len(list.items) == 0 && len(list.lost) > 0 && kind != sectionExtensions && kind != sectionProcessors {
			pipeline := path[len(path)-2]
			p.add(Problem{
				Path:    path,
				Message: fmt.Sprintf("no %s is left, since a later layer removes %q; name another one, or remove the pipeline too (%s: null)", singular(kind), list.lost[0].id, pipeline),
				Origins: []Origin{list.origin, list.lost[0].at},
			})
		}
	})
}

// agentKeys are what only the CloudWatch agent's configuration has below its sections (its schema.json). No section of the
// collector's has these names.
var agentKeys = map[string][]string{
	"agent":   {"metrics_collection_interval", "run_as_user", "region", "logfile", "debug", "credentials", "omit_hostname", "aws_sdk_log_level"},
	"metrics": {"metrics_collected", "append_dimensions", "aggregation_dimensions", "metrics_destinations"},
	"logs":    {"logs_collected", "metrics_collected", "log_stream_name", "force_flush_interval"},
	"traces":  {"traces_collected"},
}

// ofAgent reports whether a top-level key is a section of the CloudWatch agent's configuration.
func ofAgent(key string, section *node) (found bool) {
	section.each(func(child string, _ *node) { found = found || slices.Contains(agentKeys[key], child) })
	return found
}

// reference checks one name in a list of the service.
func (m *Merged) reference(p *problems, path []string, kind, name string, item *node) {
	if _, ok := defines(m.root, kind, name); ok {
		return
	}
	problem := Problem{Path: path, Origins: []Origin{item.origin}}
	if at, ok := m.removal(kind, name); ok {
		problem.Message = fmt.Sprintf("%s %q was removed with null by a layer; take it out here, or define it", singular(kind), name)
		problem.Origins = append(problem.Origins, at)
		p.add(problem)
		return
	}
	problem.Message = fmt.Sprintf("%s %q is defined by no layer", singular(kind), name)
	var known []string
	var nodes []*node
	for _, section := range defining[kind] {
		m.root.find(section).each(func(key string, n *node) { known, nodes = append(known, key), append(nodes, n) })
	}
	if near, ok := nearest(name, known); ok {
		problem.Message += fmt.Sprintf("; did you mean %q?", near)
		problem.Origins = append(problem.Origins, nodes[slices.Index(known, near)].origin)
	}
	p.add(problem)
}

// removal is where a layer removed a component, or its section.
func (m *Merged) removal(kind, name string) (Origin, bool) {
	for _, section := range defining[kind] {
		if at, ok := m.root.removed[section]; ok {
			return at, true
		}
		if s := m.root.find(section); s != nil {
			for key, at := range s.removed {
				if normal(key) == name {
					return at, true
				}
			}
		}
	}
	return Origin{}, false
}

// singular is one of a section.
func singular(section string) string { return strings.TrimSuffix(section, "s") }

// candidates is among how many names a near one is looked for.
const candidates = 1000

// nearest finds the name that is most like a wrong one, where one is near: a third of it may differ.
func nearest(wrong string, known []string) (string, bool) {
	best, found := 1+max(1, min(len(wrong)/3, 4)), ""
	for _, name := range known[:min(len(known), candidates)] {
		if d := distance(wrong, name, best); d < best {
			best, found = d, name
		}
	}
	return found, found != ""
}

// distance is how many letters are to be changed, put in or left out to make b of a (Levenshtein), or
// limit where that is not less.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
			least = min(least, row[j+1])
		}
		if least >= limit {
			return limit
		}
	}
	return row[len(b)]
}
