package schedule

import (
	"slices"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
)

const (
	// finalTime is how long the rest of a file that nobody ends stays as it is before it is sent, and quietTime where somebody may have
	// it open though it was renamed.
	finalTime = time.Second
	quietTime = time.Minute
	// maxOlderWait is how long a file waits for an older one of its name that does not go on, such as one whose file system does
	// not answer. It is more than any pause between two looks.
	maxOlderWait = 30 * time.Second
	// maxHold is how long a file is held at most, whatever the reason: who holds one is to come to a decision before, or to hold it
	// again.
	maxHold = time.Minute
)

// Options of a Schedule.
type Options struct {
	// Chunk is how much is read at once, in bytes: so much is read at once.
	Chunk int64
	// Linger is how often a file is read whose news are less.
	Linger time.Duration
	// Flush is how long what has no end stays as it is before it is taken as whole.
	Flush records.Waits
	// Removes says that files are removed when all of them is delivered.
	Removes bool
	// Strict has one chunk of each file in flight.
	Strict bool
	// Illegal is told of transitions that are not allowed, Passed of files that go on before an older one of their name, which does
	// not, and Expired of files that were held for too long and are released.
	Illegal func(what string)
	Passed  func(f, older *File)
	Expired func(f *File, why Reason)
}

// Schedule says which file is read next.
type Schedule struct {
	o       Options
	files   map[*File]struct{}
	lines   map[string][]*File // by Path: a file and what was rotated from it
	queue   queue
	trying  map[*File]struct{} // new ones that are on their way
	hurried bool
}

// New is an empty Schedule.
func New(o Options) *Schedule {
	return &Schedule{o: o, files: map[*File]struct{}{}, lines: map[string][]*File{}, trying: map[*File]struct{}{}}
}

// Hurry has what there is read at once, from now on.
func (s *Schedule) Hurry() { s.hurried = true }

// Add takes in a file, which is idle, or gone if there is nothing to read it from.
func (s *Schedule) Add(f *File, now time.Time) {
	f.state, f.since = Idle, now
	if !f.Readable() {
		f.state = Gone
	}
	s.files[f] = struct{}{}
	s.lines[f.Path] = append(s.lines[f.Path], f)
}

// Remove forgets a file.
func (s *Schedule) Remove(f *File) {
	f.ticket++ // no place in the queue is its own
	delete(s.files, f)
	delete(s.trying, f)
	s.leave(f)
}

// Rename gives a file another Path.
func (s *Schedule) Rename(f *File, path string) {
	s.leave(f)
	f.Path = path
	s.lines[path] = append(s.lines[path], f)
}

func (s *Schedule) leave(f *File) {
	rest := slices.DeleteFunc(s.lines[f.Path], func(o *File) bool { return o == f })
	for _, o := range rest {
		if o.waitsFor == f {
			o.waitsFor = nil
		}
	}
	if s.lines[f.Path] = rest; len(rest) == 0 {
		delete(s.lines, f.Path)
	}
}

// Hold has a file wait for a reason, and for as long again where it is held already. One that is being read is held when that has
// ended.
func (s *Schedule) Hold(f *File, why Reason, now time.Time) {
	f.why = why
	s.settle(f, now)
	if f.state == Held {
		f.since = now
	}
}

// Release lets a file go on that is held for a reason.
func (s *Schedule) Release(f *File, why Reason, now time.Time) {
	if f.why == why {
		f.why = NotHeld
		s.settle(f, now)
	}
}

// Settle takes in that what a file is read from has changed.
func (s *Schedule) Settle(f *File, now time.Time) { s.settle(f, now) }

// settle gives a file the state that follows from what is known of it.
func (s *Schedule) settle(f *File, now time.Time) {
	switch {
	case f.state == Reading: // its reader comes back first
	case !f.Readable():
		s.to(f, Gone, now)
	case f.why != NotHeld:
		s.to(f, Held, now)
	case f.state == Held, f.state == Gone:
		s.to(f, Idle, now)
	}
}

// Tick queues the files whose time has come, those first that wait for longest, and reports whether there are others whose
// time will come.
func (s *Schedule) Tick(now time.Time) (more bool) {
	for f := range s.trying { // such as those that nobody may write to
		if f.Delivery.Pending > 0 && now.Sub(f.Delivery.Begun) > TryingTime {
			delete(s.trying, f)
		}
	}
	var all []*File
	for f := range s.files {
		if f.state == Held && now.Sub(f.since) > maxHold {
			s.o.Expired(f, f.why)
			f.Changed = true
			s.Release(f, f.why, now)
		}
		if s.wants(f) {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *File) int { return a.LastRead.Compare(b.LastRead) })
	for _, f := range all {
		s.Enqueue(f, now)
	}
	return len(all) > 0
}

// wants reports whether a file needs attention without a change of it.
func (s *Schedule) wants(f *File) bool {
	return f.Changed || f.Delivery.Pending > 0 || f.why == MaybeCopy || f.Unread() > 0 && f.Open ||
		f.more() && f.Name != "" || f.Rests() && (s.o.Flush.Bounded(f.Rest) || s.ends(f) || s.hurried)
}

// Enqueue queues a file if it is time.
func (s *Schedule) Enqueue(f *File, now time.Time) {
	if f.state == Idle && s.due(f, now) {
		s.to(f, Queued, now)
		s.queue.put(f)
	}
}

// due reports whether a file is to be read now.
func (s *Schedule) due(f *File, now time.Time) bool {
	switch {
	case s.waitsForOlder(f, now):
		return false
	case f.Delivery.InFlight >= f.Delivery.Window, s.o.Strict && f.Delivery.Pending > 0:
		return false // who owns the schedule tells when there is room
	case f.Unread() >= s.o.Chunk && f.Problem == "" && (f.Unfinished.IsZero() || f.Changed):
		return true
	case now.Sub(f.LastRead) < s.o.Linger && !s.hurried:
		return false
	case f.Changed, f.more():
		return true
	}
	return s.flush(f, now) != records.Nothing
}

// flush is what is taken as whole of what has no end at a file's end.
func (s *Schedule) flush(f *File, now time.Time) records.Flush {
	if !f.Rests() {
		return records.Nothing
	}
	same := now.Sub(f.Unfinished)
	final := s.ends(f) && same >= quietTime || s.ended(f) && same >= finalTime
	flush := s.o.Flush.Of(f.Rest, same, final || s.hurried && same >= finalTime)
	if flush == records.Everything && !final { // its program may go on after the stop, and write over the NULs
		flush = records.UnfinishedLine
		if f.OnlyNULs() {
			flush = records.Nothing
		}
	}
	return flush
}

// ends reports whether it may come that nobody ends a file's rest: the file was renamed, is deleted, or is to be removed.
func (s *Schedule) ends(f *File) bool {
	return s.ended(f) || s.o.Removes || !f.Gone.IsZero() || f.Name != f.Path
}

// ended reports whether nobody ends a file's rest: the file is deleted, or a complete archive.
func (s *Schedule) ended(f *File) bool {
	return !f.Gone.IsZero() && f.Open && f.Unlinked || f.Zipped && f.Complete
}

// WaitsForWriter reports whether all that is left of a file is a line without its end, or NULs, where its program has to write. That is
// no lag.
func (s *Schedule) WaitsForWriter(f *File) bool {
	return f.Rests() && f.Rest.Any() && !f.Rest.Lines && !s.o.Flush.Bounded(f.Rest) && f.Delivery.Pending == 0
}

// waitsForOlder reports whether an older file, whose lines are sent under the same name, comes first: the oldest of those that
// are to be read.
func (s *Schedule) waitsForOlder(f *File, now time.Time) bool {
	var first *File
	for _, o := range s.lines[f.Path] {
		if o != f && older(o, f) && (first == nil || older(o, first)) && s.comesFirst(o, f) {
			first = o
		}
	}
	switch {
	case first == nil:
		f.waitsFor = nil
		return false
	case f.waitsFor != first:
		f.waitsFor, f.waitsSince, f.idleSince = first, now, now
	case first.Delivery.Pending > 0: // waited for without a bound: what is read of a newer one would wait for it, too
		f.idleSince = now
	case now.Sub(later(first.LastRead, f.idleSince)) > maxOlderWait:
		first.passed = true // until it is read
		s.o.Passed(f, first)
		return s.waitsForOlder(f, now)
	}
	return true
}

// comesFirst reports whether an older file is to be read before another.
func (s *Schedule) comesFirst(o, f *File) bool {
	switch {
	case !o.Readable(), o.Problem != "", o.Unread() == 0, o.passed:
		return false
	case o.why == MaybeCopy, o.why == Unjudged:
		return false // it may be no generation
	case !o.Unfinished.IsZero() && !o.Changed && (!s.o.Flush.Bounded(o.Rest) || !o.Rests()):
		return false // its rest may never come
	}
	return true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Wait is a file that does not go on by itself.
type Wait struct {
	File *File
	// For is the older file that it waits for, or nil.
	For *File
	// Reason is why it is held otherwise.
	Reason Reason
	Since  time.Time
}

// Waits are the files that wait for something, those that wait for longest first.
func (s *Schedule) Waits() (all []Wait) {
	for f := range s.files {
		switch {
		case f.why == Unjudged: // there is nothing to wait for
		case f.why != NotHeld:
			all = append(all, Wait{f, nil, f.why, f.since})
		case f.waitsFor != nil && f.state == Idle:
			all = append(all, Wait{f, f.waitsFor, NotHeld, f.waitsSince})
		}
	}
	slices.SortFunc(all, func(a, b Wait) int { return a.Since.Compare(b.Since) })
	return all
}

// Turn is a file's turn to be read.
type Turn struct {
	File *File
	// Flush is what of its rest is to be taken as whole, if it is what it was at RestSize.
	Flush    records.Flush
	RestSize int64
}

// Take is the turn of the next file, if there is one. limit is how much of new files may be in flight, in bytes.
func (s *Schedule) Take(limit int64, now time.Time) (Turn, bool) {
	bytes := int64(0)
	for f := range s.trying {
		bytes += f.Delivery.InFlight
	}
	f, isNew := s.queue.take(len(s.trying) < MaxNew && (bytes == 0 || bytes < limit))
	if f == nil {
		return Turn{}, false
	}
	if isNew {
		s.trying[f] = struct{}{}
	}
	f.passed = false
	turn := Turn{File: f, Flush: s.flush(f, now), RestSize: f.RestSize}
	f.Changed = false
	s.to(f, Reading, now)
	return turn, true
}

// Done takes in that a file's reader has ended with it.
func (s *Schedule) Done(f *File, now time.Time) {
	if f.Delivery.Pending == 0 {
		s.Tried(f)
	}
	s.to(f, Idle, now)
	s.settle(f, now)
	s.Enqueue(f, now)
}

// Tried frees a new file's place.
func (s *Schedule) Tried(f *File) { delete(s.trying, f) }
