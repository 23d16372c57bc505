package message

import (
	"math/bits"
	"unicode/utf8"
)

// style is how strings and numbers are written.
type style uint8

const (
	// plain escapes what JSON has to, U+2028 and U+2029, as encoding/json does without HTML's characters.
	plain style = iota
	// forHTML escapes <, > and & besides, as encoding/json does by itself.
	forHTML
	// protobuf is how pdata writes OTLP's JSON.
	protobuf
)

// asItIs are the bytes that are written as they are, by style. No byte of a longer character is one.
var asItIs = [...][256]bool{plain: safe(""), forHTML: safe("<>&"), protobuf: safe("")}

func safe(butNot string) (is [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		is[c] = c != '"' && c != '\\'
	}
	for _, c := range butNot {
		is[c] = false
	}
	return is
}

// appendString appends text in quotes, with \ufffd for each byte that is not UTF-8.
func appendString(dst []byte, text string, s style) []byte {
	dst = append(dst, '"')
	table, start := &asItIs[s], 0
	for i := 0; i < len(text); {
		if i+8 <= len(text) {
			found := special(load(text, i))
			if found == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(found) / 8
		}
		c := text[i]
		if table[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = appendEscape(append(dst, text[start:i]...), c, s)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(append(dst, text[start:i]...), `\ufffd`...)
			start = i + size
		case (r == '\u2028' || r == '\u2029') && s != protobuf:
			dst = append(append(dst, text[start:i]...), `\u202`...)
			dst = append(dst, hexDigits[r&0xf])
			start = i + size
		}
		i += size
	}
	return append(append(dst, text[start:]...), '"')
}

const hexDigits = "0123456789abcdef"

// appendEscape appends an ASCII character that cannot stand as it is.
func appendEscape(dst []byte, c byte, s style) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c == '\n':
		return append(dst, `\n`...)
	case c == '\r':
		return append(dst, `\r`...)
	case c == '\t':
		return append(dst, `\t`...)
	case c == '\b' && s != protobuf:
		return append(dst, `\b`...)
	case c == '\f' && s != protobuf:
		return append(dst, `\f`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// load takes 8 bytes, which the compiler makes one read.
func load(s string, i int) uint64 {
	_ = s[i+7]
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// special finds those of 8 bytes that may not stand as they are in some style: control characters, " & < > \
// and parts of longer characters. The top bit of the first one is the lowest that is set, and none is set
// where there is none; what is set above it means nothing. "Determine if a word has a byte less than n" (Bit
// Twiddling Hacks, S. E. Anderson), for a space and, after xor with each character, for 1: a borrow goes
// only up from a byte that was found. " and & differ in one bit, and so do < and >, which is set first.
func special(x uint64) uint64 {
	quote := (x | 0x04*ones) ^ '&'*ones
	angle := (x | 0x02*ones) ^ '>'*ones
	backslash := x ^ '\\'*ones
	return ((x - ' '*ones) | (quote - ones) | (angle - ones) | (backslash - ones) | x) & tops
}
