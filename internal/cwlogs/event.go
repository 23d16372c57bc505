package cwlogs

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// Event is what becomes one log event, or several.
type Event struct {
	// Timestamp is in milliseconds since 1970.
	Timestamp int64
	// Message is text. What is not UTF-8 in it arrives as U+FFFD.
	Message []byte
}

// Reason is why an event does not arrive as it was given.
type Reason string

// The reasons. The last four are those of the service.
const (
	Empty     Reason = "empty"     // it has no text, which the service refuses
	Truncated Reason = "truncated" // its end was cut off
	Divided   Reason = "split"     // it became several
	Early     Reason = "too_old"   // dropped, or its time was clamped
	Late      Reason = "too_new"   // dropped, or its time was clamped
	Clamped   Reason = "clamped"   // its time was clamped

	RejectedOld     Reason = "rejected_too_old"
	RejectedNew     Reason = "rejected_too_new"
	RejectedExpired Reason = "rejected_expired" // older than the group's retention
	RejectedEvent   Reason = "rejected_invalid" // the service refuses it, and nobody knows why
)

// TooLarge says what becomes of a message above the limit.
type TooLarge string

// What becomes of a message above the limit.
const (
	Truncate TooLarge = "truncate" // cut at the end of a character
	Split    TooLarge = "split"    // several events of the same time, in order
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *TooLarge) UnmarshalText(text []byte) error {
	return oneOf(t, text, Truncate, Split)
}

// OutOfTime says what becomes of an event whose time the service would reject.
type OutOfTime string

// What becomes of an event whose time the service would reject.
const (
	Drop  OutOfTime = "drop"
	Clamp OutOfTime = "clamp" // it gets the nearest time that is accepted
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *OutOfTime) UnmarshalText(text []byte) error {
	return oneOf(o, text, Drop, Clamp)
}

func oneOf[T ~string](to *T, text []byte, accepted ...T) error {
	if !slices.Contains(accepted, T(text)) {
		return fmt.Errorf("%q is not one of %v", text, accepted)
	}
	*to = T(text)
	return nil
}

// Policy says what becomes of events that no request may hold.
type Policy struct {
	TooLarge TooLarge
	TooOld   OutOfTime
	TooNew   OutOfTime
	// MaxMessage is the largest message in bytes, at most MaxMessageBytes. Default: that.
	MaxMessage int
}

// Fixed is an event that a request may hold.
type Fixed struct {
	Event
	// Source is the index of the event that it was made of.
	Source int
	// size is that of the message in UTF-8.
	size int
}

// Size is what the event counts in a batch, in bytes.
func (f Fixed) Size() int { return f.size + EventOverhead }

// Fix appends what can be sent of events to dst, in the order of time; what has the same time stays in its
// order. drop is called for each event that is left out or changed.
func (p Policy) Fix(dst []Fixed, events []Event, now time.Time, drop func(Reason)) []Fixed {
	most := p.MaxMessage
	if most <= 0 || most > MaxMessageBytes {
		most = MaxMessageBytes
	}
	oldest, newest := now.Add(-MaxAge).UnixMilli(), now.Add(MaxAhead).UnixMilli()
	start := len(dst)
	sorted := true
	for i, e := range events {
		if len(e.Message) == 0 {
			drop(Empty)
			continue
		}
		switch {
		case e.Timestamp < oldest:
			drop(Early)
			if p.TooOld != Clamp {
				continue
			}
			drop(Clamped)
			e.Timestamp = now.Add(margin - MaxAge).UnixMilli()
		case e.Timestamp > newest:
			drop(Late)
			if p.TooNew != Clamp {
				continue
			}
			drop(Clamped)
			e.Timestamp = now.Add(MaxAhead - margin).UnixMilli()
		}
		sorted = sorted && (len(dst) == start || dst[len(dst)-1].Timestamp <= e.Timestamp)
		size := textSize(e.Message)
		if size <= most {
			dst = append(dst, Fixed{e, i, size})
			continue
		}
		rest := e.Message
		if p.TooLarge != Split {
			drop(Truncated)
			rest = rest[:prefix(rest, most)]
		} else {
			drop(Divided)
		}
		for len(rest) > 0 {
			n := prefix(rest, most)
			part := Event{e.Timestamp, rest[:n:n]}
			dst = append(dst, Fixed{part, i, textSize(part.Message)})
			rest = rest[n:]
		}
	}
	if !sorted {
		slices.SortStableFunc(dst[start:], func(a, b Fixed) int {
			switch {
			case a.Timestamp < b.Timestamp:
				return -1
			case a.Timestamp > b.Timestamp:
				return 1
			}
			return 0
		})
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
