package jsonfield

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// maxNesting is how deep objects and arrays of a record may stand in each other.
	maxNesting = 1000
	// maxText bounds a text that has escapes, and the digits of a number.
	maxText = 128
)

// Path is the way to a field: the names of objects, then its own.
type Path struct {
	names []string
	whole string // a field of the record itself may be called so, points and all
}

// Parse reads a path: names with points between them.
func Parse(field string) (Path, error) {
	p := Path{names: strings.Split(field, "."), whole: field}
	for _, name := range p.names {
		if name == "" {
			return p, fmt.Errorf("field %q has an empty name: write the names of objects and of the field with a point between them, such as log.time", field)
		}
	}
	return p, nil
}

// Set reports whether there is a path.
func (p Path) Set() bool { return p.names != nil }

// Find finds a string, with its quotes, or a number in a record that begins with a JSON object. As everywhere in JSON's world, the last of
// several fields of one name counts.
func (p Path) Find(record string) (from, to int, ok bool) {
	s := scanner{text: record}
	s.blanks()
	if !s.is('{') {
		return 0, 0, false
	}
	from, to = -1, -1
	s.object(p.names, p.whole, &from, &to)
	return from, to, from >= 0
}

// Text is what a string or number says that Find has found. It reports false for a string with a wrong escape, or with escapes and more than
// 128 bytes.
func Text(value string) (string, bool) {
	if value[0] != '"' {
		return value, true
	}
	if value = value[1 : len(value)-1]; strings.IndexByte(value, '\\') < 0 {
		return value, true
	}
	var room [2 * maxText]byte
	text, ok := unescape(room[:0], value)
	return string(text), ok
}

// scanner goes through a JSON text. What comes behind a mistake is not read; what came before counts.
type scanner struct {
	text   string
	at     int
	looked bool // for fields that could count more than the one that was found
}

func (s *scanner) blanks() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t' || s.text[s.at] == '\n' || s.text[s.at] == '\r') {
		s.at++
	}
}

// is reads a byte if it is this one.
func (s *scanner) is(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// object reads an object behind its brace, and sets from and end to the value at the path. It reports whether the text is right so far.
func (s *scanner) object(path []string, whole string, from, end *int) bool {
	s.blanks()
	if s.is('}') {
		return true
	}
	for {
		s.blanks()
		key := s.at
		if s.at == len(s.text) || s.text[s.at] != '"' || !s.string() {
			return false
		}
		name := s.text[key+1 : s.at-1]
		s.blanks()
		if !s.is(':') {
			return false
		}
		s.blanks()
		here := sameName(name, path[0])
		switch {
		case here && len(path) > 1 && s.at < len(s.text) && s.text[s.at] == '{':
			*from = -1
			s.at++
			if !s.object(path[1:], "", from, end) {
				return false
			}
		default:
			value := s.at
			if !s.value() {
				return false
			}
			if here && len(path) == 1 || len(path) > 1 && sameName(name, whole) {
				*from, *end = value, s.at
				if c := s.text[value]; c != '"' && c != '-' && !digit(c) {
					*from = -1 // null, say
				}
			} else if here {
				*from = -1 // no object
			}
		}
		if *from >= 0 && whole != "" && !s.looked { // once: a record could have very many of them
			if s.looked = true; s.last(path, whole) {
				return true
			}
		}
		s.blanks()
		if s.is('}') {
			return true
		}
		if !s.is(',') {
			return false
		}
	}
}

// last reports whether no field that counts can follow: none of the names is there again, and none is hidden in escapes.
func (s *scanner) last(path []string, whole string) bool {
	rest := s.text[s.at:]
	return strings.IndexByte(rest, '\\') < 0 && !strings.Contains(rest, path[0]) && (len(path) == 1 || !strings.Contains(rest, whole))
}

// string reads a string from its first quote on.
func (s *scanner) string() bool {
	end := endOfString(s.text, s.at+1)
	if end < 0 {
		s.at = len(s.text)
		return false
	}
	s.at = end
	return true
}

// short is how long a string is for which looking byte by byte is the fastest.
const short = 24

// endOfString is where a string ends, of which the first quote is before at; -1 where it does not.
func endOfString(text string, at int) int {
	for near := min(at+short, len(text)); at < near; at++ {
		switch text[at] {
		case '"':
			return at + 1
		case '\\':
			at++
		}
	}
	for at < len(text) {
		n := strings.IndexByte(text[at:], '"')
		if n < 0 {
			return -1
		}
		quote := at + n
		escapes := 0
		for quote-1-escapes >= at && text[quote-1-escapes] == '\\' {
			escapes++
		}
		if at = quote + 1; escapes%2 == 0 {
			return at
		}
	}
	return -1
}

// value reads any value.
func (s *scanner) value() bool {
	if s.at == len(s.text) {
		return false
	}
	switch s.text[s.at] {
	case '"':
		return s.string()
	case '{', '[':
		return s.nested()
	}
	text, at := s.text, s.at
	for at < len(text) && !ends[text[at]] {
		at++
	}
	ok := at > s.at && at < len(text)
	s.at = at
	return ok
}

// ends are the bytes that end a number or a word, and structure those that matter within objects and arrays.
var (
	ends      = [256]bool{',': true, '}': true, ']': true, ' ': true, '\t': true, '\r': true, '\n': true, '"': true, ':': true, '{': true, '[': true}
	structure = [256]bool{'"': true, '{': true, '[': true, '}': true, ']': true}
)

// nested reads an object or array, of which nothing is wanted.
func (s *scanner) nested() bool {
	var open [maxNesting/8 + 1]byte // a bit for each that is open: an array
	depth, text, at := 0, s.text, s.at
	for at < len(text) {
		c := text[at]
		if at++; !structure[c] {
			continue
		}
		switch c {
		case '"':
			if at = endOfString(text, at); at < 0 {
				return false
			}
		case '{', '[':
			if depth == maxNesting {
				return false
			}
			bit := byte(1) << (depth % 8)
			if open[depth/8] &^= bit; c == '[' {
				open[depth/8] |= bit
			}
			depth++
		default:
			depth--
			if array := open[depth/8]&(1<<(depth%8)) != 0; array != (c == ']') {
				return false
			}
			if depth == 0 {
				s.at = at
				return true
			}
		}
	}
	return false
}

// sameName compares the text of a name, which may have escapes, to a name.
func sameName(text, name string) bool {
	if len(text) <= len(name) {
		return text == name // an escape is longer than what it stands for
	}
	if len(text) > 6*len(name) || strings.IndexByte(text, '\\') < 0 {
		return false
	}
	plain, ok := unescape(make([]byte, 0, len(name)), text)
	return ok && string(plain) == name
}

// escapes are what stands for a letter behind a backslash.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape appends the text of a JSON string to dst, which it does not outgrow but for what is too long for a name or a time.
func unescape(dst []byte, text string) ([]byte, bool) {
	for i := 0; i < len(text); {
		if len(dst) > maxText {
			return dst, false
		}
		c := text[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		if i+1 == len(text) {
			return dst, false
		}
		if plain := escapes[text[i+1]]; plain != 0 {
			dst = append(dst, plain)
			i += 2
			continue
		}
		r, ok := unit(text[i:])
		if !ok {
			return dst, false
		}
		i += 6
		if utf16.IsSurrogate(r) {
			second, ok := unit(text[min(i, len(text)):])
			if r = utf16.DecodeRune(r, second); ok && r != utf8.RuneError {
				i += 6
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, true
}

// unit reads \u and four digits.
func unit(text string) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(v), err == nil
}

// Scaled reads a number of JSON that is not negative, times ten to the power of scale; what is behind the point then is left out.
func Scaled(text string, scale int) (value int64, ok bool) {
	var digits [maxText]byte
	n, point, i := 0, -1, 0
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case digit(c):
			if n == 0 && c == '0' && point < 0 {
				continue
			}
			if n == maxText {
				return 0, false
			}
			digits[n] = c
			n++
			continue
		case c == '.' && point < 0:
			point = n
			continue
		}
		break
	}
	if i == 0 || text[0] == '.' || text[i-1] == '.' {
		return 0, false
	}
	if point < 0 {
		point = n
	}
	if i < len(text) {
		if text[i]|0x20 != 'e' {
			return 0, false
		}
		exponent, err := strconv.ParseInt(text[i+1:], 10, 16)
		if err != nil {
			return 0, false
		}
		point += int(exponent)
	}
	if point += scale; point > 19 {
		return 0, false
	}
	for k := range max(point, 0) {
		d := int64(0)
		if k < n {
			d = int64(digits[k] - '0')
		}
		if value > (1<<63-1-d)/10 {
			return 0, false
		}
		value = 10*value + d
	}
	return value, true
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
