package layers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Limits of a layer. No configuration comes near; they end what would use up the host's memory, such as
// aliases of aliases.
const (
	// MaxText is the longest text of a layer, in bytes.
	MaxText = 4 << 20
	// MaxValues is how many keys and values a layer may have when its aliases are written out.
	MaxValues = 500_000
	// MaxDepth is how deep they may be nested.
	MaxDepth = 128
)

// delimiter splits a key, as confmap's does: exporters::awsemf::region.
const delimiter = "::"

// reader makes nodes of one layer.
type reader struct {
	problems *problems
	layer    string
	values   int
	path     []string
	aliases  map[*yaml.Node]bool // on the way to where the reader is
	stopped  bool                // a limit was reached: nothing more is read
}

// read parses a layer. It returns nil where the layer is no map; problems say why.
func read(layer Layer, p *problems) *node {
	r := &reader{problems: p, layer: layer.Name, aliases: map[*yaml.Node]bool{}}
	if len(layer.Text) > MaxText {
		r.fail(0, fmt.Sprintf("has %d bytes, and a layer may have %d: split it, or name large values with ${file:PATH}", len(layer.Text), MaxText))
		return nil
	}
	var document yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(layer.Text))
	if err := documents.Decode(&document); err != nil && !errors.Is(err, io.EOF) { // an empty text has no document
		r.invalid(string(layer.Text), err)
		return nil
	}
	if !r.onlyDocument(layer, documents) {
		return nil
	}
	origin := Origin{layer.Name, 1}
	if len(document.Content) == 0 {
		return &node{kind: kindMap, origin: origin}
	}
	root := document.Content[0]
	n := r.node(root, origin, false)
	switch {
	case n == nil:
		return nil
	case n.kind == kindNull:
		return &node{kind: kindMap, origin: origin}
	case n.kind != kindMap:
		r.fail(root.Line, "is "+n.describe()+", and a layer is a map of sections such as receivers and service")
		return nil
	case n.general:
		n.each(func(key string, child *node) {
			if child.raw != nil {
				r.path = []string{key}
				r.fail(child.origin.Line, "a section's name is a string: quote it")
			}
		})
		return nil
	}
	return n
}

// onlyDocument reports whether nothing but comments follows the first document. What follows it would be ignored: a layer
// has one document, as the collector reads it.
func (r *reader) onlyDocument(layer Layer, documents *yaml.Decoder) bool {
	for {
		var next yaml.Node
		err := documents.Decode(&next)
		switch {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			r.invalid(string(layer.Text), err)
			return false
		case len(next.Content) > 0 && next.Content[0].ShortTag() != "!!null":
			r.fail(next.Content[0].Line, "begins a second YAML document, which would be ignored: make it a layer of its own, or remove the line --- above it")
			return false
		}
	}
}

func (r *reader) fail(line int, message string, earlier ...Origin) {
	r.problems.add(Problem{Path: slices.Clone(r.path), Message: message, Origins: append(earlier, Origin{r.layer, line})})
}

// stop is fail, and the end.
func (r *reader) stop(line int, message string) {
	if !r.stopped {
		r.fail(line, message)
	}
	r.stopped = true
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// unknownAnchor begins the one message of the YAML library that quotes a value, which a password that
// begins with an asterisk would be.
const unknownAnchor = "unknown anchor '"

func (r *reader) invalid(text string, err error) {
	message := err.Error()
	line := 1 // the library names none for the first line
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		message = message[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	if rest, ok := strings.CutPrefix(message, unknownAnchor); ok {
		anchor, _, _ := strings.Cut(rest, "'")
		if at := strings.Index(text, "*"+anchor); at >= 0 {
			line = 1 + strings.Count(text[:at], "\n")
		}
		message = "an alias names an anchor that this layer does not have; quote the value if it is no alias"
	}
	if at := notUTF8(text); at > 0 && strings.Contains(message, "UTF-8") { // the library names no line for it
		r.fail(at, "is not UTF-8 text: save the file as UTF-8")
		return
	}
	r.fail(line, "is no YAML: "+message)
}

// notUTF8 is the first line that is not UTF-8, or 0.
func notUTF8(text string) int {
	line := 0
	for l := range strings.Lines(text) {
		if line++; !utf8.ValidString(l) {
			return line
		}
	}
	return 0
}

// node reads a value. plain are values below a list or a map whose keys are not split. It returns nil
// where a problem was found or the layer is too large.
func (r *reader) node(n *yaml.Node, origin Origin, plain bool) *node {
	if r.values++; r.values > MaxValues {
		r.stop(n.Line, fmt.Sprintf("has more than %d values when its aliases are written out: it holds an alias of aliases, or should be split", MaxValues))
	}
	if len(r.path) > MaxDepth {
		r.stop(n.Line, fmt.Sprintf("is nested deeper than %d", MaxDepth))
	}
	if r.stopped {
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		if !r.enter(n) {
			return nil
		}
		defer delete(r.aliases, n)
		return r.node(n.Alias, origin, plain)
	case yaml.SequenceNode:
		return r.list(n, origin)
	case yaml.MappingNode:
		if n.ShortTag() != "!!null" {
			return r.mapping(n, origin, plain)
		}
		return &node{written: true, origin: origin}
	}
	return r.scalar(n, origin)
}

func (r *reader) enter(alias *yaml.Node) bool {
	if r.aliases[alias] {
		r.stop(alias.Line, "an anchor holds an alias of itself")
		return false
	}
	r.aliases[alias] = true
	return true
}

func (r *reader) scalar(n *yaml.Node, origin Origin) *node {
	tag := n.ShortTag()
	if tag == "!!str" {
		return &node{kind: kindScalar, value: n.Value, origin: origin}
	}
	var value any
	if err := n.Decode(&value); err != nil {
		r.fail(n.Line, "the value is not of the type that its tag "+tag+" says; remove the tag or quote the value")
		return nil
	}
	if value == nil {
		return &node{written: n.Value != "" || n.Style&yaml.TaggedStyle != 0, origin: origin}
	}
	return &node{kind: kindScalar, value: value, origin: origin}
}

func (r *reader) list(n *yaml.Node, origin Origin) *node {
	list := &node{kind: kindList, items: make([]*node, 0, len(n.Content)), origin: origin}
	if n.ShortTag() == "!!null" {
		return &node{written: true, origin: origin}
	}
	ok := true
	for i, item := range n.Content {
		r.path = append(r.path, strconv.Itoa(i))
		child := r.node(item, Origin{r.layer, item.Line}, true)
		r.path = r.path[:len(r.path)-1]
		if r.stopped {
			return nil
		}
		if child == nil {
			ok = false
			continue
		}
		list.items = append(list.items, child)
	}
	if !ok {
		return nil
	}
	return list
}
