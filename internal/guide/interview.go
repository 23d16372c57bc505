package guide

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	// maxLine bounds an answer.
	maxLine = 64 << 10
	// width is what a question and its proposal may fill, so that a short answer stays within 80 columns.
	width = 64
)

// Interview gets the answers. given are those of flags, by name; the others are asked on out and read from
// in, a line each, or taken as proposed where in is nil. A wrong answer is asked for again; a wrong flag,
// one that the other answers leave no use for, and an input that ends are errors that name the flag.
func Interview(f Found, given map[string]string, in io.Reader, out io.Writer) (Answers, error) {
	a := Start(f)
	var lines *bufio.Scanner
	if in != nil {
		lines = bufio.NewScanner(in)
		lines.Buffer(nil, maxLine)
	}
	for _, q := range Questions() {
		answer, isGiven := given[q.Flag]
		var err error
		switch {
		case !q.Applies(&a):
			if isGiven {
				err = fmt.Errorf("--%s has no use with the other answers; leave it out", q.Flag)
			}
		case isGiven:
			err = flagged(q, q.Set(&a, answer))
		case lines != nil:
			err = q.ask(&a, f, lines, out)
		default:
			err = flagged(q, q.Set(&a, q.Proposal(&a, f)))
			if err != nil && q.Flag == "region" {
				err = errors.New("--region: neither the environment nor a metadata service tells the region; give it")
			}
		}
		if err != nil {
			return a, err
		}
	}
	return a, a.check()
}

func flagged(q Question, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--%s: %w", q.Flag, err)
}

// ask asks until there is an answer that will do.
func (q *Question) ask(a *Answers, f Found, lines *bufio.Scanner, out io.Writer) error {
	proposal := q.Proposal(a, f)
	var head, prompt strings.Builder
	head.WriteString("\n")
	if len(q.Choices) > 0 {
		head.WriteString(q.Text + ":\n")
		for i, c := range q.Choices {
			fmt.Fprintf(&head, "  %d  %-15s  %s\n", i+1, c.Name, c.Meaning)
		}
		prompt.WriteString("Choice")
		if q.Several {
			prompt.WriteString(", or several with commas")
		}
	} else {
		prompt.WriteString(q.Text)
	}
	if prompt.Len()+len(proposal) > width {
		prompt.WriteString("\n ")
	}
	if proposal != "" {
		prompt.WriteString(" [" + proposal + "]")
	}
	prompt.WriteString(": ")
	if _, err := io.WriteString(out, head.String()); err != nil {
		return err
	}
	for {
		if _, err := io.WriteString(out, prompt.String()); err != nil {
			return err
		}
		if !lines.Scan() {
			err := lines.Err()
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("no answer to %q: %w; give --%s, or --yes to take what is proposed", q.Text, err, q.Flag)
		}
		answer := strings.TrimSpace(lines.Text())
		if answer == "" {
			answer = proposal
		}
		err := q.Set(a, answer)
		if err == nil {
			return nil
		}
		if _, err := fmt.Fprintf(out, "  %v\n", err); err != nil {
			return err
		}
	}
}
