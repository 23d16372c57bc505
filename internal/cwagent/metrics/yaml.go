package metrics

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// ordered is a mapping whose keys stay in the order in which they are given: key, value, key, value.
func ordered(pairs ...any) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(pairs); i += 2 {
		node.Content = append(node.Content, scalar(pairs[i]), encoded(pairs[i+1]))
	}
	return node
}

// inLine is a mapping in one line.
func inLine(pairs ...any) *yaml.Node {
	node := ordered(pairs...)
	node.Style = yaml.FlowStyle
	return node
}

// sequence is a list of nodes.
func sequence(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Content: items}
}

// lines is a text of several lines, as it is.
func lines(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: yaml.LiteralStyle}
}

func scalar(value any) *yaml.Node {
	node := &yaml.Node{}
	node.SetString(fmt.Sprint(value))
	return node
}

func encoded(value any) *yaml.Node {
	switch value := value.(type) {
	case *yaml.Node:
		return value
	case string:
		return scalar(value)
	case []string:
		node := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, text := range value {
			node.Content = append(node.Content, scalar(text))
		}
		return node
	}
	node := &yaml.Node{}
	if err := node.Encode(value); err != nil {
		panic(err) // of numbers, truths and texts alone
	}
	return node
}
