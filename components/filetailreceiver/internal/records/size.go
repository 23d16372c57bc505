package records

import (
	"errors"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

// maxGrowth is how many bytes of UTF-8 a byte of a file becomes at most: what is no character becomes U+FFFD.
const maxGrowth = 3

// grows is that of an encoding.
func (e Encoding) grows() int {
	switch e.kind {
	case utf8Text, bytewise:
		return maxGrowth
	case utf16Text:
		return 2 // a unit of 2 bytes becomes 3 at most
	}
	return 1
}

// shrinks is how many bytes of a file become a byte of UTF-8 at most.
func (e Encoding) shrinks() int {
	switch e.kind {
	case utf16Text, bytewise:
		return 2 // ASCII in UTF-16, and characters of 4 bytes in GB18030
	}
	return 1
}

// prefix is how many bytes of a text are the most characters whose UTF-8 takes no more than so many bytes.
func (e Encoding) prefix(raw []byte, most int) int {
	switch e.kind {
	case utf16Text:
		return e.prefixUTF16(raw, most)
	case bytewise:
		return e.prefixBytewise(raw, most)
	case noText:
		return min(len(raw), most)
	}
	n := min(len(raw), most)
	if n < len(raw) {
		for back := n; back > max(0, n-utf8.UTFMax); back-- {
			if utf8.RuneStart(raw[back]) {
				n = back
				break
			}
		}
	}
	if e.kind == rawText || utf8.Valid(raw[:n]) {
		return n
	}
	n = 0
	for size := 0; n < len(raw); {
		r, bytes := utf8.DecodeRune(raw[n:])
		if size += max(bytes, utf8.RuneLen(r)); size > most {
			break
		}
		n += bytes
	}
	return n
}

func (e Encoding) prefixUTF16(raw []byte, most int) int {
	n := 0
	for size := 0; n+1 < len(raw); {
		high, low := raw[n+1], raw[n]
		if e.big {
			high, low = low, high
		}
		bytes, grown := 2, 3
		switch {
		case high == 0 && low < utf8.RuneSelf:
			grown = 1
		case high < 0x08:
			grown = 2
		case high&0xFC == 0xD8 && n+3 < len(raw): // the first half of a pair
			second := raw[n+3]
			if e.big {
				second = raw[n+2]
			}
			if second&0xFC == 0xDC {
				bytes, grown = 4, 4
			}
		}
		if size += grown; size > most {
			return n
		}
		n += bytes
	}
	if n+1 == len(raw) {
		n++ // half of a unit
	}
	return n
}

// prefixBytewise asks the decoder, which ends where its room does.
func (e Encoding) prefixBytewise(raw []byte, most int) int {
	decoder := e.charset.NewDecoder()
	room := make([]byte, min(most, len(raw)*e.grows()))
	written, n := 0, 0
	for {
		w, r, err := decoder.Transform(room[written:], raw[n:], true)
		written, n = written+w, n+r
		if !errors.Is(err, transform.ErrShortSrc) || w+r == 0 {
			break
		}
	}
	return max(n, 1)
}

// partial is how many bytes at the end of a text are not counted in its size: rows of NULs, which are left out, and where the
// text is not whole also what may become such a row, or a character, by what follows.
func (e Encoding) partial(raw []byte, whole bool) int {
	if whole {
		return e.TrailingNULs(raw)
	}
	if e.replacesNULs() {
		if end := e.withoutNULs(raw); end < len(raw) {
			return len(raw) - end
		}
	}
	switch e.kind {
	case utf8Text, rawText:
		for n := 1; n < utf8.UTFMax && n <= len(raw); n++ {
			if last := raw[len(raw)-n:]; utf8.RuneStart(last[0]) {
				if !utf8.FullRune(last) {
					return n
				}
				break
			}
		}
	case utf16Text:
		if at := len(raw) - 2; at >= 0 {
			high := raw[at+1]
			if e.big {
				high = raw[at]
			}
			if high&0xFC == 0xD8 {
				return 2
			}
		}
	case bytewise:
		return min(len(raw), 3)
	}
	return 0
}
