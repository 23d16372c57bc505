// Package manpage makes a manual page of a command line: what its help says, in roff(7). cobra's own
// generator makes a page for each command, and brings a Markdown parser along.
package manpage

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Section is one that no command's help has, such as FILES. Each paragraph is a tag, which may be empty,
// and a text.
type Section struct {
	Title      string
	Paragraphs [][2]string
}

// Write writes the page of section 1. The same command line and date give the same bytes.
func Write(w io.Writer, root *cobra.Command, version string, date time.Time, more ...Section) error {
	var p page
	p.line(".TH", quoted(strings.ToUpper(root.Name())), "1", date.UTC().Format(time.DateOnly), quoted(root.Name()+" "+version))
	p.line(".nh") // what is copied has no hyphens that were not there
	p.title("NAME")
	p.text(root.Name() + " - " + root.Short)
	p.title("SYNOPSIS")
	p.text(root.UseLine())
	p.line(".br")
	p.text(root.Name() + " COMMAND …")
	if root.Long != "" {
		p.title("DESCRIPTION")
		p.block(root.Long)
	}
	p.title("OPTIONS")
	p.flags(root.Flags())
	p.title("COMMANDS")
	p.commands(root)
	for _, s := range more {
		p.title(s.Title)
		for _, paragraph := range s.Paragraphs {
			p.tagged(paragraph[0], paragraph[1])
		}
	}
	_, err := io.WriteString(w, p.String())
	return err
}

type page struct{ strings.Builder }

// line is a request. Its arguments are quoted where they need to be.
func (p *page) line(words ...string) { p.WriteString(strings.Join(words, " ") + "\n") }

func (p *page) title(text string) { p.line(".SH", quoted(text)) }

// text is running text.
func (p *page) text(text string) {
	for line := range strings.Lines(text) {
		p.WriteString(escaped(strings.TrimRight(line, "\n")) + "\n")
	}
}

// block is text whose lines stay as they are: help is written for a terminal.
func (p *page) block(text string) {
	p.line(".nf")
	p.text(strings.Trim(text, "\n"))
	p.line(".fi")
}

func (p *page) tagged(tag, text string) {
	if tag == "" {
		p.line(".PP")
		p.text(text)
		return
	}
	p.line(".TP")
	p.line(".B", quoted(tag))
	p.text(text)
}

func (p *page) flags(flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		tag := "--" + f.Name
		if f.Shorthand != "" {
			tag = "-" + f.Shorthand + ", " + tag
		}
		if value != "" {
			tag += " " + value
		}
		if d := f.DefValue; d != "" && d != "false" && d != "[]" && d != "0" {
			usage += " (default " + d + ")"
		}
		p.tagged(tag, usage)
	})
}

// commands are all that do something, in the order of their names, each with its path.
func (p *page) commands(parent *cobra.Command) {
	for _, c := range parent.Commands() {
		if !c.IsAvailableCommand() {
			continue
		}
		if c.Runnable() {
			p.line(".SS", quoted(strings.TrimPrefix(c.UseLine(), c.Root().Name()+" ")))
			if text := c.Long; text != "" {
				p.block(text)
			} else {
				p.text(c.Short)
			}
			p.flags(c.LocalNonPersistentFlags())
			if c.Example != "" {
				p.line(".PP")
				p.block(c.Example)
			}
		}
		p.commands(c)
	}
}

var escapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, "…", "...")

// escaped is a line of text that is no request.
func escaped(line string) string {
	line = escapes.Replace(line)
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}

// quoted is one argument of a request.
func quoted(text string) string {
	return fmt.Sprintf(`"%s"`, strings.ReplaceAll(escapes.Replace(text), `"`, `\(dq`))
}
