package files

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// settled is how old a file's time of change must be before the same time and size mean the same content:
// the coarsest clock of a file system has 2 s (FAT).
const settled = 2 * time.Second

// state is what a file was when it was looked at. The zero state is a file that cannot be read.
type state struct {
	info    os.FileInfo
	hash    [sha256.Size]byte
	changed bool // so shortly before that it may have changed again since
}

func stateOf(info os.FileInfo, text []byte, now time.Time) state {
	return state{info, sha256.Sum256(text), now.Sub(info.ModTime()) < settled}
}

func (s state) missing() bool { return s.info == nil }

// unchanged says whether a file with such an info needs no reading.
func (s state) unchanged(info os.FileInfo) bool {
	return !s.missing() && !s.changed && s.info.Size() == info.Size() && s.info.ModTime().Equal(info.ModTime()) && os.SameFile(s.info, info)
}

// look gives the state of a file, from the one before. It reads no more than it must.
func look(path string, before state, now time.Time) state {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return state{}
	}
	if before.unchanged(info) {
		return before
	}
	c, err := read(path, MaxSize, pipeTimeout, now)
	if err != nil {
		return state{}
	}
	return c.seen
}

// same says whether two states are of the same content.
func (s state) same(other state) bool { return s.missing() == other.missing() && s.hash == other.hash }

// target is what a watch looks at.
type target struct {
	path  string
	dir   bool
	gone  bool // the folder could not be read
	names []string
	files map[string]state // by path
}

// look looks again, and says whether that is another content. The target stays as it is.
func (t target) look(now time.Time) (target, bool) {
	next := target{path: t.path, dir: t.dir, files: make(map[string]state, len(t.files))}
	if !t.dir {
		next.files[t.path] = look(t.path, t.files[t.path], now)
		return next, !next.files[t.path].same(t.files[t.path])
	}
	names, err := list(t.path)
	if err != nil {
		next.gone = true
		return next, !t.gone
	}
	different := t.gone
	for _, name := range names {
		path := filepath.Join(t.path, name)
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			continue
		}
		before := t.files[path]
		now := look(path, before, now)
		different = different || !now.same(before)
		next.names = append(next.names, name)
		next.files[path] = now
	}
	return next, different || !slices.Equal(next.names, t.names)
}
