// Package layer writes a layer of collector configuration: YAML with comments, in the order in which it was put together.
package layer

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Layer is a file of collector configuration that is put together.
type Layer struct {
	name, heading string
	root          *yaml.Node
	err           error
}

// New is an empty layer. The heading becomes the comment at its top.
func New(name, heading string) *Layer {
	return &Layer{name: name, heading: heading, root: &yaml.Node{Kind: yaml.MappingNode}}
}

// Name is the name of its file.
func (l *Layer) Name() string { return l.name }

// Empty says whether nothing was set.
func (l *Layer) Empty() bool { return len(l.root.Content) == 0 }

// Set puts a value at a path, and makes the mappings above it; a value that is there is replaced. Values are what
// encoding to YAML takes; a *yaml.Node stays as it is. nil is an explicit null, which removes what a layer before has.
// Texts are written as they are: Literal and Expand make texts of foreign ones.
func (l *Layer) Set(value any, path ...string) {
	key := path[len(path)-1]
	node := &yaml.Node{}
	switch value := value.(type) {
	case *yaml.Node:
		node = value
	default:
		if err := node.Encode(value); err != nil && l.err == nil {
			l.err = fmt.Errorf("%s: %w", strings.Join(path, "::"), err)
		}
		inOneLine(node)
	}
	parent := l.mapping(path[:len(path)-1])
	for i := 0; i+1 < len(parent.Content); i += 2 {
		if parent.Content[i].Value == key {
			parent.Content[i+1] = node
			return
		}
	}
	parent.Content = append(parent.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, node)
}

// Add appends an item to a list, which is made where it is missing.
func (l *Layer) Add(item any, path ...string) {
	node := &yaml.Node{}
	if given, ok := item.(*yaml.Node); ok {
		node = given
	} else if err := node.Encode(item); err != nil && l.err == nil {
		l.err = fmt.Errorf("%s: %w", strings.Join(path, "::"), err)
	}
	inOneLine(node)
	list := l.find(path)
	if list == nil {
		list = &yaml.Node{Kind: yaml.SequenceNode}
		l.Set(list, path...)
	}
	list.Content = append(list.Content, node)
	list.Style = 0
	for _, child := range list.Content {
		if child.Kind != yaml.ScalarNode {
			return
		}
	}
	list.Style = yaml.FlowStyle
}

// Has says whether a path was set.
func (l *Layer) Has(path ...string) bool { return l.find(path) != nil }

// Comment puts a comment above a key that was set.
func (l *Layer) Comment(text string, path ...string) {
	parent := l.mapping(path[:len(path)-1])
	for i := 0; i+1 < len(parent.Content); i += 2 {
		if parent.Content[i].Value == path[len(path)-1] {
			parent.Content[i].HeadComment = comment(text)
		}
	}
}

// Text is the file.
func (l *Layer) Text() ([]byte, error) {
	if l.err != nil {
		return nil, fmt.Errorf("layer %s: %w", l.name, l.err)
	}
	var out bytes.Buffer
	if l.heading != "" {
		out.WriteString(comment(l.heading) + "\n\n")
	}
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(l.root); err != nil {
		return nil, fmt.Errorf("layer %s: %w", l.name, err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("layer %s: %w", l.name, err)
	}
	return out.Bytes(), nil
}

func (l *Layer) find(path []string) *yaml.Node {
	node := l.root
	for _, key := range path {
		var next *yaml.Node
		for i := 0; i+1 < len(node.Content) && node.Kind == yaml.MappingNode; i += 2 {
			if node.Content[i].Value == key {
				next = node.Content[i+1]
			}
		}
		if next == nil {
			return nil
		}
		node = next
	}
	return node
}

func (l *Layer) mapping(path []string) *yaml.Node {
	for i := range path {
		if node := l.find(path[:i+1]); node == nil || node.Kind != yaml.MappingNode {
			l.Set(&yaml.Node{Kind: yaml.MappingNode}, path[:i+1]...)
		}
	}
	return l.find(path)
}

// inOneLine writes lists of plain values in one line.
func inOneLine(node *yaml.Node) {
	plain := node.Kind == yaml.SequenceNode
	length := 0
	for _, child := range node.Content {
		inOneLine(child)
		plain = plain && child.Kind == yaml.ScalarNode
		length += len(child.Value) + 2
	}
	if plain && length < 140 {
		node.Style = yaml.FlowStyle
	}
}

func comment(text string) string {
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight("# "+lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// Literal is a text of which the collector's configuration takes nothing for a placeholder.
func Literal(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// variable is a placeholder of the agent for an environment variable; those of ${aws:…} are not.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// Expand is a text of which ${NAME} stays a placeholder, for the environment variable, and all else is literal.
func Expand(text string) string {
	var out strings.Builder
	end := 0
	for _, at := range variable.FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(Literal(text[end:at[0]]))
		out.WriteString("${env:" + text[at[2]:at[3]] + "}")
		end = at[1]
	}
	out.WriteString(Literal(text[end:]))
	return out.String()
}
