package trust

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// slashes writes a path of Windows as this package compares it.
func slashes(p string) string { return strings.ReplaceAll(p, `\`, "/") }

// checkPath checks an entry of remote_layers::paths.
func checkPath(p string) error {
	clean := slashes(p)
	if !absolute(clean) || slices.ContainsFunc(strings.Split(clean, "/"), dots) || strings.ContainsAny(clean, "[]{}?") || strings.Contains(clean, "**") {
		return fmt.Errorf("invalid path %q: use the whole path of a folder, with * for a part of a name at most", p)
	}
	return nil
}

func absolute(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") || len(p) > 2 && p[1] == ':' && p[2] == '/'
}

// mostAlternatives is how many patterns the braces of one may stand for. It bounds the work that a pattern makes.
const mostAlternatives = 256

// alternatives writes out the braces of a pattern; false where there are too many or one is not closed.
func alternatives(pattern string) ([]string, bool) {
	open := strings.IndexByte(pattern, '{')
	if open < 0 {
		return []string{pattern}, !strings.Contains(pattern, "}")
	}
	depth, from := 0, open+1
	var choices []string
	for i := open; i < len(pattern); i++ {
		switch pattern[i] {
		case '{':
			depth++
		case ',':
			if depth == 1 {
				choices, from = append(choices, pattern[from:i]), i+1
			}
		case '}':
			if depth--; depth > 0 {
				continue
			}
			choices = append(choices, pattern[from:i])
			var all []string
			for _, choice := range choices {
				some, ok := alternatives(pattern[:open] + choice + pattern[i+1:])
				if !ok || len(all)+len(some) > mostAlternatives {
					return nil, false
				}
				all = append(all, some...)
			}
			return all, true
		}
	}
	return nil, false
}

// logs reports whether all files that a pattern can match are below the allowed paths. goos decides what a backslash is.
func (p Policy) logs(pattern, goos string) bool {
	if p.Allows(Read) {
		return true
	}
	if goos == "windows" {
		pattern = slashes(pattern)
	} else if strings.Contains(pattern, `\`) {
		return false // an escape may hide what the pattern is
	}
	all, ok := alternatives(pattern)
	return ok && !slices.ContainsFunc(all, func(one string) bool { return !p.below(one, goos) })
}

// below reports whether a pattern without braces is below an allowed path: all its first parts are the path's.
func (p Policy) below(pattern, goos string) bool {
	parts := strings.Split(pattern, "/")
	if !absolute(pattern) || slices.ContainsFunc(parts, dots) {
		return false
	}
	parts = slices.DeleteFunc(parts[1:], func(s string) bool { return s == "" })
	drive := strings.SplitN(pattern, "/", 2)[0]
	return slices.ContainsFunc(p.Paths, func(allowed string) bool {
		all := strings.Split(strings.TrimSuffix(allowed, "/"), "/")
		fold := func(s string) string { return s }
		if goos == "windows" {
			fold = strings.ToLower
		}
		if fold(all[0]) != fold(drive) {
			return false
		}
		all = all[1:]
		if len(parts) <= len(all) { // the folder itself is no log
			return false
		}
		for i, want := range all {
			if !within(fold(want), fold(parts[i])) {
				return false
			}
		}
		return true
	})
}

// dots reports whether a part of a path leads up or nowhere; Windows takes spaces and dots away at the end of a name.
func dots(part string) bool { return part != "" && strings.Trim(part, ". ") == "" }

// within reports whether a part of a pattern stands for nothing but what the part of an allowed path stands for.
func within(allowed, part string) bool {
	if part == allowed {
		return true
	}
	if !strings.Contains(allowed, "*") || part == "**" {
		return false
	}
	if allowed == "*" {
		return true
	}
	if strings.ContainsAny(part, "*?[") {
		return false
	}
	ok, err := path.Match(allowed, part)
	return ok && err == nil
}

// inside reports whether a folder is root or below it.
func inside(folder, root, goos string) bool {
	folder, root = slashes(folder), path.Clean(slashes(root))
	if goos == "windows" {
		folder, root = strings.ToLower(folder), strings.ToLower(root)
	}
	if !absolute(folder) || slices.ContainsFunc(strings.Split(folder, "/"), dots) {
		return false
	}
	folder = path.Clean(folder)
	return folder == root || strings.HasPrefix(folder, root+"/")
}
