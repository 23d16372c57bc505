package layers

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"
)

// columns is how wide a rendered line is where its words allow it.
const columns = 80

// Render writes changes for a person: the key, what it was (-) and what it is (+), and where. Nothing is
// written where there are none.
func Render(w io.Writer, changes []Change) error {
	var b bytes.Buffer
	for i, c := range changes {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.Join(c.Path, delimiter) + "\n")
		both := c.old != nil && c.new != nil
		if both && c.old.kind == kindList && c.new.kind == kindList {
			if err := c.items(&b); err != nil {
				return err
			}
			continue
		}
		if err := c.side(&b, "-", c.old); err != nil {
			return err
		}
		if err := c.side(&b, "+", c.new); err != nil {
			return err
		}
		if both && c.old.kind == kindScalar && c.new.kind == kindScalar && fmt.Sprint(c.Old) == fmt.Sprint(c.New) {
			b.WriteString("    the values differ in what is not shown, or in their type\n")
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// side writes one of the values, if there is one.
func (c Change) side(b *bytes.Buffer, sign string, n *node) error {
	if n == nil {
		return nil
	}
	lines, err := renderer{redact: c.redact}.text(c.hiding(), n)
	if err != nil {
		return err
	}
	write(b, sign, lines, n.origin)
	return nil
}

// write writes lines. The origin stands behind a single one, and above them where there are several or
// the line would be too long.
func write(b *bytes.Buffer, sign string, lines []string, at Origin) {
	comment := "# " + at.String()
	if fits := 4 + utf8.RuneCountInString(lines[0]) + 2 + utf8.RuneCountInString(comment); fits <= columns && len(lines) == 1 {
		lines = []string{lines[0] + "  " + comment}
	} else {
		b.WriteString("    " + comment + "\n")
	}
	for _, line := range lines {
		b.WriteString(strings.TrimRight("  "+sign+" "+line, " ") + "\n")
	}
}

// items writes what was taken out of a list of scalars, and what was put in.
func (c Change) items(b *bytes.Buffer) error {
	only := func(these, others *node, sign string) (int, error) {
		key := func(n *node) string { return fmt.Sprintf("%T %v", n.value, n.value) }
		left := map[string]int{}
		for _, item := range others.items {
			left[key(item)]++
		}
		count := 0
		for i, item := range these.items {
			if left[key(item)] > 0 {
				left[key(item)]--
				continue
			}
			count++
			lines, err := renderer{redact: c.redact}.text(append(slices.Clone(c.hiding()), fmt.Sprint(i)), item)
			if err != nil {
				return 0, err
			}
			write(b, sign, lines, item.origin)
		}
		return count, nil
	}
	removed, err := only(c.old, c.new, "-")
	if err != nil {
		return err
	}
	added, err := only(c.new, c.old, "+")
	if err != nil || removed+added > 0 {
		return err
	}
	b.WriteString("    the same in another order, which is now\n")
	return c.side(b, "+", c.new)
}

// DiffText compares two documents key by key, or line by line where one of them is no YAML, and renders
// what has changed. Secrets are redacted, in lines as far as their names are known. It is empty where
// nothing differs but comments and order.
func DiffText(old, new string, redact ...func(path []string, value any) bool) string {
	a, errA := MergePart([]Layer{{Name: "old", Text: []byte(old)}})
	b, errB := MergePart([]Layer{{Name: "new", Text: []byte(new)}})
	if errA != nil || errB != nil {
		return string(diff.Diff("old", []byte(redactLines(old)), "new", []byte(redactLines(new))))
	}
	var out strings.Builder
	if err := Render(&out, Diff(a, b, redact...)); err != nil {
		return "cannot be shown: " + err.Error() + "\n"
	}
	return out.String()
}
