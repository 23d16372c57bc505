package names

import (
	"slices"
	"strings"
)

// origin is where a source finds its value.
type origin uint8

const (
	fromText origin = iota
	fromResource
	fromScope
	fromScopeName
	fromScopeVersion
	fromRecord
	fromDate
	fromFact
	fromEnvironment
)

// source is one place where a placeholder looks for its value.
type source struct {
	from origin
	// key is the attribute's key, the text, the name of the fact or variable, or the format of the date.
	key string
}

// always tells whether the source has a value in any case, so that nothing after it is looked at.
func (s source) always() bool { return s.from == fromText || s.from == fromDate }

// piece is a part of a template: text, or the sources of a placeholder, of which the first that has a
// value is used.
type piece struct {
	text    string
	sources []source
}

// Template is a template that has been read. It is immutable.
type Template struct {
	kind   Kind
	pieces []piece
}

// Facts are the names of the facts of the host that the template uses, each once; empty where it uses
// none, so that nobody need be asked for them.
func (t *Template) Facts() []string {
	var facts []string
	for _, p := range t.pieces {
		for _, s := range p.sources {
			if s.from == fromFact && !slices.Contains(facts, s.key) {
				facts = append(facts, s.key)
			}
		}
	}
	return facts
}

// Pattern is what all names of the template match, as IAM writes it: its text, and * for what placeholders
// stand for. A name that has to be cut may not match it.
func (t *Template) Pattern() string {
	var b strings.Builder
	for _, p := range t.pieces {
		switch {
		case len(p.sources) == 0:
			b.WriteString(p.text)
		case p.sources[0].from == fromText:
			b.WriteString(p.sources[0].key)
		case !strings.HasSuffix(b.String(), "*"):
			b.WriteByte('*')
		}
	}
	return b.String()
}

// PatternOf is the pattern of a template's names, and * for one that cannot be read.
func PatternOf(kind Kind, template string) string {
	t, err := Parse(kind, "", template, nil)
	if err != nil {
		return "*"
	}
	return t.Pattern()
}

// Anchored reports whether all names of the template begin with text that the configuration or the host has chosen, and
// that is more than punctuation. Those of another may be any name at all.
func (t *Template) Anchored() bool {
	if len(t.pieces) == 0 {
		return false
	}
	for _, p := range t.pieces {
		switch {
		case len(p.sources) == 0 && strings.Trim(p.text, separators) != "":
			return true
		case len(p.sources) == 0:
			continue
		case dependsOn([]piece{p})&^OnDate != 0:
			return false
		case p.sources[0].from != fromText || strings.Trim(p.sources[0].key, separators) != "":
			return true
		}
	}
	return true
}

// separators are punctuation of names.
const separators = "/-._#"

// Depends says what a name depends on; 0 for one that is always the same.
type Depends uint8

// What a name may depend on.
const (
	OnResource Depends = 1 << iota
	OnScope
	OnRecord
	OnDate
)

// dependency is what each origin depends on. The others are the same for the whole life of a Namer.
var dependency = map[origin]Depends{
	fromResource: OnResource,
	fromScope:    OnScope, fromScopeName: OnScope, fromScopeVersion: OnScope,
	fromRecord: OnRecord,
	fromDate:   OnDate,
}

func dependsOn(pieces []piece) Depends {
	var d Depends
	for _, p := range pieces {
		for _, s := range p.sources {
			d |= dependency[s.from]
		}
	}
	return d
}
