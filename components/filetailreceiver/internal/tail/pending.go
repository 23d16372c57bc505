package tail

import (
	"bytes"
	"context"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/flow"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/inorder"
)

// maxRestBytes is how much is kept of a file's last record, which has no end yet, in case that the content is replaced; and
// maxRestsBytes how much of all files.
const (
	maxRestBytes  = 256 << 10
	maxRestsBytes = 8 << 20
)

// keepRest keeps what a part has after its records, without the NULs at its end.
func (t *text) keepRest(p part, nuls int) {
	t.rest = t.rest[:0]
	end := len(p.data) - nuls
	if rest := p.data[min(p.consumed, end):end]; p.atEnd && len(rest) <= maxRestBytes && !t.source.Archive() {
		t.rest = append(t.rest, rest...)
	}
}

// lostRest reports whether what was kept is not there any more, in a file of which nothing was delivered: other content is
// recognised by the bytes before what was delivered.
func (t *text) lostRest(data []byte, atEnd bool) bool {
	rest := t.rest
	if !atEnd {
		rest = rest[:min(len(rest), len(data))]
	}
	return t.pos.Offset == 0 && len(rest) > 0 && !bytes.HasPrefix(data, rest)
}

// sendRest delivers the whole lines of what was kept of a content that is gone. A line without its end stays away: it is in a copy
// that is found later, or was lost as it was written. to is where the file goes on.
func (e *engine) sendRest(h *flow.File, t *text, path, name string, to func(end flow.Position) flow.Position) {
	mark := 0
	if t.pos.Offset == 0 {
		mark = t.enc.Mark(t.rest)
	}
	state := t.pos.State
	state.Start = t.pos.Offset == 0
	found := e.o.Splitter.Split(t.enc, t.rest[mark:], &state, records.WholeLines, nil)
	if len(found.Spans) == 0 {
		t.rest = nil
		return
	}
	t.rest = t.rest[:mark+found.Consumed]
	end := flow.Position{
		Offset: t.pos.Offset + int64(len(t.rest)), Records: t.pos.Records + int64(len(found.Spans)), State: state, Tail: tailOf(t.rest, 0),
	}
	c := Chunk{
		Path: path, Now: name, File: t.info, Labels: &t.labels, Raw: t.rest[mark:], Spans: found.Spans, Encoding: t.enc,
		Offset: t.pos.Offset + int64(mark), Number: t.pos.Records + 1,
	}
	chunk := flow.Chunk{End: to(end), Head: t.head, Bytes: int64(max(len(t.rest), len(found.Spans)*recordBytes))}
	e.flow.Adjust(chunk.Bytes)
	if e.flow.Begin(h, chunk, func(stamp time.Time, turn *inorder.Turn) func(context.Context) error {
		c.Read, c.Turn = stamp, turn
		e.o.Events.Read(len(c.Raw), len(c.Spans))
		return e.o.Begin(&c)
	}) {
		t.pos = chunk.End
	}
	t.rest = nil
}

// deliverRest delivers what was kept of a content that is gone, and that is nowhere else.
func (e *engine) deliverRest(f *file) {
	e.do(func() {
		if len(f.text.rest) > 0 {
			e.sendRest(f.flow, &f.text, f.Path, f.Path, func(end flow.Position) flow.Position { return end })
			f.Read = f.text.pos.Offset
			e.refresh(f)
			e.countRest(f)
		}
	})
}

// countRest takes in how much is kept of a file, and keeps nothing of it where that is too much together.
func (e *engine) countRest(f *file) {
	e.restBytes += len(f.text.rest) - f.restBytes
	f.restBytes = len(f.text.rest)
	if e.restBytes > maxRestsBytes {
		e.restBytes -= f.restBytes
		f.text.rest, f.restBytes = nil, 0
	}
}
