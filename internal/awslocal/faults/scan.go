package faults

import (
	"bytes"
	"encoding/json"
)

// maxName bounds the names that are looked at: logGroupIdentifier is an ARN of up to 2,048 characters,
// and longer names fit no rule.
const maxName = 2048

// text is the value of a JSON string, or "" for anything else.
func text(value []byte) string {
	var s string
	if len(value) > 6*(maxName+1) || json.Unmarshal(value, &s) != nil { // a character takes up to 6 bytes, as \u00XX
		return ""
	}
	return s
}

// scanMembers calls each for every member of a JSON object, with its name unquoted and its value as it
// stands. It stops where the JSON is broken; the service that gets the call says so.
func scanMembers(body []byte, each func(name, value []byte)) {
	b := bytes.TrimLeft(body, whitespace)
	if len(b) == 0 || b[0] != '{' {
		return
	}
	for {
		b = bytes.TrimLeft(b[1:], whitespace) // after { or ,
		end := stringEnd(b)
		if end < 0 {
			return
		}
		name := b[1 : end-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = []byte(text(b[:end]))
		}
		b = bytes.TrimLeft(b[end:], whitespace)
		if len(b) == 0 || b[0] != ':' {
			return
		}
		b = bytes.TrimLeft(b[1:], whitespace)
		end = valueEnd(b)
		if end <= 0 {
			return
		}
		each(name, bytes.TrimRight(b[:end], whitespace))
		b = bytes.TrimLeft(b[end:], whitespace)
		if len(b) == 0 || b[0] != ',' {
			return
		}
	}
}

const whitespace = " \t\r\n"

// stringEnd is the length of the JSON string at the start of b, quotes included, or -1.
func stringEnd(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return -1
	}
	for at := 1; ; {
		quote := bytes.IndexByte(b[at:], '"')
		if quote < 0 {
			return -1
		}
		at += quote
		slashes := at
		for b[slashes-1] == '\\' {
			slashes--
		}
		at++
		if (at-1-slashes)%2 == 0 { // the quote itself is not escaped
			return at
		}
	}
}

// valueEnd is the length of the JSON value at the start of b, or -1 where it does not end.
func valueEnd(b []byte) int {
	depth := 0
	for at := 0; at < len(b); at++ {
		switch b[at] {
		case '"':
			end := stringEnd(b[at:])
			if end < 0 {
				return -1
			}
			at += end - 1
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 { // the end of the object around a number or a word
				return at
			}
			depth--
		case ',':
			if depth == 0 {
				return at
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return at + 1
		}
	}
	return -1
}
