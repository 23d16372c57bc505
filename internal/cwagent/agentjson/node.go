package agentjson

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Node is a value and where it stands. The zero Node is one that is not there: it has no keys, no items, and is empty.
// Values are those of encoding/json with json.Number: map[string]any, []any, string, json.Number, bool, nil.
type Node struct {
	path  string
	value any
	there bool
}

// New is the root of a decoded document.
func New(value any) Node { return Node{value: value, there: true} }

// Path is a JSON pointer, such as /logs/logs_collected/files/collect_list/0/file_path. That of the root is empty.
func (n Node) Path() string { return n.path }

// There says whether the value is in the document.
func (n Node) There() bool { return n.there }

// Value is the value as encoding/json decodes it, with json.Number.
func (n Node) Value() any { return n.value }

// Get is the value below a key, or one that is not there.
func (n Node) Get(keys ...string) Node {
	for _, key := range keys {
		object, _ := n.value.(map[string]any)
		value, there := object[key]
		n = Node{path: Join(n.path, key), value: value, there: there}
	}
	return n
}

// Keys are those of an object, sorted.
func (n Node) Keys() []string {
	object, _ := n.value.(map[string]any)
	return slices.Sorted(maps.Keys(object))
}

// Items are those of a list. What is no list counts as a list of itself, as the agent has it for otlp and jmx.
func (n Node) Items() []Node {
	if !n.there {
		return nil
	}
	list, ok := n.value.([]any)
	if !ok {
		return []Node{n}
	}
	items := make([]Node, len(list))
	for i, value := range list {
		items[i] = Node{path: Join(n.path, strconv.Itoa(i)), value: value, there: true}
	}
	return items
}

// IsObject says whether the value is an object.
func (n Node) IsObject() bool {
	_, ok := n.value.(map[string]any)
	return ok
}

// Text is a text's value, and "" of anything else.
func (n Node) Text() string {
	text, _ := n.value.(string)
	return text
}

// Texts are the texts of a list.
func (n Node) Texts() []string {
	var texts []string
	for _, item := range n.Items() {
		if text, ok := item.value.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// Int is a whole number's value, also where it is written as 60.0 or 6e1, and 0 of anything else.
func (n Node) Int() int {
	number, _ := n.value.(json.Number)
	if value, err := strconv.Atoi(number.String()); err == nil {
		return value
	}
	if value, err := number.Float64(); err == nil && math.Abs(value) < 1<<53 && value == math.Trunc(value) {
		return int(value)
	}
	return 0
}

// Bool is a truth's value, and false of anything else.
func (n Node) Bool() bool {
	value, _ := n.value.(bool)
	return value
}

// Leaves are the paths of all values that have none below them: texts, numbers, truths, nulls, and empty lists and
// objects.
func (n Node) Leaves() []string {
	var leaves []string
	switch value := n.value.(type) {
	case map[string]any:
		for _, key := range n.Keys() {
			leaves = append(leaves, n.Get(key).Leaves()...)
		}
	case []any:
		for _, item := range n.Items() {
			leaves = append(leaves, item.Leaves()...)
		}
	default:
		_ = value
		return []string{n.path}
	}
	if leaves == nil {
		return []string{n.path}
	}
	return leaves
}

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// Join is the path of what stands below a path.
func Join(path string, keys ...string) string {
	for _, key := range keys {
		path += "/" + escape.Replace(key)
	}
	return path
}
