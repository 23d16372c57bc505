package records

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

// Encoding is how a file's text is written.
type Encoding struct {
	name string
	kind kind
	// charset decodes what is not UTF-8; nil otherwise.
	charset encoding.Encoding
	// big and byteOrderMark are those of UTF-16.
	big, byteOrderMark bool
}

type kind int

const (
	utf8Text  kind = iota // what is no UTF-8 becomes U+FFFD
	rawText               // bytes are passed on as they are
	noText                // so are they, and nothing is divided
	bytewise              // a line feed is the byte 0x0A, and that byte is nothing else
	utf16Text             // a line feed is two bytes
)

// LookupEncoding finds an encoding by its IANA name, in any case. Ours are also utf8-raw, which passes on what is no
// UTF-8, and nop, which divides nothing. The empty name is utf-8. Without a byte order mark, utf-16 is little-endian.
func LookupEncoding(name string) (Encoding, error) {
	e := Encoding{name: name}
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8", "ascii", "us-ascii":
		e.name = "utf-8"
	case "utf-8-raw", "utf8-raw":
		e.kind = rawText
	case "nop":
		e.kind = noText
	case "utf-16", "utf16":
		e.kind, e.byteOrderMark = utf16Text, true
	case "utf-16le", "utf16le":
		e.kind = utf16Text
	case "utf-16be", "utf16be":
		e.kind, e.big = utf16Text, true
	default:
		charset, err := ianaindex.IANA.Encoding(name)
		if err != nil || charset == nil {
			return e, fmt.Errorf("%q is no encoding that is known here: use an IANA name such as utf-8, utf-16le, iso-8859-1, windows-1252, shift_jis, gbk or big5", name)
		}
		if charset == unicode.UTF8 {
			return Encoding{name: "utf-8"}, nil
		}
		e.kind, e.charset = bytewise, charset
		if line, err := charset.NewEncoder().Bytes([]byte("a\n")); err != nil || !bytes.Equal(line, []byte("a\n")) {
			return e, fmt.Errorf("files in %q cannot be divided into lines here: use file_log for them", name)
		}
	}
	return e, nil
}

// Of is the encoding of a file that begins with these bytes: a byte order mark tells which UTF-16 it is.
func (e Encoding) Of(head []byte) Encoding {
	if e.byteOrderMark && bytes.HasPrefix(head, []byte{0xFE, 0xFF}) {
		e.big = true
	}
	return e
}

// Mark is how long the byte order mark is that a file begins with, in bytes.
func (e Encoding) Mark(head []byte) int {
	mark := []byte{0xEF, 0xBB, 0xBF}
	switch {
	case e.kind == utf16Text && e.big:
		mark = []byte{0xFE, 0xFF}
	case e.kind == utf16Text:
		mark = []byte{0xFF, 0xFE}
	case e.kind != utf8Text:
		return 0
	}
	if bytes.HasPrefix(head, mark) {
		return len(mark)
	}
	return 0
}

// UTF8 tells whether the bytes of a file are its text.
func (e Encoding) UTF8() bool { return e.kind <= noText }

// Replaces tells whether what is no UTF-8 has to be replaced.
func (e Encoding) Replaces() bool { return e.kind == utf8Text }

// Decode is the text of one record. What cannot be decoded becomes U+FFFD.
func (e Encoding) Decode(raw []byte) string {
	charset := e.charset
	switch e.kind {
	case utf8Text:
		return valid(raw)
	case rawText, noText:
		return string(raw)
	case utf16Text:
		order := unicode.LittleEndian
		if e.big {
			order = unicode.BigEndian
		}
		charset = unicode.UTF16(order, unicode.IgnoreBOM)
	}
	text, err := charset.NewDecoder().Bytes(raw)
	if err != nil {
		return valid(raw)
	}
	return string(text)
}

// valid is a text in which each byte that is no part of a character is U+FFFD.
func valid(raw []byte) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	return string([]rune(string(raw)))
}

// unit is the size of a code unit in bytes.
func (e Encoding) unit() int {
	if e.kind == utf16Text {
		return 2
	}
	return 1
}

// lineFeed is where the next line feed stands, from a code unit's begin on, or -1.
func (e Encoding) lineFeed(raw []byte) int {
	if e.kind != utf16Text {
		return bytes.IndexByte(raw, '\n')
	}
	for from := 0; ; {
		i := bytes.IndexByte(raw[from:], '\n')
		if i < 0 {
			return -1
		}
		at := from + i
		if e.big {
			at--
		}
		if at >= 0 && at%2 == 0 && at+1 < len(raw) && raw[at] == e.pair('\n')[0] && raw[at+1] == e.pair('\n')[1] {
			return at
		}
		from += i + 1
	}
}

// lastLineEnd is where the last line feed ends, or 0.
func (e Encoding) lastLineEnd(raw []byte) int {
	for end := len(raw); ; {
		i := bytes.LastIndexByte(raw[:end], '\n')
		if i < 0 {
			return 0
		}
		if e.kind != utf16Text {
			return i + 1
		}
		at := i
		if e.big {
			at--
		}
		if at >= 0 && at%2 == 0 && at+1 < len(raw) && e.is(raw, at, "\n") {
			return at + 2
		}
		end = i
	}
}

// pair is a character of ASCII.
func (e Encoding) pair(c byte) [2]byte {
	if e.big {
		return [2]byte{0, c}
	}
	return [2]byte{c, 0}
}

// is tells whether the code unit at a place is a character of ASCII.
func (e Encoding) is(raw []byte, at int, set string) bool {
	if e.kind != utf16Text {
		return strings.IndexByte(set, raw[at]) >= 0
	}
	high, low := raw[at+1], raw[at]
	if e.big {
		high, low = low, high
	}
	return high == 0 && strings.IndexByte(set, low) >= 0
}
