// Package groups says where the exporters of one configuration want different things of one log group.
//
//	configuration ─▶ Wishes ─▶ Conflicts      validate, doctor
//	exporters that start ─▶ Declare ─▶ conflicts; Claim, for each group: who was first   the running collector
package groups

import (
	"fmt"
	"strings"
	"sync"
)

// Wish is what one exporter wants of the groups that it writes to.
type Wish struct {
	Exporter string
	// Account tells accounts and regions apart, as far as the configuration does.
	Account string
	// Group is the name, with a * for what is known later only.
	Group string
	// Days is log_retention, and Class log_group_class; 0 and empty where they are not set.
	Days  int32
	Class string
}

// Conflicts names each two exporters that want different things of a group, with the remedy.
func Conflicts(wishes []Wish) (conflicts []string) {
	for i, w := range wishes {
		for _, other := range wishes[:i] {
			if c := conflict(other, w); c != "" {
				conflicts = append(conflicts, c)
			}
		}
	}
	return conflicts
}

func conflict(a, b Wish) string {
	if a.Account != b.Account || !meet(a.Group, b.Group) {
		return ""
	}
	group := a.Group
	if strings.Contains(group, "*") {
		group = b.Group
	}
	switch {
	case a.Days != b.Days:
		return fmt.Sprintf("exporters::%s::log_retention is %s and exporters::%s::log_retention is %s for the log group %q, which has one retention: write the same number in both, or use two groups",
			a.Exporter, Days(a.Days), b.Exporter, Days(b.Days), group)
	case a.Class != b.Class:
		return fmt.Sprintf("exporters::%s::log_group_class is %s and exporters::%s::log_group_class is %s for the log group %q, which has one class for ever: write the same in both, or use two groups",
			a.Exporter, class(a.Class), b.Exporter, class(b.Class), group)
	}
	return ""
}

// Days is a retention for people.
func Days(n int32) string {
	switch n {
	case 0:
		return "0 (for ever)"
	case 1:
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

func class(name string) string {
	if name == "" {
		return "STANDARD (not set)"
	}
	return name
}

// meet reports whether two names can be one. Of two that both have a * only the same text is: what it stands for is known
// when something is sent, and Claim sees it.
func meet(a, b string) bool {
	switch {
	case a == b:
		return true
	case strings.Contains(a, "*") == strings.Contains(b, "*"):
		return false
	case strings.Contains(b, "*"):
		a, b = b, a
	}
	first, rest, _ := strings.Cut(a, "*")
	return strings.Trim(first, "/_.-#") != "" && strings.HasPrefix(b, first) && (rest == "" || strings.HasSuffix(b, rest))
}

// process has what the exporters of this process want.
var process struct {
	sync.Mutex
	wishes []*Wish
	claims map[claim]*Wish
}

type claim struct{ account, group string }

// maxClaims bounds the groups that are remembered. Of more nothing is said.
const maxClaims = 10_000

// Declared is a Wish that others are compared with until Release.
type Declared struct{ wish *Wish }

// Declare notes what an exporter wants, and names what others of this process want that is different.
func Declare(w Wish) (d *Declared, conflicts []string) {
	process.Lock()
	defer process.Unlock()
	for _, other := range process.wishes {
		if c := conflict(*other, w); c != "" {
			conflicts = append(conflicts, c)
		}
	}
	process.wishes = append(process.wishes, &w)
	return &Declared{&w}, conflicts
}

// Claim says that an exporter writes to a group, and returns the wish of the one that did so first, if it wants another
// retention or class; nil otherwise.
func (d *Declared) Claim(group string) *Wish {
	process.Lock()
	defer process.Unlock()
	key := claim{d.wish.Account, group}
	first := process.claims[key]
	switch {
	case first == nil && len(process.claims) < maxClaims:
		if process.claims == nil {
			process.claims = map[claim]*Wish{}
		}
		process.claims[key] = d.wish
	case first != nil && first != d.wish && (first.Days != d.wish.Days || first.Class != d.wish.Class):
		w := *first
		return &w
	}
	return nil
}

// Release forgets it.
func (d *Declared) Release() {
	process.Lock()
	defer process.Unlock()
	kept := process.wishes[:0:0]
	for _, w := range process.wishes {
		if w != d.wish {
			kept = append(kept, w)
		}
	}
	process.wishes = kept
	for key, w := range process.claims {
		if w == d.wish {
			delete(process.claims, key)
		}
	}
}
