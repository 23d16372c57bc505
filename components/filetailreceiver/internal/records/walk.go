package records

// walk is one pass over bytes.
type walk struct {
	*Splitter
	e     Encoding
	unit  int // of the encoding, in bytes
	raw   []byte
	pos   int // up to here the bytes are consumed
	state *State
	flush bool // what has no end is whole, too
	out   []Span

	nuls, truncated int // bytes that are left out
}

// passHeader passes over the lines at the file's beginning that are no records. It reports whether all of them are there.
func (w *walk) passHeader() bool {
	at := 0
	for range w.o.HeaderLines {
		i := w.e.lineFeed(w.raw[at:], w.lineEnd)
		switch {
		case i >= 0:
			at += i + w.unit
		case w.flush:
			at = len(w.raw)
		case len(w.raw)-at > w.MaxRaw(): // no header has such a line
			return true
		default:
			return false
		}
	}
	w.pos = at
	return true
}

// lines makes a record of each line.
func (w *walk) lines() {
	unit := w.unit
	for w.pos < len(w.raw) {
		i := w.e.lineFeed(w.raw[w.pos:], w.lineEnd)
		if i < 0 {
			break
		}
		end := w.pos + i
		if i >= minHole && w.endsAtHole(end, false) {
			continue
		}
		if w.header != nil && w.isHeader(w.raw[w.pos:end]) {
			w.pos, w.state.Skip = end+unit, false
			continue
		}
		w.record(end, end+unit, w.pos)
	}
	for w.endsAtHole(len(w.raw), true) {
	}
	if w.flush && w.header != nil && w.pos < len(w.raw) && w.isHeader(w.raw[w.pos:]) {
		w.pos, w.state.Skip = len(w.raw), false
	}
	w.unfinished()
}

// parts divides what stands between holes, and between the lines of a header, each of which ends a record.
func (w *walk) parts() {
	all, flush := w.raw, w.flush
	for scan := w.pos; ; {
		from, to := w.obstacle(all, scan, flush)
		if from < 0 {
			break
		}
		w.raw, w.flush = all[:from], true
		w.divide()
		if all[from] == 0 {
			w.nuls += to - from
		}
		w.pos, w.state.Skip, scan = to, false, to
	}
	w.raw, w.flush = all, flush
	w.divide()
}

// obstacle is the next hole or line of a header, or -1.
func (w *walk) obstacle(raw []byte, scan int, flush bool) (from, to int) {
	if w.header == nil {
		if from, to = w.hole(raw, scan, len(raw), true); from < to {
			return from, to
		}
		return -1, -1
	}
	for line := scan; line < len(raw); {
		i := w.e.lineFeed(raw[line:], w.lineEnd)
		end, next := line+i, line+i+w.unit
		if i < 0 {
			end, next = len(raw), len(raw)
		}
		if end-line >= minHole {
			if from, to = w.hole(raw, line, end, i < 0); from < to {
				return from, to
			}
		}
		if (i >= 0 || flush) && w.isHeader(raw[line:end]) {
			return line, next
		}
		line = next
	}
	return -1, -1
}

// isHeader reports whether a line, without its end, is one of a header.
func (w *walk) isHeader(line []byte) bool {
	line = line[w.e.bare(line):]
	if !w.e.UTF8() {
		return w.header.MatchString(w.e.Decode(line))
	}
	return w.header.Match(line)
}

// patternsSpanLines reports whether a pattern is looked for in the text as a whole, and not in each line.
func (w *walk) patternsSpanLines() bool { return w.e.UTF8() && !w.o.CarriageReturns }

// divide makes records of what the patterns say.
func (w *walk) divide() {
	switch {
	case !w.ends && (w.lineHead != nil || !w.patternsSpanLines()):
		w.lineHeads()
	case !w.ends:
		w.starts()
	case w.patternsSpanLines():
		w.finishes()
	default:
		w.lastLines()
	}
}

// lineHeads begins a record with each line that matches.
func (w *walk) lineHeads() {
	for line := w.pos; ; {
		i := w.e.lineFeed(w.raw[line:], w.lineEnd)
		end, next := line+i, line+i+w.unit
		if i < 0 {
			if !w.flush {
				break // what it is is known when it is whole
			}
			end, next = len(w.raw), len(w.raw)
		}
		if line > w.pos && w.head(w.raw[line:end]) {
			w.record(line, line, w.pos)
		}
		if line = next; i < 0 || line >= len(w.raw) {
			break
		}
	}
	w.unfinished()
}

func (w *walk) head(line []byte) bool {
	line = line[w.e.bare(line):]
	head := w.lineHead
	if head == nil {
		head = w.boundary
	}
	if !w.e.UTF8() {
		return head.MatchString(w.e.Decode(line))
	}
	return head.Match(line)
}

// starts begins a record with each match.
func (w *walk) starts() {
	from, whole := w.pos, len(w.raw)
	if !w.flush {
		whole = from + w.e.lastLineEnd(w.raw[from:], w.lineEnd)
	}
	for _, match := range w.boundary.FindAllIndex(w.raw[from:whole], -1) {
		if at := from + match[0]; at > w.pos {
			w.record(at, at, w.pos)
		}
	}
	w.unfinished()
}

// finishes ends a record with each match.
func (w *walk) finishes() {
	from := w.pos
	for _, match := range w.boundary.FindAllIndex(w.raw[from:], -1) {
		begin, end := from+match[0], from+match[1]
		if end == len(w.raw) && !w.flush && w.raw[len(w.raw)-1] != '\n' {
			break // it may go on
		}
		if w.o.OmitPattern {
			w.record(begin, end, w.pos)
		} else {
			w.record(end, end, w.pos)
		}
	}
	w.unfinished()
}

// lastLines ends a record with each line that matches.
func (w *walk) lastLines() {
	for line := w.pos; line < len(w.raw); {
		i := w.e.lineFeed(w.raw[line:], w.lineEnd)
		if i < 0 {
			break
		}
		if w.boundary.MatchString(w.e.Decode(w.raw[line : line+i])) {
			w.record(line+i, line+i+w.unit, w.pos)
		}
		line += i + w.unit
	}
	w.unfinished()
}

// unfinished deals with what has no end yet.
func (w *walk) unfinished() {
	rest := len(w.raw) - w.pos
	if !w.flush {
		rest -= rest % w.unit
	}
	switch {
	case rest == 0:
	case w.state.Skip:
		w.pos += rest
		w.truncated += rest
		if w.flush {
			w.state.Skip = false
		}
	case w.flush, w.e.kind == noText:
		w.record(w.pos+rest, w.pos+rest, w.pos)
	case rest*w.e.grows() > w.o.MaxBytes:
		from, to := w.pos, w.pos+rest
		if w.boundary != nil {
			from = w.withoutLead(from, to)
		}
		if next, divided := w.pieces(from, to, false); divided {
			w.pos = next
			if w.o.Truncate {
				w.truncated += to - next
				w.pos, w.state.Skip = to, true
			}
		}
	}
}

// record takes in what ends at a place, and goes on at the next.
func (w *walk) record(end, next, from int) {
	w.pos = next
	if w.state.Skip {
		w.state.Skip = false
		w.truncated += end - from
		return
	}
	if w.boundary != nil {
		from = w.withoutLead(from, end)
		end = w.withoutLineEnd(from, end)
	} else if w.o.CarriageReturns {
		if end-from >= w.unit && w.e.is(w.raw, from, "\n") {
			from += w.unit
		}
	} else if end-from >= w.unit && w.e.is(w.raw, end-w.unit, "\r") {
		end -= w.unit
	}
	w.pieces(from, end, true)
}

// withoutLead is where a record of several lines begins without the end of the line before, and without what OmitPattern
// leaves out of it.
func (w *walk) withoutLead(from, end int) int {
	switch {
	case w.ends:
		if end-from >= w.unit && w.e.is(w.raw, from, "\r") {
			from += w.unit
		}
		if end-from >= w.unit && w.e.is(w.raw, from, "\n") {
			from += w.unit
		}
	case w.o.OmitPattern && w.e.UTF8():
		if match := w.boundary.FindIndex(w.raw[from:end]); match != nil && match[0] == 0 {
			from += match[1]
		}
	}
	return from
}

// withoutLineEnd is where a record ends without the end of its last line.
func (w *walk) withoutLineEnd(from, end int) int {
	if end-from >= w.unit && w.e.is(w.raw, end-w.unit, "\n") {
		end -= w.unit
	}
	if end-from >= w.unit && w.e.is(w.raw, end-w.unit, "\r") {
		end -= w.unit
	}
	return end
}

// pieces appends a record in as many pieces as its size needs, and says where the next begins and whether there are several.
// Where the record is not whole its last piece stays, since more may belong to it.
func (w *walk) pieces(from, to int, whole bool) (next int, divided bool) {
	most := to
	if !whole {
		most -= w.e.partial(w.raw[from:to]) // what is no character yet may become one
	}
	for (most-from)*w.e.grows() > w.o.MaxBytes {
		n := w.e.prefix(w.raw[from:most], w.o.MaxBytes)
		if n == most-from {
			break
		}
		end, next := from+n, from+n
		if w.boundary != nil && !w.o.Truncate {
			if line := w.e.lastLineEnd(w.raw[from:min(next+w.unit, most)], w.lineEnd); line > 0 {
				next = from + line
				end = w.withoutLineEnd(from, next)
			}
		}
		w.emit(from, end)
		from, divided = next, true
		if w.o.Truncate {
			if whole {
				w.truncated += to - from
			}
			return from, true
		}
	}
	if whole && to > from {
		w.emit(from, to)
		from = to
	}
	return from, divided
}

// emit appends a record, without rows of NULs around it, and where that is asked for without blanks.
func (w *walk) emit(from, to int) {
	e, unit := w.e, w.unit
	if to > from && e.replacesNULs() && (w.raw[from] == 0 || w.raw[to-1] == 0 || w.raw[from] >= 0xEF) {
		n := e.bare(w.raw[from:to])
		w.nuls += leadingNULs(w.raw[from : from+n])
		from += n
		n = e.TrailingNULs(w.raw[from:to])
		to -= n
		w.nuls += n
	}
	for w.o.TrimTrailing && to-from >= unit && e.is(w.raw, to-unit, " \t\r\n") {
		to -= unit
	}
	for w.o.TrimLeading && to-from >= unit && e.is(w.raw, from, " \t\r\n") {
		from += unit
	}
	if to > from {
		w.out = append(w.out, Span{from, to})
	}
}
