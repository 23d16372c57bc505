package tail

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/flow"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/inorder"
)

// room is what a buffer has beyond the largest record: its end, and the byte that tells it is larger.
const room = 8

// smallest is how much is read at least, in bytes.
const smallest = 4 << 10

// recordBytes is what a record counts as in flight at least, in bytes. One of a byte or two takes some hundred bytes of
// memory until it is delivered: 1 MiB of such lines was seen to take 150 MB.
const recordBytes = 128

// tailBytes is how many bytes before an offset tell whether they are still those that were read.
const tailBytes = 256

// task is what a reader is to do: to read the next chunk of a file.
type task struct {
	file       *file // for the engine alone
	text       *text // the reader's until it has finished
	id         files.ID
	path, name string        // the lines are sent under path, and name is where the file is
	packed     bool          // it is read as an archive, if it is one
	flush      records.Flush // what is taken as whole of what has no end, if the file is as large as
	restSize   int64         // this
	want       int64         // how much is to be read, in bytes
}

// result is what became of a task.
type result struct {
	err      error
	opened   bool  // the file was
	replaced bool  // its content is not the one that was read before
	again    bool  // it has to be read once more
	looked   bool  // what follows is known
	seen     int64 // where what was looked at ends
	atEnd    bool  // the text ends there
	rest     records.Rest
	zipped   int64 // the size of the compressed file then, if it is one; below 0: not known
	complete bool  // nothing is added to it
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

// read reads the next chunk of a file, and has it delivered.
func (r *reader) read(t task) (res result) {
	e := r.e
	if !e.flow.Acquire(t.want) {
		return res
	}
	held := t.want // gives it back, unless it becomes the chunk's
	defer func() { e.flow.Adjust(-held) }()
	r.asks(t.name, held)
	defer r.answered()
	if res.opened, res.err = r.open(t); res.err != nil {
		return res
	}
	if e.o.FreeCache {
		defer func(from int64) { freeCache(t.text.source.File().File, from, t.want) }(t.text.pos.Offset)
	}
	var p part
	if p, res.err = r.part(t); res.err != nil {
		return res
	}
	if res.replaced, res.again = p.replaced, p.searching; p.replaced || p.searching {
		return res
	}
	head, of := r.head(t, p), t.text.source
	res.looked, res.seen, res.atEnd, res.rest, res.zipped, res.complete = true, p.seen, p.atEnd, p.rest, -1, of.Complete()
	if of.Archive() && p.atEnd {
		if info, err := of.File().Stat(); err == nil {
			res.zipped = info.Size()
		}
	}
	if p.consumed == 0 {
		t.text.head = head
		return res
	}
	r.unusual(t, Unusual{NULs: p.nuls, CutOff: p.cutOff})
	r.answered()
	of.Forget(p.end.Offset - tailBytes)
	bytes := p.want
	if p.want == t.want { // otherwise the record was larger than what was asked for
		bytes = min(held, max(int64(p.consumed), int64(len(p.spans))*recordBytes, smallest))
	}
	e.flow.Adjust(bytes - held)
	held = 0
	r.begin(t, p, flow.Chunk{End: p.end, Head: head, Archive: of.Archive(), Bytes: bytes})
	return res
}

// begin delivers what was read.
func (r *reader) begin(t task, p part, chunk flow.Chunk) {
	o := r.e.o
	c := Chunk{
		Path: t.path, Now: t.name, File: t.text.source.File().Info, Labels: &t.text.labels, Raw: p.data[p.mark:p.consumed], Spans: p.spans, Encoding: t.text.enc,
		Offset: t.text.pos.Offset + int64(p.mark), Number: t.text.pos.Records + 1,
	}
	begun := r.e.flow.Begin(t.file.flow, chunk, func(stamp time.Time, turn *inorder.Turn) func(context.Context) error {
		c.Read, c.Turn = stamp, turn
		o.Events.Read(len(c.Raw), len(c.Spans))
		return o.Begin(&c)
	})
	if begun {
		t.text.pos, t.text.head = chunk.End, chunk.Head
	}
}

// part is what was read of a file at once.
type part struct {
	replaced  bool // the bytes before it are others than those that were read
	searching bool // it is to be read again: it is not known yet what follows its NULs, or it is an archive that is being written
	data      []byte
	mark      int // how long the byte order mark is that it begins with
	spans     []records.Span
	consumed  int           // how many bytes of data are in whole records
	end       flow.Position // after those
	seen      int64         // where what was looked at ends
	atEnd     bool          // the text ends there
	rest      records.Rest  // what stands after the records
	want      int64         // how much was read for it, in bytes
	nuls      int64         // how many bytes were left out as NUL
	cutOff    int64         // how many as the rest of records that are too large
}

// part reads the next part of a file: at least one record, if there is a whole one.
func (r *reader) part(t task) (p part, err error) {
	pos, most := t.text.pos, int64(r.e.o.MaxRecordBytes)+room
	if t.text.source.Growing(time.Now()) {
		return part{searching: true}, nil
	}
	before := pos.Tail.Bytes
	for want := t.want; ; want = most {
		text := r.buffers.of(before + int(want))
		n, err := source.ReadFull(t.text.source, text, pos.Offset-int64(before))
		if err != nil {
			return p, err
		}
		if n < before || !pos.Tail.Of(text[:before]) {
			return part{replaced: true}, nil
		}
		p = part{data: text[before:n], want: want, atEnd: int64(n-before) < want}
		if pos.Offset == 0 {
			t.text.enc = r.e.o.Encoding.Of(p.data)
			p.mark = t.text.enc.Mark(p.data)
		}
		if t.text.lostRest(p.data, p.atEnd) {
			r.e.sendRest(t.file.flow, t.text, t.path, t.name, func(flow.Position) flow.Position { return flow.Position{} })
			return part{searching: true}, nil
		}
		r.unusual(t, t.text.news(r.e.o.Encoding.Unmarked, p.data))
		g, err := t.text.gapAfter(pos.Offset, p.data[p.mark:], p.mark, p.atEnd || want >= most, p.atEnd)
		if err != nil {
			return p, err
		}
		if g.searching {
			return part{searching: true}, nil
		}
		past := r.split(t, &p, g, want >= most)
		if p.consumed == 0 && !p.atEnd {
			continue
		}
		if p.consumed > 0 {
			p.end.Tail = tailOf(text[:before+p.consumed], past)
		}
		t.text.keepRest(p, g.nuls)
		return p, nil
	}
}

// split finds the records of a part that a gap follows, and returns how many bytes after it are passed over. all says that no more
// can be read at once.
func (r *reader) split(t task, p *part, g gap, all bool) (past int64) {
	pos, data := t.text.pos, p.data
	p.atEnd = p.atEnd && !g.ends || g.last
	p.seen = pos.Offset + int64(len(data)) + g.past
	split := func(data []byte, flush records.Flush) (records.Result, records.State) {
		state := pos.State
		state.Start = pos.Offset == 0
		found := r.e.o.Splitter.Split(t.text.enc, data[p.mark:], &state, flush, r.buffers.spans[:0])
		r.buffers.spans = found.Spans
		return found, state
	}
	whole := records.Nothing
	switch {
	case g.ends:
		whole = records.Everything
	case p.atEnd && (t.text.source.Archive() || p.seen == t.restSize):
		whole = t.flush
	}
	found, state := split(data[:len(data)-g.nuls], whole)
	if found.Consumed == 0 && !p.atEnd && !g.ends && all {
		state = pos.State
		found = r.e.o.Splitter.Piece(t.text.enc, data[p.mark:], &state, r.buffers.spans[:0])
		r.buffers.spans = found.Spans
	}
	if most := max(int(p.want)/recordBytes, smallest/recordBytes); len(found.Spans) > most { // the rest is another chunk
		data, p.atEnd, g = data[:p.mark+found.Spans[most].From], false, gap{}
		p.seen = pos.Offset + int64(len(data))
		found, state = split(data, records.Nothing)
	}
	p.data, p.spans, p.rest = data, found.Spans, found.Rest
	if p.consumed = found.Consumed; p.consumed > 0 {
		p.consumed += p.mark
	}
	if whole == records.Everything && g.nuls > 0 && found.Consumed == len(data)-g.nuls-p.mark {
		p.consumed, past = len(data), g.past
		found.NULs += g.nuls + int(g.past)
	} else {
		p.rest.NULs = g.last
	}
	p.nuls, p.cutOff = int64(found.NULs), int64(found.Truncated)
	p.end = flow.Position{
		Offset: pos.Offset + int64(p.consumed) + past, Records: pos.Records + int64(len(p.spans)), State: state, Tail: pos.Tail,
	}
	return past
}

// head is what recognises the file, as far as it is read by the end of a part.
func (r *reader) head(t task, p part) checkpoints.Mark {
	head, most := t.text.head, r.e.o.HeadBytes
	if head.Bytes >= most || int64(head.Bytes) >= p.end.Offset {
		return head
	}
	n := int(min(int64(most), p.end.Offset))
	data := p.data
	switch {
	case t.text.pos.Offset == 0 && n <= len(data):
		data = data[:n]
	case t.text.source.Archive():
		return head // it would have to be read from its beginning
	default:
		data = make([]byte, n)
		if got, err := source.ReadFull(t.text.source, data, 0); err != nil || got < n {
			return head
		}
	}
	return checkpoints.MarkOf(data)
}

// open opens a file that is not open.
func (r *reader) open(t task) (opened bool, err error) {
	if t.text.source != nil {
		return false, nil
	}
	if t.name == "" {
		return false, fs.ErrNotExist
	}
	o := r.e.o
	compression := o.Compression
	if t.packed {
		compression = max(compression, source.Auto)
	}
	s, err := r.e.opener.source(t.name, compression, o.ChunkBytes+o.MaxRecordBytes+room+tailBytes)
	if err != nil {
		return false, err
	}
	if s.File().ID != t.id {
		_ = s.Close() // nothing was read
		return false, errOther
	}
	head := make([]byte, 4)
	n, err := source.ReadFull(s, head, 0)
	if err != nil {
		_ = s.Close() // nothing was read
		return false, err
	}
	t.text.source, t.text.info, t.text.enc = s, s.File().Info, o.Encoding.Of(head[:n])
	return true, nil
}

// errOther says that a path has become another file's.
var errOther = errors.New("another file has its name now")

// failed notes that a file could not be read. It is tried again.
func (e *engine) failed(f *file, path string, err error) {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errOther) {
		f.Changed = f.Name != "" && errors.Is(err, errOther)
		return // the next look finds where it is
	}
	f.Problem = err.Error()
	e.troubles.report(path, err)
}
