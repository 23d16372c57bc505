package guide

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Question is one thing to know: a flag, and a line that a person answers.
type Question struct {
	// Flag is the flag's name without the dashes; Usage its description.
	Flag, Usage string
	// Text is asked.
	Text string
	// Choices, where there are any, are the only answers, by name or number. Several says that a list of
	// them may be given.
	Choices []Choice
	Several bool

	// applies says whether the answers so far leave the question open; nil: always.
	applies func(*Answers) bool
	// proposal is taken where nothing is answered; nil: none.
	proposal func(*Answers, Found) string
	// set takes an answer, or says what is wrong with it.
	set func(*Answers, string) error
}

// Choice is a possible answer.
type Choice struct{ Name, Meaning string }

// Applies says whether a question is to be asked after these answers.
func (q *Question) Applies(a *Answers) bool { return q.applies == nil || q.applies(a) }

// Proposal is the answer that is taken where none is given; empty where there is none.
func (q *Question) Proposal(a *Answers, f Found) string {
	if q.proposal == nil {
		return ""
	}
	return q.proposal(a, f)
}

// Set takes an answer. The error says what is wrong with it, and does not name the flag.
func (q *Question) Set(a *Answers, answer string) error {
	answer = strings.TrimSpace(answer)
	if !utf8.ValidString(answer) || strings.ContainsFunc(answer, unicode.IsControl) {
		return fmt.Errorf("%q holds a control character, or is no UTF-8; write it in one line of text", answer)
	}
	if len(q.Choices) > 0 {
		var err error
		if answer, err = q.choose(answer); err != nil {
			return err
		}
	}
	return q.set(a, answer)
}

// choose makes names of numbers.
func (q *Question) choose(answer string) (string, error) {
	given := []string{answer}
	if q.Several {
		given = list(answer)
	}
	if len(given) == 0 {
		return "", fmt.Errorf("nothing is chosen; choose of %s", q.names())
	}
	var chosen []string
	for _, g := range given {
		i := slices.IndexFunc(q.Choices, func(c Choice) bool { return c.Name == g })
		if n, err := strconv.Atoi(g); err == nil && n >= 1 && n <= len(q.Choices) {
			i = n - 1
		}
		if i < 0 {
			return "", fmt.Errorf("%q is not one of %s", g, q.names())
		}
		if name := q.Choices[i].Name; !slices.Contains(chosen, name) {
			chosen = append(chosen, name)
		}
	}
	return strings.Join(chosen, ","), nil
}

func (q *Question) names() string {
	names := make([]string, len(q.Choices))
	for i, c := range q.Choices {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

// list is what stands between commas, outside of braces: a pattern may hold {a,b}, and a placeholder, too.
func list(answer string) []string {
	var items []string
	depth, start := 0, 0
	add := func(end int) {
		if item := strings.TrimSpace(answer[start:end]); item != "" {
			items = append(items, item)
		}
		start = end + 1
	}
	for i, r := range answer {
		switch {
		case r == '{':
			depth++
		case r == '}' && depth > 0:
			depth--
		case r == ',' && depth == 0:
			add(i)
		}
	}
	if start <= len(answer) {
		add(len(answer))
	}
	return items
}
