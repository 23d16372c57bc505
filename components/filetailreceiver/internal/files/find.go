package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// ID is a file's identity for as long as it exists: device and inode, or volume and index on Windows.
type ID struct{ Device, Inode uint64 }

// Found is a file that is to be read.
type Found struct {
	Path     string
	ID       ID
	Size     int64
	Modified time.Time
	// Pattern is the number of the pattern of Include that it was found by.
	Pattern int
	// Link says that the path is a symbolic link: what it leads to changes without a notice of its folder.
	Link bool
}

// Finder looks for files. It is used by one goroutine.
type Finder struct {
	// Include and Exclude are patterns of paths, with ** for any number of folders.
	Include, Exclude []string
	// OlderThan passes over files that were not written to for so long; 0: none.
	OlderThan time.Duration
	// NewestOnly takes the file that was written to last, of each pattern of Include; several where they were in the
	// same instant.
	NewestOnly bool

	identify identifier
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
	seen := map[ID]bool{}
	paths := map[string]bool{}
	for number, pattern := range f.Include {
		var group []Found
		matches, err := doublestar.FilepathGlob(pattern)
		if err != nil {
			problems = append(problems, Problem{pattern, err})
			continue
		}
		for _, path := range matches {
			if paths[path] || f.excluded(path) {
				continue
			}
			paths[path] = true
			one, err := f.Look(path)
			one.Pattern = number
			switch {
			case errors.Is(err, errFolder):
			case errors.Is(err, fs.ErrNotExist): // a link to nothing, or gone since
			case err != nil:
				problems = append(problems, Problem{path, err})
			case f.OlderThan > 0 && now.Sub(one.Modified) > f.OlderThan:
			default:
				group = append(group, one)
			}
		}
		if f.NewestOnly && len(group) > 1 {
			newest := slices.MaxFunc(group, func(a, b Found) int { return a.Modified.Compare(b.Modified) })
			// The clock of a file system ticks in milliseconds: all that were written to in the last one.
			group = slices.DeleteFunc(group, func(one Found) bool { return one.Modified.Before(newest.Modified) })
		}
		found = append(found, group...)
	}
	slices.SortFunc(found, func(a, b Found) int { // a file's own name before a link to it
		switch {
		case a.Link != b.Link && b.Link:
			return -1
		case a.Link != b.Link:
			return 1
		case a.Path < b.Path:
			return -1
		}
		return 1
	})
	found = slices.DeleteFunc(found, func(one Found) bool {
		again := seen[one.ID]
		seen[one.ID] = true
		return again
	})
	return found, problems
}

// Matches tells whether the patterns name a path.
func (f *Finder) Matches(path string) bool {
	return matches(f.Include, path) && !f.excluded(path)
}

func (f *Finder) excluded(path string) bool {
	return matches(f.Exclude, path)
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

var errFolder = errors.New("a folder")

// Look is one file as it is now.
func (f *Finder) Look(path string) (Found, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Found{}, err
	}
	link := info.Mode()&fs.ModeSymlink != 0
	if link {
		if info, err = os.Stat(path); err != nil {
			return Found{}, err
		}
	}
	if info.IsDir() {
		return Found{}, errFolder
	}
	if err := regular(info); err != nil {
		return Found{}, err
	}
	id, err := f.identify.of(path, info)
	if err != nil {
		return Found{}, err
	}
	return Found{Path: path, ID: id, Size: info.Size(), Modified: info.ModTime(), Link: link}, nil
}

// regular says what is no file, since reading a pipe or a device takes away what others wait for, or never ends.
func regular(info fs.FileInfo) error {
	kind := ""
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	default:
		kind = "not a regular file"
	}
	return fmt.Errorf("it is %s, which has no offsets to go on from: write to a file, or exclude it", kind)
}

// Opened is a file with its identity and size.
type Opened struct {
	*os.File
	ID   ID
	Size int64
}

// Open opens a file for reading. Others may go on to rename and to remove it. What is no file is refused before it is
// opened, and again after it, so that a pipe put in its place does not hold the reader.
func Open(path string) (*Opened, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := regular(info); err != nil {
		return nil, err
	}
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil {
		err = regular(info)
	}
	var id ID
	if err == nil {
		id, err = identityOf(f, info)
	}
	if err != nil {
		_ = f.Close() // nothing was read
		return nil, err
	}
	return &Opened{File: f, ID: id, Size: info.Size()}, nil
}

// Folder lists the files of a folder by their identities, whatever their names are.
func Folder(folder string) map[ID]string {
	var look identifier
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	all := make(map[ID]string, len(entries))
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		if id, err := look.of(path, info); err == nil {
			all[id] = path
		}
	}
	return all
}
