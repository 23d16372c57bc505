package tail

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
)

// copyTime is how long a file, which begins as another of its name, may wait for that one to be truncated: that is how
// rotation by copying looks. After it, it is a file of its own.
const copyTime = 10 * time.Second

const (
	// mostCandidates is how many contents that are gone are tried for a new file, and mostOriginals how many files that it may
	// be a copy of. Each is read for that.
	mostCandidates = 256
	mostOriginals  = 8
	// mostRetired is how many contents that are gone are remembered of one name, once they are delivered.
	mostRetired = 16
	// mostJoined is how many new files with numbers in their names are taken for rotated ones of one other at once; they are read
	// one after the other. A program that makes a file for each job makes more.
	mostJoined = 8
)

// baseOf is the name that a rotated file's had, if it is that of a known file: app.log of app.log.1, app.log-20260101,
// app-20260101.log and app.1.log. Otherwise it is the path. The lock is held.
func (t *Tailer) baseOf(path string) string {
	folder, name := filepath.Split(path)
	for n := len(name) - 1; n > 0; n-- {
		if c := name[n]; c != '.' && c != '-' && c != '_' && c != '~' {
			continue
		}
		if t.lines[folder+name[:n]] != nil {
			return folder + name[:n]
		}
	}
	if bare := withoutNumbers(name); bare != name && t.lines[folder+bare] != nil {
		return folder + bare
	}
	return path
}

// withoutNumbers is a name without the parts that are numbers, and what divides them from the rest.
func withoutNumbers(name string) string {
	var b strings.Builder
	for len(name) > 0 {
		n := 1
		for n < len(name) && strings.IndexByte(".-_~", name[n]) < 0 {
			n++
		}
		part := name[:n]
		name = name[n:]
		if strings.Trim(part, ".-_~0123456789T") != "" {
			b.WriteString(part)
		}
	}
	return strings.TrimLeft(b.String(), ".-_~")
}

// continued finds what was read before of a new file: content whose identity is gone or was never known.
func (t *Tailer) continued(one files.Found) *file {
	t.mu.Lock()
	var candidates []candidate
	for _, f := range slices.Backward(t.retired) { // the latest first
		if len(candidates) == mostCandidates {
			break
		}
		if !f.busy && (f.head.Bytes > 0 || f.zipped) && sibling(f.path, one.Path) {
			candidates = append(candidates, candidateOf(f))
		}
	}
	for _, f := range t.imports {
		if !f.busy {
			candidates = append(candidates, candidateOf(f))
		}
	}
	t.mu.Unlock()
	if len(candidates) == 0 {
		return nil
	}
	s, err := t.openSource(one.Path, t.o.Compression, t.o.ChunkBytes)
	if err != nil || s.File().ID != one.ID {
		return nil
	}
	defer func() { _ = s.Close() }() // it was read
	best := candidate{}
	for _, c := range candidates {
		if c.head.Bytes == 0 && c.path != one.Path || c.retired != 0 && !sibling(c.path, one.Path) {
			continue
		}
		if c.retired != 0 && c.head.Bytes == 0 { // nothing was read of it
			continue
		}
		if fits(&c.file, s, one.Size) && (best.is == nil || c.read.offset > best.read.offset) {
			best = c
		}
	}
	return best.is
}

// candidate is a file as it was when the lock was held.
type candidate struct {
	is *file
	file
}

// candidateOf leaves out what is the reader's. The lock is held.
func candidateOf(f *file) candidate {
	return candidate{f, file{
		id: f.id, path: f.path, modified: f.modified, now: f.now, retired: f.retired, size: f.size, head: f.head, read: f.read, zipped: f.zipped, busy: f.busy,
	}}
}

// sibling tells whether two paths are in one folder: a rotated file stays in it.
func sibling(a, b string) bool { return filepath.Dir(a) == filepath.Dir(b) }

// original finds the file that a new one may be a copy of, which is not truncated yet, or was at this moment.
func (t *Tailer) original(one files.Found) *file {
	t.mu.Lock()
	base := t.baseOf(one.Path)
	var candidates []candidate
	if l := t.lines[base]; l != nil && base != one.Path {
		for _, f := range l.files {
			// One that is being read, and empty by now, was truncated a moment ago.
			if f.retired != 0 && f.busy || f.retired == 0 && f.now != "" && !f.zipped && (f.size > 0 || f.busy) {
				candidates = append(candidates, candidateOf(f))
			}
		}
		// Rotation copies the file that is written to, or one that was not long before.
		slices.SortStableFunc(candidates, func(a, b candidate) int {
			switch {
			case a.now == base && b.now != base:
				return -1
			case b.now == base && a.now != base:
				return 1
			}
			return b.modified.Compare(a.modified)
		})
		candidates = candidates[:min(len(candidates), mostOriginals)]
	}
	t.mu.Unlock()
	for _, c := range candidates {
		if c.retired != 0 || c.size == 0 || t.begins(one.Path, c.now, &c.file) {
			return c.is
		}
	}
	return nil
}

// begins tells whether a file may be a copy of another, which may not be complete yet.
func (t *Tailer) begins(path, of string, original *file) bool {
	s, err := t.openSource(path, source.Plain, 0)
	if err != nil {
		return false
	}
	defer func() { _ = s.Close() }() // it was read
	size := s.File().Size
	if size >= original.read.offset && original.read.offset > 0 {
		return fits(original, s, size)
	}
	other, err := t.openSource(of, source.Plain, 0)
	if err != nil {
		return false
	}
	defer func() { _ = other.Close() }() // it was read
	var a, b [1000]byte
	n, errA := source.ReadFull(s, a[:], 0)
	m, errB := source.ReadFull(other, b[:], 0)
	if errA != nil || errB != nil {
		return false
	}
	if m >= n && bytes.Equal(a[:n], b[:n]) {
		return true
	}
	// Meanwhile the copy may have been finished, and the original truncated: then the next look decides.
	info, err := s.File().Stat()
	return err == nil && info.Size() != size || other.File().Size < max(original.size, original.read.offset)
}

// resolveCopies decides what may be a copy.
func (t *Tailer) resolveCopies(now time.Time) {
	t.mu.Lock()
	var held []*file
	for _, f := range t.files {
		if !f.heldUntil.IsZero() {
			held = append(held, f)
		}
	}
	t.mu.Unlock()
	for _, f := range held {
		t.mu.Lock()
		original := candidateOf(f.copyOf)
		one := files.Found{Path: f.now, ID: f.id, Size: f.size, Modified: f.modified}
		over := now.After(f.heldUntil)
		t.mu.Unlock()
		is := false
		switch {
		case original.busy: // it ends soon
		case original.retired == 0:
			over = over || !t.begins(one.Path, original.now, &original.file)
		default:
			if s, err := t.openSource(one.Path, source.Plain, 0); err == nil {
				is = s.File().ID == one.ID && fits(&original.file, s, s.File().Size)
				_ = s.Close() // it was read
			}
		}
		t.mu.Lock()
		switch {
		case is:
			t.becomes(original.is, one, now)
		case over:
			t.o.Logger.Debug("A file that began as another is read from its beginning", zap.String("path", one.Path))
			f.heldUntil, f.copyOf, f.dirty = time.Time{}, nil, true
		}
		t.mu.Unlock()
	}
}
