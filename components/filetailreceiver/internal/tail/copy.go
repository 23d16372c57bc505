package tail

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/schedule"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
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
// app-20260101.log and app.1.log. Otherwise it is the path.
func (w *watch) baseOf(path string) string {
	folder, name := filepath.Split(path)
	for n := len(name) - 1; n > 0; n-- {
		if c := name[n]; c != '.' && c != '-' && c != '_' && c != '~' {
			continue
		}
		if w.names[folder+name[:n]] != nil {
			return folder + name[:n]
		}
	}
	if bare := withoutNumbers(name); bare != name && w.names[folder+bare] != nil {
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
func (w *watch) continued(one files.Found) *known {
	var all []*known
	for _, k := range slices.Backward(w.retired) { // the latest first
		if len(all) == mostCandidates {
			break
		}
		if sibling(k.path, one.Path) {
			all = append(all, k)
		}
	}
	all = append(all, w.imports...)
	if len(all) == 0 {
		return nil
	}
	s, err := w.opener.source(one.Path, w.o.Gzip.has(one.Path), w.o.ChunkBytes)
	if err != nil || s.file().ID != one.ID {
		return nil
	}
	defer func() { _ = s.Close() }() // it was read
	var best *known
	var offset int64
	for i, is := range w.facts(all) {
		k := all[i]
		if is.reading || is.head.Bytes == 0 && (k.retired != 0 || k.path != one.Path) { // nothing was read of it
			continue
		}
		if fits(is, k.zipped, s, one.Size) && (best == nil || is.read.Offset > offset) {
			best, offset = k, is.read.Offset
		}
	}
	return best
}

// sibling reports whether two paths are in one folder: a rotated file stays in it.
func sibling(a, b string) bool { return filepath.Dir(a) == filepath.Dir(b) }

// original finds the file that a new one may be a copy of, which is not truncated yet, or was at this moment.
func (w *watch) original(one files.Found) *known {
	base := w.baseOf(one.Path)
	if base == one.Path {
		return nil
	}
	type candidate struct {
		*known
		facts
	}
	of := w.names[base]
	var candidates []candidate
	for i, is := range w.facts(of) {
		// One that is being read, and empty by now, was truncated a moment ago.
		if k := of[i]; k.retired != 0 && is.reading || k.retired == 0 && k.now != "" && !k.zipped && (is.size > 0 || is.reading) {
			candidates = append(candidates, candidate{k, is})
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
	for _, c := range candidates[:min(len(candidates), mostOriginals)] {
		if c.retired != 0 || c.size == 0 || w.begins(one.Path, c.now, c.facts) {
			return c.known
		}
	}
	return nil
}

// begins reports whether a file may be a copy of another, which may not be complete yet.
func (w *watch) begins(path, of string, original facts) bool {
	s, err := w.opener.source(path, false, 0)
	if err != nil {
		return false
	}
	defer func() { _ = s.Close() }() // it was read
	size := s.file().Size
	if size >= original.read.Offset && original.read.Offset > 0 {
		return fits(original, false, s, size)
	}
	other, err := w.opener.source(of, false, 0)
	if err != nil {
		return false
	}
	defer func() { _ = other.Close() }() // it was read
	var a, b [1000]byte
	n, errA := readFull(s, a[:], 0)
	m, errB := readFull(other, b[:], 0)
	if errA != nil || errB != nil {
		return false
	}
	if m >= n && bytes.Equal(a[:n], b[:n]) {
		return true
	}
	// Meanwhile the copy may have been finished, and the original truncated: then the next look decides.
	info, err := s.file().Stat()
	return err == nil && info.Size() != size || other.file().Size < max(original.size, original.read.Offset)
}

// resolveCopies decides what may be a copy.
func (w *watch) resolveCopies(now time.Time) {
	var held []*known
	for _, k := range w.files {
		if !k.heldUntil.IsZero() {
			held = append(held, k)
		}
	}
	for _, k := range held {
		is := w.facts([]*known{k, k.copyOf})
		one := files.Found{Path: k.now, ID: k.id, Size: is[0].size, Modified: is[0].modified}
		over, same, original := now.After(k.heldUntil), false, is[1]
		switch {
		case original.reading: // it ends soon
		case k.copyOf.retired == 0:
			over = over || !w.begins(one.Path, k.copyOf.now, original)
		default:
			if s, err := w.opener.source(one.Path, false, 0); err == nil {
				same = s.file().ID == one.ID && fits(original, k.copyOf.zipped, s, s.file().Size)
				_ = s.Close() // it was read
			}
		}
		switch {
		case same:
			w.becomes(k.copyOf, one, now)
		case over:
			w.o.Logger.Debug("A file that began as another is read from its beginning", zap.String("path", one.Path))
			k.heldUntil, k.copyOf, k.unseen = time.Time{}, nil, true
			w.engine.hold(k.f, schedule.UntilLook, nil, now) // what it was rotated from may only be seen by the next look
		}
	}
}

// fits reports whether what was read of a file can be the beginning of another: its head is the file's, and so are the bytes before
// its offset.
func fits(is facts, zipped bool, s source, size int64) bool {
	if size < is.read.Offset && !zipped {
		return false
	}
	return matches(s, 0, is.head) && matches(s, is.read.Offset-int64(is.read.Tail.Bytes), is.read.Tail)
}

func matches(s source, at int64, mark checkpoints.Mark) bool {
	if mark.Bytes == 0 {
		return true
	}
	if at < 0 {
		return false
	}
	text := make([]byte, mark.Bytes)
	n, _ := readFull(s, text, at) // fewer bytes are no match
	return mark.Of(text[:n])
}

// mayJoin reports whether one more file is taken for a rotated one of a name, of which there are few that are not read.
func (w *watch) mayJoin(path string, joined map[string]int) bool {
	if _, ok := joined[path]; !ok {
		of := w.names[path]
		for i, is := range w.facts(of) {
			if is.unread > 0 && of[i].retired == 0 {
				joined[path]++
			}
		}
	}
	joined[path]++
	return joined[path] <= mostJoined
}

// dropRetired forgets the oldest contents that are gone of a name, where there are many and nothing of them is on its way.
func (w *watch) dropRetired(path string) {
	var idle []*known
	of := w.names[path]
	for i, is := range w.facts(of) {
		if of[i].retired != 0 && is.pending == 0 && !is.reading && (is.unread == 0 || !is.open) {
			idle = append(idle, of[i])
		}
	}
	for len(idle) > mostRetired {
		w.forget(idle[0])
		idle = idle[1:]
	}
}
