package logs

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// condition is a part of a JSON pattern; document is what encoding/json makes of a message.
type condition func(document any) bool

// parseJSONPattern reads what stands in the braces of a pattern such as
// { ($.status >= 500 || $.error = "time*") && $.retry IS TRUE }.
// A message that is not JSON does not match. A comparison with a member that is not there is false,
// != included.
func parseJSONPattern(text string) (matcher, error) {
	p := &patternParser{rest: text}
	holds, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.rest != "" {
		return nil, errPattern("Unexpected '%s'", p.rest)
	}
	return func(message string) bool {
		if message = strings.TrimLeft(message, " \t\r\n"); message == "" || message[0] != '{' && message[0] != '[' {
			return false
		}
		decoder := json.NewDecoder(strings.NewReader(message))
		decoder.UseNumber()
		var document any
		return decoder.Decode(&document) == nil && !decoder.More() && holds(document)
	}, nil
}

// patternParser reads a condition from the left. A pattern has at most 1,024 characters, so nothing
// here nests deeper than that.
type patternParser struct{ rest string }

func (p *patternParser) skip() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

func (p *patternParser) accept(token string) bool {
	p.skip()
	rest, ok := strings.CutPrefix(p.rest, token)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *patternParser) or() (condition, error) { return p.list("||", p.and, false) }

func (p *patternParser) and() (condition, error) { return p.list("&&", p.single, true) }

// list reads parts with an operator between them. Its condition is all true or, if not all, one true.
func (p *patternParser) list(operator string, part func() (condition, error), all bool) (condition, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	parts := []condition{first}
	for p.accept(operator) {
		next, err := part()
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
	}
	return func(document any) bool {
		for _, holds := range parts {
			if holds(document) != all {
				return !all
			}
		}
		return all
	}, nil
}

func (p *patternParser) single() (condition, error) {
	if p.accept("(") {
		inner, err := p.or()
		if err == nil && !p.accept(")") {
			err = errPattern("Missing ')' before '%s'", p.rest)
		}
		return inner, err
	}
	path, err := p.selector()
	if err != nil {
		return nil, err
	}
	for _, operator := range []string{"!=", "<=", ">=", "=", "<", ">"} {
		if p.accept(operator) {
			test, err := p.comparison(operator)
			return func(document any) bool {
				value, ok := path.find(document)
				return ok && test(value)
			}, err
		}
	}
	switch word := strings.ToUpper(p.word()); word {
	case "IS":
		want, ok := map[string]any{"TRUE": true, "FALSE": false, "NULL": nil}[strings.ToUpper(p.word())]
		if !ok {
			return nil, errPattern("IS must be followed by TRUE, FALSE or NULL")
		}
		return func(document any) bool {
			value, ok := path.find(document)
			return ok && value == want
		}, nil
	case "NOT", "EXISTS":
		if word == "NOT" && strings.ToUpper(p.word()) != "EXISTS" {
			return nil, errPattern("NOT must be followed by EXISTS")
		}
		return func(document any) bool {
			_, ok := path.find(document)
			return ok == (word == "EXISTS")
		}, nil
	default:
		return nil, errPattern("Missing operator before '%s'", word+p.rest)
	}
}

// word reads a word without quotes.
func (p *patternParser) word() string {
	p.skip()
	end := strings.IndexAny(p.rest, " \t\r\n()=<>!&|\"")
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word
}

// selector is the way to a member: names (string) and indexes of arrays (int).
type selector []any

// find returns the member of a document that a selector leads to.
func (s selector) find(document any) (any, bool) {
	for _, step := range s {
		switch step := step.(type) {
		case string:
			object, ok := document.(map[string]any)
			if !ok {
				return nil, false
			}
			if document, ok = object[step]; !ok {
				return nil, false
			}
		case int:
			array, ok := document.([]any)
			if !ok || step >= len(array) {
				return nil, false
			}
			document = array[step]
		}
	}
	return document, true
}

// selector reads a selector such as $.a.b[0]["c.d"].
func (p *patternParser) selector() (selector, error) {
	if !p.accept("$") {
		return nil, errPattern("Expected a selector that begins with $ at '%s'", p.rest)
	}
	var path selector
	for p.rest != "" {
		switch p.rest[0] {
		case '.':
			p.rest = p.rest[1:]
			end := strings.IndexAny(p.rest, " \t\r\n.[]()=<>!&|\"*")
			if end < 0 {
				end = len(p.rest)
			}
			if end == 0 {
				return nil, errPattern("Invalid selector at '%s'", p.rest)
			}
			path = append(path, p.rest[:end])
			p.rest = p.rest[end:]
		case '[':
			p.rest = p.rest[1:]
			if strings.HasPrefix(p.rest, `"`) {
				name, rest, err := parseQuoted(p.rest)
				if err != nil {
					return nil, err
				}
				path, p.rest = append(path, name), rest
			} else {
				text, _, _ := strings.Cut(p.rest, "]")
				index, err := strconv.ParseUint(text, 10, 31)
				if err != nil {
					return nil, errPattern("Invalid array index '%s'", text)
				}
				path, p.rest = append(path, int(index)), p.rest[len(text):]
			}
			if !strings.HasPrefix(p.rest, "]") {
				return nil, errPattern("Missing ']' before '%s'", p.rest)
			}
			p.rest = p.rest[1:]
		default:
			return nonEmpty(path)
		}
	}
	return nonEmpty(path)
}

func nonEmpty(path selector) (selector, error) {
	if len(path) == 0 {
		return nil, errPattern("A selector must name a member, such as $.level")
	}
	return path, nil
}

// comparison reads the value after an operator and returns the test for a member's value.
func (p *patternParser) comparison(operator string) (func(any) bool, error) {
	p.skip()
	if operator == "=" || operator == "!=" {
		equal, err := p.equality()
		if operator == "=" || err != nil {
			return equal, err
		}
		return func(value any) bool { return !equal(value) }, nil
	}
	text := p.word()
	limit, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, errPattern("'%s' is not a number, which %s needs", text, operator)
	}
	return func(value any) bool {
		number, ok := value.(json.Number)
		if !ok {
			return false
		}
		n, err := number.Float64()
		if err != nil {
			return false
		}
		switch operator {
		case "<":
			return n < limit
		case "<=":
			return n <= limit
		case ">":
			return n > limit
		default:
			return n >= limit
		}
	}, nil
}

// equality reads the value to be equal to. A string, quoted or not, may have wildcards (*); without
// quotes it also equals the number or the boolean that it spells.
func (p *patternParser) equality() (func(any) bool, error) {
	switch {
	case strings.HasPrefix(p.rest, `"`):
		text, rest, err := parseQuoted(p.rest)
		if err != nil {
			return nil, err
		}
		p.rest = rest
		equal := wildcards(text)
		return func(value any) bool {
			s, ok := value.(string)
			return ok && equal.MatchString(s)
		}, nil
	case strings.HasPrefix(p.rest, "%"):
		expression, rest, err := parseRegexp(p.rest)
		if err != nil {
			return nil, err
		}
		p.rest = rest
		return func(value any) bool {
			s, ok := scalar(value)
			return ok && expression.MatchString(s)
		}, nil
	}
	text := p.word()
	if text == "" {
		return nil, errPattern("Missing value before '%s'", p.rest)
	}
	equal := wildcards(text)
	limit, err := strconv.ParseFloat(text, 64)
	numeric := err == nil
	return func(value any) bool {
		if number, ok := value.(json.Number); ok && numeric {
			n, err := number.Float64()
			return err == nil && n == limit
		}
		s, ok := scalar(value)
		return ok && equal.MatchString(s)
	}, nil
}

// scalar is the text of a string, a number or a boolean.
func scalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	default:
		return "", false
	}
}

// wildcards is the expression for a text in which * stands for any characters.
func wildcards(text string) *regexp.Regexp {
	parts := strings.Split(text, "*")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile("(?s)^" + strings.Join(parts, ".*") + "$")
}
