package safepath

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"time"
)

// listed is how many names of a folder are asked for at once.
const listed = 256

// Match is what a search has found: a file, or a problem with one.
type Match struct {
	Path string
	Info Info
	Err  error
}

// Search goes through what a pattern names, a part at a time. Each folder is gone through once, also where links lead to
// it again; folders are gone through before links to them. It is used by one goroutine.
type Search struct {
	rules   *Rules
	pattern pattern
	folders []visit // in line; those of links come last
	linked  []visit
	visited map[string]struct{}
	at      *folder // that is being gone through
	now     visit
	busy    atomic.Pointer[string]
	started bool
	over    int // folders that are left out, for there are too many
}

// mostFolders is how many folders of a pattern are gone through: more would only fill the memory.
const mostFolders = 100_000

// visit is a folder that is to be gone through.
type visit struct {
	path, below string // below the pattern's base
	places      places
	depth       int
}

// Budget bounds a part of a search. 0 is no bound.
type Budget struct {
	Entries int
	Until   time.Time
}

// NewSearch is the search for a pattern.
func (r *Rules) NewSearch(text string) *Search { return &Search{rules: r, pattern: newPattern(text)} }

// Base is the folder in which the pattern begins.
func (s *Search) Base() string { return s.pattern.base }

// Folder is the one that is being looked through. Others may ask while Next runs.
func (s *Search) Folder() string {
	if at := s.busy.Load(); at != nil {
		return *at
	}
	return s.pattern.base
}

// Close ends a search before its end. The next part begins anew.
func (s *Search) Close() {
	s.leave()
	s.folders, s.linked, s.visited, s.started, s.over = nil, nil, nil, false, 0
}

func (s *Search) leave() {
	if s.at != nil {
		_ = s.at.Close() // it was read
	}
	s.at = nil
}

// Next goes on, and says whether it has come to the end; the next part then begins anew. left is how many of the folders
// that it knows of are still to be gone through, or at the end were left out. An error is that of ctx.
func (s *Search) Next(ctx context.Context, budget Budget, match func(Match)) (done bool, left int, err error) {
	if !s.started {
		s.started, s.visited = true, map[string]struct{}{}
		s.folders = append(s.folders, visit{path: s.pattern.base, places: s.pattern.start()})
	}
	for entries := 0; ; {
		if err := ctx.Err(); err != nil {
			s.Close()
			return false, 0, err
		}
		if budget.Entries > 0 && entries >= budget.Entries || !budget.Until.IsZero() && time.Now().After(budget.Until) {
			left = len(s.folders) + len(s.linked)
			if s.at != nil {
				left++
			}
			return false, left, nil
		}
		if s.at == nil && !s.enter(match) {
			left = s.over
			s.Close()
			return true, left, nil
		}
		if s.at == nil {
			entries++
			continue
		}
		if name := s.pattern.single(s.now.places); name != "" {
			s.take(name, true, match)
			s.leave()
			entries++
			continue
		}
		batch, err := s.at.list(listed)
		for _, entry := range batch {
			folder := entry.IsDir() || entry.Type()&(fs.ModeSymlink|fs.ModeIrregular) != 0
			s.take(entry.Name(), folder, match)
		}
		entries += max(1, len(batch))
		if err != nil || len(batch) == 0 {
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, fs.ErrNotExist) {
				match(Match{Path: s.now.path, Err: err})
			}
			s.leave()
		}
	}
}

// enter opens the next folder, and says whether there was one. It may have no way in.
func (s *Search) enter(match func(Match)) bool {
	line := &s.folders
	if len(s.folders) == 0 {
		line = &s.linked
	}
	if len(*line) == 0 {
		return false
	}
	s.now = (*line)[0]
	(*line)[0] = visit{}
	*line = (*line)[1:]
	path := s.now.path
	s.busy.Store(&path)
	at, err := s.rules.openFolder(s.now.path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotFolder) { // what is not there may come
			match(Match{Path: s.now.path, Err: err})
		}
		return true
	}
	key := fmt.Sprint(at.id(), s.now.places)
	if _, ok := s.visited[key]; ok {
		_ = at.Close() // nothing was read
		return true
	}
	s.visited[key] = struct{}{}
	s.at = at
	return true
}

// take looks at a name of the folder. folder says whether it may be one.
func (s *Search) take(name string, folder bool, match func(Match)) {
	places := s.pattern.next(s.now.places, name)
	below := filepath.Join(s.now.below, name)
	fits := s.pattern.fits(places, below)
	deeper := folder && s.pattern.deeper(places) && s.now.depth < maxDepth
	if !fits && !deeper {
		return
	}
	path := filepath.Join(s.now.path, name)
	info, err := s.at.look(name)
	switch {
	case errors.Is(err, fs.ErrNotExist): // a link to nothing, or gone since
	case err != nil:
		match(Match{Path: path, Err: err})
	case info.Mode.IsDir() && deeper:
		if len(s.visited)+len(s.folders)+len(s.linked) >= mostFolders {
			s.over++
			return
		}
		next := visit{path, below, places, s.now.depth + 1}
		if info.Link {
			s.linked = append(s.linked, next)
		} else {
			s.folders = append(s.folders, next)
		}
	case info.Mode.IsDir():
	case fits:
		if err := regular(info.Mode); err != nil {
			match(Match{Path: path, Err: err})
			return
		}
		match(Match{Path: path, Info: info})
	}
}

// List calls f for each name of a folder.
func (r *Rules) List(path string, f func(name string, info Info)) error {
	at, err := r.openFolder(path)
	if err != nil {
		return err
	}
	defer func() { _ = at.Close() }() // it was read
	for {
		batch, err := at.list(listed)
		for _, entry := range batch {
			if info, err := at.look(entry.Name()); err == nil {
				f(entry.Name(), info)
			}
		}
		if errors.Is(err, io.EOF) || err == nil && len(batch) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Names lists at most so many entries of a folder, in no order. It follows links to it as a Search does.
func (r *Rules) Names(path string, most int) (entries []fs.DirEntry, err error) {
	at, err := r.openFolder(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = at.Close() }() // it was read
	for len(entries) < most {
		batch, err := at.list(min(listed, most-len(entries)))
		entries = append(entries, batch...)
		if errors.Is(err, io.EOF) || err == nil && len(batch) == 0 {
			break
		}
		if err != nil {
			return entries, err
		}
	}
	return entries, nil
}
