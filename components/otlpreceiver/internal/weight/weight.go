package weight

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxDepth bounds how deep messages are in each other. Decoding and what follows it are recursive: 4 MB can nest 400,000 lists,
// and a stack of that depth ends the process.
const MaxDepth = 128

// ErrDepth is of a request that nests deeper than MaxDepth.
var ErrDepth = fmt.Errorf("messages are nested deeper than %d levels", MaxDepth)

var errProto = errors.New("the body is not a protobuf message")

// TextTimes is how often, at least, the text of a request is in memory: as it came, decoded, in a document, and in the request
// that the document is sent in.
const TextTimes = 4

// escapeCost is what a control character takes beside: JSON writes six bytes, in a document and in the request around it.
const escapeCost = 12

// Proto estimates the memory of a request in protobuf, in bytes. What it fails on is not to be decoded: the estimate
// then does not cover it.
func Proto(of *Kind, body []byte) (int64, error) {
	e := estimate{}
	if _, _, err := e.message(of, body, 0); err != nil {
		return e.bytes, err
	}
	return e.bytes + TextTimes*int64(len(body)), nil
}

// maxField is the highest number that a field may have. Decoding cuts off what a higher one has above 32 bits, so that it would
// be another field there than here.
const maxField = 1<<29 - 1

type estimate struct{ bytes int64 }

// message adds a message, and returns how many leaves are in it, and the size of what its leaves share with others.
func (e *estimate) message(of *Kind, body []byte, depth int) (leaves, shared int64, err error) {
	if depth > MaxDepth {
		return 0, 0, ErrDepth
	}
	for len(body) > 0 {
		tag, n := binary.Uvarint(body)
		if n <= 0 || tag>>3 > maxField {
			return 0, 0, errProto
		}
		body = body[n:]
		size := 0
		switch tag & 7 {
		case 0:
			_, size = binary.Uvarint(body)
			if size <= 0 {
				return 0, 0, errProto
			}
			e.bytes += e.repeated(of, tag>>3)
		case 1:
			size = 8
			e.bytes += e.repeated(of, tag>>3)
		case 5:
			size = 4
		case 2:
			length, n := binary.Uvarint(body)
			if n <= 0 || length > uint64(len(body)-n) {
				return 0, 0, errProto
			}
			body = body[n:]
			size = int(length)
		default: // groups, which OTLP has none of
			return 0, 0, errProto
		}
		if size > len(body) {
			return 0, 0, errProto
		}
		if tag&7 == 2 {
			m, known := of.numbers[tag>>3]
			if known {
				before := e.bytes
				below, err := e.member(m, body[:size], depth)
				if err != nil {
					return 0, 0, err
				}
				leaves += below
				if m.shared {
					shared += e.bytes - before + int64(size)
				}
			}
		}
		body = body[size:]
	}
	e.bytes += leaves * shared
	if of.leaf {
		e.bytes += documentCost
		return 1, 0, nil
	}
	return leaves, 0, nil
}

func (e *estimate) member(m member, body []byte, depth int) (leaves int64, err error) {
	switch {
	case m.of != nil:
		e.bytes += m.of.cost
		leaves, _, err = e.message(m.of, body, depth+1)
		return leaves, err
	case m.times > 0:
		e.bytes += m.times*int64(len(body)) + 2*m.times
	default:
		e.bytes += escapeCost * controls(body)
	}
	return 0, nil
}

// repeated is the cost of a number of a list that is not packed.
func (e *estimate) repeated(of *Kind, number uint64) int64 {
	if m, ok := of.numbers[number]; ok && m.times > 0 {
		return perValue
	}
	return 0
}

func controls(text []byte) (n int64) {
	for _, b := range text {
		if b < ' ' || b == '"' || b == '\\' {
			n++
		}
	}
	return n
}
