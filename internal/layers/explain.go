package layers

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// indent of what is rendered.
const indent = 2

// Explain writes the configuration as YAML. Behind each key stands the layer and the line that it came
// from, or, where layers have written to one map, the layer that defined it first. redact says which
// values are not shown: nil stands for those that Secret names. Placeholders are shown as they were written.
func Explain(w io.Writer, m *Merged, redact func(path []string, value any) bool) error {
	r := renderer{redact: redact, comments: true}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(indent)
	if err := encoder.Encode(r.node(nil, m.root)); err != nil {
		return err
	}
	return encoder.Close()
}

// renderer makes YAML of nodes.
type renderer struct {
	redact   func(path []string, value any) bool
	comments bool
}

// inline is up to how long a list of scalars stands on its key's line, in bytes.
const inline = 60

func (r renderer) node(path []string, n *node) *yaml.Node {
	switch {
	case n.kind == kindMap:
		return r.mapping(path, n)
	case n.kind == kindList:
		return r.list(path, n)
	}
	return scalarNode(shown(r.redact, path, n.export()))
}

func (r renderer) mapping(path []string, n *node) *yaml.Node {
	y := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if n.leaf() {
		y.Style = yaml.FlowStyle
	}
	n.each(func(key string, child *node) {
		var name any = key
		if child.raw != nil {
			name = child.raw
		}
		k, v := scalarNode(name), r.node(n.under(path, key), child)
		// Behind a map or a list on lines of its own the comment belongs to the key.
		at := v
		if v.Kind != yaml.ScalarNode && v.Style&yaml.FlowStyle == 0 {
			at = k
		}
		at.LineComment = r.comment(child)
		y.Content = append(y.Content, k, v)
	})
	return y
}

func (r renderer) list(path []string, n *node) *yaml.Node {
	y := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	flow, size := true, 0
	for i, item := range n.items {
		v := r.node(append(path, strconv.Itoa(i)), item)
		size += len(v.Value) + len(", ")
		flow = flow && v.Kind == yaml.ScalarNode && !strings.Contains(v.Value, "\n") && item.origin.Layer == n.origin.Layer
		y.Content = append(y.Content, v)
	}
	if flow && size <= inline {
		y.Style = yaml.FlowStyle
		return y
	}
	for i, v := range y.Content {
		if v.Kind == yaml.ScalarNode && n.items[i].origin.Layer != n.origin.Layer {
			v.LineComment = r.comment(n.items[i])
		}
	}
	return y
}

func (r renderer) comment(n *node) string {
	if !r.comments {
		return ""
	}
	return "# " + strings.Join(strings.Fields(n.origin.String()), " ")
}

// scalarNode is a scalar, or an empty map or list, as the encoder writes it.
func scalarNode(value any) *yaml.Node {
	var y yaml.Node
	if err := y.Encode(value); err != nil {
		y = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "?"}
	}
	return &y
}

// text is a node as lines of YAML, without comments.
func (r renderer) text(path []string, n *node) ([]string, error) {
	var b strings.Builder
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(indent)
	if err := encoder.Encode(r.node(slices.Clone(path), n)); err != nil {
		return nil, err
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n"), nil
}
