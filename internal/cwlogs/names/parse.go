package names

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Parse reads a template of the configuration's key. facts are the names of the facts of a host that there
// are; nil accepts any. Its errors name the key, the template, the place and what to do.
func Parse(kind Kind, key, text string, facts []string) (*Template, error) {
	p := parser{kind: kind, text: text, facts: facts}
	pieces, err := p.template()
	if err != nil {
		return nil, fmt.Errorf("%s %q: character %d: %w", key, clip(text), 1+utf8.RuneCountInString(text[:p.at]), err)
	}
	return &Template{kind: kind, pieces: pieces}, nil
}

// maxShown is how much of a template an error shows, in bytes.
const maxShown = 1024

func clip(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// parser reads a template. at is where it is, and after an error where that lies.
type parser struct {
	kind  Kind
	text  string
	facts []string
	at    int
}

// brace is how to write a brace.
func (p *parser) brace() string {
	if p.kind == Group {
		return "remove it, as the name of a log group has no braces"
	}
	return `write {"{"} or {"}"} for a brace`
}

func (p *parser) template() ([]piece, error) {
	if p.text == "" {
		return nil, fmt.Errorf("the name of the %s is missing: write a name, such as {ServiceName}", p.kind)
	}
	var pieces []piece
	for p.at < len(p.text) {
		var next piece
		var err error
		if p.text[p.at] == '{' {
			next.sources, err = p.placeholder()
		} else {
			next.text, err = p.plain()
		}
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, next)
	}
	if len(pieces) == 1 && len(pieces[0].text) > MaxLength {
		p.at = MaxLength
		return nil, fmt.Errorf("a %s's name has at most %d characters: shorten it", p.kind, MaxLength)
	}
	return pieces, nil
}

// plain reads text up to the next placeholder.
func (p *parser) plain() (string, error) {
	from, length := p.at, strings.IndexAny(p.text[p.at:], "{}")
	if length < 0 {
		length = len(p.text) - from
	}
	text := p.text[from : from+length]
	if err := p.check(text); err != nil {
		return "", err
	}
	if from == 0 && p.kind == Group && strings.HasPrefix(text, reserved) {
		return "", fmt.Errorf("%s is reserved: begin the name of a log group otherwise, such as with /aws/", reserved)
	}
	p.at += length
	if p.at < len(p.text) && p.text[p.at] == '}' {
		return "", fmt.Errorf("} closes nothing: %s", p.brace())
	}
	return text, nil
}

// check refuses text that no name may have; at is moved there.
func (p *parser) check(text string) error {
	bad := p.kind.firstBad(text)
	if bad < 0 {
		return nil
	}
	p.at += bad
	_, size := utf8.DecodeRuneInString(text[bad:])
	return fmt.Errorf("%q cannot be in the name of a %s: use %s", text[bad:bad+size], p.kind, p.kind.characters())
}

// placeholder reads a placeholder, from its { on.
func (p *parser) placeholder() ([]source, error) {
	open := p.at
	p.at++
	var sources []source
	for {
		p.spaces()
		start := p.at
		found, err := p.source()
		if err != nil {
			return nil, err
		}
		if n := len(sources); n > 0 && sources[n-1].always() {
			p.at = start
			return nil, fmt.Errorf("the source before this one always has a value: put it last, or remove what follows it")
		}
		sources = append(sources, found...)
		p.spaces()
		switch p.peek() {
		case '}':
			p.at++
			return sources, nil
		case '|':
			p.at++
		case 0:
			p.at = open
			return nil, fmt.Errorf("no } closes this {: add one, or %s", p.brace())
		default:
			return nil, fmt.Errorf("%q is not expected here: write | before another source, or } at the end", p.next())
		}
	}
}

// source reads one alternative, which may stand for several.
func (p *parser) source() ([]source, error) {
	start := p.at
	if p.peek() == '"' {
		text, err := p.quoted()
		if err != nil {
			return nil, err
		}
		end := p.at
		p.at = start + 1 // about where the text begins; escapes before a bad character shift it
		if err := p.check(text); err != nil {
			return nil, err
		}
		p.at = end
		return []source{{fromText, text}}, nil
	}
	name := p.until(":|}{\"")
	if p.peek() != ':' {
		sources := named(strings.TrimSpace(name))
		if sources == nil {
			return nil, p.unknown(start, strings.TrimSpace(name))
		}
		if p.peek() == 0 {
			return sources, nil // the caller finds that } is missing
		}
		return p.hasFacts(start, sources)
	}
	from, ok := prefixes[strings.TrimSpace(name)]
	if !ok {
		return nil, p.unknown(start, strings.TrimSpace(name)+":…")
	}
	p.at++
	p.spaces()
	keyStart := p.at
	key, err := p.key()
	if err != nil {
		return nil, err
	}
	if key == "" {
		return nil, fmt.Errorf("a key is missing after %q: name one, as in {%s}", strings.TrimSpace(name)+":", example[from])
	}
	switch {
	case from == fromScope && key == "name":
		from, key = fromScopeName, ""
	case from == fromScope && key == "version":
		from, key = fromScopeVersion, ""
	case from == fromDate:
		if err := p.date(keyStart, key); err != nil {
			return nil, err
		}
	}
	return p.hasFacts(keyStart, []source{{from, key}})
}

// example is a source of each kind that has a key.
var example = map[origin]string{
	fromResource: "resource:service.name", fromScope: "scope:name", fromRecord: "record:log.file.name",
	fromFact: "host:instance_id", fromEnvironment: "env:STAGE", fromDate: "date:%Y-%m-%d",
}

func (p *parser) unknown(start int, name string) error {
	p.at = start
	if name == "" {
		return fmt.Errorf("a source is missing: write one of %s, or %s", strings.Join(Placeholders(), " "), p.brace())
	}
	return fmt.Errorf("%q is not a placeholder: %s; there are %s", clip(name), instead(name), strings.Join(Placeholders(), " "))
}

// hasFacts refuses facts that there are not.
func (p *parser) hasFacts(start int, sources []source) ([]source, error) {
	for _, s := range sources {
		if s.from == fromFact && p.facts != nil && !slices.Contains(p.facts, s.key) {
			p.at = start
			return nil, fmt.Errorf("%q is not a fact of a host: use one of %s", clip(s.key), strings.Join(p.facts, ", "))
		}
	}
	return sources, nil
}
