package layers

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/redact"
)

// Redacted stands in place of a secret, as the collector's print-config writes it.
const Redacted = redact.Mark

// Names of keys, in lower case and without what separates their words.
var (
	// secretWords make a secret of every key that has one of them in its name.
	secretWords = []string{
		"password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey", "authorization", "encryptionkey",
		"signingkey", "sharedkey", "accountkey", "instrumentationkey", "licensekey", "ingestionkey", "applicationkey", "appkey", "keypem",
		"connectionstring", "cookie",
	}
	// secretNames are secrets themselves.
	secretNames = []string{"pass", "pwd", "dsn", "jwt", "bearer", "credential", "credentials"}
	// headerMaps hold anything, authorization among it.
	headerMaps = []string{"headers", "headerslist", "requestheaders", "responseheaders", "extraheaders", "additionalheaders", "customheaders", "defaultheaders", "httpheaders"}
	// openEndings tell where a secret is, or how it is used, and not what it is.
	openEndings = []string{"file", "files", "filename", "path", "url", "uri", "endpoint", "arn", "type", "ttl", "interval", "timeout", "source", "enabled"}
	// headerFields are what an entry of a list of headers has beside its value.
	headerFields = []string{"key", "name", "action", "fromcontext", "fromattribute"}
)

// Secret says whether the key at path holds a secret, by its name: passwords, tokens, keys of APIs, and
// headers, which may be any of these. A value under such a name that is a placeholder is none.
func Secret(path []string) bool {
	names := words(path)
	if len(names) == 0 {
		return false
	}
	last := names[len(names)-1]
	for i, name := range names[:len(names)-1] {
		if slices.Contains(headerMaps, name) {
			listed := i+2 < len(names) && isIndex(names[i+1])
			return !listed || !slices.Contains(headerFields, last)
		}
	}
	if slices.Contains(headerMaps, last) {
		return true
	}
	if endsWith(last, openEndings) {
		return false
	}
	if slices.Contains(secretNames, last) || slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(last, w) }) {
		return true
	}
	return slices.ContainsFunc(names[:len(names)-1], func(name string) bool { return endsWith(strings.TrimSuffix(name, "s"), secretWords) })
}

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// words are the names of a path that a setting chose: a component's own name, such as bearertokenauth,
// and an index at the end say nothing.
func words(path []string) []string {
	if len(path) > 1 && (slices.Contains(componentSections, path[0])) {
		path = path[2:]
	}
	for len(path) > 0 && isIndex(path[len(path)-1]) {
		path = path[:len(path)-1]
	}
	names := make([]string, len(path))
	for i, name := range path {
		names[i] = separators.Replace(strings.ToLower(name))
	}
	return names
}

func isIndex(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

func endsWith(name string, endings []string) bool {
	return slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(name, e) })
}

// commands are keys whose values are command lines, which have secrets among their arguments.
var commands = []string{"process", "credentialprocess", "command"}

var (
	privateKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`)
	// authScheme is what may stand before a credential in a header.
	authScheme = regexp.MustCompile(`^(?i:\s*(basic|bearer|token|apikey|digest)?[\s:=,;/@"']*)$`)
)

// shown is a scalar as it may be shown.
func shown(hide func(path []string, value any) bool, path []string, value any) any {
	if hide == nil {
		hide = func(path []string, _ any) bool { return Secret(path) }
	}
	if hide(path, value) {
		return mask(value)
	}
	s, ok := value.(string)
	switch {
	case !ok:
		return value
	case privateKey.MatchString(s):
		return Redacted
	}
	if names := words(path); len(names) > 0 && slices.Contains(commands, names[len(names)-1]) && !strings.HasPrefix(strings.TrimSpace(s), "${") {
		return redact.Command(s)
	}
	return redact.TextWith(s, maskText)
}

// hides reports whether the value at a key of this map is a secret by what stands beside it: {key: db.password, value: …}.
func (n *node) hides(key string) bool {
	if n == nil || !slices.Contains([]string{"value", "values", "newvalue", "secret", "secrets", "default"}, separators.Replace(strings.ToLower(key))) {
		return false
	}
	for _, name := range []string{"key", "name", "field", "attribute"} {
		if beside := n.find(name); beside != nil {
			if s, ok := beside.value.(string); ok && Secret(strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '[' || r == ']' || r == '"' || r == '\'' })) {
				return true
			}
		}
	}
	return false
}

// hidden is a key by which Secret hides what is below.
const hidden = "password"

// under is the path of a key for what decides about secrets.
func (n *node) under(path []string, key string) []string {
	if n.hides(key) {
		key = hidden
	}
	return append(path, key)
}

// mask hides a value, but not where a placeholder gets it from.
func mask(value any) any {
	switch v := value.(type) {
	case nil, bool, map[string]any, map[any]any, []any: // the containers are empty
		return value
	case string:
		return maskText(v)
	}
	return Redacted
}

// maskText hides all of a text but its placeholders, and of these their defaults, and what yaml: quotes.
func maskText(s string) string {
	var out strings.Builder
	hide := func(literal string) {
		if !authScheme.MatchString(literal) {
			literal = Redacted
		}
		out.WriteString(literal)
	}
	from := 0
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "$$"): // an escaped dollar
			i += 2
		case strings.HasPrefix(s[i:], "${"):
			inner, rest, ok := placeholder(s[i:])
			if !ok { // it is not closed: the rest is text
				i = len(s)
				continue
			}
			hide(s[from:i])
			out.WriteString("${" + maskPlaceholder(inner) + "}")
			i = len(s) - len(rest)
			from = i
		default:
			i++
		}
	}
	hide(s[from:])
	return out.String()
}

func maskPlaceholder(inner string) string {
	if strings.HasPrefix(inner, "yaml:") {
		return "yaml:" + maskText(inner[len("yaml:"):])
	}
	name, fallback, ok := strings.Cut(inner, ":-")
	if !ok {
		return inner
	}
	return name + ":-" + maskText(fallback)
}

// placeholder splits a text that begins with one.
func placeholder(s string) (inner, rest string, ok bool) {
	if !strings.HasPrefix(s, "${") {
		return "", s, false
	}
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "${"):
			depth++
			i++
		case s[i] == '}':
			if depth--; depth == 0 {
				return s[2:i], s[i+1:], true
			}
		}
	}
	return "", s, false
}

// Show is a value as an error may quote it: without secrets, on one line, and not too long.
func Show(path []string, value any) string {
	if value == nil {
		return ""
	}
	text := fmt.Sprint(shown(nil, path, value))
	if s, ok := value.(string); ok && text == s {
		text = strconv.Quote(s)
	}
	const most = 120
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strings.Join(strings.Fields(text), " ")
}
