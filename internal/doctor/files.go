package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

const (
	// maxFiles bounds the files of one pattern that are opened.
	maxFiles = 5000
	// maxNamed bounds how many of them a report names.
	maxNamed = 5
)

// filesCheck looks at the files of one receiver as the user who runs doctor.
func filesCheck(ctx context.Context, t tail, open func(string) error) Check {
	c := Check{Status: OK}
	if len(t.include) == 0 {
		return Check{Status: Problem, Detail: "include is empty: nothing is read", Remedy: "set include of " + t.component}
	}
	var read, folders, empty []string
	unreadable := map[string]error{}
	capped := false
	for _, pattern := range t.include {
		found, denied, err := match(ctx, pattern, t.exclude)
		if errors.Is(err, errTooMany) {
			capped, err = true, nil
		}
		if ctx.Err() != nil {
			return notChecked("", "", "too many folders to look through in time at "+pattern)
		}
		if err != nil {
			return Check{Status: Problem, Detail: fmt.Sprintf("include: %q: %s", pattern, oneLine(err)), Remedy: "mend the pattern (** for any folders, * within a name)"}
		}
		folders = append(folders, denied...)
		if len(found) == 0 && len(denied) == 0 {
			empty = append(empty, pattern)
		}
		for _, path := range found {
			if err := open(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // rotated away meanwhile
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
		c.Status = Warning
		c.fact("no file", pattern)
		c.Remedy = "check the pattern; it may also be that the file does not exist yet"
	}
	for i, path := range slices.Sorted(mapKeys(unreadable)) {
		c.Status = Problem
		if i < maxNamed {
			c.fact("cannot be read", path+ownership(path)+": "+brief(cause(unreadable[path])))
		}
		c.Remedy = readRemedy
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

var errTooMany = errors.New("too many files")

// match lists the files of a pattern as the receiver does, and the folders that it could not look into.
func match(ctx context.Context, pattern string, exclude []string) (files, denied []string, err error) {
	base, rest := doublestar.SplitPattern(filepath.ToSlash(pattern))
	if !doublestar.ValidatePattern(rest) {
		return nil, nil, doublestar.ErrBadPattern
	}
	watched := &watchedFS{ctx: ctx, base: base, under: os.DirFS(base)}
	err = doublestar.GlobWalk(watched, rest, func(path string, entry fs.DirEntry) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		full := filepath.Join(base, filepath.FromSlash(path))
		if entry.IsDir() || excluded(full, exclude) {
			return nil
		}
		if len(files) >= maxFiles {
			return errTooMany
		}
		files = append(files, full)
		return nil
	}, doublestar.WithFilesOnly())
	return files, watched.denied, err
}

func excluded(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := doublestar.PathMatch(filepath.FromSlash(p), path)
		return ok && err == nil
	})
}

// watchedFS notes the folders that may not be searched, and stops when its context ends.
type watchedFS struct {
	ctx    context.Context
	base   string
	under  fs.FS
	denied []string
}

func (w *watchedFS) Open(name string) (fs.File, error) {
	f, err := w.under.Open(name)
	return f, err
}

func (w *watchedFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(w.under, name)
	if errors.Is(err, fs.ErrPermission) && len(w.denied) < maxFiles {
		w.denied = append(w.denied, filepath.Join(w.base, filepath.FromSlash(name)))
	}
	return entries, err
}

func (w *watchedFS) Stat(name string) (fs.FileInfo, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	info, err := fs.Stat(w.under, name)
	if errors.Is(err, fs.ErrPermission) { // the folder above is not searchable
		w.denied = append(w.denied, filepath.Dir(filepath.Join(w.base, filepath.FromSlash(name))))
	}
	return info, err
}

// tryOpen opens a regular file for reading, and closes it again. Others, such as pipes, would make it
// wait.
func tryOpen(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is no regular file (%s)", info.Mode().Type())
	}
	f, err := os.Open(path)
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
