package logtime

import "strings"

// maxPrefix is how far into a record its start goes, in bytes.
const maxPrefix = 64

// atStart looks for the time at the beginning of a record. What stands before it by habit is passed over, one piece at a time; a
// word of a message is not, since a date behind it is what the message is about.
func (p *Parser) atStart(record string, to *found) bool {
	for i := 0; i <= min(len(record), maxPrefix); {
		if i < len(record) && !p.first[record[i]] || !p.at(record, i, to) {
			n := skip(record[i:], i > 0)
			if n == 0 {
				return false
			}
			i += n
			continue
		}
		return true
	}
	return false
}

// skip is the length of a piece that may stand before a time, or 0: blanks, brackets, quotes and the like; the priority of a syslog
// message and its version; numbers of processes, as in [12], 12: and Redis's 1:M; the letter of a level before a digit, as glog has it;
// a level; and the name of a logfmt field, as in time=. inside says that something was passed over already.
func skip(text string, inside bool) int {
	if text == "" {
		return 0
	}
	switch c := text[0]; {
	case strings.IndexByte(" \t[({|\"'*-:,", c) >= 0:
		if c == '-' && (len(text) < 2 || digit(text[1])) {
			return 0 // a number
		}
		return 1
	case c == ']' || c == ')' || c == '}':
		if inside {
			return 1
		}
	case c == '<':
		return priority(text)
	case digit(c):
		return processNumber(text)
	case letter(c):
		return word(text)
	}
	return 0
}

// priority is the length of a syslog priority, with the version 1 that RFC 5424 has behind it.
func priority(text string) int {
	n := 1
	for n < len(text) && n < 4 && digit(text[n]) {
		n++
	}
	if n == 1 || n == len(text) || text[n] != '>' {
		return 0
	}
	n++
	if strings.HasPrefix(text[n:], "1 ") {
		n += 2
	}
	return n
}

// processNumber is the length of a number that a bracket or a colon ends, and of the letter that Redis has behind it.
func processNumber(text string) int {
	n := 0
	for n < len(text) && n < 10 && digit(text[n]) {
		n++
	}
	if n == len(text) || text[n] != ']' && text[n] != ')' && text[n] != ':' {
		return 0
	}
	if n++; text[n-1] == ':' && len(text) > n+1 && strings.IndexByte("XCSM", text[n]) >= 0 && text[n+1] == ' ' {
		n++
	}
	return n
}

// levels are the words for how grave a message is, in capitals.
var levels = map[string]bool{
	"TRACE": true, "DEBUG": true, "INFO": true, "INFORMATION": true, "NOTICE": true, "WARN": true, "WARNING": true, "ERR": true, "ERROR": true,
	"CRIT": true, "CRITICAL": true, "ALERT": true, "EMERG": true, "EMERGENCY": true, "FATAL": true, "PANIC": true, "SEVERE": true,
	"FINE": true, "FINER": true, "FINEST": true, "CONFIG": true, "DPANIC": true, "LOG": true, "AUDIT": true,
}

// timeFields are the names that logfmt gives to a record's time.
var timeFields = map[string]bool{"time": true, "ts": true, "t": true, "timestamp": true, "datetime": true, "date": true, "at": true}

// word is the length of a level, of the name of a field, or of a level's letter before a digit.
func word(text string) int {
	n := 0
	for n < len(text) && n < 12 && letter(text[n]) {
		n++
	}
	switch {
	case n == 1 && len(text) > 1 && digit(text[1]) && strings.IndexByte("IWEFDVT", text[0]) >= 0:
		return 1
	case n < len(text) && text[n] == '=' && timeFields[strings.ToLower(text[:n])]:
		return n + 1
	case n > 2 && n < len(text) && levels[strings.ToUpper(text[:n])]:
		if text[:n] == strings.ToUpper(text[:n]) && strings.IndexByte(" \t", text[n]) >= 0 || strings.IndexByte("])}:,|-", text[n]) >= 0 {
			return n
		}
	}
	return 0
}
