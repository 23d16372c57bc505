package emf

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A log event is scanned rather than unmarshalled: most members of a document are no business of
// the format, and every log event of a running collector comes through here.

// ErrSyntax is wrapped by Parse's error for a message that names the format but is not JSON.
var ErrSyntax = errors.New("invalid JSON")

// maxDepth bounds nesting, as encoding/json does (10,000 there): the scanner recurses.
const maxDepth = 1000

// scanner walks JSON text and checks its syntax.
type scanner struct {
	text  string
	at    int
	depth int
}

func (s *scanner) fail(what string) error {
	return fmt.Errorf("%w at byte %d: %s", ErrSyntax, s.at, what)
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// next skips space and returns the byte there, or 0 at the end.
func (s *scanner) next() byte {
	s.space()
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

// value walks one value and returns its text.
func (s *scanner) value() (string, error) {
	c := s.next()
	start := s.at
	var err error
	switch {
	case c == '{':
		err = s.object(nil)
	case c == '[':
		err = s.array(nil)
	case c == '"':
		err = s.quoted()
	case c == '-' || '0' <= c && c <= '9':
		err = s.number()
	case c == 't':
		err = s.word("true")
	case c == 'f':
		err = s.word("false")
	case c == 'n':
		err = s.word("null")
	default:
		err = s.fail("a value is expected")
	}
	return s.text[start:s.at], err
}

func (s *scanner) word(w string) error {
	if !strings.HasPrefix(s.text[s.at:], w) {
		return s.fail("a value is expected")
	}
	s.at += len(w)
	return nil
}

// object walks an object; visit, which may be nil, gets every key (quoted) and value.
func (s *scanner) object(visit func(key, value string) error) error {
	return s.list('}', func() error {
		if s.next() != '"' {
			return s.fail("a quoted key is expected")
		}
		start := s.at
		if err := s.quoted(); err != nil {
			return err
		}
		key := s.text[start:s.at]
		if s.next() != ':' {
			return s.fail("':' is expected")
		}
		s.at++
		value, err := s.value()
		if err != nil || visit == nil {
			return err
		}
		return visit(key, value)
	})
}

// array walks an array; visit, which may be nil, gets every element.
func (s *scanner) array(visit func(value string) error) error {
	return s.list(']', func() error {
		value, err := s.value()
		if err != nil || visit == nil {
			return err
		}
		return visit(value)
	})
}

func (s *scanner) list(end byte, element func() error) error {
	if s.depth++; s.depth > maxDepth {
		return s.fail("too deeply nested")
	}
	defer func() { s.depth-- }()
	s.at++ // the opening bracket
	if s.next() == end {
		s.at++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch s.next() {
		case ',':
			s.at++
		case end:
			s.at++
			return nil
		default:
			return s.fail("',' or '" + string(end) + "' is expected")
		}
	}
}

func (s *scanner) quoted() error {
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return nil
		case c < ' ':
			return s.fail("control character in a string")
		case c == '\\':
			s.at++
			if s.at == len(s.text) {
				return s.fail("unfinished string")
			}
			switch s.text[s.at] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					if s.at++; s.at == len(s.text) || !isHex(s.text[s.at]) {
						return s.fail("four hexadecimal digits are expected")
					}
				}
			default:
				return s.fail("unknown escape")
			}
		}
	}
	return s.fail("unfinished string")
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func (s *scanner) number() error {
	if s.text[s.at] == '-' {
		s.at++
	}
	if s.at < len(s.text) && s.text[s.at] == '0' {
		s.at++
	} else if !s.digits() {
		return s.fail("a digit is expected")
	}
	if s.at < len(s.text) && s.text[s.at] == '.' {
		if s.at++; !s.digits() {
			return s.fail("a digit is expected")
		}
	}
	if s.at < len(s.text) && s.text[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.text) && (s.text[s.at] == '+' || s.text[s.at] == '-') {
			s.at++
		}
		if !s.digits() {
			return s.fail("a digit is expected")
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

// eachMember visits the members of an object; it returns false when value is not an object. The
// text was walked before, so that its syntax is right.
func eachMember(value string, visit func(key, value string) error) (bool, error) {
	if value == "" || value[0] != '{' {
		return false, nil
	}
	s := scanner{text: value}
	return true, s.object(visit)
}

// eachElement visits the elements of an array; it returns false when value is not an array.
func eachElement(value string, visit func(value string) error) (bool, error) {
	if value == "" || value[0] != '[' {
		return false, nil
	}
	s := scanner{text: value}
	return true, s.array(visit)
}

// text is the content of a quoted string; it returns false when value is anything else.
func text(value string) (string, bool) {
	if value == "" || value[0] != '"' {
		return "", false
	}
	inner := value[1 : len(value)-1]
	if strings.IndexByte(inner, '\\') < 0 {
		if utf8.ValidString(inner) {
			return inner, true
		}
		return strings.ToValidUTF8(inner, string(utf8.RuneError)), true
	}
	var s string
	if err := json.Unmarshal([]byte(value), &s); err != nil {
		return "", false
	}
	return s, true
}

// number is the value of a number; it returns false when value is anything else, or a number
// beyond the range of a double.
func number(value string) (float64, bool) {
	if value == "" || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return 0, false
	}
	f, err := strconv.ParseFloat(value, 64)
	return f, err == nil
}

// show is value as an error message quotes it.
func show(value string) string {
	const most = 80
	if len(value) <= most {
		return value
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(value[cut]) {
		cut--
	}
	return value[:cut] + "…"
}
