package safepath

import (
	"path/filepath"
	"runtime"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// pattern is one of paths: a folder, and names below it with * and the like; ** is any number of folders.
type pattern struct {
	base  string // as it is written out; without links it is not
	rest  string
	parts []part
	// loose says that parts end with ** for alternatives that have folders in them, such as {a,b/c}: what fits them has to
	// fit rest too.
	loose bool
}

// part is one name of a pattern.
type part struct {
	text string
	any  bool   // **
	name string // without an escape, if it is one name alone
}

func newPattern(text string) pattern {
	text = filepath.ToSlash(filepath.Clean(text))
	base, rest := doublestar.SplitPattern(text)
	p := pattern{base: filepath.FromSlash(base), rest: rest}
	depth := 0
	for _, one := range strings.Split(rest, "/") {
		before := depth
		depth += strings.Count(one, "{") - strings.Count(one, "}") - strings.Count(one, `\{`) + strings.Count(one, `\}`)
		if before > 0 || depth > 0 {
			p.parts, p.loose = append(p.parts, part{text: "**", any: true}), true
			break
		}
		next := part{text: one, any: one == "**"}
		if !strings.ContainsAny(one, "*?[{") && (runtime.GOOS == "windows" || !strings.Contains(one, `\`)) {
			next.name = one
		}
		p.parts = append(p.parts, next)
	}
	return p
}

// places are those in a pattern at which a folder's names may stand, in order.
type places []int

// start are the places of the names in base.
func (p *pattern) start() places { return p.reach(nil, 0) }

// reach adds a place, and those that ** may be left out for.
func (p *pattern) reach(to places, at int) places {
	for {
		if len(to) == 0 || to[len(to)-1] < at {
			to = append(to, at)
		}
		if at >= len(p.parts) || !p.parts[at].any {
			return to
		}
		at++
	}
}

// next are the places of what stands below a name.
func (p *pattern) next(from places, name string) (to places) {
	for _, at := range from {
		switch {
		case at >= len(p.parts):
		case p.parts[at].any:
			to = p.reach(to, at)
		default:
			if ok, _ := doublestar.Match(p.parts[at].text, name); ok { // it was tried before
				to = p.reach(to, at+1)
			}
		}
	}
	return to
}

// fits reports whether a file may end at some places.
func (p *pattern) fits(at places, below string) bool {
	if len(at) == 0 || at[len(at)-1] != len(p.parts) {
		return false
	}
	if !p.loose {
		return true
	}
	ok, _ := doublestar.Match(p.rest, filepath.ToSlash(below)) // it was tried before
	return ok
}

// deeper reports whether something below a folder may fit.
func (p *pattern) deeper(at places) bool { return len(at) > 0 && at[0] < len(p.parts) }

// single is the only name that may stand at some places, if that is so.
func (p *pattern) single(at places) string {
	if len(at) == 1 && at[0] < len(p.parts) && !p.loose {
		return p.parts[at[0]].name
	}
	return ""
}
