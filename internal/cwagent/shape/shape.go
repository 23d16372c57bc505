// Package shape says what of a document the CloudWatch agent would not accept: types, bounds, lists of words, keys that have
// to be there or may not. What is declared here is what the agent's own schema demands (August 2026); a test compares both.
package shape

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
)

// Check reports everything that is not as the agent demands, as invalid, with the value and the remedy.
func Check(root agentjson.Node, r *report.Report) { document.check(root, r) }

// shape is what a value has to be.
type shape interface {
	check(n agentjson.Node, r *report.Report)
	// kind is what it is for people: a text, a list.
	kind() string
}

func wrongKind(n agentjson.Node, r *report.Report, want string) {
	r.Invalid(n.Path(), fmt.Sprintf("is %s", agentjson.Describe(n.Value())), "it should be "+want)
}

// anything is any value.
type anything struct{}

func (anything) check(agentjson.Node, *report.Report) {}
func (anything) kind() string                         { return "anything" }

// truth is true or false.
type truth struct{}

func (truth) kind() string { return "true or false" }

func (s truth) check(n agentjson.Node, r *report.Report) {
	if _, ok := n.Value().(bool); !ok {
		wrongKind(n, r, s.kind())
	}
}

// number is a whole number within bounds, or one of some.
type number struct {
	min, max int
	oneOf    []int
}

func (s number) kind() string {
	if s.oneOf != nil {
		return "one of " + strings.Trim(strings.ReplaceAll(fmt.Sprint(s.oneOf), " ", ", "), "[]")
	}
	if s.max == 0 {
		return fmt.Sprintf("a whole number from %d", s.min)
	}
	return fmt.Sprintf("a whole number from %d to %d", s.min, s.max)
}

func (s number) check(n agentjson.Node, r *report.Report) {
	given, ok := n.Value().(json.Number)
	value, err := given.Float64()
	whole := int(value)
	switch {
	case !ok, err != nil, value != float64(whole):
	case s.oneOf != nil && slices.Contains(s.oneOf, whole), s.oneOf == nil && whole >= s.min && (s.max == 0 || whole <= s.max):
		return
	}
	wrongKind(n, r, s.kind())
}

// text is a text with bounds, in characters.
type text struct {
	min, max int
	oneOf    []string
	not      []string
	// orMatches takes a text that is shorter than min.
	orMatches *regexp.Regexp
}

func (s text) kind() string {
	switch {
	case s.oneOf != nil:
		return "one of " + strings.Join(s.oneOf, ", ")
	case s.min > 0 && s.max > 0:
		return fmt.Sprintf("a text of %d to %d characters", s.min, s.max)
	case s.min > 0:
		return fmt.Sprintf("a text of at least %d characters", s.min)
	case s.max > 0:
		return fmt.Sprintf("a text of at most %d characters", s.max)
	}
	return "a text"
}

func (s text) check(n agentjson.Node, r *report.Report) {
	given, ok := n.Value().(string)
	length := utf8.RuneCountInString(given)
	switch {
	case !ok, s.oneOf != nil && !slices.Contains(s.oneOf, given), s.max > 0 && length > s.max,
		length < s.min && (s.orMatches == nil || !s.orMatches.MatchString(given)):
		wrongKind(n, r, s.kind())
	case slices.Contains(s.not, given):
		r.Invalid(n.Path(), fmt.Sprintf("is %q", given), "the agent cannot read that one: leave it out")
	}
}

// list is a list of something.
type list struct {
	item     shape
	min, max int
	unique   bool
}

func (s list) kind() string { return "a list" }

func (s list) check(n agentjson.Node, r *report.Report) {
	given, ok := n.Value().([]any)
	if !ok {
		wrongKind(n, r, "a list, such as ["+example(s.item)+"]")
		return
	}
	if len(given) < s.min {
		r.Invalid(n.Path(), "has no item", fmt.Sprintf("it should have %d at least", s.min))
	}
	if s.max > 0 && len(given) > s.max {
		r.Invalid(n.Path(), fmt.Sprintf("has %d items", len(given)), fmt.Sprintf("it may have %d at most", s.max))
	}
	items := n.Items()
	for i, item := range items {
		s.item.check(item, r)
		if s.unique && slices.ContainsFunc(items[:i], func(o agentjson.Node) bool { return agentjson.Equal(o.Value(), item.Value()) }) {
			r.Invalid(item.Path(), agentjson.Describe(item.Value())+" is there twice", "leave one out")
		}
	}
}

func example(s shape) string {
	switch s.(type) {
	case text:
		return `"…"`
	case number:
		return "1"
	}
	return "{…}"
}

// object is an object with some keys.
type object struct {
	keys map[string]shape
	// others is what values of other keys have to be; nil allows no other keys.
	others   shape
	required []string
	// oneOf needs one of these keys at least.
	oneOf    []string
	min, max int
}

func (s object) kind() string { return "an object" }

func (s object) check(n agentjson.Node, r *report.Report) {
	if !n.IsObject() {
		wrongKind(n, r, "an object {…}")
		return
	}
	given := n.Keys()
	for _, key := range given {
		below := n.Get(key)
		if of, known := s.keys[key]; known {
			of.check(below, r)
		} else if s.others != nil {
			s.others.check(below, r)
		} else {
			r.Invalid(below.Path(), "the agent knows no such key here", s.remedy(key))
		}
	}
	for _, key := range s.required {
		if !slices.Contains(given, key) {
			r.Invalid(n.Path(), fmt.Sprintf("has no %q", key), "the agent needs it")
		}
	}
	if s.oneOf != nil && !slices.ContainsFunc(s.oneOf, func(key string) bool { return slices.Contains(given, key) }) {
		r.Invalid(n.Path(), "has none of "+strings.Join(s.oneOf, ", "), "the agent needs one of them at least")
	}
	if len(given) < s.min {
		r.Invalid(n.Path(), "is empty", "it should have one key at least")
	}
	if s.max > 0 && len(given) > s.max {
		r.Invalid(n.Path(), fmt.Sprintf("has %d keys", len(given)), fmt.Sprintf("it may have %d at most", s.max))
	}
}

// remedy proposes the known key that is most like another one.
func (s object) remedy(key string) string {
	known := slices.Sorted(maps.Keys(s.keys))
	if len(known) == 0 {
		return "leave it out"
	}
	nearest := slices.MinFunc(known, func(a, b string) int { return cmp.Compare(distance(a, key), distance(b, key)) })
	if distance(nearest, key) <= 1+len(key)/3 {
		return fmt.Sprintf("did you mean %q?", nearest)
	}
	return "it knows " + strings.Join(known, ", ")
}

// distance is how many letters have to be changed to make one word of another.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// listOr is a list of something, or one of it alone.
type listOr struct{ list list }

func (s listOr) kind() string { return s.list.item.kind() + ", or a list of them" }

func (s listOr) check(n agentjson.Node, r *report.Report) {
	if _, is := n.Value().([]any); is {
		s.list.check(n, r)
		return
	}
	s.list.item.check(n, r)
}

// textOr is a text, or an object.
type textOr struct {
	text   text
	object object
}

func (s textOr) kind() string { return "a text or an object" }

func (s textOr) check(n agentjson.Node, r *report.Report) {
	switch {
	case n.IsObject():
		s.object.check(n, r)
	case isText(n):
		s.text.check(n, r)
	default:
		wrongKind(n, r, s.kind())
	}
}

func isText(n agentjson.Node) bool { _, ok := n.Value().(string); return ok }
