package cwlogs

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"
)

// Fixed is an event that a request may hold.
type Fixed struct {
	Event
	// Source is the index of the event that it was made of.
	Source int
	// size is that of the message in UTF-8.
	size int
}

// Size is what the event counts in a batch, in bytes.
func (f *Fixed) Size() int { return f.size + EventOverhead }

// Fix appends what can be sent of events to dst, in the order of time; what has the same time stays in its
// order. drop is called for each event that is left out or changed, with the event as it was given.
func (p Policy) Fix(dst []Fixed, events []Event, now time.Time, drop func(Reason, *Event)) []Fixed {
	most := p.MaxMessage
	if most <= 0 || most > MaxMessageBytes {
		most = MaxMessageBytes
	}
	oldest, newest := now.Add(-MaxAge).UnixMilli(), now.Add(MaxAhead).UnixMilli()
	start := len(dst)
	sorted := true
	for i, e := range events {
		if len(e.Message) == 0 {
			drop(Empty, &events[i])
			continue
		}
		switch {
		case e.Timestamp < oldest:
			if p.TooOld != Clamp {
				drop(Early, &events[i])
				continue
			}
			drop(ClampedOld, &events[i])
			e.Timestamp = now.Add(margin - MaxAge).UnixMilli()
		case e.Timestamp > newest:
			if p.TooNew != Clamp {
				drop(Late, &events[i])
				continue
			}
			drop(ClampedNew, &events[i])
			e.Timestamp = now.Add(MaxAhead - margin).UnixMilli()
		}
		sorted = sorted && (len(dst) == start || dst[len(dst)-1].Timestamp <= e.Timestamp)
		if size := textSize(e.Message); size <= most {
			dst = append(dst, Fixed{Event: e, Source: i, size: size})
		} else {
			dst = p.shorten(dst, e, i, most, func(r Reason) { drop(r, &events[i]) })
		}
	}
	if !sorted {
		slices.SortStableFunc(dst[start:], func(a, b Fixed) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	}
	return dst
}

// shorten appends what becomes of an event whose message is too large.
func (p Policy) shorten(dst []Fixed, e Event, source, most int, drop func(Reason)) []Fixed {
	text := e.Message
	if p.TooLarge != Split {
		drop(Truncated)
		suffix := p.Suffix
		if len(suffix) >= most {
			suffix = ""
		}
		e.Message = slices.Clip(text[:prefix(text, most-len(suffix))])
		e.Message = append(e.Message, suffix...) // a copy, as it was clipped
		return append(dst, Fixed{Event: e, Source: source, size: textSize(e.Message)})
	}
	drop(Divided)
	for from := 0; from < len(text); {
		to := from + prefix(text[from:], most)
		e.Message = text[from:to:to]
		dst = append(dst, Fixed{Event: e, Source: source, size: textSize(e.Message)})
		from = to
	}
	return dst
}

// replacement is how many bytes U+FFFD has.
const replacement = len("\uFFFD")

// textSize is how many bytes a text has when what is not UTF-8 is replaced.
func textSize(text []byte) int {
	if utf8.Valid(text) {
		return len(text)
	}
	size := 0
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			size += replacement
		} else {
			size += n
		}
		text = text[n:]
	}
	return size
}

// prefix is the length of the longest part of a text, from its beginning, that has at most most bytes and
// ends with a character. It is at least one character.
func prefix(text []byte, most int) int {
	size, at := 0, 0
	for at < len(text) {
		n, counted := 1, 1
		if text[at] >= utf8.RuneSelf {
			var r rune
			r, n = utf8.DecodeRune(text[at:])
			if counted = n; r == utf8.RuneError && n == 1 {
				counted = replacement
			}
		}
		if size+counted > most && at > 0 {
			return at
		}
		size += counted
		at += n
	}
	return at
}
