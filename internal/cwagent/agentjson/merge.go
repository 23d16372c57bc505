package agentjson

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// rule is how the agent merges the value of one key. The zero rule: it has to be the same in all files.
type rule struct {
	// keys are of an object of which each key is merged for itself, by its own rule here or by the zero rule. It is not
	// nil for such an object.
	keys map[string]rule
	// list: the items of all files, equal ones once, also those of one file.
	list bool
	// one: a value that is no list counts as a list of itself, as soon as there is another one.
	one bool
}

var (
	eachKey = rule{keys: map[string]rule{}}
	list    = rule{list: true}
	oneOr   = rule{list: true, one: true}

	collectList = rule{keys: map[string]rule{"collect_list": list}}
)

// sections are all that the agent reads; it takes no notice of other keys beside them.
var sections = map[string]rule{
	"agent": {keys: map[string]rule{"usage_metadata": list}},
	"metrics": {keys: map[string]rule{
		"metrics_collected": {keys: map[string]rule{"procstat": list, "jmx": oneOr, "otlp": oneOr}},
	}},
	"logs": {keys: map[string]rule{
		"logs_collected": {keys: map[string]rule{"files": collectList, "windows_events": collectList, "journald": collectList}},
		"metrics_collected": {keys: map[string]rule{
			"kubernetes": eachKey, "ecs": eachKey, "prometheus": eachKey, "otlp": oneOr,
		}},
	}},
	"traces":        {keys: map[string]rule{"traces_collected": {keys: map[string]rule{"otlp": oneOr}}}},
	"opentelemetry": {keys: map[string]rule{"collect": eachKey}},
	"profiles":      eachKey,
	"csm":           eachKey,
}

// Reads says whether the agent reads a key of the document itself. It takes no notice of others.
func Reads(key string) bool { return sections[key].keys != nil }

// Merge decodes files and merges them as the agent does, in the order of their names; the comment of the package has the
// rules. The error has everything that is wrong: the file, and the line and column, or the path with both values and the
// files that they are in.
func Merge(files []File) (Node, error) {
	if len(files) == 0 {
		return Node{}, errors.New("there is no configuration: name files, folders or ssm:NAME")
	}
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	m := merging{from: map[string]string{}}
	into := map[string]any{}
	var problems []error
	for _, f := range files {
		object, err := f.decode()
		if err != nil {
			problems = append(problems, err)
			continue
		}
		m.file = f.Name
		m.document(object, into)
	}
	if problems = append(problems, m.problems...); len(problems) > 0 {
		return Node{}, errors.Join(problems...)
	}
	return New(into), nil
}

// merging is the state of Merge.
type merging struct {
	file     string
	from     map[string]string // the file that set a path first
	problems []error
}

func (m *merging) document(source, into map[string]any) {
	known := map[string]any{}
	for key, value := range source {
		if Reads(key) {
			known[key] = value
		} else if _, there := into[key]; !there {
			into[key] = value
		}
	}
	m.object("", sections, known, into)
}

func (m *merging) object(path string, rules map[string]rule, source, into map[string]any) {
	for _, key := range New(source).Keys() { // the same errors in the same order, each time
		m.value(Join(path, key), rules[key], key, source[key], into)
	}
}

func (m *merging) value(path string, r rule, key string, value any, into map[string]any) {
	have, there := into[key]
	if inner, isObject := value.(map[string]any); isObject && r.keys != nil {
		target, isObject := have.(map[string]any)
		if !there {
			target, isObject = map[string]any{}, true
			into[key], m.from[path] = target, m.file
		}
		if isObject {
			m.object(path, r.keys, inner, target)
			return
		}
	}
	switch items, isList := value.([]any); {
	case !there:
		into[key], m.from[path] = value, m.file
		if r.list && isList {
			into[key] = united(nil, items)
		}
	case Equal(have, value):
	case r.one && mayBeOne(have) && mayBeOne(value):
		into[key] = united(asList(have), asList(value))
	case r.list && isList && isListOf(have):
		into[key] = united(asList(have), items)
	default:
		m.problems = append(m.problems, fmt.Errorf("%s: %s says %s and %s says %s: the agent takes no two values here; write both alike, or leave one out",
			path, m.from[path], text(have), m.file, text(value)))
	}
}

func isListOf(value any) bool { _, ok := value.([]any); return ok }

func mayBeOne(value any) bool {
	_, isObject := value.(map[string]any)
	return isObject || isListOf(value)
}

func asList(value any) []any {
	if items, ok := value.([]any); ok {
		return items
	}
	return []any{value}
}

// united are the items of both, equal ones once.
func united(have, more []any) []any {
	all := slices.Clone(have)
	if all == nil {
		all = []any{} // an empty list stays one
	}
	for _, item := range more {
		if !slices.ContainsFunc(all, func(h any) bool { return Equal(h, item) }) {
			all = append(all, item)
		}
	}
	return all
}
