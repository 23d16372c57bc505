package agentjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// File is one configuration of the agent.
type File struct {
	// Name is its path, or ssm:NAME, for errors. Files are merged in the order of their names.
	Name string
	// Text is JSON.
	Text []byte
}

// decode is a file's JSON. The error says where the mistake is.
func (f File) decode() (map[string]any, error) {
	if bytes.HasPrefix(f.Text, []byte("\xef\xbb\xbf")) {
		return nil, fmt.Errorf("%s: begins with a byte order mark, which the agent does not take: save it as UTF-8 without one", f.Name)
	}
	d := json.NewDecoder(bytes.NewReader(f.Text))
	d.UseNumber()
	var value any
	err := d.Decode(&value)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			return nil, fmt.Errorf("%s: %s: something follows the configuration: one file has one JSON object", f.Name, f.place(d.InputOffset()))
		}
	}
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: is empty: it should be a JSON object such as {\"metrics\": {…}}", f.Name)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%s: %s: ends too soon: a bracket or a quotation mark is not closed", f.Name, f.place(int64(len(f.Text))))
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("%s: %s: %w: JSON has neither comments nor a comma before a closing bracket", f.Name, f.place(syntax.Offset), err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: is %s and should be a JSON object such as {\"metrics\": {…}}", f.Name, Describe(value))
	}
	return object, nil
}

// place is the line and the column of an offset.
func (f File) place(offset int64) string {
	before := f.Text[:min(max(offset-1, 0), int64(len(f.Text)))]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Sprintf("line %d, column %d", line, len(before)-bytes.LastIndexByte(before, '\n'))
}

// Describe says what a value is, for errors: a text "x", the number 7, a list, an object.
func Describe(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case string:
		if len(value) > 60 {
			value = value[:60] + "…"
		}
		return fmt.Sprintf("%q", value)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprint(value)
}

// merger is how the agent merges the value of one key.
type merger struct {
	// keys are of an object of which each key is merged for itself: by its own rule here, or else it has to be the same.
	keys map[string]merger
	// list: of all files the items, equal ones once.
	list bool
}

var collected = merger{keys: map[string]merger{"collect_list": {list: true}}}

// rules are those of the agent's translator. Each section is merged key by key; plugins have to be the same, since the agent
// runs one of each; lists of log files, event logs, processes and JMX targets are put together.
var rules = merger{keys: map[string]merger{
	"agent":   {keys: map[string]merger{"usage_metadata": {list: true}}},
	"metrics": {keys: map[string]merger{"metrics_collected": {keys: map[string]merger{"procstat": {list: true}, "jmx": {list: true}}}}},
	"logs": {keys: map[string]merger{
		"logs_collected":    {keys: map[string]merger{"files": collected, "windows_events": collected, "journald": collected}},
		"metrics_collected": {keys: map[string]merger{}},
	}},
	"traces":        {keys: map[string]merger{"traces_collected": {keys: map[string]merger{}}}},
	"opentelemetry": {keys: map[string]merger{"collect": {keys: map[string]merger{}}}},
	"profiles":      {keys: map[string]merger{}},
	"csm":           {keys: map[string]merger{}},
}}

// Merge decodes files and merges them as the agent does, in the order of their names: what two files set has to be the same
// in both, but for the lists of files, event logs, processes and JMX targets, which are put together. The error names the
// file, and the line and column, or the path, of the mistake.
func Merge(files []File) (Node, error) {
	if len(files) == 0 {
		return Node{}, errors.New("there is no configuration: name files, folders or ssm:NAME")
	}
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	m := merging{from: map[string]string{}, into: map[string]any{}}
	var problems []error
	for _, f := range files {
		object, err := f.decode()
		if err != nil {
			problems = append(problems, err)
			continue
		}
		m.file = f.Name
		m.object("", rules, object, m.into)
	}
	if problems = append(problems, m.problems...); len(problems) > 0 {
		return Node{}, errors.Join(problems...)
	}
	return New(m.into), nil
}

// merging is the state of Merge.
type merging struct {
	file     string
	from     map[string]string // the file that set a path first
	into     map[string]any
	problems []error
}

func (m *merging) object(path string, rule merger, source, into map[string]any) {
	for key, value := range source {
		at := Join(path, key)
		have, there := into[key]
		next := rule.keys[key]
		inner, isObject := value.(map[string]any)
		target, intoObject := have.(map[string]any)
		switch {
		case next.keys != nil && isObject && !there:
			target = map[string]any{}
			into[key] = target
			m.from[at] = m.file
			m.object(at, next, inner, target)
		case next.keys != nil && isObject && intoObject:
			m.object(at, next, inner, target)
		case !there:
			into[key], m.from[at] = value, m.file
		case next.list && isList(value) && isList(have):
			into[key] = united(have.([]any), value.([]any))
		case !Equal(have, value):
			m.problems = append(m.problems, fmt.Errorf("%s: %s says %s and %s says %s: the agent takes no two values here; write both alike, or leave one out",
				at, m.from[at], text(have), m.file, text(value)))
		}
	}
}

func isList(value any) bool { _, ok := value.([]any); return ok }

func united(have, more []any) []any {
	for _, item := range more {
		if !slices.ContainsFunc(have, func(h any) bool { return Equal(h, item) }) {
			have = append(have, item)
		}
	}
	return have
}

// Equal compares decoded values; numbers by what they are, so that 1 and 1.0 are the same, as in the agent.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			if other, there := b[key]; !there || !Equal(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Equal)
	case json.Number:
		b, ok := b.(json.Number)
		if !ok {
			return false
		}
		x, errX := a.Float64()
		y, errY := b.Float64()
		return a == b || errX == nil && errY == nil && x == y
	}
	return a == b
}

// text is a value as JSON, shortened.
func text(value any) string {
	out, err := json.Marshal(value)
	if err != nil {
		return Describe(value)
	}
	if len(out) > 80 {
		return string(out[:80]) + "…"
	}
	return string(out)
}
