package tail

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/inventory"
)

const (
	// afterlife is how long a file that was renamed to a name nobody asked for is read, after it was written to last.
	afterlife = time.Minute
	// memory is how long the checkpoint of a file is kept that is no longer there.
	memory = 24 * time.Hour
	// mostArchives is how many archives of a folder are looked at for the rest of a file that is gone.
	mostArchives = 8
)

// locate finds out where known files are that were not found. It returns those that were passed over by newer ones and are read to
// their ends, and files beside those that are gone, which may be their archives.
func (w *watch) locate(found []files.Found, now time.Time) (passed, beside []files.Found) {
	w.number++
	for i := range found {
		if k := w.files[found[i].ID]; k != nil {
			k.look = w.number
		}
	}
	folders := map[string]map[files.ID]string{}
	list := func(folder string) map[files.ID]string {
		if folders[folder] == nil {
			folders[folder] = w.o.Finder.Folder(folder)
		}
		return folders[folder]
	}
	var gone []*known
	for _, k := range w.files {
		if k.look == w.number {
			continue
		}
		if k.differs { // its new content has no name, either
			if k = w.replace(k, k.path, false, "what was read is not there any more", now); k == nil {
				continue
			}
		}
		if one, is := w.away(k, list, now); is {
			passed = append(passed, one)
		}
		if k.place == inventory.Gone && !k.sought && !w.facts(k).open {
			gone = append(gone, k)
		}
	}
	for _, k := range w.retired {
		if !k.sought {
			gone = append(gone, k)
		}
	}
	for _, k := range gone {
		k.sought = true
	}
	if len(gone) > 0 && w.o.Identity == inventory.ByContent {
		present := make(map[files.ID]bool, len(found))
		for i := range found {
			present[found[i].ID] = true
		}
		beside = w.archives(gone, list, present)
	}
	return passed, beside
}

// away finds out where one file is that was not found, and reports whether it was passed over.
func (w *watch) away(k *known, list func(folder string) map[files.ID]string, now time.Time) (one files.Found, passed bool) {
	path := cmp.Or(k.now, k.was)
	one, err := w.o.Finder.Look(path)
	still := err == nil && one.ID == k.id
	switch {
	case still: // excluded, or too old, or not the newest
		if w.o.Finder.NewestOnly && w.o.Finder.Matches(path) {
			return one, true
		}
		k.now = path
		w.engine.resized(k.f, one)
	case k.place == inventory.Gone:
		return one, false
	default:
		elsewhere := list(filepath.Dir(path))[k.id]
		wanted := w.o.Finder.Matches(elsewhere) && !w.o.Finder.NewestOnly // then it is found, or passed over
		if elsewhere != "" && w.facts(k).read.Offset == 0 && (wanted || !inventory.Extends(elsewhere, k.path)) {
			elsewhere = "" // another file may have its identity now: the next look tells which, if it is wanted
		}
		if elsewhere != "" {
			if one, err = w.o.Finder.Look(elsewhere); err != nil || one.ID != k.id || !k.zipped && one.Size < w.facts(k).read.Offset {
				elsewhere = "" // it is another file with its inode
			}
		}
		if k.now != "" {
			w.o.Events.Rotated()
		}
		k.was, k.since, k.sought = path, now, false
		k.now, k.place = elsewhere, inventory.Gone
		if elsewhere != "" {
			k.place, k.why = inventory.Aside, "renamed from "+path
		}
		w.engine.away(k.f, elsewhere, k.why, one, now)
		return one, false
	}
	if k.place == inventory.Here {
		k.place, k.since, k.was = inventory.Aside, now, path
	}
	k.seen = now
	return one, false
}

// archives are files beside some that are gone which may be their archives.
func (w *watch) archives(gone []*known, list func(folder string) map[files.ID]string, present map[files.ID]bool) (all []files.Found) {
	of := map[string]int{} // how many were found, by path
	for _, k := range gone {
		of[k.path] = 0
	}
	looked := map[string]bool{}
	for _, k := range gone {
		folder := filepath.Dir(k.was)
		if looked[folder] {
			continue
		}
		looked[folder] = true
		for id, path := range list(folder) {
			if k := w.files[id]; inventory.Plain(path) == path || present[id] || k != nil && k.place != inventory.Gone {
				continue
			}
			for _, base := range inventory.Bases(path) {
				if n, ok := of[base]; ok && n < mostArchives {
					if one, err := w.o.Finder.Look(path); err == nil && one.ID == id {
						of[base]++
						all = append(all, one)
					}
					break
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b files.Found) int { return b.Modified.Compare(a.Modified) })
	return all
}

// tidy does what is to be done with files that are not here, once it was decided what goes on elsewhere.
func (w *watch) tidy(now time.Time) {
	var unknown []string
	for _, k := range w.files {
		if k.place == inventory.Here {
			continue
		}
		if w.leaves(k, now) && now.Equal(k.since) && k.place == inventory.Gone {
			if lost := w.lost(k, now); lost == 0 {
				unknown = append(unknown, k.path)
			}
		}
	}
	if len(unknown) > 0 && w.looks.Load() == 0 { // while the collector runs, all of a file was seen
		slices.Sort(unknown)
		w.o.Logger.Info("Files are gone that were read: what was written to them since they were seen last is not read, if it is not in an archive beside them",
			zap.Int("files", len(unknown)), zap.String("such_as", unknown[0]))
	}
	for _, k := range slices.Clone(w.retired) {
		if now.Sub(k.seen) <= memory {
			continue
		}
		if is := w.facts(k); is.pending == 0 && !is.reading {
			w.forget(k)
		}
	}
}

// lost tells what is known not to have been read of a file that is gone, in bytes.
func (w *watch) lost(k *known, now time.Time) int64 {
	is := w.facts(k)
	if is.unread == 0 || is.readable {
		return 0
	}
	w.o.Events.Released(is.unread)
	w.o.Logger.Warn("A file is gone that was not read to its end, and nothing beside it is its archive: what was not read is lost",
		zap.String("path", k.path), zap.Int64("bytes", is.unread))
	w.engine.leave(k.f, true, now)
	return is.unread
}

// leaves closes and forgets a file that no pattern names when all of it is delivered. It reports whether there is nothing to read
// it from.
func (w *watch) leaves(k *known, now time.Time) (unreadable bool) {
	is := w.engine.inspect(k.f)
	k.readable = is.readable
	if is.reading {
		return false
	}
	unread := is.unread
	if is.open && !is.linked && w.o.ReleaseDeleted && unread > 0 && is.full {
		w.o.Events.Released(unread)
		w.o.Logger.Warn("A deleted file was closed though it was not read to its end, since its lines cannot be delivered for now",
			zap.String("path", k.path), zap.Int64("bytes", unread))
		w.engine.leave(k.f, true, now)
		unread, k.released, k.readable = 0, true, false
	}
	over := now.Sub(k.since) > afterlife && (is.modified.After(now) || now.Sub(is.modified) > afterlife)
	done := unread == 0 || !is.readable
	switch {
	case is.pending > 0 || !done:
	case k.released, is.open && !is.linked && k.place == inventory.Gone: // deleted
		if k.released || !w.lingers(k, is, now) {
			w.forget(k)
		}
		return false
	case k.place == inventory.Aside && k.readable && over && !w.o.Finder.Matches(k.now):
		w.engine.leave(k.f, false, now) // where it is, is still looked after
		k.readable = false
	case k.place == inventory.Gone && is.open && over:
		w.engine.leave(k.f, false, now)
		k.readable = false
	case k.place == inventory.Gone && now.Sub(k.seen) > memory:
		w.forget(k)
		return false
	}
	return !k.readable
}

const (
	// growTime is for how long a deleted file is read that its program has open, after it was written to last; and quietWriteTime where it
	// is not known whether one has.
	growTime       = time.Minute
	quietWriteTime = 5 * time.Second
	// maxDeleted is how many of them are kept open.
	maxDeleted = 64
)

// lingers reports whether a deleted file, of which all is read, is kept open for what its program may yet write to it.
func (w *watch) lingers(k *known, is facts, now time.Time) bool {
	if is.ownerless {
		return false
	}
	last := k.since
	if is.lastRead.After(last) {
		last = is.lastRead
	}
	wait := growTime
	if !is.writer {
		wait = quietWriteTime
	}
	deleted := 0
	for _, o := range w.files {
		if o.place == inventory.Gone && o.readable {
			deleted++
		}
	}
	if now.Sub(last) < wait && deleted <= maxDeleted {
		return true
	}
	if is.writer {
		w.o.Logger.Warn("A deleted file that its program has open is closed, since it was not written to for a minute or there are too many: what is written to it from now on is lost. Let the program open its file again after a rotation",
			zap.String("path", k.path))
		w.o.Events.Abandoned()
	}
	return false
}
