package records

import "bytes"

// minHole is how many NULs in a row are a hole, which ends a record, in bytes: the smallest block of a disk. A program that goes
// on writing where it was, after its file was truncated, leaves one, and so does a crash of the host.
const minHole = 512

// minNULs is how many NULs in a row, around a record, are no text, in bytes.
const minNULs = 8

// replacesNULs reports whether NULs around a record, and holes, are left out.
func (e Encoding) replacesNULs() bool { return e.kind != rawText && e.kind != noText }

// hole is the first hole of raw between two places, or two equal ones. open says that a hole at the end may go on.
func (w *walk) hole(raw []byte, from, end int, open bool) (first, last int) {
	if !w.e.replacesNULs() {
		return end, end
	}
	for from < end {
		i := bytes.IndexByte(raw[from:end], 0)
		if i < 0 {
			return end, end
		}
		first = from + i
		last = first + leadingNULs(raw[first:end])
		from = last
		if last == end && open {
			return end, end
		}
		if w.unit == 2 { // half of a character may be NUL
			first += first % 2
			last -= last % 2
		}
		if last-first >= minHole {
			return first, last
		}
	}
	return end, end
}

// endsAtHole ends a record at the first hole of a line, and reports whether it has one.
func (w *walk) endsAtHole(end int, open bool) bool {
	if end-w.pos < minHole {
		return false
	}
	first, last := w.hole(w.raw, w.pos, end, open)
	if first == last {
		return false
	}
	w.nuls += last - first
	if w.header != nil && !w.within() && w.isHeader(w.raw[w.pos:first]) {
		w.pos = last
		return true
	}
	w.record(first, last, w.pos)
	return true
}

// holeIn is how many bytes of a part that is left out are NULs at its end.
func holeIn(part []byte) int {
	n := 0
	for n < len(part) && part[len(part)-1-n] == 0 {
		n++
	}
	return n
}

// LeadingNULs is how many bytes of a text are NULs that it begins with, and are left out.
func (e Encoding) LeadingNULs(raw []byte) int {
	if !e.replacesNULs() || len(raw) == 0 || raw[0] != 0 {
		return 0
	}
	n := leadingNULs(raw)
	if n -= n % e.unit(); n < minNULs {
		return 0
	}
	return n
}

// TrailingNULs is how many bytes of a text are NULs that it ends with, and are left out if something follows them.
func (e Encoding) TrailingNULs(raw []byte) int {
	if !e.replacesNULs() {
		return 0
	}
	if n := len(raw) - e.withoutNULs(raw); n >= minNULs {
		return n
	}
	return 0
}

// withoutNULs is how long a text is without the NULs that it ends with.
func (e Encoding) withoutNULs(raw []byte) int {
	to := len(raw)
	for to >= len(zeroes) && [len(zeroes)]byte(raw[to-len(zeroes):to]) == zeroes {
		to -= len(zeroes)
	}
	for to > 0 && raw[to-1] == 0 {
		to--
	}
	return to + to%e.unit()
}

// leadingNULs is how many NUL bytes a text begins with.
func leadingNULs(raw []byte) int {
	n := 0
	for len(raw)-n >= len(zeroes) && [len(zeroes)]byte(raw[n:]) == zeroes {
		n += len(zeroes)
	}
	for n < len(raw) && raw[n] == 0 {
		n++
	}
	return n
}

// zeroes is what is compared at once.
var zeroes [256]byte
