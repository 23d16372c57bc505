package names

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLength is how long a name may be. CloudWatch counts characters (botocore 1.43, LogGroupName and
// LogStreamName); bytes are counted here, which are never fewer.
const MaxLength = 512

// Kind is a kind of name.
type Kind uint8

// The kinds.
const (
	// Group is the name of a log group: letters, digits and . - _ / #, not starting with aws/.
	Group Kind = iota
	// Stream is the name of a log stream: all but : and * and control characters.
	Stream
)

// String is how errors call it.
func (k Kind) String() string {
	if k == Stream {
		return "log stream"
	}
	return "log group"
}

// reserved begins no name of a group (CreateLogGroup, "Log group names can't start with the string aws/").
const reserved = "aws/"

// replacement stands where a value has what no name may have.
const replacement = '_'

// allows tells whether a name may have a character.
func (k Kind) allows(r rune) bool {
	if k == Stream {
		return r != ':' && r != '*' && !unicode.IsControl(r)
	}
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '-' <= r && r <= '9' || r == '_' || r == '#' // '-' to '9' has '.' and '/'
}

// characters describes what allows accepts.
func (k Kind) characters() string {
	if k == Stream {
		return `anything but ":", "*" and control characters`
	}
	return "letters, digits and . - _ / #"
}

// firstBad is the place of the first byte that is not allowed; -1 where all are.
func (k Kind) firstBad(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
		if !k.allows(r) {
			return i
		}
	}
	return -1
}

// Clean makes a name that CloudWatch accepts: what is not allowed becomes _, also the slash of a group's
// leading aws/, and what is longer than MaxLength is cut and ends with a hash of the whole. A name that is
// accepted is returned as it is; so is the empty one, which CloudWatch does not accept.
func Clean(kind Kind, name string) string {
	takenByAWS := kind == Group && strings.HasPrefix(name, reserved)
	if len(name) <= MaxLength && !takenByAWS && kind.firstBad(name) < 0 {
		return name
	}
	whole := name
	// What is cut off anyway is not looked at: a value may have megabytes. Each character that is replaced
	// shrinks, from 4 bytes at most.
	if limit := 4 * (MaxLength + 1); len(name) > limit {
		name = name[:limit]
	}
	out := make([]byte, 0, min(len(name), MaxLength)+1)
	for i, r := range name {
		invalid := false
		if r == utf8.RuneError {
			_, size := utf8.DecodeRuneInString(name[i:])
			invalid = size == 1
		}
		if invalid || !kind.allows(r) {
			r = replacement
		}
		out = utf8.AppendRune(out, r)
	}
	if takenByAWS {
		out[len(reserved)-1] = replacement
	}
	if len(out) > MaxLength {
		out = shorten(out, whole, MaxLength)
	}
	return string(out)
}

// hashLength is the number of bytes of the hash: with 64 bits two of a million names are alike once in
// 30 million times.
const hashLength = 8

// shortest is the length that shorten needs: the hash and its hyphen, and a character of the text.
const shortest = 1 + 2*hashLength + utf8.UTFMax

// shorten cuts a text at a character to leave room, within most bytes, for the hash of the whole that it came from.
func shorten(name []byte, whole string, most int) []byte {
	end := most - 1 - hex.EncodedLen(hashLength)
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	sum := sha256.Sum256([]byte(whole))
	return hex.AppendEncode(append(name[:end], '-'), sum[:hashLength])
}
