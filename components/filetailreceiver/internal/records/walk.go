package records

import "bytes"

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
		i := w.shortLines()
		if i < 0 {
			break
		}
		end := w.pos + i
		if i >= minHole && w.endsAtHole(end, false) {
			continue
		}
		if w.header != nil && !w.within() && w.isHeader(w.raw[w.pos:end]) {
			w.pos = end + unit
			continue
		}
		w.record(end, end+unit, w.pos)
	}
	for w.endsAtHole(len(w.raw), true) {
	}
	if w.flush && w.header != nil && !w.within() && w.pos < len(w.raw) && w.isHeader(w.raw[w.pos:]) {
		w.pos = len(w.raw)
	}
	w.unfinished()
}

// shortLines makes a record of each line up to one that is long enough for a hole or to be divided, and says how far that one's
// end is, or -1.
func (w *walk) shortLines() int {
	if w.unit != 1 || w.header != nil || w.state.Skip || w.o.CarriageReturns {
		return w.e.lineFeed(w.raw[w.pos:], w.lineEnd)
	}
	raw, short := w.raw, min(minHole, w.o.MaxBytes/maxGrowth)
	for {
		i := bytes.IndexByte(raw[w.pos:], '\n')
		if i < 0 || i >= short {
			return i
		}
		from, end := w.pos, w.pos+i
		w.pos, w.state.Within = end+1, false
		if i > 0 && raw[end-1] == '\r' {
			end--
		}
		switch {
		case end == from:
		case raw[from] > ' ' && raw[from] < 0xEF && raw[end-1] > ' ':
			w.out = append(w.out, Span{from, end})
		default:
			w.emit(from, end)
		}
	}
}

// within reports whether the next byte is within a line.
func (w *walk) within() bool { return w.state.Skip || w.state.Within }

// parts divides what stands between holes, and between the lines of a header, each of which ends a record.
func (w *walk) parts() {
	if w.header == nil && w.byLines() {
		w.lineHeads() // finds holes on its way
		return
	}
	all, flush := w.raw, w.flush
	for scan := w.pos; ; {
		from, to := w.obstacle(all, scan, flush)
		if from < 0 {
			break
		}
		w.raw, w.flush = all[:from], true
		w.divide()
		w.nuls += holeIn(all[from:to])
		w.pos, scan = to, to
		w.state.Skip, w.state.Within = false, false
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
	for line, within := scan, w.within(); line < len(raw); within = false {
		i := w.e.lineFeed(raw[line:], w.lineEnd)
		end, next := line+i, line+i+w.unit
		if i < 0 {
			end, next = len(raw), len(raw)
		}
		from, to = end, end
		if end-line >= minHole {
			from, to = w.hole(raw, line, end, i < 0)
		}
		if (i >= 0 || flush || from < to) && !within && w.isHeader(raw[line:from]) {
			if from < to {
				next = to
			}
			return line, next
		}
		if from < to {
			return from, to
		}
		line = next
	}
	return -1, -1
}

// isHeader reports whether a line, without its end, is one of a header.
func (w *walk) isHeader(line []byte) bool {
	line = line[w.lead(line):]
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
	case w.byLines():
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
		i := 0
		if w.unit == 1 {
			i = bytes.IndexByte(w.raw[line:], w.lineEnd)
		} else {
			i = w.e.lineFeed(w.raw[line:], w.lineEnd)
		}
		end, next := line+i, line+i+w.unit
		if i < 0 {
			end, next = len(w.raw), len(w.raw)
		}
		if end-line >= minHole {
			if from, to := w.hole(w.raw, line, end, i < 0); from < to {
				if (line > w.pos || w.state.Skip && !w.state.Within) && w.head(w.raw[line:from]) {
					w.record(line, line, w.pos)
				}
				w.record(from, to, w.pos)
				w.nuls += to - from
				line = to
				continue
			}
		}
		if i < 0 && !w.flush {
			break // what it is is known when it is whole
		}
		if (line > w.pos || w.state.Skip && !w.state.Within) && w.head(w.raw[line:end]) {
			w.record(line, line, w.pos)
		}
		if line = next; i < 0 || line >= len(w.raw) {
			break
		}
	}
	w.unfinished()
}

func (w *walk) head(line []byte) bool {
	if len(line) > 0 && (line[0] == 0 || line[0] >= 0xEF || w.o.CarriageReturns) {
		line = line[w.lead(line):]
	}
	head := w.lineHead
	if head == nil {
		head = w.boundary
	}
	if w.e.kind > noText {
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
		if !w.flush && w.e.replacesNULs() {
			rest = w.e.withoutNULs(w.raw[w.pos : w.pos+rest]) // they may become a hole, which ends it
		}
		w.skip(w.pos + rest)
	case w.flush, w.e.kind == noText:
		w.record(w.pos+rest, w.pos+rest, w.pos)
	case rest*w.e.grows() > w.o.MaxBytes:
		w.divideUnfinished(w.pos, w.pos+rest)
	}
}

// skip passes over a record that is too large, up to a place, but for a last line that may begin another.
func (w *walk) skip(to int) {
	if w.flush {
		w.truncated += to - w.pos
		w.pos, w.state.Skip = to, false
		return
	}
	within := w.state.Within
	if w.byLines() {
		line := w.pos + w.e.lastLineEnd(w.raw[w.pos:to], w.lineEnd)
		if within = within && line == w.pos; !within && !w.tooLarge(line, to) {
			to = line
		} else {
			within = true
		}
	}
	w.truncated += to - w.pos
	w.pos, w.state.Within = to, within
}

// divideUnfinished takes pieces of a record that is too large and has no end yet.
func (w *walk) divideUnfinished(from, to int) {
	if (w.header != nil || w.byLines()) && w.tooLarge(from, to) { // the last line may be no part of it
		line := from + w.e.lastLineEnd(w.raw[from:to], w.lineEnd)
		switch {
		case w.header != nil && (line > from || !w.within()) && w.isHeader(w.raw[line:to]):
			if line == from { // no header has such a line, but no record has it either
				w.pos, w.state.Skip = from+w.e.withoutNULs(w.raw[from:to]), true
				return
			}
			to = line // it ends the record before, once it has its end
		case w.byLines() && line > from && w.head(w.raw[line:to]):
			w.record(line, line, from)
			w.divideUnfinished(line, to)
			return
		}
	}
	if w.boundary != nil {
		from = w.withoutLead(from, to)
	}
	next, divided := w.pieces(from, to, false)
	if !divided {
		return
	}
	w.pos, w.state.Within = next, !w.e.is(w.raw, next-w.unit, string(w.lineEnd))
	if w.o.Truncate {
		w.state.Skip = true
		w.skip(to)
	}
}

// byLines reports whether a record begins with a line that matches.
func (w *walk) byLines() bool {
	return w.boundary != nil && !w.ends && (w.lineHead != nil || !w.patternsSpanLines())
}

// record takes in what ends at a place, and goes on at the next.
func (w *walk) record(end, next, from int) {
	w.pos, w.state.Within = next, false
	if w.state.Skip {
		w.state.Skip = false
		w.truncated += end - from
		return
	}
	if w.boundary != nil {
		from = w.withoutLead(from, end)
		end = w.withoutLineEnd(from, end)
	} else if !w.o.CarriageReturns && end-from >= w.unit && w.e.is(w.raw, end-w.unit, "\r") {
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
	if w.unit == 1 {
		if end > from && w.raw[end-1] == '\n' {
			end--
		}
		if end > from && w.raw[end-1] == '\r' {
			end--
		}
		return end
	}
	if end-from >= w.unit && w.e.is(w.raw, end-w.unit, "\n") {
		end -= w.unit
	}
	if end-from >= w.unit && w.e.is(w.raw, end-w.unit, "\r") {
		end -= w.unit
	}
	return end
}

// tooLarge reports whether an unfinished record has to be divided.
func (w *walk) tooLarge(from, to int) bool {
	to = w.counted(from, to, false)
	from += w.lead(w.raw[from:to])
	return w.e.prefix(w.raw[from:to], w.o.MaxBytes) < to-from
}

// counted is where what counts of a record ends: the end of a last line may be the record's, with NULs before it.
func (w *walk) counted(from, to int, whole bool) int {
	to -= w.e.partial(w.raw[from:to], whole)
	if line := w.withoutLineEnd(from, to); (w.boundary != nil || !w.o.CarriageReturns) && !whole && line < to {
		to = line - w.e.TrailingNULs(w.raw[from:line])
	}
	return to
}

// pieces appends a record in as many pieces as its size needs, and says where the next begins and whether there are several.
// Where the record is not whole its last piece stays, since more may belong to it.
func (w *walk) pieces(from, to int, whole bool) (next int, divided bool) {
	if whole && to-from <= w.o.MaxBytes/maxGrowth {
		w.emit(from, to)
		return to, false
	}
	most := w.counted(from, to, whole)
	for (most-from)*w.e.grows() > w.o.MaxBytes {
		begin := from + w.lead(w.raw[from:most])
		n := w.e.prefix(w.raw[begin:most], w.o.MaxBytes)
		if n == most-begin {
			break
		}
		end, next := begin+n, begin+n
		if w.boundary != nil && !w.o.Truncate {
			if line := w.e.lastLineEnd(w.raw[begin:min(next+w.unit, most)], w.lineEnd); line > 0 {
				next = begin + line
				end = w.withoutLineEnd(begin, next)
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

// lead is how long the NULs, the byte order mark and the second half of a line's end are that a record begins with.
func (w *walk) lead(raw []byte) int {
	n := w.e.bare(raw)
	if w.o.CarriageReturns && len(raw)-n >= w.unit && w.e.is(raw, n, "\n") {
		n += w.unit
	}
	return n
}

// emit appends a record, without rows of NULs around it, and where that is asked for without blanks.
func (w *walk) emit(from, to int) {
	e, unit := &w.e, w.unit
	if to > from && e.replacesNULs() && (w.raw[from] == 0 || w.raw[to-1] == 0 || w.raw[from] >= 0xEF || w.o.CarriageReturns) {
		n := w.lead(w.raw[from:to])
		w.nuls += e.LeadingNULs(w.raw[from : from+n])
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
