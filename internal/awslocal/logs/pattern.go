package logs

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// matcher tells whether a message matches a filter pattern.
type matcher func(message string) bool

// parsePattern reads a filter pattern: terms, or a condition on JSON in braces. It returns nil for the
// empty pattern, which every message matches. Space-delimited patterns in brackets are not supported.
func parsePattern(pattern string) (matcher, error) {
	text := strings.TrimSpace(pattern)
	switch {
	case text == "":
		return nil, nil
	case text[0] == '[':
		return nil, errPattern("cloudwatch-local does not support space-delimited patterns ([...])")
	case text[0] == '{':
		if text[len(text)-1] != '}' {
			return nil, errInvalid("If a filter pattern starts with '{' it must end with '}'")
		}
		return parseJSONPattern(text[1 : len(text)-1])
	default:
		return parseTerms(text)
	}
}

func errPattern(reason string, args ...any) error {
	return errInvalid("Invalid filter pattern: "+reason, args...)
}

// parseTerms reads terms separated by white space. A message must contain all plain terms and none of
// the excluded ones (-term). Optional terms (?term) count only where there is nothing else: then one
// of them must be there. Terms are case sensitive and match anywhere in the message.
func parseTerms(text string) (matcher, error) {
	var required, excluded, optional []matcher
	for text != "" {
		list := &required
		switch text[0] {
		case '-':
			list, text = &excluded, text[1:]
		case '?':
			list, text = &optional, text[1:]
		}
		term, rest, err := parseTerm(text)
		if err != nil {
			return nil, err
		}
		*list = append(*list, term)
		text = strings.TrimLeftFunc(rest, unicode.IsSpace)
	}
	if len(required)+len(excluded) > 0 {
		optional = nil
	}
	return func(message string) bool {
		for _, m := range required {
			if !m(message) {
				return false
			}
		}
		for _, m := range excluded {
			if m(message) {
				return false
			}
		}
		for _, m := range optional {
			if m(message) {
				return true
			}
		}
		return len(optional) == 0
	}, nil
}

func parseTerm(text string) (term matcher, rest string, err error) {
	var word string
	switch {
	case strings.HasPrefix(text, `"`):
		if word, rest, err = parseQuoted(text); err != nil {
			return nil, "", err
		}
		if word == "" {
			return nil, "", errPattern(`Invalid character(s) in term '""'`)
		}
	case strings.HasPrefix(text, "%"):
		expression, rest, err := parseRegexp(text)
		if err != nil {
			return nil, "", err
		}
		return expression.MatchString, rest, nil
	default:
		word, rest = text, ""
		if end := strings.IndexFunc(text, unicode.IsSpace); end >= 0 {
			word, rest = text[:end], text[end:]
		}
		if word == "" || strings.IndexFunc(word, notInTerm) >= 0 {
			return nil, "", errPattern("Invalid character(s) in term '%s'", word)
		}
	}
	if next, _ := utf8.DecodeRuneInString(rest); rest != "" && !unicode.IsSpace(next) {
		return nil, "", errPattern("Invalid character(s) in term '%s'", text)
	}
	return func(message string) bool { return strings.Contains(message, word) }, rest, nil
}

// notInTerm tells of a character that a term without quotes may not have.
func notInTerm(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }

// parseQuoted reads a phrase in double quotes; a backslash stands before a quote or a backslash in it.
func parseQuoted(text string) (word, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], nil
		case c == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errPattern("Unclosed quotation mark in '%s'", text)
}

// parseRegexp reads a regular expression between percent signs.
func parseRegexp(text string) (expression *regexp.Regexp, rest string, err error) {
	body, rest, closed := strings.Cut(text[1:], "%")
	if !closed || body == "" || strings.ContainsAny(body, "()") {
		return nil, "", errPattern("Invalid regular expression in '%s'", text)
	}
	expression, err = regexp.Compile(body)
	if err != nil {
		return nil, "", errPattern("Invalid regular expression in '%s'", text)
	}
	return expression, rest, nil
}
