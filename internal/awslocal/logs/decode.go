package logs

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a request, as encoding/json does.
const maxDepth = 10_000

// decoder reads JSON from data, in one pass and without keeping data. It accepts what encoding/json
// accepts, and reads strings as it does: an invalid byte and half a surrogate pair become U+FFFD.
type decoder struct {
	data    []byte
	pos     int
	scratch []byte // of the last key or small string
}

func (d *decoder) errorf(format string, args ...any) error {
	return fmt.Errorf("%s at byte %d", fmt.Sprintf(format, args...), d.pos)
}

// peek skips white space and returns the next byte, or 0 at the end.
func (d *decoder) peek() byte {
	for d.pos < len(d.data) {
		switch b := d.data[d.pos]; b {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return b
		}
	}
	return 0
}

func (d *decoder) unexpected() error {
	if b := d.peek(); d.pos < len(d.data) {
		return d.errorf("unexpected %q", b)
	}
	return d.errorf("unexpected end of JSON")
}

// literal reads a word, such as null.
func (d *decoder) literal(word string) error {
	if len(d.data)-d.pos < len(word) || string(d.data[d.pos:d.pos+len(word)]) != word {
		return d.unexpected()
	}
	d.pos += len(word)
	return nil
}

// null reads a null, if there is one.
func (d *decoder) null() (bool, error) {
	if d.peek() != 'n' {
		return false, nil
	}
	return true, d.literal("null")
}

// object calls member for each member of an object, which reads the value. The key is valid until
// the next string is read.
func (d *decoder) object(member func(key []byte) error) error {
	if b := d.peek(); b != '{' {
		return d.wrongType(b, "a Structure")
	}
	d.pos++
	if d.peek() == '}' {
		d.pos++
		return nil
	}
	for {
		if d.peek() != '"' {
			return d.unexpected()
		}
		d.pos++
		var err error
		if d.scratch, err = d.text(d.scratch[:0]); err != nil {
			return err
		}
		if d.peek() != ':' {
			return d.unexpected()
		}
		d.pos++
		if err := member(d.scratch); err != nil {
			return err
		}
		switch d.peek() {
		case ',':
			d.pos++
		case '}':
			d.pos++
			return nil
		default:
			return d.unexpected()
		}
	}
}

// array calls element for each element of an array, which reads it.
func (d *decoder) array(element func() error) error {
	if b := d.peek(); b != '[' {
		return d.wrongType(b, "a List")
	}
	d.pos++
	if d.peek() == ']' {
		d.pos++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch d.peek() {
		case ',':
			d.pos++
		case ']':
			d.pos++
			return nil
		default:
			return d.unexpected()
		}
	}
}

// wrongType is worded as the service does.
func (d *decoder) wrongType(b byte, want string) error {
	switch {
	case b == '"':
		return fmt.Errorf("STRING_VALUE can not be converted to %s", want)
	case b == '{':
		return fmt.Errorf("START_OBJECT can not be converted to %s", want)
	case b == '[':
		return fmt.Errorf("START_ARRAY can not be converted to %s", want)
	case b == 't':
		return fmt.Errorf("TRUE_VALUE can not be converted to %s", want)
	case b == 'f':
		return fmt.Errorf("FALSE_VALUE can not be converted to %s", want)
	case b == '-' || '0' <= b && b <= '9':
		return fmt.Errorf("NUMBER_VALUE can not be converted to %s", want)
	default:
		return d.unexpected()
	}
}

// string appends the string that follows to dst.
func (d *decoder) string(dst []byte) ([]byte, error) {
	if b := d.peek(); b != '"' {
		return dst, d.wrongType(b, "a String")
	}
	d.pos++
	return d.text(dst)
}

// smallString reads a string that is kept by itself, or nil for null.
func (d *decoder) smallString() (*string, error) {
	if null, err := d.null(); null || err != nil {
		return nil, err
	}
	var err error
	if d.scratch, err = d.string(d.scratch[:0]); err != nil {
		return nil, err
	}
	s := string(d.scratch)
	return &s, nil
}

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// plain returns the index of the first byte from i on that a string's reader must look at: a quote, a
// backslash, a control character or the start of a rune of several bytes. It tests eight bytes at a
// time; in each of the differences the lowest bit that is set belongs to a byte that is meant.
func plain(data []byte, i int) int {
	for ; i+8 <= len(data); i += 8 {
		w := binary.LittleEndian.Uint64(data[i:])
		quote := w ^ ones*'"'
		slash := w ^ ones*'\\'
		if found := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w | w) & tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(data); i++ {
		if b := data[i]; b == '"' || b == '\\' || b < ' ' || b >= utf8.RuneSelf {
			break
		}
	}
	return i
}

// text appends a string's content to dst; the opening quote has been read.
func (d *decoder) text(dst []byte) ([]byte, error) {
	for {
		end := plain(d.data, d.pos)
		dst = append(dst, d.data[d.pos:end]...)
		d.pos = end
		if end == len(d.data) {
			return dst, d.unexpected()
		}
		switch b := d.data[end]; {
		case b == '"':
			d.pos++
			return dst, nil
		case b == '\\':
			if end+1 < len(d.data) {
				if meant := escapes[d.data[end+1]]; meant != 0 {
					dst = append(dst, meant)
					d.pos += 2
					continue
				}
			}
			var err error
			if dst, err = d.escape(dst); err != nil {
				return dst, err
			}
		case b < ' ':
			return dst, d.errorf("control character %#02x in a string", b)
		default:
			for d.pos < len(d.data) && d.data[d.pos] >= utf8.RuneSelf {
				r, size := utf8.DecodeRune(d.data[d.pos:])
				dst = utf8.AppendRune(dst, r)
				d.pos += size
			}
		}
	}
}

// escapes are the escapes of one letter.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads an escape of the form \uXXXX, which begins at the current position.
func (d *decoder) escape(dst []byte) ([]byte, error) {
	r := d.hex(d.pos)
	if r < 0 {
		return dst, d.errorf("invalid escape %q", d.data[d.pos:min(d.pos+6, len(d.data))])
	}
	d.pos += 6
	if utf16.IsSurrogate(r) {
		if pair := utf16.DecodeRune(r, d.hex(d.pos)); pair != utf8.RuneError {
			d.pos += 6
			return utf8.AppendRune(dst, pair), nil
		}
		r = utf8.RuneError
	}
	return utf8.AppendRune(dst, r), nil
}

// hex is the code unit of the escape \uXXXX at i, or -1 where there is none.
func (d *decoder) hex(i int) rune {
	if i+6 > len(d.data) || d.data[i] != '\\' || d.data[i+1] != 'u' {
		return -1
	}
	var r rune
	for _, b := range d.data[i+2 : i+6] {
		switch {
		case '0' <= b && b <= '9':
			b -= '0'
		case 'a' <= b && b <= 'f':
			b -= 'a' - 10
		case 'A' <= b && b <= 'F':
			b -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(b)
	}
	return r
}

// number moves over a number and tells whether it is written as an integer.
func (d *decoder) number() (integer bool, err error) {
	digits := func() bool {
		from := d.pos
		for d.pos < len(d.data) && '0' <= d.data[d.pos] && d.data[d.pos] <= '9' {
			d.pos++
		}
		return d.pos > from
	}
	is := func(chars ...byte) bool {
		for _, c := range chars {
			if d.pos < len(d.data) && d.data[d.pos] == c {
				d.pos++
				return true
			}
		}
		return false
	}
	is('-')
	if !is('0') && !digits() {
		return false, d.unexpected()
	}
	integer = true
	if is('.') {
		integer = false
		if !digits() {
			return false, d.unexpected()
		}
	}
	if is('e', 'E') {
		integer = false
		is('+', '-')
		if !digits() {
			return false, d.unexpected()
		}
	}
	return integer, nil
}

// integer reads an integer of 64 bits.
func (d *decoder) integer() (int64, error) {
	b := d.peek()
	if b != '-' && (b < '0' || b > '9') {
		return 0, d.wrongType(b, "a Long")
	}
	from := d.pos
	// Timestamps of today have 13 digits: up to 18 cannot overflow.
	if b >= '1' {
		var n int64
		i := from
		for ; i < len(d.data) && i-from < 18 && '0' <= d.data[i] && d.data[i] <= '9'; i++ {
			n = n*10 + int64(d.data[i]-'0')
		}
		if i < len(d.data) && (d.data[i] == ',' || d.data[i] == '}') {
			d.pos = i
			return n, nil
		}
	}
	integer, err := d.number()
	if err != nil {
		return 0, err
	}
	text := d.data[from:d.pos]
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	var n uint64
	for _, b := range text {
		if !integer || n > math.MaxInt64/10 {
			return 0, d.errorf("NUMBER_VALUE %s can not be converted to a Long", d.data[from:d.pos])
		}
		n = n*10 + uint64(b-'0')
	}
	switch {
	case negative && n <= -math.MinInt64:
		return -int64(n), nil
	case n <= math.MaxInt64:
		return int64(n), nil
	default:
		return 0, d.errorf("NUMBER_VALUE %s can not be converted to a Long", d.data[from:d.pos])
	}
}

// skip reads a value of any type, at the given depth of nesting.
func (d *decoder) skip(depth int) error {
	switch b := d.peek(); {
	case b == '{' || b == '[':
		if depth > maxDepth {
			return d.errorf("nested deeper than %d levels", maxDepth)
		}
		if b == '{' {
			return d.object(func([]byte) error { return d.skip(depth + 1) })
		}
		return d.array(func() error { return d.skip(depth + 1) })
	case b == '"':
		d.pos++
		var err error
		d.scratch, err = d.text(d.scratch[:0])
		return err
	case b == 't':
		return d.literal("true")
	case b == 'f':
		return d.literal("false")
	case b == 'n':
		return d.literal("null")
	default:
		_, err := d.number()
		return err
	}
}
