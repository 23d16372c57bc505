package layers

import (
	"regexp"
	"slices"
	"strings"
)

// mostOrigins is how many places Locate names: the first ones are the likeliest.
const mostOrigins = 8

// Locate says where an error of the collector points to, the likeliest place first. It reads what such
// errors quote: keys such as exporters::awsemf::region, `'exporters' error reading configuration for
// "awsemf"`, names of components and of settings, and placeholders. It returns nothing where it cannot
// tell.
func (m *Merged) Locate(message string) []Origin {
	l := locator{merged: m}
	l.references(message)
	l.settings(message)
	l.components(message)
	l.placeholders(message)
	if len(l.found) == 0 {
		l.anyName(message)
	}
	return l.found[:min(len(l.found), mostOrigins)]
}

// locator collects places, each once.
type locator struct {
	merged *Merged
	found  []Origin
}

func (l *locator) add(origins ...Origin) {
	for _, o := range origins {
		if !slices.Contains(l.found, o) {
			l.found = append(l.found, o)
		}
	}
}

// addPath adds the deepest key of path that there is, if that has at least so many parts.
func (l *locator) addPath(path []string, least int) bool {
	n, depth := l.merged.deepest(path)
	if depth < least {
		return false
	}
	l.add(n.origins()...)
	return true
}

var (
	pipelineError = regexp.MustCompile(`\bservice((?:::[^\s:"',()]+)+): (?:references (receiver|processor|exporter|extension) "([^"]+)"|must have at least one (receiver|exporter))`)
	// step is what leads to a setting: section::name::key; the name of a component; 'key.key[0]'; keys
	// that nobody knows.
	step = regexp.MustCompile(`\b((?:receivers|processors|exporters|connectors|extensions|service)(?:::[^\s:"',()]+)+)` +
		`|(?:error reading configuration for|for id:|in) "([^"]+)"` +
		`|'([^'\s]*)'` +
		`|(?:invalid keys|key): ([^\n;"']+)`)
	quotedID = regexp.MustCompile(`"([^"\s]+)" (receiver|processor|exporter|connector|extension)|(receiver|processor|exporter|connector|extension):? "([^"\s]+)"`)
	quoted   = regexp.MustCompile(`"([^"\s]+)"|'([^'\s]+)'`)
	aURI     = regexp.MustCompile(`\$\{[^}\s]*\}|"([A-Za-z][A-Za-z0-9+.-]+:[^"\s]+)"`)
)

// references finds the item of a list that is about a component, or the list that is empty.
func (l *locator) references(message string) {
	for _, m := range pipelineError.FindAllStringSubmatch(message, -1) {
		path := append([]string{sectionService}, strings.Split(m[1][len(delimiter):], delimiter)...)
		if m[4] != "" {
			l.addPath(append(path, m[4]+"s"), len(path)+1)
			continue
		}
		list, depth := l.merged.deepest(path)
		if depth == len(path) && list.kind == kindMap {
			list = list.find(m[2] + "s")
		}
		if list == nil {
			continue
		}
		for _, item := range list.items {
			if name, ok := item.name(); ok && name == normal(m[3]) {
				l.add(item.origin)
			}
		}
	}
}

// settings follows what the decoder and Validate write from the section to the setting. Errors of several
// settings follow each other, and each begins at some level of the one before.
func (l *locator) settings(message string) {
	var path []string
	done := func() { l.addPath(path, 1) }
	for _, m := range step.FindAllStringSubmatch(message, -1) {
		switch next := splitSetting(m[3]); {
		case m[1] != "":
			done()
			path = strings.Split(strings.TrimRight(m[1], "."), delimiter)
		case len(next) > 0 && slices.Contains(sections, next[0]):
			done()
			path = next
		case m[4] != "":
			for _, key := range strings.FieldsFunc(m[4], func(r rune) bool { return r == ',' || r == ' ' }) {
				l.addPath(append(slices.Clone(path), key), len(path)+1)
			}
		case len(path) == 0:
		case m[2] != "":
			path = append(path, l.spelling(path[0], m[2]))
		case len(next) > 0:
			for above := len(path); above > 0; above-- {
				there := append(slices.Clone(path[:above]), next...)
				if _, depth := l.merged.deepest(there); depth == len(there) {
					if above < len(path) {
						done()
					}
					path = there
					break
				}
			}
		}
	}
	done()
}

// splitSetting splits what the decoder calls a setting: sending_queue.batch, operators[0].type.
func splitSetting(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

func (l *locator) spelling(section, id string) string {
	if s := l.merged.root.find(section); s != nil {
		if key, ok := s.named(normal(id)); ok {
			return key
		}
	}
	return id
}

// components finds `"awsemf" exporter`, as errors of starting and building say it.
func (l *locator) components(message string) {
	for _, m := range quotedID.FindAllStringSubmatch(message, -1) {
		section, id := m[2]+m[3]+"s", m[1]+m[4]
		l.addPath([]string{section, l.spelling(section, id)}, 2)
	}
}

// placeholders finds the values that hold a placeholder, or a URI, that the message names.
func (l *locator) placeholders(message string) {
	for _, m := range aURI.FindAllStringSubmatch(message, -1) {
		text := m[0]
		if m[1] != "" {
			text = "${" + m[1]
		}
		l.walk(func(_ string, n *node) {
			if s, ok := n.value.(string); ok && n.kind == kindScalar && strings.Contains(s, text) {
				l.add(n.origin)
			}
		})
	}
}

// anyName finds a quoted word that is a component's name, or else a key anywhere.
func (l *locator) anyName(message string) {
	words := map[string]bool{}
	for _, m := range quoted.FindAllStringSubmatch(message, -1) {
		words[m[1]+m[2]] = true
		for _, section := range componentSections {
			l.addPath([]string{section, l.spelling(section, m[1]+m[2])}, 2)
		}
	}
	if len(l.found) > 0 || len(words) == 0 {
		return
	}
	l.walk(func(key string, n *node) {
		if words[key] {
			l.add(n.origin)
		}
	})
}

// walk visits all nodes until enough places were found.
func (l *locator) walk(f func(key string, n *node)) {
	var visit func(key string, n *node)
	visit = func(key string, n *node) {
		if len(l.found) >= mostOrigins {
			return
		}
		f(key, n)
		for _, item := range n.items {
			visit("", item)
		}
		n.each(visit)
	}
	l.merged.root.each(visit)
}
