package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/filepatterns"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

const (
	// maxFiles bounds the files of one pattern that are opened.
	maxFiles = 5000
	// maxNamed bounds how many of them a report names.
	maxNamed = 5
	// linkRemedy is for what the receiver does not read for its own reasons.
	linkRemedy = "do what is said of each, or exclude them"
)

// filesCheck looks at the files of one receiver as the user who runs doctor.
func filesCheck(ctx context.Context, t tail, open func(*safepath.Rules, string) error) Check {
	c := Check{Status: OK}
	if len(t.include) == 0 {
		return Check{Status: Problem, Detail: "include is empty: nothing is read", Remedy: "set include of " + t.component}
	}
	var read, folders, empty []string
	unreadable := map[string]error{}
	capped := false
	for _, pattern := range t.include {
		found, err := match(ctx, pattern, t)
		capped = capped || found.capped
		if ctx.Err() != nil {
			return notChecked("", "", "too many folders to look through in time at "+pattern)
		}
		if err != nil {
			return Check{Status: Problem, Detail: fmt.Sprintf("include: %q: %s", pattern, oneLine(err)), Remedy: "mend the pattern (** for any folders, * within a name)"}
		}
		folders = append(folders, found.denied...)
		maps.Copy(unreadable, found.refused)
		if len(found.files) == 0 && len(found.denied) == 0 && len(found.refused) == 0 {
			empty = append(empty, pattern)
		}
		for _, path := range found.files {
			if err := open(&t.rules, path); err != nil && !errors.Is(err, fs.ErrNotExist) { // rotated away meanwhile
				unreadable[path] = err
			} else {
				read = append(read, path)
			}
		}
	}
	c.Detail = plural(len(read), "file") + " can be read"
	if capped {
		c.Detail += fmt.Sprintf("; only %d of a pattern were tried", maxFiles)
	}
	for _, pattern := range empty {
		why := filepatterns.Explain(ctx, &t.rules, pattern)
		c.Status = Warning
		c.fact("no file", pattern+": "+why.Problem)
		if why.Likely || c.Remedy == "" {
			c.Remedy = why.Remedy
		}
	}
	for i, path := range slices.Sorted(mapKeys(unreadable)) {
		c.Status = Problem
		if i < maxNamed {
			c.fact("cannot be read", path+ownership(path)+": "+brief(cause(unreadable[path])))
		}
		if c.Remedy = readRemedy; !errors.Is(unreadable[path], fs.ErrPermission) {
			c.Remedy = linkRemedy
		}
	}
	slices.Sort(folders)
	for i, folder := range slices.Compact(folders) {
		c.Status = Problem
		if i < maxNamed {
			c.fact("cannot be searched", folder+ownership(folder))
		}
		c.Remedy = searchRemedy
	}
	if len(unreadable) > 0 {
		c.Detail += ", " + plural(len(unreadable), "file") + " cannot"
	}
	if len(folders) > 0 {
		c.Detail += ", " + plural(len(slices.Compact(folders)), "folder") + " cannot be searched"
	}
	return c
}

func mapKeys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// matched is what a pattern names.
type matched struct {
	files, denied []string // denied are folders that could not be looked into
	refused       map[string]error
	capped        bool
}

// match lists the files of a pattern as the receiver does.
func match(ctx context.Context, pattern string, t tail) (m matched, err error) {
	if !doublestar.ValidatePathPattern(pattern) {
		return m, doublestar.ErrBadPattern
	}
	m.refused = map[string]error{}
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	_, _, err = t.rules.NewSearch(pattern).Next(ctx, safepath.Budget{}, func(one safepath.Match) {
		var path *fs.PathError
		switch {
		case m.capped || excluded(one.Path, t.exclude):
		case one.Err == nil && len(m.files) >= maxFiles:
			m.capped = true
			enough()
		case one.Err == nil:
			m.files = append(m.files, one.Path)
		case errors.Is(one.Err, fs.ErrPermission) && errors.As(one.Err, &path):
			folder := one.Path
			if path.Op == "stat" { // the folder above is not searchable
				folder = filepath.Dir(folder)
			}
			m.denied = append(m.denied, folder)
		case len(m.refused) < maxFiles:
			m.refused[one.Path] = one.Err
		}
	})
	if m.capped {
		err = nil
	}
	return m, err
}

func excluded(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := doublestar.PathMatch(filepath.FromSlash(p), path)
		return ok && err == nil
	})
}

// tryOpen opens a file for reading as the receiver does, and closes it again.
func tryOpen(rules *safepath.Rules, path string) error {
	f, err := rules.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// cause takes the operation and the path off a file's error.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strings.TrimSpace(fmt.Sprintf("%d %ss", n, noun))
}
