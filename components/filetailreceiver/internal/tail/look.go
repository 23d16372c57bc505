package tail

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

const (
	// afterlife is how long a file that was renamed to a name nobody asked for is read, after it was written to last.
	afterlife = time.Minute
	// memory is how long the checkpoint of a file is kept that is no longer there.
	memory = 24 * time.Hour
	// quiet is how long a file is not written to before it may be removed.
	quiet = 5 * time.Second
	// removePause is how long one that cannot be removed for now is left alone.
	removePause = 5 * time.Second
	// discoverTime is for how long new files are taken in before those that are known have their turn.
	discoverTime = time.Second
)

// look finds out what there is, and returns it, unless ctx ends.
func (t *Tailer) look(ctx context.Context, now time.Time) (found []files.Found, ok bool) {
	looked := t.looker.Look(ctx, now)
	if ctx.Err() != nil {
		return nil, false
	}
	found = looked.Found
	defer t.looks.Add(1)
	t.o.Events.Looked(errors.Join(t.late(looked, now), t.hangs(now)))

	t.mu.Lock()
	t.reportAll(looked.Problems)
	present := make(map[*file]bool, len(found))
	var fresh, replaced []files.Found
	for _, one := range found {
		f := t.files[one.ID]
		if f == nil {
			fresh = append(fresh, one)
			continue
		}
		f = t.update(f, one, now)
		present[f] = true
		if f.fresh && !f.busy {
			f.fresh, f.unseen = false, true // not before it is known what it is
			replaced = append(replaced, one)
		}
	}
	t.mu.Unlock()

	for _, one := range replaced {
		if f := t.recognise(one, now); f != nil {
			present[f] = true
		}
	}
	t.unfinished = false
	joined := map[*line]int{}
	for _, one := range fresh {
		if ctx.Err() != nil {
			return nil, false
		}
		if time.Since(now) > discoverTime {
			t.unfinished = true // known files have their turn
			break
		}
		if f := t.discover(one, joined, now); f != nil {
			present[f] = true
		}
	}
	if !t.unfinished {
		copy(t.introduced, looked.Passed)
	}
	t.missing(present, now)
	t.tellUnfinished(now)
	t.resolveCopies(now)
	if t.o.Remove || t.o.RemoveOld {
		t.remove(found, now)
	}
	return found, true
}

// update takes in how a known file is now. The lock is held.
func (t *Tailer) update(f *file, one files.Found, now time.Time) *file {
	f.seen, f.gone, f.unseen = now, time.Time{}, false
	if f.now != one.Path {
		if f.now != "" {
			t.o.Events.Rotated()
			t.o.Logger.Debug("A file was renamed", zap.String("from", f.now), zap.String("to", one.Path))
		}
		f.zipped = f.zipped || f.now == "" && t.archive(one.Path)
		f.now = one.Path
		if f.read.offset == 0 && !f.busy { // nothing tells that it is the same file
			t.rename(f, one.Path)
		}
	}
	if one.Size < f.read.offset && one.Seen.Before(f.lastChunk) {
		f.unseen = true // it was read after it was looked at: the next look tells
		return f
	}
	changed, lost := f.size != one.Size || !f.modified.Equal(one.Modified), f.unread()
	f.size, f.modified = one.Size, one.Modified
	if !f.zipped && one.Size < f.read.offset && !f.busy {
		f = t.replace(f, lost, now)
		f.unseen = true
	} else if changed {
		f.dirty = true
	}
	if f.behind.IsZero() && f.lag() > 0 {
		f.behind = now
	}
	return f
}

// rename gives a file of which nothing was read the name that a new one would get. The lock is held.
func (t *Tailer) rename(f *file, path string) {
	t.leave(f)
	f.path = path
	if base := t.baseOf(path); t.lines[base] != nil {
		f.path = base
	}
	t.join(f)
}

// recognise finds out whether the new content of a known identity is a copy of what was read elsewhere.
func (t *Tailer) recognise(one files.Found, now time.Time) *file {
	old := t.continued(one)
	original := t.original(one)
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.files[one.ID]
	switch {
	case f == nil || f.busy || f.read.offset > 0:
	case old != nil:
		return t.becomes(old, one, now)
	case original != nil && original != f:
		f.copyOf, f.heldUntil = original, now.Add(copyTime)
	}
	return nil
}

// discover begins with a file that was not known.
func (t *Tailer) discover(one files.Found, joined map[*line]int, now time.Time) *file {
	f := &file{
		id: one.ID, path: one.Path, now: one.Path, size: one.Size, modified: one.Modified, seen: now, window: firstWindow, dirty: true,
		zipped: t.archive(one.Path),
		unseen: true, // what it was rotated from may only be seen by the next look
	}
	if old := t.continued(one); old != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.becomes(old, one, now)
	}
	novel := !t.introduced[one.Pattern] && !t.included[one.Pattern] // it may be there for long
	t.mu.Lock()
	base := t.baseOf(one.Path)
	known := t.lines[base] != nil && t.mayJoin(t.lines[base], joined)
	t.mu.Unlock()
	var original *file
	if known {
		original = t.original(one)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if known && !novel {
		f.path = base // it was rotated before it was seen under its own name
	}
	switch {
	case original != nil:
		f.copyOf, f.heldUntil = original, now.Add(copyTime)
	case t.o.FromEnd && novel && !f.zipped:
		f.read.offset = one.Size
		f.acked = f.read
	}
	if f.lag() > 0 {
		f.behind = now
	}
	t.o.Logger.Debug("A file was found", zap.String("path", one.Path), zap.String("as", f.path), zap.Int64("bytes", one.Size),
		zap.Int64("offset", f.read.offset), zap.Bool("held", original != nil))
	t.files[f.id] = f
	t.join(f)
	t.o.Store.Set(f.checkpoint())
	t.wantSave()
	return f
}

// becomes makes a file of old content go on under an identity. The lock is held.
func (t *Tailer) becomes(old *file, one files.Found, now time.Time) *file {
	t.o.Store.Remove(old.key())
	wasHere := t.files[one.ID]
	if wasHere != nil {
		t.close(wasHere)
		t.leave(wasHere)
		t.o.Store.Remove(wasHere.key())
	}
	for i, o := range t.retired {
		if o == old {
			t.retired = append(t.retired[:i:i], t.retired[i+1:]...)
			break
		}
	}
	for i, o := range t.imports {
		if o == old {
			t.imports = append(t.imports[:i:i], t.imports[i+1:]...)
			break
		}
	}
	t.close(old)
	old.id, old.retired, old.now, old.gone = one.ID, 0, one.Path, time.Time{}
	old.size, old.modified, old.seen, old.dirty = one.Size, one.Modified, now, true
	old.zipped = t.archive(one.Path)
	old.unfinished = time.Time{}
	if old.line == nil {
		t.join(old)
	}
	t.files[one.ID] = old
	if old.lag() > 0 {
		old.behind = now
	}
	t.o.Store.Set(old.checkpoint())
	t.wantSave()
	t.o.Logger.Info("A file goes on where its content was read under another identity", zap.String("path", one.Path), zap.Int64("offset", old.read.offset))
	return old
}

// missing deals with files whose names are not among those that were found.
func (t *Tailer) missing(present map[*file]bool, now time.Time) {
	t.mu.Lock()
	var lost []*file
	for _, f := range t.files {
		if !present[f] {
			lost = append(lost, f)
		}
	}
	t.mu.Unlock()
	folders := map[string]map[files.ID]string{}
	for _, f := range lost {
		t.mu.Lock()
		path, id, gone := f.now, f.id, !f.gone.IsZero()
		if path == "" {
			path = f.path
		}
		t.mu.Unlock()
		is, still := t.sameFile(path, id)
		elsewhere := ""
		if !still && !gone { // once
			folder := filepath.Dir(path)
			if folders[folder] == nil {
				folders[folder] = t.o.Finder.Folder(folder)
			}
			if elsewhere = folders[folder][id]; elsewhere != "" {
				is, _ = t.o.Finder.Look(elsewhere)
			}
		}
		t.mu.Lock()
		if t.files[id] == f {
			t.away(f, is, still, elsewhere, now)
		}
		t.mu.Unlock()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range append([]*file(nil), t.retired...) {
		if len(f.pending) == 0 && !f.busy && now.Sub(f.seen) > memory {
			t.forget(f)
		}
	}
}

// away is a file that no pattern names now. The lock is held.
func (t *Tailer) away(f *file, is files.Found, still bool, elsewhere string, now time.Time) {
	if still { // excluded, or too old, or not the newest
		if f.source != nil {
			f.size, f.modified = is.Size, is.Modified
		}
		return
	}
	if f.gone.IsZero() {
		f.gone = now
		if f.now != "" {
			t.o.Events.Rotated()
		}
		if f.read.offset == 0 && t.o.Finder.Matches(elsewhere) {
			elsewhere = "" // another file may have its identity now: the next look tells which
		}
		f.now = elsewhere
		f.dirty = elsewhere != "" || f.source != nil
		if elsewhere != "" {
			f.size, f.modified = is.Size, is.Modified
		}
	}
	if f.busy {
		return
	}
	linked := elsewhere != ""
	if f.source != nil {
		file := f.source.File()
		linked = files.Linked(file)
		if info, err := file.Stat(); err == nil {
			if info.Size() != f.size || !info.ModTime().Equal(f.modified) {
				f.size, f.modified, f.dirty = info.Size(), info.ModTime(), true
			}
		}
		if !linked && t.o.ReleaseDeleted && f.unread() > 0 && f.inFlight >= f.window {
			t.o.Events.Released(f.unread())
			t.o.Logger.Warn("A deleted file was closed though it was not read to its end, since its lines cannot be delivered for now",
				zap.String("path", f.path), zap.Int64("bytes", f.unread()))
			t.close(f)
			f.size, f.released = f.read.offset, true
		}
	}
	done := f.unread() == 0 || f.source == nil && f.now == ""
	switch {
	case len(f.pending) > 0 || !done:
	case f.released, f.source != nil && !linked: // deleted
		t.forget(f)
	case now.Sub(later(f.gone, f.modified)) > afterlife:
		t.close(f)
		f.now = ""
		if now.Sub(f.seen) > memory {
			t.forget(f)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sameFile tells whether a path still is a file's.
func (t *Tailer) sameFile(path string, id files.ID) (files.Found, bool) {
	one, err := t.o.Finder.Look(path)
	return one, err == nil && one.ID == id
}

// glance looks at paths that were written to.
func (t *Tailer) glance(paths []string, now time.Time) {
	for _, path := range paths {
		one, err := t.o.Finder.Look(path)
		if err != nil {
			continue // a complete look follows
		}
		t.mu.Lock()
		if f := t.files[one.ID]; f != nil {
			// Size and time may be as they were, if the content was replaced by as much within one tick of the clock.
			t.update(f, one, now).dirty = true
		}
		t.mu.Unlock()
	}
}

// remove removes files that were delivered to their end.
func (t *Tailer) remove(found []files.Found, now time.Time) {
	newest := map[int]files.Found{}
	found = append(found[:len(found):len(found)], t.passed(found)...)
	for _, one := range found {
		if best, ok := newest[one.Pattern]; !ok || one.Modified.After(best.Modified) {
			newest[one.Pattern] = one
		}
	}
	for _, one := range found {
		if !t.o.Remove && one.Pattern >= 0 && newest[one.Pattern].Path == one.Path {
			continue
		}
		t.mu.Lock()
		f := t.files[one.ID]
		over := f != nil && !f.busy && !f.queued && len(f.pending) == 0 && f.lag() == 0 && f.heldUntil.IsZero() && f.size > 0 && now.Sub(f.modified) > quiet && now.After(f.keptUntil)
		t.mu.Unlock()
		if !over {
			continue
		}
		t.removeOne(f, one, now)
	}
}

// removeOne removes a file, unless somebody has it open for writing or has changed it.
func (t *Tailer) removeOne(f *file, one files.Found, now time.Time) {
	err := t.o.Finder.Remove(one.Path, one.ID, func(is files.Info) bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		return !f.busy && len(f.pending) == 0 && f.lag() == 0 && is.Size == f.size && is.Modified.Equal(f.modified)
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	f.keptUntil = now.Add(removePause)
	switch {
	case errors.Is(err, safepath.ErrInUse), errors.Is(err, safepath.ErrChanged), errors.Is(err, fs.ErrNotExist):
		t.o.Logger.Debug("A file that was delivered is not removed for now", zap.String("path", one.Path), zap.Error(err))
	case err != nil:
		f.kept = err
		t.report(one.Path, err)
	default:
		f.kept = nil
		t.report(one.Path, nil)
		t.o.Logger.Info("A file was removed after it was delivered", zap.String("path", one.Path))
	}
}

// passed are files that were read when they were the newest, and no longer are. None of them is found.
func (t *Tailer) passed(found []files.Found) (all []files.Found) {
	if !t.o.Finder.NewestOnly {
		return nil
	}
	present := make(map[files.ID]bool, len(found))
	for _, one := range found {
		present[one.ID] = true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, f := range t.files {
		if !present[id] && f.now != "" && t.o.Finder.Matches(f.now) {
			all = append(all, files.Found{Path: f.now, ID: id, Pattern: -1}) // no pattern's newest
		}
	}
	return all
}
