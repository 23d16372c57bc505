package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Version is that of the report's JSON form. It grows when a key changes its meaning or goes.
const Version = 1

// JSON writes the report for programs: the version, counts by outcome, and the entries.
func (r *Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	entries := r.Entries
	if entries == nil {
		entries = []Entry{}
	}
	return encoder.Encode(struct {
		Version   int     `json:"version"`
		Converted int     `json:"converted"`
		Different int     `json:"different"`
		Lost      int     `json:"lost"`
		Invalid   int     `json:"invalid"`
		Entries   []Entry `json:"entries"`
	}{Version, r.Count(Converted), r.Count(Different), r.Count(Lost), r.Count(Invalid), entries})
}

// headings are of the text form, the worst first.
var headings = []struct {
	outcome Outcome
	text    string
}{
	{Invalid, "Invalid"},
	{Lost, "Lost: not sent any more"},
	{Different, "Different"},
	{Converted, "Converted"},
}

// Text writes the report for people, at most width columns, the worst first. Entries that say the same of several paths
// stand together.
func (r *Report) Text(w io.Writer, width int) error { return r.text(w, width, false) }

// Brief is Text without what was converted, which is counted only.
func (r *Report) Brief(w io.Writer, width int) error { return r.text(w, width, true) }

func (r *Report) text(w io.Writer, width int, brief bool) error {
	var out strings.Builder
	for _, h := range headings {
		if r.Count(h.outcome) == 0 || brief && h.outcome == Converted {
			continue
		}
		fmt.Fprintf(&out, "%s (%d)\n", h.text, r.Count(h.outcome))
		for _, group := range r.groups(h.outcome) {
			for _, path := range group.paths {
				fmt.Fprintf(&out, "  %s\n", path)
			}
			if group.To != "" {
				wrapped(&out, "      to ", "         ", group.To, width)
			}
			if group.Message != "" {
				wrapped(&out, "      ", "      ", group.Message, width)
			}
			if group.Instead != "" {
				wrapped(&out, "      -> ", "         ", group.Instead, width)
			}
		}
		out.WriteString("\n")
	}
	fmt.Fprintf(&out, "%d converted, %d with a difference, %d lost\n", r.Count(Converted), r.Count(Different), r.Count(Lost))
	_, err := io.WriteString(w, out.String())
	return err
}

type group struct {
	Entry
	paths []string
}

func (r *Report) groups(o Outcome) []*group {
	var groups []*group
	found := map[Entry]*group{}
	for _, e := range r.Entries {
		if e.Outcome != o {
			continue
		}
		key := e
		key.Path = ""
		if found[key] == nil {
			found[key] = &group{Entry: key}
			groups = append(groups, found[key])
		}
		path := e.Path
		if path == "" {
			path = "/"
		}
		found[key].paths = append(found[key].paths, path)
	}
	return groups
}

// wrapped writes a text in lines of at most width columns. A word that is longer has a line of its own.
func wrapped(out *strings.Builder, first, others, text string, width int) {
	line := first
	empty := true
	for _, word := range strings.Fields(text) {
		if !empty && len(line)+1+len(word) > width {
			out.WriteString(strings.TrimRight(line, " ") + "\n")
			line, empty = others, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	out.WriteString(strings.TrimRight(line, " ") + "\n")
}
