package records

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Options say what a record is.
type Options struct {
	Encoding Encoding
	// CarriageReturns says that a line ends with a carriage return. Otherwise it ends with a line feed, or with both.
	CarriageReturns bool
	// LineStart and LineEnd are the patterns that a record begins or ends with. Neither: a record is a line.
	LineStart, LineEnd string
	// OmitPattern leaves what matched out of the record.
	OmitPattern bool
	// HeaderLines is how many lines at a file's beginning are no records, and Header the pattern of lines that are none
	// wherever they stand; empty: all lines belong to records.
	HeaderLines int
	Header      string
	// MaxBytes is the size of the largest record, in bytes of its text in UTF-8. A longer one is divided, where it has several
	// lines at the end of one, or, with Truncate, its rest is skipped.
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
	lineEnd  byte
	boundary *regexp.Regexp // nil: a record is a line
	ends     bool           // boundary is the end of a record
	lineHead *regexp.Regexp // the same as boundary, which needs to be tried at the beginning of lines alone; or nil
	header   *regexp.Regexp // lines that are no records; nil: none
}

// State is what must be known of the bytes before.
type State struct {
	// Start says that they are the first ones of the file.
	Start bool
	// Within says that they are pieces of a line that has no end so far.
	Within bool
	// Skip says that the rest of a record which was too large is passed over.
	Skip bool
}

// New checks the options.
func New(o Options) (*Splitter, error) {
	s := &Splitter{o: o, lineEnd: '\n'}
	if o.CarriageReturns {
		s.lineEnd = '\r'
	}
	if o.MaxBytes < 4 { // one character
		return nil, fmt.Errorf("max_log_size: %d bytes are too few for a record: use at least 4", o.MaxBytes)
	}
	if o.HeaderLines < 0 || o.HeaderLines > maxHeaderLines {
		return nil, fmt.Errorf("header::lines: %d is not between 0 and %d", o.HeaderLines, maxHeaderLines)
	}
	var err error
	if o.Header != "" {
		if s.header, err = regexp.Compile(o.Header); err != nil {
			return nil, fmt.Errorf("header::pattern: %q is no regular expression: %w", o.Header, err)
		}
		if s.header.MatchString("") {
			return nil, fmt.Errorf("header::pattern: %q matches the empty text, so it would leave out all lines: make it longer", o.Header)
		}
	}
	pattern, key := o.LineStart, "multiline::line_start_pattern"
	if o.LineEnd != "" {
		if o.LineStart != "" {
			return nil, errors.New("multiline: line_start_pattern and line_end_pattern exclude each other: remove one")
		}
		pattern, key, s.ends = o.LineEnd, "multiline::line_end_pattern", true
	}
	if o.Encoding.kind == noText {
		for key, set := range map[string]bool{key: pattern != "", "header": o.Header != "" || o.HeaderLines > 0, "line_ending: cr": o.CarriageReturns} {
			if set {
				return nil, fmt.Errorf("%s needs text: remove it, or the encoding nop", key)
			}
		}
	}
	if pattern == "" {
		return s, nil
	}
	if s.boundary, err = regexp.Compile("(?m)" + pattern); err != nil {
		return nil, fmt.Errorf("%s: %q is no regular expression: %w", key, pattern, err)
	}
	if s.boundary.MatchString("") {
		return nil, fmt.Errorf("%s: %q matches the empty text, so it would divide everywhere: make it longer", key, pattern)
	}
	if !s.ends && atLineStart("(?m)"+pattern) {
		s.lineHead = regexp.MustCompile(`\A(?:(?m)` + pattern + ")")
	}
	return s, nil
}

// maxHeaderLines is how many lines a header may have: nothing is read before all of them are there.
const maxHeaderLines = 1000

// MaxRaw is how many bytes of a file a record may take.
func (s *Splitter) MaxRaw() int { return s.o.MaxBytes * s.o.Encoding.shrinks() }

// Clean is the text of a record as it is sent: the ends of lines within it are line feeds.
func (s *Splitter) Clean(text string) string {
	if s.boundary == nil || strings.IndexByte(text, '\r') < 0 {
		return text
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if s.o.CarriageReturns {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	return text
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
	// NULs is how many of the consumed bytes are left out as NUL, and Truncated how many as the rest of records that are too large.
	NULs, Truncated int
}

// Split appends the whole records of raw, which begins where the one before ended, to spans. e is the encoding that the
// file's beginning tells, and flush what is taken of the rest. Records of nothing but their end are passed over.
func (s *Splitter) Split(e Encoding, raw []byte, state *State, flush Flush, spans []Span) Result {
	w := walk{Splitter: s, e: e, raw: raw, state: state, flush: flush >= UnfinishedLine, out: spans, unit: e.unit()}
	if state.Start && !w.passHeader() {
		return Result{Spans: spans, Rest: Rest{Unfinished: len(raw) > 0}}
	}
	if len(raw) > 0 {
		state.Start = false
	}
	if flush == WholeLines {
		w.raw, w.flush = raw[:w.pos+w.wholeEnd(raw[w.pos:])], true
	}
	switch {
	case e.kind == noText:
		w.unfinished()
	case s.boundary == nil:
		w.lines()
	default:
		w.parts()
	}
	return Result{Spans: w.out, Consumed: w.pos, Rest: w.rest(raw[w.pos:]), NULs: w.nuls, Truncated: w.truncated}
}

// Piece takes a piece of what is as large as can be read at once, where Split takes nothing: what is left out of a record has no
// size of its own.
func (s *Splitter) Piece(e Encoding, raw []byte, state *State, spans []Span) Result {
	w := walk{Splitter: s, e: e, raw: raw, state: state, out: spans, unit: e.unit()}
	w.pos = e.prefix(raw, s.o.MaxBytes)
	if state.Skip {
		w.truncated = w.pos
	} else {
		w.emit(0, w.pos)
	}
	state.Start, state.Within, state.Skip = false, true, state.Skip || s.o.Truncate
	return Result{Spans: w.out, Consumed: w.pos, NULs: w.nuls, Truncated: w.truncated}
}

// rest tells what stands after the last whole record.
func (w *walk) rest(raw []byte) Rest {
	end := 0
	if w.boundary != nil {
		end = w.wholeEnd(raw)
	}
	return Rest{Lines: end > 0, Unfinished: end < len(raw)}
}

// wholeEnd is where the last line ends that has an end, or with a pattern of ends the last record.
func (w *walk) wholeEnd(raw []byte) int {
	end := w.e.lastLineEnd(raw, w.lineEnd)
	if w.ends && w.patternsSpanLines() {
		if all := w.boundary.FindAllIndex(raw, -1); len(all) > 0 {
			end = max(end, all[len(all)-1][1])
		}
	}
	return end
}
