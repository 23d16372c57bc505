package logs

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
)

// Digits of the three parts of a position in its written form: 56 in all, as many as the service's
// own event ids have.
const (
	timeDigits     = 20
	sequenceDigits = 20
	indexDigits    = 16
	idDigits       = timeDigits + sequenceDigits + indexDigits
)

// String is the position as an event id: digits that sort like positions.
func (p position) String() string {
	var b [idDigits]byte
	put := func(b []byte, n uint64) {
		for i := len(b) - 1; i >= 0; i-- {
			b[i] = byte('0' + n%10)
			n /= 10
		}
	}
	put(b[:timeDigits], uint64(max(p.time, 0)))
	put(b[timeDigits:timeDigits+sequenceDigits], p.sequence)
	put(b[timeDigits+sequenceDigits:], uint64(p.index))
	return string(b[:])
}

func parsePosition(s string) (p position, ok bool) {
	if len(s) != idDigits {
		return p, false
	}
	time, err1 := strconv.ParseUint(s[:timeDigits], 10, 63)
	sequence, err2 := strconv.ParseUint(s[timeDigits:timeDigits+sequenceDigits], 10, 64)
	index, err3 := strconv.ParseUint(s[timeDigits+sequenceDigits:], 10, 32)
	return position{int64(time), sequence, uint32(index)}, err1 == nil && err2 == nil && err3 == nil
}

// following is the next position, whether there is an event or not.
func (p position) following() position {
	switch {
	case p.index < math.MaxUint32:
		p.index++
	case p.sequence < math.MaxUint64:
		p.sequence, p.index = p.sequence+1, 0
	}
	return p
}

// preceding is the position before.
func (p position) preceding() position {
	switch {
	case p.index > 0:
		p.index--
	case p.sequence > 0:
		p.sequence, p.index = p.sequence-1, math.MaxUint32
	case p.time > 0:
		p = position{p.time - 1, math.MaxUint64, math.MaxUint32}
	}
	return p
}

// Tokens of GetLogEvents: forward means the events after a position, backward those before it.
const (
	forward   = "f/"
	backward  = "b/"
	tokenTail = "/s"
)

func parseEventsToken(token string) (p position, direction string, err error) {
	body, ok := strings.CutSuffix(token, tokenTail)
	if len(body) > len(forward) {
		direction = body[:len(forward)]
	}
	if ok && (direction == forward || direction == backward) {
		if p, ok := parsePosition(body[len(forward):]); ok {
			return p, direction, nil
		}
	}
	return position{}, "", errToken()
}

func errToken() error { return errInvalid("The specified nextToken is invalid.") }

// Tokens of the other operations are opaque: what the next page begins after, in base64.

func opaqueToken(after string) string { return base64.RawURLEncoding.EncodeToString([]byte(after)) }

func parseOpaqueToken(token string) (after string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", errToken()
	}
	return string(b), nil
}
