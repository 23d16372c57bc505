package tail

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/inventory"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/schedule"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
)

// waitTold is after what time it is told that a file waits to be told from another one.
const waitTold = time.Minute

// look finds out what there is, has the inventory decide what it is, and returns it, unless ctx ends.
func (w *watch) look(ctx context.Context, now time.Time) (found []files.Found, ok bool) {
	looked := w.looker.Look(ctx, now)
	if ctx.Err() != nil {
		return nil, false
	}
	defer w.looks.Add(1)
	w.o.Events.Looked(errors.Join(w.troubles.late(w.o.Logger, looked, now), w.engine.hangs(now)))
	w.engine.bad(looked.Problems)

	found = w.withoutLeftOut(looked.Found)
	passed, beside := w.locate(found, now)
	found = append(found[:len(found):len(found)], passed...)
	all, is := w.snapshot()
	decisions := inventory.Decide(is, found, &prober{ctx, w.opener, w.o.Compression, now.Add(discoverTime)}, inventory.Options{
		Now: now, HeadBytes: w.o.HeadBytes, Identity: w.o.Identity, FromEnd: w.o.FromEnd, LeaveArchives: w.o.Compression == source.Plain, Beside: beside, Moved: w.moved,
		Novel: func(one files.Found) bool { return !w.introduced[one.Pattern] && !w.included[one.Pattern] },
	})
	if ctx.Err() != nil {
		return nil, false
	}
	w.unfinished = false
	w.apply(append(found[:len(found):len(found)], beside...), len(found), decisions, all, now)
	if !w.unfinished {
		copy(w.introduced, looked.Passed)
	}
	w.tidy(now)
	w.engine.tellUnfinished(now)
	if w.o.Remove || w.o.RemoveOld {
		w.remove(looked.Found, now)
	}
	return looked.Found, true
}

// withoutLeftOut are the files that were found, without those that are not read and have not changed.
func (w *watch) withoutLeftOut(found []files.Found) []files.Found {
	if len(w.leftOut) == 0 {
		return found
	}
	var rest []files.Found
	still := make(map[files.ID]files.Found, len(w.leftOut))
	for _, one := range found {
		if was, ok := w.leftOut[one.ID]; ok && was.Size == one.Size && was.Modified.Equal(one.Modified) {
			still[one.ID] = was
			continue
		}
		rest = append(rest, one)
	}
	w.leftOut = still
	return rest
}

// snapshot is what is known now, as the inventory needs it.
func (w *watch) snapshot() (all []*known, is []inventory.Known) {
	all = make([]*known, 0, len(w.files)+len(w.retired)+len(w.imports))
	for _, k := range w.files {
		all = append(all, k)
	}
	all = append(append(all, w.retired...), w.imports...)
	handles := make([]*file, len(all))
	for i, k := range all {
		handles[i] = k.f
	}
	is = make([]inventory.Known, len(all))
	for i, f := range w.engine.facts(handles...) {
		k := all[i]
		is[i] = inventory.Known{
			ID: k.id, Path: k.path, Now: k.now, Was: k.was, Place: k.place, Since: k.since, Head: f.head,
			Read: inventory.Position{Offset: f.read.Offset, Tail: f.read.Tail}, Acked: inventory.Position{Offset: f.acked.Offset, Tail: f.acked.Tail},
			Size: f.size, Modified: f.modified, Touched: f.lastRead, Archive: k.zipped, Moving: f.reading, Unjudged: k.unjudged && f.read.Offset == 0,
			Waits: k.waits, Differs: k.differs,
		}
	}
	return all, is
}

// apply does what was decided of files, of which the first own were found by a pattern.
func (w *watch) apply(found []files.Found, own int, decisions []inventory.Decision, all []*known, now time.Time) {
	of := func(i int) *known {
		if i < 0 {
			return nil
		}
		return all[i]
	}
	for i, d := range decisions { // first what is gone from where it was: it may go on elsewhere
		if k := of(d.Displaced); k != nil && k.retired == 0 && w.files[k.id] == k {
			w.displaced(k, found[i], d, now)
		}
	}
	begun := map[*known]bool{} // new contents: they are held until the next look
	for i, d := range decisions {
		if k := of(d.Displaced); k != nil && w.files[found[i].ID] != k {
			begun[w.files[found[i].ID]] = true
		}
	}
	w.deliverRests(decisions, all) // before the new content, which is held
	var old []*known
	var seen []files.Found
	for i, d := range decisions {
		one := found[i]
		here := w.files[one.ID]
		if here != nil && here.differs {
			continue // a reader has it, and the next look finds the same
		}
		switch {
		case d.Kind == inventory.Later:
			w.unfinished = true
			continue
		case d.Kind == inventory.LeftOut:
			if i < own {
				w.leave(here, one, d)
			}
			continue
		case d.Kind == inventory.Copy:
			here = w.copied(here, of(d.Of), one, d, now)
		case d.Of >= 0 && of(d.Of) != here:
			w.becomes(of(d.Of), here, one, d, now)
			continue
		case here == nil:
			w.begins(one, d, now)
			continue
		case begun[here]:
			continue
		}
		if here != nil {
			w.judged(here, one, d, now)
			old, seen = append(old, here), append(seen, one)
		}
	}
	w.saw(old, seen, false, now)
}

// deliverRests delivers what was read, and had no end, of contents that were replaced, and go on nowhere by what was decided.
func (w *watch) deliverRests(decisions []inventory.Decision, all []*known) {
	var continued map[*known]bool
	for _, k := range w.retired {
		if !k.rest {
			continue
		}
		if continued == nil {
			continued = map[*known]bool{}
			for _, d := range decisions {
				if d.Of >= 0 {
					continued[all[d.Of]] = true
				}
			}
		}
		if !continued[k] {
			k.rest = false
			w.engine.deliverRest(k.f)
		}
	}
}

// judged takes in that it is known what a file is whose content was not looked at.
func (w *watch) judged(k *known, one files.Found, d inventory.Decision, now time.Time) {
	if d.Wait || d.Kind == inventory.Copy || one.Size == 0 {
		return
	}
	if k.unjudged {
		w.engine.release(k.f, now)
	}
	if !k.waits.IsZero() {
		w.o.Logger.Debug("A file is told from the one that it may have been a copy of", zap.String("path", one.Path), zap.String("reason", d.Reason))
	}
	k.unjudged, k.waits, k.told = false, time.Time{}, false
}

// displaced takes in that a file's content is gone from its identity.
func (w *watch) displaced(k *known, one files.Found, d inventory.Decision, now time.Time) {
	if w.facts(k).read.Offset == 0 {
		if d.Of < 0 || d.Kind == inventory.Copy {
			w.rename(k, one.Path, d.Reason)
		}
		return
	}
	k.now = one.Path
	path := one.Path
	if d.Kind == inventory.Replaced {
		path = d.Path
	}
	w.replace(k, path, !k.differs, d.Reason, now)
}

// replace takes in that a file's content was replaced. The new one is held until the next look: a copy of the old one may come
// first. seen says that a look has seen it, and no reader. It returns nil where a reader has the file.
func (w *watch) replace(k *known, path string, seen bool, reason string, now time.Time) *known {
	next := &known{id: k.id, path: path, now: k.now, seen: now, why: reason, zipped: k.zipped, unjudged: true, again: true}
	is := w.facts(k)
	var unread int64
	next.f, unread = w.engine.replace(k.f, fresh{
		is: next.checkpoint(), now: next.now, size: is.size, modified: is.modified, zipped: next.zipped, held: schedule.UntilLook,
	}, w.lastID+1, w.o.AfterTruncation, now)
	if next.f == nil {
		k.differs, k.again = true, true
		return nil
	}
	w.lastID++
	lost := int64(0)
	if seen {
		lost = unread
	}
	w.o.Events.Truncated(lost)
	w.o.Logger.Debug("A file's content was replaced", zap.String("path", k.now), zap.Int64("offset", is.read.Offset), zap.Int64("unread", lost))
	k.retired, k.place, k.since, k.was, k.now, k.differs, k.sought = w.lastID, inventory.Retired, now, k.now, "", false, false
	k.rest = true
	w.retired = append(w.retired, k)
	w.dropRetired(k.path)
	w.files[k.id] = next
	return next
}

// rename gives a file of which nothing was read the name that a new one would get.
func (w *watch) rename(k *known, path, reason string) {
	if k.path == path {
		return
	}
	k.path, k.why = path, reason
	w.engine.rename(k.f, path)
}

// begins begins with a file that was not known.
func (w *watch) begins(one files.Found, d inventory.Decision, now time.Time) *known {
	k := &known{
		id: one.ID, path: d.Path, now: one.Path, seen: now, why: d.Reason, zipped: d.Archive || w.o.archive(one.Path), unjudged: one.Size == 0,
	}
	n := fresh{is: k.checkpoint(), now: one.Path, size: one.Size, modified: one.Modified, zipped: k.zipped}
	n.is.Offset, n.is.Tail, n.is.Head = d.At.Offset, d.At.Tail, d.Head
	switch {
	case d.Wait:
		k.unjudged, k.waits, k.size = true, now, one.Size
		n.held, n.saved = schedule.MaybeCopy, true // it is decided again by the next run
	case k.unjudged:
		n.held = schedule.Unjudged
	case len(w.moved) > 0: // what it was rotated from may only be seen by the next look
		k.again = true
		n.held = schedule.UntilLook
	}
	w.o.Logger.Debug("A file was found", zap.String("path", one.Path), zap.String("as", k.path), zap.Int64("bytes", one.Size),
		zap.Int64("offset", n.is.Offset), zap.Stringer("held", n.held), zap.Stringer("is", d.Kind), zap.String("reason", d.Reason))
	k.f = w.engine.opened(n, now)
	w.files[k.id] = k
	return k
}

// copied has a copy wait, or go on where its original is known.
func (w *watch) copied(here, original *known, one files.Found, d inventory.Decision, now time.Time) *known {
	if !d.Wait {
		if here != nil {
			if d.Displaced < 0 {
				d.Path = here.path
			}
			w.forget(here)
		}
		w.o.Logger.Info("A file is a copy of another: what is known of that one is not sent again", zap.String("path", one.Path), zap.String("of", original.now),
			zap.Int64("offset", d.At.Offset))
		w.begins(one, d, now)
		return nil
	}
	switch {
	case here == nil:
		w.begins(one, d, now)
		return nil
	case here.waits.IsZero():
		here.waits, here.size = now, one.Size
	case here.size != one.Size:
		here.waits, here.size = now, one.Size
	case !here.told && now.Sub(here.waits) > waitTold:
		here.told = true
		w.o.Logger.Info("A file waits to be told from the one that it may be a copy of", zap.String("path", one.Path), zap.String("reason", d.Reason))
	}
	here.unjudged = true
	w.engine.hold(here.f, schedule.MaybeCopy, now)
	return here
}

// becomes has a file of old content go on under an identity, where another one is forgotten.
func (w *watch) becomes(old, here *known, one files.Found, d inventory.Decision, now time.Time) {
	var over *file
	if here != nil {
		over = here.f
		w.drop(here)
	}
	w.drop(old)
	was := old.was
	old.id, old.retired, old.now, old.seen, old.why = one.ID, 0, one.Path, now, d.Reason
	old.place, old.since, old.differs, old.unjudged, old.waits, old.again = inventory.Here, time.Time{}, false, false, time.Time{}, true
	old.zipped = d.Archive || w.o.archive(one.Path)
	w.files[one.ID] = old
	w.engine.move(old.f, over, one.ID, fresh{is: old.checkpoint(), now: one.Path, size: one.Size, modified: one.Modified, zipped: old.zipped}, now)
	w.o.Events.Rotated()
	w.o.Logger.Info("A file goes on where its content was read under another identity", zap.String("path", one.Path), zap.String("was", was), zap.String("reason", d.Reason))
}

// leave leaves out an archive that nobody asked for.
func (w *watch) leave(here *known, one files.Found, d inventory.Decision) {
	if here != nil {
		w.forget(here)
	}
	w.leftOut[one.ID] = one
	w.o.Events.Unusual(one.Path, Unusual{LeftOut: source.Gzip})
	w.o.Logger.Debug("A file is left out", zap.String("path", one.Path), zap.String("reason", d.Reason))
}

// saw takes in how known files are now. wrote says that they were written to, though neither size nor time may tell.
func (w *watch) saw(all []*known, found []files.Found, wrote bool, now time.Time) {
	sightings := make([]sighting, len(all))
	for i, k := range all {
		one := found[i]
		if k.now != one.Path && k.now != "" {
			k.why = "renamed from " + k.now
			w.o.Events.Rotated()
			w.o.Logger.Debug("A file was renamed", zap.String("from", k.now), zap.String("to", one.Path))
		}
		moved := k.now != one.Path
		k.seen, k.place, k.since, k.again, k.now, k.was = now, inventory.Here, time.Time{}, false, one.Path, one.Path
		sightings[i] = sighting{
			file: k.f, path: one.Path, size: one.Size, modified: one.Modified, seen: one.Seen, zipped: k.zipped, wrote: wrote, moved: moved, why: k.why,
		}
	}
	for i, sight := range w.engine.saw(sightings, now) {
		all[i].again = all[i].again || sight != sightTaken
	}
}

// glance looks at paths that were written to.
func (w *watch) glance(paths []string, now time.Time) {
	for _, path := range paths {
		one, err := w.o.Finder.Look(path)
		if err != nil {
			continue // a complete look follows
		}
		k := w.files[one.ID]
		switch {
		case k == nil:
		case k.now != one.Path || k.unjudged || k.differs:
			k.again = true // it is for a look
		default:
			// Size and time may be as they were, if the content was replaced by as much within one tick of the clock.
			w.saw([]*known{k}, []files.Found{one}, true, now)
		}
	}
}

// dropRetired forgets the oldest contents that are gone of a name, where there are many and nothing of them is on its way.
func (w *watch) dropRetired(path string) {
	var idle []*known
	for _, k := range w.retired {
		if k.path != path {
			continue
		}
		if is := w.facts(k); is.pending == 0 && !is.reading && (is.unread == 0 || !is.open) {
			idle = append(idle, k)
		}
	}
	for len(idle) > mostRetired {
		w.forget(idle[0])
		idle = idle[1:]
	}
}

// mostRetired is how many contents that are gone are remembered of one name, once they are delivered.
const mostRetired = 16
