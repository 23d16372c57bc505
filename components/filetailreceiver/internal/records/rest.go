package records

import "time"

// Flush says what of the text that is not a whole record is taken as one.
type Flush int

// What is flushed, the less first.
const (
	// Nothing waits for the record's end.
	Nothing Flush = iota
	// WholeLines takes lines whose record may go on, up to the last line's end. A line without its end stays.
	WholeLines
	// UnfinishedLine takes a line without its end, too.
	UnfinishedLine
	// Everything also takes NULs at the file's end, which its program may have written over.
	Everything
)

// Rest is what stands after the last whole record.
type Rest struct {
	// Lines says that there is at least one whole line, or what line_end_pattern takes for a record's end.
	Lines bool
	// Unfinished says that it ends with a line that has no end.
	Unfinished bool
	// NULs says that NULs follow up to the file's end.
	NULs bool
}

// Any reports whether there is a rest.
func (r Rest) Any() bool { return r != Rest{} }

// Waits are how long a rest stays as it is before it is flushed.
type Waits struct {
	// Lines is for whole lines whose record may go on, and Line for a line without its end; 0: without a bound.
	Lines, Line time.Duration
}

// Of is what is due of a rest that has been the same for some time. final says that nobody ends it: its file is deleted,
// replaced, or rotated and quiet, its archive is complete, or a stop reads files to their ends.
func (w Waits) Of(r Rest, same time.Duration, final bool) Flush {
	due := func(wait time.Duration) bool { return wait > 0 && same >= wait }
	switch {
	case final && r.Any():
		return Everything
	case r.Unfinished && due(w.Line):
		return UnfinishedLine
	case r.Lines && due(w.Lines):
		return WholeLines
	}
	return Nothing
}

// Bounded reports whether a rest is flushed by time alone. One that is not waits for its program, and is no lag.
func (w Waits) Bounded(r Rest) bool { return r.Lines && w.Lines > 0 || r.Unfinished && w.Line > 0 }
