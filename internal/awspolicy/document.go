package awspolicy

import (
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Version is the version of the policy language; IAM has no newer one.
const Version = "2012-10-17"

// Document is a policy.
type Document struct {
	Version   string
	Statement []Statement
}

// Statement is one of a policy. In a policy of an identity it has no principal, in a trust policy no resource.
type Statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal any        `json:",omitempty"`
	Action    []string   `json:",omitempty"`
	Resource  []string   `json:",omitempty"`
	Condition Conditions `json:",omitempty"`
}

// Conditions are operators, keys and values.
type Conditions map[string]map[string]string

// Write writes the policy as JSON.
func (d Document) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(d)
}

// open is a place in a text that has no value.
var open = regexp.MustCompile(`\{([A-Z_]+)\}`)

// Open are the places that somebody has yet to fill, each once, in their order.
func (d Document) Open() []string {
	var text strings.Builder
	_ = d.Write(&text) // a Builder takes everything
	var names []string
	for _, m := range open.FindAllStringSubmatch(text.String(), -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// Allows tells whether a policy of an identity allows an action on a resource. It knows Allow alone, and takes
// conditions for met.
func (d Document) Allows(action, resource string) bool {
	return slices.ContainsFunc(d.Statement, func(s Statement) bool {
		return slices.ContainsFunc(s.Action, func(a string) bool { return matches(strings.ToLower(a), strings.ToLower(action)) }) &&
			slices.ContainsFunc(s.Resource, func(r string) bool { return matches(r, resource) })
	})
}

// Actions are all actions of the policy, each once, sorted.
func (d Document) Actions() []string {
	var all []string
	for _, s := range d.Statement {
		all = append(all, s.Action...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// matches tells whether a text is what a pattern with * and ? stands for.
func matches(pattern, text string) bool {
	p, t, star, from := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p, t = p+1, t+1
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// distinct are the patterns without those that another one covers, sorted.
func distinct(patterns []string) []string {
	slices.Sort(patterns)
	patterns = slices.Compact(patterns)
	return slices.DeleteFunc(slices.Clone(patterns), func(p string) bool {
		return slices.ContainsFunc(patterns, func(other string) bool {
			return other != p && matches(other, p) && !(matches(p, other) && other > p)
		})
	})
}
