package flow

import (
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/inorder"
)

// Position is a place between records.
type Position struct {
	Offset  int64
	Tail    checkpoints.Mark
	Records int64
	State   records.State
}

// PositionOf is the one of a checkpoint.
func PositionOf(c checkpoints.Checkpoint) Position {
	return Position{Offset: c.Offset, Tail: c.Tail, Records: c.Records, State: records.State{Skip: c.Skip}}
}

// File is one file's handle. The Flow's lock guards what it has.
type File struct {
	// Owner is what it is to who made it.
	Owner any

	flow     *Flow
	is       checkpoints.Checkpoint // its position is that of acked
	acked    Position               // up to here it is delivered
	pending  []*chunk
	inFlight int64 // bytes in pending
	window   int64 // how many there may be
	line     *line
	moved    bool // it is among those of which Moved tells
	left     bool // it was forgotten
}

// chunk is what is in flight of a file.
type chunk struct {
	end   Position
	bytes int64
	begun time.Time
	done  bool
	stuck bool // its bytes are not among those that files share
}

// line is what the files have in common whose lines are sent under one name: a file and what was rotated from it.
type line struct {
	files  int
	turn   *inorder.Turn
	proven bool  // something was delivered under the name
	stamp  int64 // of the last chunk, in milliseconds of the wall clock
}

// maxAhead is how far stamps may be ahead of the clock, as they are where chunks come faster than one in a millisecond, or the clock
// was set back by little. Small chunks come so for long: at the bound they have the same stamp, and turns alone keep their order. What is
// more than that is a clock that was wrong: the stamps follow it.
const maxAhead = time.Minute

// next is the stamp and the turn of the next chunk.
func (l *line) next(now time.Time) (time.Time, *inorder.Turn) {
	at := now.UnixMilli()
	switch ahead := l.stamp + 1 - at; {
	case ahead < 0, ahead > maxAhead.Milliseconds()+1:
		l.stamp = at
	case ahead <= maxAhead.Milliseconds():
		l.stamp++
	}
	l.turn = inorder.After(l.turn)
	return time.UnixMilli(l.stamp), l.turn
}

// Progress is how far a file is, at one moment.
type Progress struct {
	// Acked is up to where it is delivered.
	Acked int64
	// InFlight is how much of it is in flight, and Window how much may be, in bytes; Pending is how many chunks that are.
	InFlight, Window int64
	Pending          int
	// Begun is when the oldest of them was.
	Begun time.Time
	// Proven says that something was delivered under its name.
	Proven bool
}

// File is the handle of a file that begins where a checkpoint says.
func (f *Flow) File(c checkpoints.Checkpoint, owner any) *File {
	f.mu.Lock()
	defer f.mu.Unlock()
	file := &File{Owner: owner, flow: f, is: c, acked: PositionOf(c), window: FirstWindow}
	file.join()
	return file
}

// Progress is how far the file is.
func (h *File) Progress() Progress {
	h.flow.mu.Lock()
	defer h.flow.mu.Unlock()
	p := Progress{Acked: h.acked.Offset, InFlight: h.inFlight, Window: h.window, Pending: len(h.pending), Proven: h.line.proven}
	if p.Pending > 0 {
		p.Begun = h.pending[0].begun
	}
	return p
}

// Delivered is up to where the file is delivered, and what recognises it.
func (h *File) Delivered() (Position, checkpoints.Mark) {
	h.flow.mu.Lock()
	defer h.flow.mu.Unlock()
	return h.acked, h.is.Head
}

// Change changes what recognises the file, and its name. Its checkpoint is saved with what is given, in the place of the
// one that it had.
func (h *File) Change(change func(*checkpoints.Checkpoint)) {
	f := h.flow
	f.mu.Lock()
	defer f.mu.Unlock()
	if h.left {
		return
	}
	key, path := h.is.Key(), h.is.Path
	change(&h.is)
	if h.is.Path != path {
		h.leave(path)
		h.join()
	}
	if h.is.Key() != key {
		f.o.Store.Remove(key)
	}
	h.save()
	f.saver.want()
}

// Saw notes that files were there. It is saved with the next change of each.
func (f *Flow) Saw(now time.Time, files []*File) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range files {
		h.is.Seen = now
	}
}

// Forget removes the file's checkpoint.
func (h *File) Forget() {
	f := h.flow
	f.mu.Lock()
	defer f.mu.Unlock()
	if !h.left {
		h.left = true
		h.leave(h.is.Path)
		f.o.Store.Remove(h.is.Key())
		f.saver.want()
	}
}

// save gives the file's checkpoint to the store. The lock is held.
func (h *File) save() {
	if h.left {
		return
	}
	c := h.is
	c.Offset, c.Tail, c.Records, c.Skip = h.acked.Offset, h.acked.Tail, h.acked.Records, h.acked.State.Skip
	c.Seen = c.Seen.Truncate(time.Second)
	h.flow.o.Store.Set(c)
}

// join puts the file to those of its name. The lock is held.
func (h *File) join() {
	l := h.flow.lines[h.is.Path]
	if l == nil {
		l = &line{}
		h.flow.lines[h.is.Path] = l
	}
	l.files++
	l.proven = l.proven || h.acked.Offset > 0
	h.line = l
}

// leave takes the file away from those of a name. What is in flight keeps its turn. The lock is held.
func (h *File) leave(path string) {
	if h.line.files--; h.line.files == 0 {
		delete(h.flow.lines, path)
	}
}

// advance takes in what is delivered together with all before it: the bytes of the file, and how much they count. The
// lock is held.
func (h *File) advance() (bytes, counted, stuck int64, ok bool) {
	n := 0
	for n < len(h.pending) && h.pending[n].done {
		first := h.pending[n]
		h.pending[n] = nil
		n++
		bytes += first.end.Offset - h.acked.Offset
		h.acked = first.end
		h.inFlight -= first.bytes
		if first.stuck {
			stuck += first.bytes
		} else {
			counted += first.bytes
		}
	}
	if h.pending = h.pending[n:]; len(h.pending) == 0 {
		h.pending = nil
	}
	return bytes, counted, stuck, n > 0
}
