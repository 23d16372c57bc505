package files

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

// ID is a file's identity for as long as it exists: device and inode, or volume and index on Windows.
type ID = safepath.ID

// Info is what is known of a file that was opened.
type Info = safepath.Info

// Opened is a file with its identity and size.
type Opened = safepath.File

// Found is a file that is to be read.
type Found struct {
	Path     string
	ID       ID
	Size     int64
	Modified time.Time
	// Seen is when it was looked at.
	Seen time.Time
	// Pattern is the number of the pattern of Include that it was found by.
	Pattern int
	// Link says that the path is a symbolic link: what it leads to changes without a notice of its folder.
	Link bool
}

// Finder says which files are wanted. It does not change.
type Finder struct {
	// Include and Exclude are patterns of paths, with ** for any number of folders.
	Include, Exclude []string
	// ExcludeNames match names of files, without their folders, that are not wanted.
	ExcludeNames []*regexp.Regexp
	// OlderThan passes over files that were not written to for so long; 0: none.
	OlderThan time.Duration
	// NewestOnly takes the file that was written to last, of each pattern of Include, and those that were since the look before:
	// one may have been the newest between two looks.
	NewestOnly bool
	// Rules say which links are followed.
	Rules safepath.Rules
	// Passed is told of each look at all that a pattern of Include names. It must be quick. Default: nobody is told.
	Passed func(Pass)
}

// Pass is a look at all that a pattern names.
type Pass struct {
	// Pattern is its number in Include.
	Pattern int
	// Files are those found, Old those of them that OlderThan passes over; Excluded are left out by Exclude and ExcludeNames.
	Files, Old, Excluded int
}

// Validate names the pattern that is none.
func (f *Finder) Validate() error {
	if len(f.Include) == 0 {
		return errors.New("include has no pattern: name the files to read, such as /var/log/app/*.log")
	}
	for key, patterns := range map[string][]string{"include": f.Include, "exclude": f.Exclude} {
		for _, p := range patterns {
			if p == "" || !doublestar.ValidatePathPattern(p) {
				return fmt.Errorf("%s: %q is no pattern of paths", key, p)
			}
		}
	}
	return nil
}

// Problem is why one file, which a pattern names, cannot be read.
type Problem struct {
	Path string
	Err  error
}

// Find lists the files that are there, in the order of their paths, each once: of several names of one file the first.
func (f *Finder) Find(now time.Time) (found []Found, problems []Problem) {
	l := NewLooker(f)
	defer l.Close()
	l.budget = safepath.Budget{}
	l.wait = time.Hour
	looked := l.Look(context.Background(), now)
	return looked.Found, looked.Problems
}

// choose are those of what was found that are wanted, each once. since says of each group when the newest of an earlier look was
// written to; zero: there was none.
func (f *Finder) choose(groups [][]Found, since []time.Time, now time.Time) (found []Found) {
	paths, seen := map[string]bool{}, map[ID]bool{}
	for number, group := range groups {
		group = slices.DeleteFunc(group, func(one Found) bool {
			again := paths[one.Path]
			paths[one.Path] = true
			return again || f.OlderThan > 0 && now.Sub(one.Modified) > f.OlderThan
		})
		if f.NewestOnly && len(group) > 1 {
			from := newest(group) // the clock of a file system ticks in milliseconds: all that were written to in the last one
			if before := since[number]; !before.IsZero() && before.Before(from) {
				from = before
			}
			group = slices.DeleteFunc(group, func(one Found) bool { return one.Modified.Before(from) })
		}
		found = append(found, group...)
	}
	slices.SortFunc(found, func(a, b Found) int { // a file's own name before a link to it
		switch {
		case a.Link != b.Link && b.Link:
			return -1
		case a.Link != b.Link:
			return 1
		}
		return strings.Compare(a.Path, b.Path)
	})
	return slices.DeleteFunc(found, func(one Found) bool {
		again := seen[one.ID]
		seen[one.ID] = true
		return again
	})
}

// newest is when the last of some files was written to.
func newest(group []Found) (last time.Time) {
	for _, one := range group {
		if one.Modified.After(last) {
			last = one.Modified
		}
	}
	return last
}

// Matches tells whether the patterns name a path.
func (f *Finder) Matches(path string) bool {
	return matches(f.Include, path) && !f.excluded(path)
}

// Pattern is the number of the first pattern that names a path; none: -1.
func (f *Finder) Pattern(path string) int {
	return slices.IndexFunc(f.Include, func(pattern string) bool { return matches([]string{pattern}, path) })
}

func (f *Finder) excluded(path string) bool {
	if matches(f.Exclude, path) {
		return true
	}
	name := filepath.Base(path)
	return slices.ContainsFunc(f.ExcludeNames, func(e *regexp.Regexp) bool { return e.MatchString(name) })
}

// matches takes patterns with slashes on Windows, too, where PathMatch knows backslashes only.
func matches(patterns []string, path string) bool {
	for _, pattern := range patterns {
		if ok, _ := doublestar.PathMatch(filepath.FromSlash(pattern), filepath.FromSlash(path)); ok { // Validate has tried it
			return true
		}
	}
	return false
}

// Look is one file as it is now.
func (f *Finder) Look(path string) (Found, error) {
	now := time.Now()
	info, err := f.Rules.Look(path)
	if err != nil {
		return Found{}, err
	}
	return foundOf(path, info, now), nil
}

func foundOf(path string, info Info, now time.Time) Found {
	return Found{Path: path, ID: info.ID, Size: info.Size, Modified: info.Modified, Seen: now, Link: info.Link}
}

// Open opens a file for reading. Others may go on to rename and to remove it.
func (f *Finder) Open(path string) (*Opened, error) { return f.Rules.Open(path) }

// Folder lists the files of a folder by their identities, whatever their names are.
func (f *Finder) Folder(folder string) map[ID]string {
	all := map[ID]string{}
	_ = f.Rules.List(folder, func(name string, info Info) { // as far as it can be listed
		if info.Mode.IsRegular() && !info.Link {
			all[info.ID] = filepath.Join(folder, name)
		}
	})
	return all
}

// Remove removes a file that a pattern names, if it still is the one of an identity, nobody has it open for writing, and may
// agrees.
func (f *Finder) Remove(path string, id ID, may func(Info) bool) error {
	for _, pattern := range f.Include {
		if matches([]string{pattern}, path) {
			return f.Rules.Remove(f.Rules.NewSearch(pattern).Base(), path, id, may)
		}
	}
	return safepath.ErrChanged
}

// Linked reports whether an open file still has a name.
func Linked(f *Opened) bool { return safepath.Linked(f.File) }

// Writers reports whether somebody has an open file open for writing, as far as that is known.
func Writers(f *Opened) (some, known bool) { return safepath.Writers(f.File) }
