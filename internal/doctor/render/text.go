package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/doctor"
)

const (
	// width is that of a terminal nobody has made wider.
	width = 80
	// indent is where texts begin, after the status.
	indent = 15
)

var labels = map[doctor.Status]string{
	doctor.OK: "ok", doctor.Warning: "warning", doctor.Problem: "PROBLEM", doctor.NotChecked: "not checked",
}

// Text writes the report.
func Text(w io.Writer, r *doctor.Report) error {
	p := &page{}
	p.line("otelcol-cloudwatch doctor, %s", strings.TrimSpace(r.Build+", "+r.Generated.UTC().Format("2006-01-02 15:04:05 UTC")))
	for _, s := range r.Sections {
		p.line("")
		p.line("%s", s.Title)
		for _, c := range s.Checks {
			p.check(c)
		}
	}
	p.line("")
	p.line("%s", summary(r))
	_, err := io.WriteString(w, p.text.String())
	return err
}

// page collects lines.
type page struct{ text strings.Builder }

func (p *page) line(format string, args ...any) {
	p.text.WriteString(strings.TrimRight(visible(fmt.Sprintf(format, args...)), " ") + "\n")
}

// visible writes what cannot be printed as Go does in strings: names of files, which others choose, are in the report, and must
// not make lines of their own or move the cursor.
func visible(text string) string {
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var all strings.Builder
	for _, r := range text {
		if hidden(r) {
			quoted := strconv.QuoteRune(r)
			all.WriteString(quoted[1 : len(quoted)-1])
		} else {
			all.WriteRune(r)
		}
	}
	return all.String()
}

func hidden(r rune) bool { return !unicode.IsPrint(r) }

func (p *page) check(c doctor.Check) {
	head := c.Title
	if c.Detail != "" {
		head += ": " + c.Detail
	}
	lines := wrap(head, width-indent, 2)
	p.line("  %-*s%s", indent-2, labels[c.Status], lines[0])
	p.rest(lines[1:])
	for i, f := range c.Facts {
		if i > 0 && c.Facts[i-1].Name == f.Name {
			p.rest(indented(wrap(f.Value, width-indent-4, 2), 4))
			continue
		}
		one := "  " + f.Name + ": " + f.Value
		if utf8.RuneCountInString(one) <= width-indent {
			p.rest([]string{one})
			continue
		}
		p.rest(indented(wrap(f.Name+":", width-indent-2, 0), 2))
		p.rest(indented(wrap(f.Value, width-indent-4, 2), 4))
	}
	if c.Remedy != "" {
		p.rest(wrap("-> "+c.Remedy, width-indent, 3))
	}
}

func (p *page) rest(lines []string) {
	for _, l := range lines {
		p.line("%*s%s", indent, "", l)
	}
}

func indented(lines []string, by int) []string {
	for i := range lines {
		lines[i] = strings.Repeat(" ", by) + lines[i]
	}
	return lines
}

// wrap breaks a text between words into lines of at most width, those after the first hanging. A word
// that is longer stays whole, so that it can be copied.
func wrap(text string, width, hanging int) []string {
	var lines []string
	current := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case current == "":
			current = word
		case utf8.RuneCountInString(current)+1+utf8.RuneCountInString(word) <= width:
			current += " " + word
		default:
			lines = append(lines, current)
			current = strings.Repeat(" ", hanging) + word
		}
	}
	return append(lines, current)
}

func summary(r *doctor.Report) string {
	var parts []string
	for _, of := range []struct {
		status    doctor.Status
		one, many string
	}{
		{doctor.Problem, "problem", "problems"}, {doctor.Warning, "warning", "warnings"},
		{doctor.OK, "ok", "ok"}, {doctor.NotChecked, "not checked", "not checked"},
	} {
		switch n := r.Count(of.status); n {
		case 0:
		case 1:
			parts = append(parts, "1 "+of.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, of.many))
		}
	}
	return fmt.Sprintf("%s, in %.1f s", strings.Join(parts, ", "), max(float64(r.DurationMS)/1000, 0.1))
}
