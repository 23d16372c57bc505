package records

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// Options say what a record is.
type Options struct {
	Encoding Encoding
	// LineStart and LineEnd are the patterns that a record begins or ends with. Neither: a record is a line.
	LineStart, LineEnd string
	// OmitPattern leaves what matched out of the record.
	OmitPattern bool
	// MaxBytes is the size of the largest record as it stands in the file, in bytes. A longer one is divided, or,
	// with Truncate, its rest is skipped.
	MaxBytes int
	Truncate bool
	// TrimLeading and TrimTrailing remove blanks, tabs and line ends around a record.
	TrimLeading, TrimTrailing bool
}

// Span is where a record stands, in bytes.
type Span struct{ From, To int }

// Splitter divides bytes into records. It has no state, and many goroutines may use it.
type Splitter struct {
	o        Options
	boundary *regexp.Regexp // nil: a record is a line
	ends     bool           // boundary is the end of a record
	lineHead *regexp.Regexp // the same as boundary, which needs to be tried at the beginning of lines alone; or nil
}

// State is what must be known of the bytes before.
type State struct {
	// Skip says that the rest of a record which was too large is passed over.
	Skip bool
}

// New checks the options.
func New(o Options) (*Splitter, error) {
	s := &Splitter{o: o}
	if o.MaxBytes < 4 { // one character
		return nil, fmt.Errorf("a record of %d bytes at most is too small", o.MaxBytes)
	}
	if u := o.Encoding.unit(); o.MaxBytes%u != 0 {
		s.o.MaxBytes -= o.MaxBytes % u
	}
	pattern, key := o.LineStart, "line_start_pattern"
	if o.LineEnd != "" {
		if o.LineStart != "" {
			return nil, errors.New("line_start_pattern and line_end_pattern exclude each other: remove one")
		}
		pattern, key, s.ends = o.LineEnd, "line_end_pattern", true
	}
	if pattern == "" {
		return s, nil
	}
	if o.Encoding.kind == noText {
		return nil, fmt.Errorf("%s needs text: remove it, or the encoding nop", key)
	}
	var err error
	if s.boundary, err = regexp.Compile("(?m)" + pattern); err != nil {
		return nil, fmt.Errorf("%s %q is no regular expression: %w", key, pattern, err)
	}
	if s.boundary.MatchString("") {
		return nil, fmt.Errorf("%s %q matches the empty text, so it would divide everywhere: make it longer", key, pattern)
	}
	if !s.ends && atLineStart("(?m)"+pattern) {
		s.lineHead = regexp.MustCompile(`\A(?:(?m)` + pattern + ")")
	}
	return s, nil
}

// atLineStart tells whether a pattern matches at the beginning of lines alone.
func atLineStart(pattern string) bool {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return false
	}
	var anchored func(*syntax.Regexp) bool
	anchored = func(r *syntax.Regexp) bool {
		switch r.Op {
		case syntax.OpBeginLine:
			return true
		case syntax.OpConcat, syntax.OpCapture:
			return anchored(r.Sub[0])
		case syntax.OpAlternate:
			for _, sub := range r.Sub {
				if !anchored(sub) {
					return false
				}
			}
			return true
		}
		return false
	}
	return anchored(tree)
}

// Result is what Split found.
type Result struct {
	Spans []Span
	// Consumed is how many bytes the records take, in bytes of raw.
	Consumed int
	// Rest is what stands after them.
	Rest Rest
}

// Split appends the whole records of raw, which begins where the one before ended, to spans. e is the encoding that the
// file's beginning tells, and flush what is taken of the rest. Records of nothing but their end are passed over.
func (s *Splitter) Split(e Encoding, raw []byte, state *State, flush Flush, spans []Span) Result {
	whole := raw
	if flush == WholeLines {
		raw, flush = raw[:s.wholeEnd(e, raw)], Everything
	}
	w := walk{Splitter: s, e: e, raw: raw, state: state, flush: flush == Everything, out: spans}
	switch {
	case e.kind == noText:
		w.unfinished()
	case s.boundary == nil:
		w.lines()
	case s.lineHead != nil || !s.ends && !e.UTF8():
		w.lineHeads()
	case !s.ends:
		w.starts()
	default:
		w.finishes()
	}
	return Result{Spans: w.out, Consumed: w.pos, Rest: s.rest(e, whole[w.pos:])}
}

// walk is one pass over bytes.
type walk struct {
	*Splitter
	e     Encoding
	raw   []byte
	pos   int // up to here the bytes are consumed
	state *State
	flush bool
	out   []Span
}

// lines makes a record of each line.
func (w *walk) lines() {
	unit := w.e.unit()
	for w.pos < len(w.raw) {
		i := w.e.lineFeed(w.raw[w.pos:])
		if i < 0 {
			break
		}
		w.record(w.pos+i, w.pos+i+unit, w.pos)
	}
	w.unfinished()
}

// lineHeads begins a record with each line that matches.
func (w *walk) lineHeads() {
	e, unit := w.e, w.e.unit()
	for line := w.pos; ; {
		i := e.lineFeed(w.raw[line:])
		end, next := line+i, line+i+unit
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
	for _, match := range w.boundary.FindAllIndex(w.raw[:w.whole()], -1) {
		if match[0] > w.pos {
			w.record(match[0], match[0], w.pos)
		}
	}
	w.unfinished()
}

// finishes ends a record with each match.
func (w *walk) finishes() {
	if !w.e.UTF8() {
		w.lastLines()
		return
	}
	for _, match := range w.boundary.FindAllIndex(w.raw, -1) {
		if match[1] == len(w.raw) && !w.flush && w.raw[len(w.raw)-1] != '\n' {
			break // it may go on
		}
		end := match[1]
		if w.o.OmitPattern {
			end = match[0]
		}
		w.record(end, match[1], w.pos)
	}
	w.unfinished()
}

// lastLines ends a record with each line that matches.
func (w *walk) lastLines() {
	e, unit := w.e, w.e.unit()
	for line := w.pos; line < len(w.raw); {
		i := e.lineFeed(w.raw[line:])
		if i < 0 {
			break
		}
		if w.boundary.MatchString(e.Decode(w.raw[line : line+i])) {
			w.record(line+i, line+i+unit, w.pos)
		}
		line += i + unit
	}
	w.unfinished()
}

// whole is where the last whole line ends.
func (w *walk) whole() int {
	if w.flush {
		return len(w.raw)
	}
	for i := len(w.raw); i > 0; i-- {
		if w.raw[i-1] == '\n' {
			return i
		}
	}
	return 0
}

// unfinished deals with what has no end yet.
func (w *walk) unfinished() {
	e := w.e
	rest := len(w.raw) - w.pos
	rest -= rest % e.unit()
	switch {
	case rest == 0:
	case w.state.Skip:
		w.pos += rest
		if w.flush {
			w.state.Skip = false
		}
	case w.flush, e.kind == noText:
		w.record(w.pos+rest, w.pos+rest, w.pos)
	case rest > w.o.MaxBytes:
		from := w.pos
		w.pos += w.pieces(from, w.pos+rest, false)
		if w.o.Truncate {
			w.pos, w.state.Skip = from+rest, true
		}
	}
}

// record takes in what ends at a place, and goes on at the next.
func (w *walk) record(end, next, from int) {
	w.pos = next
	if w.state.Skip {
		w.state.Skip = false
		return
	}
	if w.boundary != nil {
		from, end = w.trimmed(from, end)
	} else if unit := w.e.unit(); end-from >= unit && w.e.is(w.raw, end-unit, "\r") {
		end -= unit
	}
	w.pieces(from, end, true)
}

// trimmed is a record of several lines without the end of its last one, and what OmitPattern leaves out of its begin.
func (w *walk) trimmed(from, end int) (int, int) {
	e, unit := w.e, w.e.unit()
	if w.ends { // what the record before left of its last line
		if end-from >= unit && e.is(w.raw, from, "\r") {
			from += unit
		}
		if end-from >= unit && e.is(w.raw, from, "\n") {
			from += unit
		}
	} else if w.o.OmitPattern && e.UTF8() {
		if match := w.boundary.FindIndex(w.raw[from:end]); match != nil && match[0] == 0 {
			from += match[1]
		}
	}
	if end-from >= unit && e.is(w.raw, end-unit, "\n") {
		end -= unit
	}
	if end-from >= unit && e.is(w.raw, end-unit, "\r") {
		end -= unit
	}
	return from, end
}

// pieces appends a record in as many pieces as its size needs, and says how many bytes they have. Where the record is
// not whole its last piece stays, since more may belong to it.
func (w *walk) pieces(from, to int, whole bool) (taken int) {
	begin := from
	for to-from > w.o.MaxBytes {
		n := w.cut(w.raw[from : from+w.o.MaxBytes+1])
		w.emit(from, from+n)
		from += n
		if w.o.Truncate {
			return from - begin
		}
	}
	if whole && to > from {
		w.emit(from, to)
		from = to
	}
	return from - begin
}

// cut is how much of a record makes a piece: a character is not divided. The byte after the largest piece is there.
func (w *walk) cut(raw []byte) int {
	n := len(raw) - 1
	switch e := w.e; {
	case e.kind == utf16Text:
		low := 1
		if e.big {
			low = 0
		}
		if n >= 4 && raw[n-2+low]&0xFC == 0xD8 { // the first half of a pair
			n -= 2
		}
	case e.kind == utf8Text || e.kind == rawText:
		for back := n; back > n-utf8.UTFMax; back-- {
			if utf8.RuneStart(raw[back]) {
				return back
			}
		}
	}
	return n
}

// emit appends a record, without the blanks around it.
func (w *walk) emit(from, to int) {
	e, unit := w.e, w.e.unit()
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

// rest tells what stands after the last whole record.
func (s *Splitter) rest(e Encoding, raw []byte) Rest {
	end := 0
	if s.boundary != nil {
		end = s.wholeEnd(e, raw)
	}
	return Rest{Lines: end > 0, Unfinished: end < len(raw)}
}

// wholeEnd is where the last line ends that has an end, or with a pattern of ends the last record.
func (s *Splitter) wholeEnd(e Encoding, raw []byte) int {
	end := e.lastLineEnd(raw)
	if s.ends && e.UTF8() {
		if all := s.boundary.FindAllIndex(raw, -1); len(all) > 0 {
			end = max(end, all[len(all)-1][1])
		}
	}
	return end
}
