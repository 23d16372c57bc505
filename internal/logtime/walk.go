package logtime

import (
	"strings"
	"time"
)

// fields are what the steps have read.
type fields struct {
	year, month, day, yearDay   int // 0: none
	weekday                     int // 1: Monday; 0: none
	hour, minute, second, nanos int
	pm, am, hasHour12, hasZone  bool
	offset                      int    // of the zone, in seconds
	zoneName                    string // as it is written, where it is letters; it is looked up later
	epoch                       int64
	hasEpoch                    bool
}

// walk reads a text from its begin, and says where the time ends.
func walk(steps []step, text string, f *fields) (end int, ok bool) {
	at := 0
	for i := range steps {
		s := &steps[i]
		n := 0
		switch s.element {
		case literal:
			if !strings.HasPrefix(text[at:], s.text) {
				return 0, false
			}
			n = len(s.text)
		case blanks:
			for at+n < len(text) && (text[at+n] == ' ' || text[at+n] == '\t') {
				n++
			}
			if n == 0 {
				return 0, false
			}
		case monthName:
			f.month, n = name(text[at:], months[:])
		case weekday:
			f.weekday, n = name(text[at:], weekdays[:])
		case halfDay:
			n = f.half(text[at:])
		case zoneOffset:
			n = f.zone(text[at:])
		case zoneName:
			n = f.nameOfZone(text[at:])
		case fraction:
			f.nanos, n = part(text[at:])
		case pointFraction:
			if at < len(text) && strings.IndexByte(".,:", text[at]) >= 0 {
				if nanos, digits := part(text[at+1:]); digits > 0 {
					f.nanos, n = nanos, digits+1
				}
			}
			at += n
			continue // there may be none
		case epochSecond, epochMilli, epochMicro, epochNano, epochFraction:
			n = f.sinceEpoch(s.element, text[at:])
		default:
			n = f.number(s.element, text[at:])
		}
		if n == 0 {
			return 0, false
		}
		at += n
	}
	return at, true
}

func (f *fields) number(e element, text string) int {
	blank := 0
	if (e == day || e == hour24 || e == hour12 || e == monthNumber) && text != "" && text[0] == ' ' {
		blank = 1
	}
	width := 2
	switch e {
	case year4:
		width = 4
	case dayOfYear:
		width = 3
	}
	value, n := digits(text[blank:], width)
	if n == 0 || (e == year4 || e == year2) && n < width {
		return 0
	}
	low, high := int64(0), int64(59)
	switch e {
	case year4:
		f.year, low, high = int(value), 1, 9999
	case year2:
		f.year, high = 2000+int(value), 99
		if value >= 69 { // as POSIX has it
			f.year -= 100
		}
	case monthNumber:
		f.month, low, high = int(value), 1, 12
	case day:
		f.day, low, high = int(value), 1, 31
	case dayOfYear:
		f.yearDay, low, high = int(value), 1, 366
	case hour24:
		f.hour, high = int(value), 23
	case hour12:
		f.hour, f.hasHour12, low, high = int(value), true, 1, 12
	case minute:
		f.minute = int(value)
	case second: // 60 is a leap second: it is the one before, since Unix time has none
		f.second, high = min(int(value), 59), 60
	}
	if value < low || value > high {
		return 0
	}
	return blank + n
}

func digits(text string, most int) (value int64, n int) {
	for n < len(text) && n < most && text[n] >= '0' && text[n] <= '9' {
		value = 10*value + int64(text[n]-'0')
		n++
	}
	return value, n
}

// part is a fraction of a second in nanoseconds.
func part(text string) (nanos, n int) {
	value, n := digits(text, 9)
	for range 9 - n {
		value *= 10
	}
	return int(value), n
}

var (
	months   = [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}
	weekdays = [...]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
)

// name finds a name, whole or by three letters, in any case.
func name(text string, names []string) (number, n int) {
	if len(text) < 3 {
		return 0, 0
	}
	for i, whole := range names {
		if !same(text[:3], whole[:3]) {
			continue
		}
		if len(text) >= len(whole) && same(text[:len(whole)], whole) {
			return i + 1, len(whole)
		}
		if whole == "september" && len(text) > 3 && text[3]|0x20 == 't' && (len(text) == 4 || !letter(text[4])) {
			return i + 1, 4 // Java's English outside America has Sept
		}
		return i + 1, 3
	}
	return 0, 0
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// same compares letters of ASCII without their case; b has small ones.
func same(a, b string) bool {
	for i := range len(b) {
		if a[i]|0x20 != b[i] {
			return false
		}
	}
	return true
}

func (f *fields) half(text string) int {
	if len(text) < 2 {
		return 0
	}
	n := 1
	if text[1] == '.' {
		n = 2
	}
	if len(text) <= n || text[n]|0x20 != 'm' {
		return 0
	}
	switch text[0] | 0x20 {
	case 'a':
		f.am = true
	case 'p':
		f.pm = true
	default:
		return 0
	}
	if n++; n == 3 && len(text) > n && text[n] == '.' {
		n++
	}
	return n
}

func (f *fields) zone(text string) int {
	if text == "" {
		return 0
	}
	sign := 1
	switch text[0] {
	case 'Z', 'z':
		f.hasZone, f.offset = true, 0
		return 1
	case '-':
		sign = -1
	case '+':
	default:
		return 0
	}
	hours, n := digits(text[1:], 2)
	if n != 2 || hours > 15 {
		return 0
	}
	at := 3
	rest := text[at:]
	if strings.HasPrefix(rest, ":") {
		rest = rest[1:]
		at++
	}
	minutes, n := digits(rest, 2)
	if n != 2 || minutes > 59 {
		minutes, at, n = 0, 3, 0
	}
	f.hasZone, f.offset = true, sign*int(hours*3600+minutes*60)
	return at + n
}

// nameOfZone reads a zone that is written as %Z has it: letters; a number, as zones without a name have it in the time zone
// database; or GMT and UTC with a number, as Java writes them.
func (f *fields) nameOfZone(text string) int {
	if text != "" && (text[0] == '+' || text[0] == '-') {
		return f.zone(text)
	}
	n := 0
	for n < len(text) && letter(text[n]) {
		n++
	}
	if n == 0 || n > maxZoneName {
		return 0 // a word
	}
	if n == 3 && (same(text[:3], "utc") || same(text[:3], "gmt")) {
		if more := f.zoneAfterGMT(text[n:]); more > 0 {
			return n + more
		}
	}
	f.zoneName = text[:n]
	return n
}

// zoneAfterGMT reads what follows GMT: a sign, hours of one or two digits, and minutes.
func (f *fields) zoneAfterGMT(text string) int {
	if len(text) < 2 || text[0] != '+' && text[0] != '-' {
		return 0
	}
	hours, n := digits(text[1:], 2)
	if n == 0 || hours > 15 {
		return 0
	}
	at, minutes := 1+n, int64(0)
	rest := text[at:]
	colon := 0
	if strings.HasPrefix(rest, ":") {
		colon = 1
	}
	if m, got := digits(rest[colon:], 2); got == 2 && m <= 59 {
		minutes, at = m, at+colon+2
	}
	if at < len(text) && digit(text[at]) {
		return 0 // a number of something else
	}
	f.hasZone, f.offset = true, int(hours*3600+minutes*60)
	if text[0] == '-' {
		f.offset = -f.offset
	}
	return at
}

func (f *fields) sinceEpoch(e element, text string) int {
	most, unit := 12, int64(time.Second)
	switch e {
	case epochMilli:
		most, unit = 15, int64(time.Millisecond)
	case epochMicro:
		most, unit = 18, int64(time.Microsecond)
	case epochNano:
		most, unit = 19, 1
	}
	value, n := digits(text, most)
	if n == 0 || value < 0 || value > (1<<63-1)/unit-1 {
		return 0
	}
	f.epoch, f.hasEpoch = value*unit, true
	if e == epochFraction && n+1 < len(text) && (text[n] == '.' || text[n] == ',') {
		if nanos, more := part(text[n+1:]); more > 0 {
			f.epoch += int64(nanos)
			n += 1 + more
		}
	}
	return n
}
