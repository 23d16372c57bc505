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

// Marks of byte orders.
const (
	markUTF8     = "\xEF\xBB\xBF"
	markUTF16    = "\xFF\xFE"
	markUTF16Big = "\xFE\xFF"
)

// HeadBytes is how much of a file's beginning Of needs, in bytes.
const HeadBytes = 64

// Of is the encoding of a file that begins with these bytes: where UTF-8 or UTF-16 is expected, a byte order mark tells what
// it is. UTF-16 without one is little-endian, unless the name says otherwise or the first character is of ASCII.
func (e Encoding) Of(head []byte) Encoding {
	if e.kind != utf8Text && e.kind != utf16Text {
		return e
	}
	text := func(mark string) bool { return bytes.HasPrefix(head, []byte(mark)) }
	switch {
	case text(markUTF8):
		e.kind, e.big = utf8Text, false
	case text(markUTF16):
		e.kind, e.big = utf16Text, false
	case text(markUTF16Big):
		e.kind, e.big = utf16Text, true
	case e.byteOrderMark && len(head) > 1 && head[0] == 0 && head[1] != 0:
		e.big = true
	}
	return e
}

// Unmarked is the encoding that a file seems to have which is read as UTF-8, or "": UTF-16 without a byte order mark has a
// NUL beside each character of ASCII.
func (e Encoding) Unmarked(head []byte) string {
	if e.kind != utf8Text || len(head) < 16 {
		return ""
	}
	head = head[:min(len(head), HeadBytes)&^1]
	var nuls [2]int
	for i, c := range head {
		if c == 0 {
			nuls[i%2]++
		}
	}
	switch units := len(head) / 2; {
	case nuls[1] == units && nuls[0] == 0:
		return "utf-16le"
	case nuls[0] == units && nuls[1] == 0:
		return "utf-16be"
	}
	return ""
}

// Mark is how long the byte order mark is that a text begins with, in bytes.
func (e Encoding) Mark(head []byte) int {
	mark := markUTF8
	switch {
	case e.kind == utf16Text && e.big:
		mark = markUTF16Big
	case e.kind == utf16Text:
		mark = markUTF16
	case e.kind != utf8Text:
		return 0
	}
	if bytes.HasPrefix(head, []byte(mark)) {
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

// lineFeed is where the next end of a line stands, from a code unit's begin on, or -1.
func (e Encoding) lineFeed(raw []byte, end byte) int {
	if e.kind != utf16Text {
		return bytes.IndexByte(raw, end)
	}
	for from := 0; ; {
		i := bytes.IndexByte(raw[from:], end)
		if i < 0 {
			return -1
		}
		if at := e.unitAt(raw, from+i); at >= 0 {
			return at
		}
		from += i + 1
	}
}

// lastLineEnd is where the last line ends that has an end, or 0.
func (e Encoding) lastLineEnd(raw []byte, end byte) int {
	if e.kind != utf16Text {
		return bytes.LastIndexByte(raw, end) + 1
	}
	for to := len(raw); ; {
		i := bytes.LastIndexByte(raw[:to], end)
		if i < 0 {
			return 0
		}
		if at := e.unitAt(raw, i); at >= 0 {
			return at + 2
		}
		to = i
	}
}

// unitAt is where the character of ASCII stands whose byte is at a place of UTF-16, or -1.
func (e Encoding) unitAt(raw []byte, at int) int {
	other := at + 1
	if e.big {
		at--
		other = at
	}
	if at < 0 || at%2 != 0 || other >= len(raw) || raw[other] != 0 {
		return -1
	}
	return at
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

// bare is how long the NULs and the byte order mark are that a line begins with, in bytes.
func (e Encoding) bare(line []byte) int {
	if len(line) == 0 || !e.replacesNULs() || line[0] != 0 && line[0] < 0xEF {
		return 0
	}
	n := e.LeadingNULs(line)
	return n + e.Mark(line[n:])
}

// Wide reports whether a character takes two bytes at least.
func (e Encoding) Wide() bool { return e.kind == utf16Text }
