package weight

import (
	"bytes"
	"errors"
)

var (
	errJSON = errors.New("the body is not JSON as OTLP has it")
	// errEscaped refuses names that would not be recognised here, and would be where they are decoded.
	errEscaped = errors.New("a member's name has an escape; OTLP's names have none")
)

// JSON estimates the memory of a request in JSON, in bytes, as Proto does for protobuf.
func JSON(of *Kind, body []byte) (int64, error) {
	s := scanner{body: body}
	if _, err := s.value(member{of: of}, 0); err != nil {
		return s.bytes, err
	}
	return s.bytes + TextTimes*int64(len(body)), nil
}

type scanner struct {
	estimate
	body []byte
	at   int
}

// next is the byte that follows white space, or 0 at the end.
func (s *scanner) next() byte {
	for s.at < len(s.body) {
		switch b := s.body[s.at]; b {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return b
		}
	}
	return 0
}

// value adds a value, and returns how many leaves are in it.
func (s *scanner) value(m member, depth int) (int64, error) {
	if depth > MaxDepth {
		return 0, ErrDepth
	}
	switch s.next() {
	case '{':
		return s.object(m, depth)
	case '[':
		return s.list(m, depth)
	case '"':
		text, err := s.text()
		s.bytes += escapeCost * int64(bytes.Count(text, []byte{'\\'}))
		return 0, err
	case 0, ',', ':', '}', ']':
		return 0, errJSON
	}
	for s.at < len(s.body) { // a number, true, false or null
		switch s.body[s.at] {
		case ' ', '\t', '\n', '\r', ',', '}', ']', ':', '"', '{', '[':
			return 0, nil
		}
		s.at++
	}
	return 0, nil
}

// text is a string, without its quotes and as it was written.
func (s *scanner) text() ([]byte, error) {
	from := s.at + 1
	for i := from; i < len(s.body); i++ {
		switch s.body[i] {
		case '\\':
			i++
		case '"':
			s.at = i + 1
			return s.body[from:i], nil
		}
	}
	return nil, errJSON
}

func (s *scanner) list(m member, depth int) (leaves int64, err error) {
	s.at++
	if s.next() == ']' {
		s.at++
		return 0, nil
	}
	for {
		if m.of == nil {
			s.bytes += perValue
		}
		n, err := s.value(m, depth+1)
		if err != nil {
			return 0, err
		}
		leaves += n
		switch s.next() {
		case ',':
			s.at++
		case ']':
			s.at++
			return leaves, nil
		default:
			return 0, errJSON
		}
	}
}

func (s *scanner) object(m member, depth int) (leaves int64, err error) {
	s.at++
	of := m.of
	if of == nil {
		of = &Kind{}
	}
	s.bytes += of.cost
	shared := int64(0)
	if s.next() == '}' {
		s.at++
	} else {
		for more := true; more; {
			if s.next() != '"' {
				return 0, errJSON
			}
			name, err := s.text()
			if err != nil {
				return 0, err
			}
			if bytes.IndexByte(name, '\\') >= 0 {
				return 0, errEscaped
			}
			if s.next() != ':' {
				return 0, errJSON
			}
			s.at++
			before, from := s.bytes, s.at
			below := of.names[string(name)]
			n, err := s.value(below, depth+1)
			if err != nil {
				return 0, err
			}
			leaves += n
			if below.shared {
				shared += s.bytes - before + int64(s.at-from)
			}
			switch s.next() {
			case ',':
				s.at++
			case '}':
				s.at++
				more = false
			default:
				return 0, errJSON
			}
		}
	}
	s.bytes += leaves * shared
	if of.leaf {
		s.bytes += documentCost
		return 1, nil
	}
	return leaves, nil
}
