package tail

import (
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/flow"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/schedule"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

// What follows is how the watch talks to the engine. A file is a handle to it, and facts are a copy. Each call waits until the
// engine has done it; what cannot be done because a reader has the file is refused, and asked for again after the next look.

// facts are what the engine knows of a file at one moment. While a reader has it, read is what is delivered.
type facts struct {
	read, acked     flow.Position
	head            checkpoints.Mark
	size            int64
	modified        time.Time
	lastRead        time.Time
	unread, lag     int64
	pending         int  // chunks in flight
	full            bool // no more of it may be in flight for now
	reading, queued bool
	open, linked    bool // linked: what is open has a name
	// ownerless says that nobody can write to what is open any more, and writer that somebody can. Neither: it is not known.
	ownerless, writer bool
	readable, failed  bool // failed: it cannot be read
}

func (e *engine) factsOf(f *file) facts {
	is := facts{
		size: f.Size, modified: f.Modified, lastRead: f.LastRead, unread: f.Unread(), lag: f.Lag(),
		pending: f.Delivery.Pending, full: f.Delivery.InFlight >= f.Delivery.Window, reading: f.State() == schedule.Reading, queued: f.State() == schedule.Queued,
		open: f.Open, linked: !f.Unlinked, readable: f.Readable(), failed: f.Problem != "",
	}
	if is.reading { // what it is by now is its reader's
		is.read, is.head = f.flow.Delivered()
	} else {
		is.read, is.head = f.text.pos, f.text.head
	}
	if is.acked = is.read; is.pending > 0 {
		is.acked, _ = f.flow.Delivered()
	}
	return is
}

// facts are those of some files, at one moment.
func (e *engine) facts(of ...*file) []facts {
	all := make([]facts, len(of))
	e.do(func() {
		for i, f := range of {
			all[i] = e.factsOf(f)
		}
	})
	return all
}

// sighting is what a look has found of a known file.
type sighting struct {
	file     *file
	path     string
	size     int64
	modified time.Time
	seen     time.Time // when it was looked at
	zipped   bool
	// wrote says that it was written to, though neither size nor time may tell.
	wrote bool
	// moved says that it has another name than before, and why is what is noted of it.
	moved bool
	why   string
}

// sight is what became of a sighting.
type sight int

const (
	sightTaken sight = iota
	// sightStale says that the file was read after it was looked at: it is held until the next look.
	sightStale
	// sightShorter says that the file is shorter than what was read of it: its content was replaced.
	sightShorter
)

// saw takes in what a look has found of known files.
func (e *engine) saw(all []sighting, now time.Time) []sight {
	sights := make([]sight, len(all))
	e.do(func() {
		seen := make([]*flow.File, len(all))
		for i, s := range all {
			seen[i] = s.file.flow
			sights[i] = e.sawOne(s, now)
		}
		e.flow.Saw(now, seen)
	})
	return sights
}

func (e *engine) sawOne(s sighting, now time.Time) sight {
	f, reading := s.file, s.file.State() == schedule.Reading
	f.Gone, f.Unlinked, f.Name, f.Zipped = time.Time{}, false, s.path, s.zipped
	e.schedule.Settle(&f.File, now)
	if !f.Zipped && s.size < f.Read && s.seen.Before(f.LastRead) { // it was read after it was looked at
		e.schedule.Hold(&f.File, schedule.UntilLook, now)
		return sightStale
	}
	e.schedule.Release(&f.File, schedule.UntilLook, now)
	if why, _ := f.Held(); why == schedule.Unjudged {
		e.schedule.Hold(&f.File, why, now)
	}
	changed := f.Size != s.size || !f.Modified.Equal(s.modified)
	if !f.Zipped && s.size < f.Read && !reading {
		f.Modified = s.modified // its size tells later what was lost
		return sightShorter
	}
	f.Size, f.Modified = s.size, s.modified
	why, _ := f.Held()
	f.Changed = (f.Changed || changed || s.wrote) && why != schedule.Unjudged // there is nothing to look at
	e.lags(f, now)
	if s.moved {
		f.flow.Change(func(c *checkpoints.Checkpoint) { c.Now, c.Why = nowOf(s.path, c.Path), s.why })
	}
	return sightTaken
}

// nowOf is what a checkpoint says of where a file is.
func nowOf(now, path string) string {
	if now == path {
		return ""
	}
	return now
}

// lags notes since when something is not delivered.
func (e *engine) lags(f *file, now time.Time) {
	if f.behind.IsZero() && f.Lag() > 0 {
		f.behind = now
	}
}

// fresh is a file that the engine is to read.
type fresh struct {
	// is has its name, its identity, and where it begins.
	is       checkpoints.Checkpoint
	now      string // where it is; "": nowhere
	size     int64
	modified time.Time
	zipped   bool
	held     schedule.Reason
	saved    bool // the store has it
}

// opened takes in a file.
func (e *engine) opened(n fresh, now time.Time) *file {
	f := &file{id: files.ID{Device: n.is.Device, Inode: n.is.Inode}}
	e.do(func() { e.add(f, n, now) })
	return f
}

func (e *engine) add(f *file, n fresh, now time.Time) {
	f.Owner = f
	f.Path, f.Name, f.Retired, f.Zipped, f.Size, f.Modified, f.Changed = n.is.Path, n.now, n.is.Retired != 0, n.zipped, n.size, n.modified, n.now != "" && n.held != schedule.Unjudged
	f.Open, f.packed = f.text.source != nil, n.is.Archive
	f.text.pos, f.text.head = flow.PositionOf(n.is), n.is.Head
	f.Read = f.text.pos.Offset
	f.flow = e.flow.File(n.is, f)
	e.refresh(f)
	e.files[f] = struct{}{}
	e.schedule.Add(&f.File, now)
	if n.held != schedule.NotHeld {
		e.schedule.Hold(&f.File, n.held, now)
	}
	if !n.saved {
		f.flow.Change(func(*checkpoints.Checkpoint) {})
	}
	if n.now != "" {
		e.lags(f, now)
	}
}

// replacedFile is a file whose content was replaced by another.
func (e *engine) takeReplaced() (all []*file) {
	e.do(func() { all, e.replaced = e.replaced, nil })
	return all
}

// replace takes in that a file's content was replaced: the new one is another file under its identity, with the name n.is.Path,
// and the old one is kept under retired for who has a copy. lost is how much of the old one is known not to have been read. It
// returns nil where a reader has the file.
func (e *engine) replace(f *file, n fresh, retired uint64, toEnd bool, now time.Time) (next *file, lost int64) {
	e.do(func() {
		if f.State() == schedule.Reading {
			return
		}
		lost = max(0, f.Unread()-int64(len(f.text.rest)))
		f.Size = min(f.Size, f.Read)
		next = &file{id: f.id}
		if s := f.text.source; s != nil { // it is the same file: the new content goes on with it
			next.text.source, next.text.info, next.text.enc = s, f.text.info, f.text.enc
			next.place, f.place = f.place, nil
			next.place.Value = next
			f.text.source = nil
			if info, err := s.File().Stat(); err == nil {
				n.size, n.modified = info.Size(), info.ModTime()
			}
		}
		if toEnd {
			n.is.Offset = n.size
		}
		f.Name, f.Open, f.Gone, f.Retired = "", false, now, true
		e.schedule.Release(&f.File, schedule.Replaced, now)
		e.schedule.Settle(&f.File, now)
		f.flow.Change(func(c *checkpoints.Checkpoint) { c.Retired, c.Head = retired, f.text.head })
		e.add(next, n, now)
	})
	return next, lost
}

// move takes in that a file's content is now under another identity, and goes on there. There it takes the place of another file,
// which is forgotten, unless that is nil.
func (e *engine) move(f, over *file, id files.ID, n fresh, now time.Time) {
	e.do(func() {
		if over != nil {
			e.forget(over)
		}
		e.close(f)
		f.text.rest = nil // it is read where the file is now
		e.countRest(f)
		f.id, f.Retired, f.Name, f.Gone, f.Unlinked = id, false, n.now, time.Time{}, false
		f.Size, f.Modified, f.Changed, f.Zipped, f.Unfinished, f.packed = n.size, n.modified, true, n.zipped, time.Time{}, n.zipped
		e.schedule.Settle(&f.File, now)
		for _, why := range []schedule.Reason{schedule.UntilLook, schedule.MaybeCopy, schedule.Unjudged, schedule.Replaced} {
			e.schedule.Release(&f.File, why, now)
		}
		f.flow.Change(func(c *checkpoints.Checkpoint) {
			c.Device, c.Inode, c.Retired, c.Head, c.Seen, c.Now, c.Why, c.Archive = id.Device, id.Inode, 0, f.text.head, now, n.is.Now, n.is.Why, n.zipped
		})
		if f.Lag() > 0 {
			f.behind = now
		}
	})
}

// rename gives a file of which nothing was read another name for its lines.
func (e *engine) rename(f *file, path string) {
	e.do(func() {
		e.schedule.Rename(&f.File, path)
		f.flow.Change(func(c *checkpoints.Checkpoint) { c.Path, c.Now = path, "" })
	})
}

// hold has a file wait, and release lets it go on.
func (e *engine) hold(f *file, why schedule.Reason, now time.Time) {
	e.do(func() { e.schedule.Hold(&f.File, why, now) })
}

func (e *engine) release(f *file, now time.Time) {
	e.do(func() {
		f.Changed = true
		e.schedule.Release(&f.File, schedule.MaybeCopy, now)
		e.schedule.Release(&f.File, schedule.Unjudged, now)
	})
}

// away takes in that no pattern names a file any more; elsewhere is where else it is, as found has it.
func (e *engine) away(f *file, elsewhere, why string, found files.Found, now time.Time) {
	e.do(func() {
		f.flow.Change(func(c *checkpoints.Checkpoint) {
			if elsewhere != "" {
				c.Now, c.Why = nowOf(elsewhere, c.Path), why
			}
		})
		f.Gone, f.Name = now, elsewhere
		f.Changed = elsewhere != "" || f.Open
		if elsewhere != "" {
			f.Size, f.Modified = found.Size, found.Modified
		}
		e.schedule.Release(&f.File, schedule.UntilLook, now) // no look finds it any more
		e.schedule.Settle(&f.File, now)
	})
}

// inspect looks at a file through its descriptor, if it is open and no reader has it, and returns its facts.
func (e *engine) inspect(f *file) (is facts) {
	var ownerless, writer bool
	e.do(func() {
		if f.text.source != nil && f.State() != schedule.Reading {
			opened := f.text.source.File()
			f.Unlinked = !files.Linked(opened)
			if f.Unlinked { // before its size is asked for
				some, known := files.Writers(opened)
				ownerless, writer = known && !some, known && some
			}
			if info, err := opened.Stat(); err == nil && (info.Size() != f.Size || !info.ModTime().Equal(f.Modified)) {
				f.Size, f.Modified, f.Changed = info.Size(), info.ModTime(), true
			}
		}
		is = e.factsOf(f)
		is.ownerless, is.writer = ownerless, writer
	})
	return is
}

// resized takes in the size of a file that is read though no pattern names it.
func (e *engine) resized(f *file, found files.Found) {
	e.do(func() {
		if f.Open {
			f.Size, f.Modified = found.Size, found.Modified
		}
	})
}

// leave closes a file, which has no name from now on. What is not read of it is given up where giveUp says so.
func (e *engine) leave(f *file, giveUp bool, now time.Time) {
	e.do(func() {
		if f.State() == schedule.Reading {
			return
		}
		e.close(f)
		f.Name = ""
		if giveUp {
			f.Size = f.Read
		}
		e.schedule.Settle(&f.File, now)
	})
}

// removed forgets a file that nobody reads and of which nothing is in flight.
func (e *engine) removed(f *file) { e.do(func() { e.forget(f) }) }

func (e *engine) forget(f *file) {
	e.close(f)
	f.text.rest = nil
	e.countRest(f)
	delete(e.files, f)
	e.schedule.Remove(&f.File)
	f.flow.Forget()
}

// keptFile notes whether a file that was delivered could not be removed, and tells of it.
func (e *engine) keptFile(f *file, path string, err error) {
	e.do(func() {
		f.kept = err != nil
		e.troubles.report(path, err)
	})
}

// bad takes in which paths a look could not look at.
func (e *engine) bad(problems []files.Problem) {
	e.do(func() {
		e.troubles.reportAll(problems, func(yield func(string) bool) {
			for f := range e.files {
				if (f.Problem != "" || f.kept) && !yield(f.Name) {
					return
				}
			}
		})
	})
}
