package trust

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed rules.txt
var rulesText string

// rule is a line of rules.txt.
type rule struct {
	pattern []string
	verdict string
}

// table has the rules of each component, by section/type without underscores.
type table map[string][]rule

// rules is the table of rules.txt.
var rules = sync.OnceValue(func() table {
	t, err := parseRules(rulesText)
	if err != nil {
		panic(err) // a test reads it, too
	}
	return t
})

// verdicts are the words of rules.txt that are no capabilities.
var verdicts = []string{"ok", "logs", "exclude", "state", "output", "listen_host", "network", "host", "scrape", "relabel", "operator", "expression", "detector", "query", "source", "variable", "bound", "header"}

// parseRules reads the form that rules.txt describes.
func parseRules(text string) (table, error) {
	t, groups := table{}, map[string][]rule{}
	type block struct {
		names []string
		group bool
		lines []string
	}
	var blocks []*block
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			names := strings.Fields(strings.Trim(line, "[]"))
			b := &block{names: names}
			if names[0] == "group" {
				b.group, b.names = true, names[1:]
			}
			blocks = append(blocks, b)
		case len(blocks) == 0:
			return nil, fmt.Errorf("rules.txt:%d: a rule outside of a component", number+1)
		default:
			blocks[len(blocks)-1].lines = append(blocks[len(blocks)-1].lines, line)
		}
	}
	raw := map[string]*block{}
	for _, b := range blocks {
		if b.group {
			raw[b.names[0]] = b
		}
	}
	var read func(b *block) ([]rule, error)
	read = func(b *block) ([]rule, error) {
		var all []rule
		for _, line := range b.lines {
			words := strings.Fields(line)
			if len(words) != 2 {
				return nil, fmt.Errorf("rules.txt: %q is not PATTERN VERDICT", line)
			}
			if words[0] == "use" {
				g := raw[words[1]]
				if g == nil {
					return nil, fmt.Errorf("rules.txt: no group %q", words[1])
				}
				if groups[words[1]] == nil {
					some, err := read(g)
					if err != nil {
						return nil, err
					}
					groups[words[1]] = some
				}
				all = append(all, groups[words[1]]...)
				continue
			}
			if !isVerdict(words[1]) {
				return nil, fmt.Errorf("rules.txt: %q: unknown verdict %q", line, words[1])
			}
			all = append(all, rule{strings.Split(words[0], delimiter), words[1]})
		}
		return all, nil
	}
	for _, b := range blocks {
		if b.group {
			continue
		}
		some, err := read(b)
		if err != nil {
			return nil, err
		}
		section, kind, _ := strings.Cut(b.names[0], "/")
		t[tableKey(section, kind)] = some
		for _, alias := range b.names[1:] {
			t[tableKey(section, alias)] = some
		}
	}
	return t, nil
}

func isVerdict(word string) bool {
	var c Capability
	word = strings.TrimSuffix(word, "!")
	for _, v := range verdicts {
		if v == word {
			return true
		}
	}
	return c.UnmarshalText([]byte(word)) == nil
}

func tableKey(section, kind string) string {
	return section + "/" + strings.ReplaceAll(strings.ToLower(kind), "_", "")
}

// known reports whether the table has a component, and gives its rules.
func (t table) known(section, kind string) ([]rule, bool) {
	r, ok := t[tableKey(section, kind)]
	return r, ok
}

// verdict is that of the first rule which fits; false where none does.
func verdict(all []rule, path []string) (string, bool) {
	for _, r := range all {
		if fits(r.pattern, path) {
			return r.verdict, true
		}
	}
	return "", false
}

// fits matches keys against a pattern: * is one key, or a part of one, and ** any number of keys.
func fits(pattern, path []string) bool {
	if len(pattern) == 0 {
		return len(path) == 0
	}
	if pattern[0] == "**" {
		for skip := 0; skip <= len(path); skip++ {
			if fits(pattern[1:], path[skip:]) {
				return true
			}
		}
		return false
	}
	return len(path) > 0 && fitsKey(pattern[0], path[0]) && fits(pattern[1:], path[1:])
}

func fitsKey(pattern, key string) bool {
	key = strings.ToLower(key) // the collector's decoder takes keys in any case
	switch before, after, star := strings.Cut(pattern, "*"); {
	case star:
		return len(key) >= len(before)+len(after) && strings.HasPrefix(key, before) && strings.HasSuffix(key, after)
	default:
		return pattern == key
	}
}

// Known reports whether the table has a component.
func Known(section, kind string) bool {
	_, ok := rules().known(section, kind)
	return ok
}

// Verdict is what the table says of a key of a component: a word of rules.txt, or nothing for a key that fetched layers may not
// have, unless its value cannot name anything.
func Verdict(section, kind string, key []string) string {
	all, _ := rules().known(section, kind)
	word, _ := verdict(all, key)
	return word
}
