package layers

import (
	"fmt"
	"strconv"
	"strings"
)

// Origin is where a key was written.
type Origin struct {
	// Layer is the name of the layer.
	Layer string
	// Line counts from 1. It is 0 where only the layer is known.
	Line int
}

// String is LAYER:LINE.
func (o Origin) String() string {
	if o.Line <= 0 {
		return o.Layer
	}
	return o.Layer + ":" + strconv.Itoa(o.Line)
}

// Problem is something in the layers that is surely a mistake.
type Problem struct {
	// Path is the key; it is empty where the whole layer is wrong.
	Path []string
	// Message says what is wrong and what to do. It holds no value of the configuration.
	Message string
	// Origins are the places that do not fit together, the lower layer first, or the one place.
	Origins []Origin
}

// String is one line: the key, what is wrong with it, and where.
func (p Problem) String() string {
	var b strings.Builder
	if len(p.Path) > 0 {
		b.WriteString(strings.Join(p.Path, delimiter))
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	for i, o := range p.Origins {
		b.WriteString([]string{" (", " and "}[min(i, 1)])
		b.WriteString(o.String())
	}
	if len(p.Origins) > 0 {
		b.WriteString(")")
	}
	return b.String()
}

// MergeError says why layers are no configuration.
type MergeError struct {
	// Problems are in the order of the layers and of their lines; there are maxProblems at most.
	Problems []Problem
	// More is how many others there are.
	More int
}

// maxProblems is how many problems an error lists: a person reads the first ones.
const maxProblems = 50

// Error has every problem on a line of its own.
func (e *MergeError) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", e.More))
	}
	return strings.Join(lines, "\n")
}

// problems collects.
type problems struct {
	list []Problem
	more int
}

func (p *problems) add(problem Problem) {
	if len(p.list) >= maxProblems {
		p.more++
		return
	}
	p.list = append(p.list, problem)
}

func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	return &MergeError{Problems: p.list, More: p.more}
}
