package guide

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is a recipe that is edited as text, so that its comments and its order stay. It knows block
// mappings, two columns deeper each, which is how we write; a test edits every recipe. The first mistake is
// kept, and nothing is done after it.
type document struct {
	name  string
	lines []string
	err   error
}

func newDocument(name, text string) *document {
	// A checkout on Windows may have made CRLF of it.
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return &document{name: name, lines: strings.Split(strings.TrimRight(text, "\n"), "\n")}
}

func (d *document) text() ([]byte, error) {
	if d.err != nil {
		return nil, d.err
	}
	return []byte(strings.Join(d.lines, "\n") + "\n"), nil
}

// indentOf is where a line's key stands, behind the dash of an item; -1 where it has none.
func indentOf(line string) int {
	trimmed := strings.TrimLeft(line, " ")
	if trimmed == "" || trimmed[0] == '#' {
		return -1
	}
	return len(line) - len(strings.TrimPrefix(trimmed, "- "))
}

// find is where a key stands, and the line after what belongs to it. A list with one item counts as that
// item.
func (d *document) find(path ...string) (start, end int, ok bool) {
	start, end = -1, len(d.lines)
	parent := -1
	for _, key := range path {
		at, child := -1, -1
		for i := start + 1; i < end; i++ {
			indent := indentOf(d.lines[i])
			if indent < 0 {
				continue
			}
			if child < 0 {
				child = indent // the first line below a key has its children's indentation
			}
			if indent <= parent {
				break
			}
			if rest, is := strings.CutPrefix(d.lines[i][indent:], key+":"); is && indent == child && (rest == "" || rest[0] == ' ') {
				at = i
				break
			}
		}
		if at < 0 {
			return 0, 0, false
		}
		start, parent = at, child
		for end = at + 1; end < len(d.lines); end++ {
			line := d.lines[end]
			if indent := len(line) - len(strings.TrimLeft(line, " ")); strings.TrimSpace(line) != "" && indent <= parent {
				break
			}
		}
		for end > start+1 && strings.TrimSpace(d.lines[end-1]) == "" {
			end--
		}
	}
	return start, end, true
}

func (d *document) must(path []string) (start, end int, ok bool) {
	if d.err != nil {
		return 0, 0, false
	}
	start, end, ok = d.find(path...)
	if !ok {
		d.err = fmt.Errorf("the recipe %s has no key %s", d.name, strings.Join(path, "::"))
	}
	return start, end, ok
}

// cut removes a key and the comment above it.
func (d *document) cut(path ...string) {
	start, end, ok := d.must(path)
	if !ok {
		return
	}
	indent := indentOf(d.lines[start])
	for start > 0 && strings.HasPrefix(d.lines[start-1], strings.Repeat(" ", indent)+"#") {
		start--
	}
	first := start > 0 && indentOf(d.lines[start-1]) < indent // of its mapping; a blank line has -1
	if first && end < len(d.lines) && strings.TrimSpace(d.lines[end]) == "" {
		end++
	}
	d.lines = slices.Delete(d.lines, start, end)
}

var anchored = regexp.MustCompile(`^\s*[^:]+: (&\w+ )`)

// set gives a key another value. Its comment and its anchor stay.
func (d *document) set(value any, path ...string) {
	start, end, ok := d.must(path)
	if !ok {
		return
	}
	lines := d.render(indentOf(d.lines[start]), path[len(path)-1], value)
	if anchor := anchored.FindStringSubmatch(d.lines[start]); anchor != nil && len(lines) == 1 {
		key, rest, _ := strings.Cut(lines[0], ": ")
		lines[0] = key + ": " + anchor[1] + rest
	}
	d.lines = slices.Replace(d.lines, start, end, lines...)
}

// add puts a key at the end of a mapping.
func (d *document) add(value any, path ...string) {
	parent := path[:len(path)-1]
	start, end, ok := d.must(parent)
	if !ok {
		return
	}
	d.lines = slices.Insert(d.lines, end, d.render(indentOf(d.lines[start])+2, path[len(path)-1], value)...)
}

// clone repeats a key's block below another key, with words of it replaced.
func (d *document) clone(key string, words *strings.Replacer, path ...string) {
	start, end, ok := d.must(path)
	if !ok {
		return
	}
	block := slices.Clone(d.lines[start:end])
	for i := range block {
		block[i] = words.Replace(block[i])
	}
	block[0] = strings.Repeat(" ", indentOf(d.lines[start])) + key + ":"
	d.lines = slices.Insert(d.lines, end, block...)
}

// heading replaces the comment at the top.
func (d *document) heading(paragraphs ...string) {
	end := 0
	for end < len(d.lines) && strings.HasPrefix(d.lines[end], "#") {
		end++
	}
	var lines []string
	for i, p := range paragraphs {
		if i > 0 {
			lines = append(lines, "#")
		}
		for line := range strings.SplitSeq(p, "\n") {
			lines = append(lines, strings.TrimRight("# "+line, " "))
		}
	}
	d.lines = slices.Replace(d.lines, 0, end, lines...)
}

// paragraphs are those of the comment at the top.
func (d *document) paragraphs() []string {
	var text []string
	for _, line := range d.lines {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		text = append(text, strings.TrimPrefix(comment, " "))
	}
	return strings.Split(strings.Join(text, "\n"), "\n\n")
}

// replace changes a text wherever it stands, comments included.
func (d *document) replace(old, new string) {
	for i := range d.lines {
		d.lines[i] = strings.ReplaceAll(d.lines[i], old, new)
	}
}

// render is a key and its value at an indentation. Lists of plain values stand in one line.
func (d *document) render(indent int, key string, value any) []string {
	var node yaml.Node
	if d.err = node.Encode(value); d.err != nil {
		return nil
	}
	inOneLine(&node)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if d.err = encoder.Encode(pairs(key, &node)); d.err == nil {
		d.err = encoder.Close()
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.Repeat(" ", indent)+strings.TrimRight(line, "\n"))
	}
	return lines
}

func inOneLine(node *yaml.Node) {
	plain := node.Kind == yaml.SequenceNode
	for _, child := range node.Content {
		inOneLine(child)
		plain = plain && child.Kind == yaml.ScalarNode
	}
	if plain {
		node.Style = yaml.FlowStyle
	}
}

// pairs are a mapping in the order in which it is written: key, value, key, value. Empty texts are
// left out.
func pairs(keysAndValues ...any) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(keysAndValues); i += 2 {
		value, ok := keysAndValues[i+1].(*yaml.Node)
		if !ok {
			if keysAndValues[i+1] == "" {
				continue
			}
			value = &yaml.Node{}
			_ = value.Encode(keysAndValues[i+1]) // texts and lists of texts
		}
		node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(keysAndValues[i])}, value)
	}
	return node
}
