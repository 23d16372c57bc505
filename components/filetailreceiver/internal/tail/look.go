package tail

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/schedule"
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
func (w *watch) look(ctx context.Context, now time.Time) (found []files.Found, ok bool) {
	looked := w.looker.Look(ctx, now)
	if ctx.Err() != nil {
		return nil, false
	}
	found = looked.Found
	defer w.looks.Add(1)
	w.o.Events.Looked(errors.Join(w.late(looked, now), w.engine.hangs(now)))
	w.engine.bad(looked.Problems)

	present := make(map[*known]bool, len(found))
	unknown, replaced := w.update(found, present, now)
	for _, one := range replaced {
		if k := w.recognise(one, now); k != nil {
			present[k] = true
		}
	}
	w.unfinished = false
	joined := map[string]int{}
	for _, one := range unknown {
		if ctx.Err() != nil {
			return nil, false
		}
		if time.Since(now) > discoverTime {
			w.unfinished = true // known files have their turn
			break
		}
		present[w.discover(one, joined, now)] = true
	}
	if !w.unfinished {
		copy(w.introduced, looked.Passed)
	}
	w.missing(present, now)
	w.engine.tellUnfinished(now)
	w.resolveCopies(now)
	if w.o.Remove || w.o.RemoveOld {
		w.remove(found, now)
	}
	return found, true
}

// update takes in how known files are now. It returns the others, and those whose content is new.
func (w *watch) update(found []files.Found, present map[*known]bool, now time.Time) (unknown, replaced []files.Found) {
	of := make([]*known, 0, len(found))
	which := make([]files.Found, 0, len(found))
	for _, one := range found {
		if k := w.files[one.ID]; k == nil {
			unknown = append(unknown, one)
		} else {
			of, which = append(of, k), append(which, one)
		}
	}
	for i, k := range w.saw(of, which, false, now) {
		present[k] = true
		if k.fresh {
			k.fresh, k.unseen = false, true // not before it is known what it is
			w.engine.hold(k.f, schedule.UntilLook, nil, now)
			replaced = append(replaced, which[i])
		}
	}
	return unknown, replaced
}

// saw takes in how known files are now, and returns them: those whose content was replaced are others by then. wrote says that they
// were written to, though neither size nor time may tell.
func (w *watch) saw(of []*known, which []files.Found, wrote bool, now time.Time) []*known {
	all := make([]sighting, len(of))
	for i, k := range of {
		one := which[i]
		k.seen, k.gone, k.unseen = now, time.Time{}, false
		if k.now != one.Path {
			if k.now != "" {
				w.o.Events.Rotated()
				w.o.Logger.Debug("A file was renamed", zap.String("from", k.now), zap.String("to", one.Path))
			}
			k.zipped = k.zipped || k.now == "" && w.o.archive(one.Path)
		}
		all[i] = sighting{file: k.f, path: one.Path, size: one.Size, modified: one.Modified, seen: one.Seen, zipped: k.zipped, wrote: wrote}
	}
	for i, sight := range w.engine.saw(all, now) {
		k, one := of[i], which[i]
		renamed := k.now != one.Path
		k.now = one.Path
		switch {
		case sight == sightStale:
			k.unseen = true
		case sight == sightShorter:
			of[i] = w.replace(k, true, now)
		case sight == sightUntouched && renamed: // nothing tells that it is the same file
			w.rename(k, one.Path)
		}
	}
	return of
}

// replace takes in that a file's content was replaced. The new one is held until the next look: a copy of the old one may come
// first. seen says that a look has seen it, and no reader.
func (w *watch) replace(k *known, seen bool, now time.Time) *known {
	next := &known{id: k.id, path: k.now, now: k.now, seen: now, zipped: k.zipped, fresh: true, unseen: true}
	if w.baseOf(k.now) == k.path {
		next.path = k.path // what was rotated stays with the name it had
	}
	is := w.facts([]*known{k})[0]
	w.lastID++
	var unread int64
	next.f, unread = w.engine.replace(k.f, fresh{
		is: next.checkpoint(), now: next.now, size: is.size, modified: is.modified, zipped: next.zipped, held: schedule.UntilLook,
	}, w.lastID, w.o.AfterTruncation, now)
	if next.f == nil {
		return k // a reader has it, and the next look finds the same
	}
	lost := int64(0)
	if seen {
		lost = unread
	}
	w.o.Events.Truncated(lost)
	w.o.Logger.Debug("A file's content was replaced", zap.String("path", k.now), zap.Int64("offset", is.read.Offset), zap.Int64("unread", lost))
	k.retired, k.now, k.gone = w.lastID, "", now
	w.retired = append(w.retired, k)
	w.dropRetired(k.path)
	w.files[k.id] = next
	w.join(next)
	return next
}

// rename gives a file of which nothing was read the name that a new one would get.
func (w *watch) rename(k *known, path string) {
	w.leave(k)
	k.path = path
	if base := w.baseOf(path); w.names[base] != nil {
		k.path = base
	}
	w.join(k)
	w.engine.rename(k.f, k.path)
}

// recognise finds out whether the new content of a known identity is a copy of what was read elsewhere.
func (w *watch) recognise(one files.Found, now time.Time) *known {
	old, original := w.continued(one), w.original(one)
	k := w.files[one.ID]
	if k == nil {
		return nil
	}
	switch is := w.facts([]*known{k})[0]; {
	case is.reading || is.read.Offset > 0:
	case old != nil:
		return w.becomes(old, one, now)
	case original != nil && original != k:
		w.mayBeCopy(k, original, now)
	}
	return nil
}

// mayBeCopy has a file wait until it is known whether it is a copy of another.
func (w *watch) mayBeCopy(k, original *known, now time.Time) {
	k.copyOf, k.heldUntil, k.unseen = original, now.Add(copyTime), false
	w.engine.hold(k.f, schedule.MaybeCopy, original.f, now)
}

// discover begins with a file that was not known.
func (w *watch) discover(one files.Found, joined map[string]int, now time.Time) *known {
	if old := w.continued(one); old != nil {
		return w.becomes(old, one, now)
	}
	k := &known{
		id: one.ID, path: one.Path, now: one.Path, seen: now, zipped: w.o.archive(one.Path),
		unseen: true, // what it was rotated from may only be seen by the next look
	}
	novel := !w.introduced[one.Pattern] && !w.included[one.Pattern] // it may be there for long
	base := w.baseOf(one.Path)
	known := w.names[base] != nil && w.mayJoin(base, joined)
	if known && !novel {
		k.path = base // it was rotated before it was seen under its own name
	}
	n := fresh{is: k.checkpoint(), now: one.Path, size: one.Size, modified: one.Modified, zipped: k.zipped, held: schedule.UntilLook}
	if known {
		k.copyOf = w.original(one)
	}
	switch {
	case k.copyOf != nil:
		k.heldUntil, k.unseen = now.Add(copyTime), false
		n.held, n.copyOf = schedule.MaybeCopy, k.copyOf.f
	case w.o.FromEnd && novel && !k.zipped:
		n.is.Offset = one.Size
	}
	w.o.Logger.Debug("A file was found", zap.String("path", one.Path), zap.String("as", k.path), zap.Int64("bytes", one.Size),
		zap.Int64("offset", n.is.Offset), zap.Stringer("held", n.held))
	k.f = w.engine.opened(n, now)
	w.files[k.id] = k
	w.join(k)
	return k
}

// becomes has a file of old content go on under an identity.
func (w *watch) becomes(old *known, one files.Found, now time.Time) *known {
	var over *file
	if here := w.files[one.ID]; here != nil {
		over = here.f
		w.drop(here)
	}
	w.drop(old)
	old.id, old.retired, old.now, old.gone, old.seen = one.ID, 0, one.Path, time.Time{}, now
	old.zipped = w.o.archive(one.Path)
	w.join(old)
	w.files[one.ID] = old
	w.engine.move(old.f, over, one.ID, fresh{now: one.Path, size: one.Size, modified: one.Modified, zipped: old.zipped}, now)
	w.o.Logger.Info("A file goes on where its content was read under another identity", zap.String("path", one.Path))
	return old
}

// missing deals with files whose names are not among those that were found.
func (w *watch) missing(present map[*known]bool, now time.Time) {
	var lost []*known
	for _, k := range w.files {
		if !present[k] {
			lost = append(lost, k)
		}
	}
	folders := map[string]map[files.ID]string{}
	for _, k := range lost {
		if k.unseen { // what else is new was looked at
			k.unseen = false
			w.engine.release(k.f, schedule.UntilLook, now)
		}
		path := k.now
		if path == "" {
			path = k.path
		}
		is, still := w.sameFile(path, k.id)
		if still { // excluded, or too old, or not the newest
			w.engine.resized(k.f, is)
			continue
		}
		elsewhere := ""
		if k.gone.IsZero() { // once
			folder := filepath.Dir(path)
			if folders[folder] == nil {
				folders[folder] = w.o.Finder.Folder(folder)
			}
			if elsewhere = folders[folder][k.id]; elsewhere != "" {
				is, _ = w.o.Finder.Look(elsewhere)
			}
		}
		w.away(k, is, elsewhere, now)
	}
	for _, k := range slices.Clone(w.retired) {
		if now.Sub(k.seen) <= memory {
			continue
		}
		if is := w.facts([]*known{k})[0]; is.pending == 0 && !is.reading {
			w.forget(k)
		}
	}
}

// away is a file that no pattern names now.
func (w *watch) away(k *known, found files.Found, elsewhere string, now time.Time) {
	is := w.facts([]*known{k})[0]
	if k.gone.IsZero() {
		k.gone = now
		if k.now != "" {
			w.o.Events.Rotated()
		}
		if is.read.Offset == 0 && w.o.Finder.Matches(elsewhere) {
			elsewhere = "" // another file may have its identity now: the next look tells which
		}
		k.now = elsewhere
		w.engine.away(k.f, elsewhere, found, now)
	}
	is = w.engine.inspect(k.f)
	k.readable = is.readable
	if is.reading {
		return
	}
	linked := is.open && is.linked || !is.open && elsewhere != ""
	unread := is.unread
	if is.open && !is.linked && w.o.ReleaseDeleted && unread > 0 && is.full {
		w.o.Events.Released(unread)
		w.o.Logger.Warn("A deleted file was closed though it was not read to its end, since its lines cannot be delivered for now",
			zap.String("path", k.path), zap.Int64("bytes", unread))
		w.engine.leave(k.f, true, now)
		unread, k.released, k.readable = 0, true, false
		k.now = ""
	}
	done := unread == 0 || !is.readable
	switch {
	case is.pending > 0 || !done:
	case k.released, is.open && !linked: // deleted
		w.forget(k)
	case now.Sub(k.gone) > afterlife && (is.modified.After(now) || now.Sub(is.modified) > afterlife):
		w.engine.leave(k.f, false, now)
		k.now, k.readable = "", false
		if now.Sub(k.seen) > memory {
			w.forget(k)
		}
	}
}

// sameFile reports whether a path still is a file's.
func (w *watch) sameFile(path string, id files.ID) (files.Found, bool) {
	one, err := w.o.Finder.Look(path)
	return one, err == nil && one.ID == id
}

// glance looks at paths that were written to.
func (w *watch) glance(paths []string, now time.Time) {
	for _, path := range paths {
		one, err := w.o.Finder.Look(path)
		if err != nil {
			continue // a complete look follows
		}
		if k := w.files[one.ID]; k != nil {
			// Size and time may be as they were, if the content was replaced by as much within one tick of the clock.
			w.saw([]*known{k}, []files.Found{one}, true, now)
		}
	}
}

// remove removes files that were delivered to their end.
func (w *watch) remove(found []files.Found, now time.Time) {
	newest := map[int]files.Found{}
	found = append(found[:len(found):len(found)], w.passed(found)...)
	for _, one := range found {
		if best, ok := newest[one.Pattern]; !ok || one.Modified.After(best.Modified) {
			newest[one.Pattern] = one
		}
	}
	for _, one := range found {
		if !w.o.Remove && one.Pattern >= 0 && newest[one.Pattern].Path == one.Path {
			continue
		}
		k := w.files[one.ID]
		if k == nil || !k.heldUntil.IsZero() || !now.After(k.keptUntil) {
			continue
		}
		if is := w.facts([]*known{k})[0]; is.delivered() && !is.queued && is.size > 0 && now.Sub(is.modified) > quiet {
			w.removeOne(k, one, now)
		}
	}
}

// delivered reports whether all of a file is.
func (is facts) delivered() bool { return !is.reading && is.pending == 0 && is.lag == 0 }

// removeOne removes a file, unless somebody has it open for writing or has changed it.
func (w *watch) removeOne(k *known, one files.Found, now time.Time) {
	err := w.o.Finder.Remove(one.Path, one.ID, func(now files.Info) bool {
		is := w.facts([]*known{k})[0]
		return is.delivered() && now.Size == is.size && now.Modified.Equal(is.modified)
	})
	k.keptUntil = now.Add(removePause)
	switch {
	case errors.Is(err, safepath.ErrInUse), errors.Is(err, safepath.ErrChanged), errors.Is(err, fs.ErrNotExist):
		w.o.Logger.Debug("A file that was delivered is not removed for now", zap.String("path", one.Path), zap.Error(err))
	case err != nil:
		w.engine.keptFile(k.f, one.Path, err)
	default:
		w.engine.keptFile(k.f, one.Path, nil)
		w.o.Logger.Info("A file was removed after it was delivered", zap.String("path", one.Path))
	}
}

// passed are files that were read when they were the newest, and no longer are. None of them is found.
func (w *watch) passed(found []files.Found) (all []files.Found) {
	if !w.o.Finder.NewestOnly {
		return nil
	}
	present := make(map[files.ID]bool, len(found))
	for _, one := range found {
		present[one.ID] = true
	}
	for id, k := range w.files {
		if !present[id] && k.now != "" && w.o.Finder.Matches(k.now) {
			all = append(all, files.Found{Path: k.now, ID: id, Pattern: -1}) // no pattern's newest
		}
	}
	return all
}
