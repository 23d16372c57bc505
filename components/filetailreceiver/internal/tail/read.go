package tail

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
)

// room is what a buffer has beyond the largest record: its end, and the byte that tells it is larger.
const room = 8

// smallest is how much is read at least, in bytes.
const smallest = 4 << 10

// recordBytes is what a record counts as in flight at least, in bytes. One of a byte or two takes some hundred bytes of
// memory until it is delivered: 1 MiB of such lines was seen to take 150 MB.
const recordBytes = 128

// read takes files from the line until the end.
func (t *Tailer) read() {
	b := buffers{bytes: make([]byte, 64<<10)}
	r := new(reader)
	t.mu.Lock()
	t.readers[r] = struct{}{}
	t.mu.Unlock()
	for {
		t.mu.Lock()
		if r.replaced {
			delete(t.readers, r)
			t.mu.Unlock()
			return
		}
		f := t.next()
		for f == nil && !t.ending {
			t.work.Wait()
			f = t.next()
		}
		if t.ending {
			t.mu.Unlock()
			return
		}
		f.queued, f.busy = false, true
		t.mu.Unlock()

		t.readOne(f, &b, r)

		t.mu.Lock()
		f.busy = false
		if len(f.pending) == 0 {
			t.tried(f)
		}
		t.finished(f)
		t.mu.Unlock()
	}
}

// buffers are a reader's.
type buffers struct {
	bytes []byte
	spans []records.Span
}

func (b *buffers) of(n int) []byte {
	if cap(b.bytes) < n {
		b.bytes = make([]byte, n)
	}
	return b.bytes[:n]
}

// readOne reads the next chunk of a file.
func (t *Tailer) readOne(f *file, b *buffers, r *reader) {
	t.mu.Lock()
	pos, flush, restSize := f.read, f.flush, f.restSize
	f.flush, f.dirty = records.Nothing, false
	want := min(int64(t.o.ChunkBytes), max(f.window-f.inFlight, smallest))
	if !f.zipped {
		want = min(want, max(f.unread()+room, smallest))
	}
	t.mu.Unlock()

	if !t.acquire(want) {
		return
	}
	held := want
	defer func() {
		if held > 0 {
			t.mu.Lock()
			t.release(held)
			t.mu.Unlock()
		}
	}()
	t.asks(r, f, held)
	defer t.answered(r)
	if err := t.open(f); err != nil {
		t.failed(f, err)
		return
	}
	if t.o.FreeCache {
		defer func() { freeCache(f.source.File().File, pos.offset, want) }()
	}

	before := pos.tail.Bytes
	for {
		text := b.of(before + int(want))
		n, err := source.ReadFull(f.source, text, pos.offset-int64(before))
		if err != nil {
			t.failed(f, err)
			return
		}
		if n < before || !pos.tail.Of(text[:before]) {
			t.replaced(f)
			return
		}
		text = text[:n]
		data := text[before:]
		atEnd := int64(len(data)) < want
		mark := 0
		if pos.offset == 0 {
			f.enc = t.o.Encoding.Of(data)
			mark = f.enc.Mark(data)
		}
		t.tellSource(f, pos, data)
		g, err := t.gapAfter(f, pos.offset, data[mark:], mark, atEnd || want >= int64(t.o.MaxRecordBytes)+room, atEnd)
		if err != nil {
			t.failed(f, err)
			return
		}
		if g.searching {
			t.again(f)
			return
		}
		atEnd = atEnd && !g.ends || g.last
		seen := int64(len(data)) + g.past
		split := func(data []byte, flush records.Flush) (records.Result, records.State) {
			state := pos.state
			state.Start = pos.offset == 0
			r := t.o.Splitter.Split(f.enc, data[mark:], &state, flush, b.spans[:0])
			b.spans = r.Spans
			return r, state
		}
		whole := records.Nothing
		switch {
		case g.ends:
			whole = records.Everything
		case atEnd && (f.zipped || pos.offset+seen == restSize):
			whole = flush
		}
		found, state := split(data[:len(data)-g.nuls], whole)
		if found.Consumed == 0 && !atEnd && !g.ends && want >= int64(t.o.MaxRecordBytes)+room {
			state = pos.state
			found = t.o.Splitter.Piece(f.enc, data[mark:], &state, b.spans[:0])
			b.spans = found.Spans
		}
		if most := max(int(want)/recordBytes, smallest/recordBytes); len(b.spans) > most { // the rest is another chunk
			data, atEnd, g = data[:mark+b.spans[most].From], false, gap{}
			found, state = split(data, records.Nothing)
		}
		consumed, past := found.Consumed, int64(0)
		if consumed > 0 {
			consumed += mark
		}
		if whole == records.Everything && g.nuls > 0 && found.Consumed == len(data)-g.nuls-mark {
			consumed, past = len(data), g.past
			found.NULs += g.nuls + int(g.past)
		} else {
			found.Rest.NULs = g.last
		}
		if consumed == 0 && !atEnd {
			want = int64(t.o.MaxRecordBytes) + room
			continue
		}
		end := position{offset: pos.offset + int64(consumed) + past, records: pos.records + int64(len(b.spans)), state: state, tail: pos.tail}
		if consumed > 0 {
			end.tail = tailOf(text[:before+consumed], past)
		}
		t.readHead(f, pos, end, data)
		t.atRest(f, pos, end, seen, atEnd, found.Rest)
		if consumed == 0 {
			return
		}
		t.unusual(f, Unusual{NULs: int64(found.NULs), CutOff: int64(found.Truncated)})
		t.answered(r)
		f.source.Forget(end.offset - tailBytes)
		if want > held { // the record was larger than what was asked for
			t.mu.Lock()
			t.used += want - held
			t.mu.Unlock()
		} else if spare := held - max(int64(consumed), int64(len(b.spans))*recordBytes, smallest); spare > 0 {
			t.mu.Lock()
			t.release(spare)
			t.mu.Unlock()
			want = held - spare
		} else {
			want = held
		}
		held = 0
		t.begin(f, Chunk{
			Path: f.path, Now: f.now, File: f.source.File().Info, Raw: data[mark:consumed], Spans: b.spans, Encoding: f.enc,
			Offset: pos.offset + int64(mark), Number: pos.records + 1,
		}, end, want)
		return
	}
}

// readHead keeps what recognises the file, as long as it is not complete.
func (t *Tailer) readHead(f *file, from, end position, data []byte) {
	t.mu.Lock()
	missing := f.head.Bytes < t.o.HeadBytes && int64(f.head.Bytes) < end.offset
	t.mu.Unlock()
	if !missing {
		return
	}
	n := int(min(int64(t.o.HeadBytes), end.offset))
	switch {
	case from.offset == 0 && n <= len(data):
		data = data[:n]
	case f.zipped:
		return // it would have to be read from its beginning
	default:
		data = make([]byte, n)
		if got, err := source.ReadFull(f.source, data, 0); err != nil || got < n {
			return
		}
	}
	t.mu.Lock()
	f.head = checkpoints.MarkOf(data)
	t.mu.Unlock()
}

// atRest notes what stands after the last whole record.
func (t *Tailer) atRest(f *file, from, end position, read int64, atEnd bool, rest records.Rest) {
	var zipped os.FileInfo
	if f.source.Archive() && atEnd {
		if info, err := f.source.File().Stat(); err == nil {
			zipped = info
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := from.offset + read
	f.zipped = f.source.Archive()
	if f.zipped {
		f.complete = f.source.Complete()
		if zipped != nil {
			f.atEnd, f.size = zipped.Size(), zipped.Size()
		}
	} else {
		f.size = max(f.size, seen)
	}
	switch {
	case !atEnd, seen == end.offset:
		f.unfinished, f.restSize, f.rest = time.Time{}, 0, records.Rest{}
	case f.unfinished.IsZero() || f.restSize != seen:
		f.unfinished, f.restSize, f.rest = time.Now(), seen, rest
	default:
		f.rest = rest
	}
	if end.offset == from.offset {
		f.lastChunk = time.Now()
	}
}

// finished puts a file back in line where there is more to be read. The lock is held.
func (t *Tailer) finished(f *file) {
	if f.unread() == 0 && f.inFlight == 0 {
		f.behind = time.Time{}
	}
	t.enqueue(f, time.Now())
}

// open opens a file that is not open, and closes others if there are too many.
func (t *Tailer) open(f *file) error {
	if f.source != nil {
		t.mu.Lock()
		t.opened.MoveToFront(t.openAt[f])
		t.mu.Unlock()
		return nil
	}
	t.mu.Lock()
	path := f.now
	t.mu.Unlock()
	if path == "" {
		return fs.ErrNotExist
	}
	s, err := t.openSource(path, t.o.Compression, t.o.ChunkBytes+t.o.MaxRecordBytes+room+tailBytes)
	if err != nil {
		return err
	}
	if s.File().ID != f.id {
		_ = s.Close() // nothing was read
		return errOther
	}
	head := make([]byte, 4)
	n, err := source.ReadFull(s, head, 0)
	if err != nil {
		_ = s.Close() // nothing was read
		return err
	}
	f.enc = t.o.Encoding.Of(head[:n])
	t.mu.Lock()
	defer t.mu.Unlock()
	f.source, f.zipped = s, s.Archive()
	t.openAt[f] = t.opened.PushFront(f)
	t.report(path, nil)
	f.problem = ""
	for e := t.opened.Back(); e != nil && t.opened.Len() > t.o.MaxOpen; {
		idle := e.Value.(*file)
		e = e.Prev()
		if idle != f && !idle.busy && idle.now != "" {
			t.close(idle)
		}
	}
	return nil
}

// errOther says that a path has become another file's.
var errOther = errors.New("another file has its name now")

// close closes a file, if it is open. The lock is held, and the file is not busy.
func (t *Tailer) close(f *file) {
	if f.source == nil {
		return
	}
	_ = f.source.Close() // it was read
	f.source = nil
	t.opened.Remove(t.openAt[f])
	delete(t.openAt, f)
}

// failed notes that a file could not be read. It is tried again.
func (t *Tailer) failed(f *file, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.dirty, f.lastChunk = true, time.Now()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errOther) {
		f.dirty = f.now != "" && errors.Is(err, errOther)
		return // the next look finds where it is
	}
	f.problem = err.Error()
	t.report(f.now, err)
}

// replaced begins again with a file whose content is another than the one that was read.
func (t *Tailer) replaced(f *file) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.replace(f, 0, time.Now()).unseen = true // a copy of the old content may come first
}

// replace is replaced with the lock held. lost is how much is known not to have been read of the old content.
func (t *Tailer) replace(f *file, lost int64, now time.Time) *file {
	next := &file{id: f.id, path: f.now, now: f.now, size: f.size, modified: f.modified, seen: now, window: firstWindow, zipped: f.zipped, dirty: true, fresh: true}
	if t.baseOf(f.now) == f.path {
		next.path = f.path // what was rotated stays with the name it had
	}
	t.o.Events.Truncated(lost)
	t.o.Logger.Debug("A file's content was replaced", zap.String("path", f.now), zap.Int64("offset", f.read.offset), zap.Int64("unread", lost))
	if s := f.source; s != nil { // it is the same file: the new content goes on with it
		at := t.openAt[f]
		at.Value = next
		next.source, next.enc = s, f.enc
		delete(t.openAt, f)
		t.openAt[next] = at
		f.source = nil
		if info, err := s.File().Stat(); err == nil {
			next.size, next.modified = info.Size(), info.ModTime()
		}
	}
	if t.o.AfterTruncation {
		next.read = position{offset: next.size}
		next.acked = next.read
	}
	t.o.Store.Remove(f.key())
	t.lastID++
	f.retired, f.now, f.gone = t.lastID, "", now
	t.retired = append(t.retired, f)
	t.dropRetired(f.line)
	t.o.Store.Set(f.checkpoint())
	t.files[f.id] = next
	t.join(next)
	t.o.Store.Set(next.checkpoint())
	t.wantSave()
	return next
}
