package names

import (
	"fmt"
	"strings"
)

// Patterns say which names there may be. In a pattern * stands for any characters, as IAM has it.
type Patterns struct{ patterns []string }

// ParsePatterns reads the patterns of a configuration's key. What no name of the kind may have is what Clean makes of it.
func ParsePatterns(kind Kind, key string, texts []string) (Patterns, error) {
	var p Patterns
	for i, text := range texts {
		if text == "" || len(text) > MaxLength {
			return Patterns{}, fmt.Errorf("%s[%d]: a pattern for the name of a %s has 1 to %d characters, and %q has %d; write a name, or the beginning of names, as in /app/*",
				key, i, kind, MaxLength, clip(text), len(text))
		}
		parts := strings.Split(text, "*")
		for j := range parts {
			var clean strings.Builder
			for _, c := range parts[j] {
				clean.WriteString(Clean(kind, string(c)))
			}
			parts[j] = clean.String()
		}
		p.patterns = append(p.patterns, strings.Join(parts, "*"))
	}
	return p, nil
}

// Empty reports whether there are none.
func (p Patterns) Empty() bool { return len(p.patterns) == 0 }

// Match reports whether a name matches one of them.
func (p Patterns) Match(name string) bool {
	for _, pattern := range p.patterns {
		if matches(pattern, name) {
			return true
		}
	}
	return false
}

// matches takes time in proportion to the name, for each star.
func matches(pattern, name string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if name, star = strings.CutPrefix(name, first); !star {
		return false
	}
	parts := strings.Split(rest, "*")
	last := parts[len(parts)-1]
	for _, part := range parts[:len(parts)-1] {
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name = name[at+len(part):]
	}
	return strings.HasSuffix(name, last)
}
