package cwlogs

import (
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Target is where events go.
type Target struct {
	Group, Stream string
}

// Entity is what the events are about (CloudWatch Logs API Reference, Entity).
type Entity struct {
	// KeyAttributes identify it: Type, Name, Environment, ResourceType, Identifier.
	KeyAttributes map[string]string
	// Attributes say more about it, such as PlatformType.
	Attributes map[string]string
}

// appendHead appends the JSON of PutLogEvents up to its first event.
func appendHead(dst []byte, t Target, entity *Entity) []byte {
	dst = append(dst, `{"logGroupName":`...)
	dst = appendString(dst, []byte(t.Group))
	dst = append(dst, `,"logStreamName":`...)
	dst = appendString(dst, []byte(t.Stream))
	if entity != nil && len(entity.KeyAttributes) > 0 {
		dst = append(dst, `,"entity":{"keyAttributes":`...)
		dst = appendMap(dst, entity.KeyAttributes)
		if len(entity.Attributes) > 0 {
			dst = append(dst, `,"attributes":`...)
			dst = appendMap(dst, entity.Attributes)
		}
		dst = append(dst, '}')
	}
	return append(dst, `,"logEvents":[`...)
}

// tail follows the last event.
const tail = `]}`

func appendEvent(dst []byte, e *Fixed) []byte {
	dst = append(dst, `{"timestamp":`...)
	dst = strconv.AppendInt(dst, e.Timestamp, 10)
	dst = append(dst, `,"message":`...)
	dst = appendString(dst, e.Message)
	return append(dst, '}')
}

func appendMap(dst []byte, m map[string]string) []byte {
	dst = append(dst, '{')
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, []byte(key)), ':')
		dst = appendString(dst, []byte(m[key]))
	}
	return append(dst, '}')
}

const (
	ones     = 0x0101010101010101
	tops     = 0x8080808080808080
	quotes   = '"' * ones
	slashes  = '\\' * ones
	controls = ' ' * ones
)

// special is the index of the first byte of s, from i on, that does not stand in a JSON string as it is, or
// that is not ASCII. Eight bytes are tested at once: a byte is zero after the exclusive or with a quote or a
// backslash, or is less than a space, where subtracting borrows its top bit. A borrow may spoil the bytes above
// it, so that only the lowest counts.
func special(s []byte, i int) int {
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		if mask := (w | (w - controls) | ((w ^ quotes) - ones) | ((w ^ slashes) - ones)) & tops; mask != 0 {
			return i + bits.TrailingZeros64(mask)/8
		}
	}
	for ; i < len(s); i++ {
		if b := s[i]; b < ' ' || b >= utf8.RuneSelf || b == '"' || b == '\\' {
			break
		}
	}
	return i
}

const hexDigits = "0123456789abcdef"

// appendString appends a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := special(s, 0); i < len(s); i = special(s, i) {
		b := s[i]
		if b >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			dst = append(append(dst, s[start:i]...), "\uFFFD"...)
			i++
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
