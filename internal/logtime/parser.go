package logtime

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// LayoutType is how a layout is written.
type LayoutType string

// How a layout is written.
const (
	Strptime LayoutType = ""       // as strptime(3) has it, with %f and %L for fractions of a second
	GoTime   LayoutType = "gotime" // as Go's time package has it
	Epoch    LayoutType = "epoch"  // s, ms, us, ns, or s.ms: seconds with a fraction
)

// Anywhere is the Offset of a time that is looked for.
const Anywhere = -1

// reach is how far into a record a time is looked for, in bytes.
const reach = 1000

// Options say where a record has its time, and how it is written.
type Options struct {
	Layout string
	Type   LayoutType
	// Location is of times without a zone. Default: UTC.
	Location *time.Location
	// Pattern is a regular expression (RE2) whose first group, or whole match, begins with the time. Default: the
	// layout itself is looked for.
	Pattern string
	// Offset is where the time begins without a Pattern, in bytes; Anywhere: it is looked for in the first 1,000.
	Offset int
}

// Parser finds times. Many goroutines may use it.
type Parser struct {
	o       Options
	steps   []step
	pattern *regexp.Regexp
	group   int // of the pattern
	first   [256]bool
	dated   bool // the layout has a day
}

// New compiles a layout. Its errors name what is wrong in it.
func New(o Options) (*Parser, error) {
	if o.Layout == "" {
		return nil, errors.New("layout is missing: write how the time stands in a line, such as %Y-%m-%d %H:%M:%S")
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	p := &Parser{o: o}
	var err error
	switch o.Type {
	case Strptime:
		p.steps, err = strptime(o.Layout)
	case GoTime:
		p.steps, err = gotime(o.Layout)
	case Epoch:
		p.steps, err = epoch(o.Layout)
	default:
		err = fmt.Errorf("layout_type %q is neither strptime nor gotime nor epoch", o.Type)
	}
	if err != nil {
		return nil, err
	}
	read := 0
	for _, s := range p.steps {
		switch s.element {
		case literal, blanks, weekday, zoneName, zoneOffset, halfDay:
		default:
			read++
		}
		p.dated = p.dated || s.element == day || s.element == dayOfYear || s.element == monthNumber || s.element == monthName || s.element >= epochSecond
	}
	if read == 0 {
		return nil, fmt.Errorf("the layout %q has nothing of a time: write one such as %%Y-%%m-%%d %%H:%%M:%%S", o.Layout)
	}
	if o.Offset < Anywhere {
		return nil, fmt.Errorf("offset: %d is below 0", o.Offset)
	}
	if o.Pattern != "" {
		if p.pattern, err = regexp.Compile(o.Pattern); err != nil {
			return nil, fmt.Errorf("pattern %q is no regular expression: %w", o.Pattern, err)
		}
		if p.pattern.NumSubexp() > 0 {
			p.group = 1
		}
	}
	p.firsts()
	return p, nil
}

// firsts finds the bytes that a time may begin with.
func (p *Parser) firsts() {
	of := func(set string) {
		for i := range len(set) {
			p.first[set[i]] = true
		}
	}
	const numbers, letters = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	switch s := p.steps[0]; s.element {
	case literal:
		of(s.text[:1])
	case blanks:
		of(" \t")
	case monthName, weekday, halfDay, zoneName:
		of(letters)
	case zoneOffset:
		of("zZ+-")
	case pointFraction:
		of(".,:" + numbers + letters + " ")
	default:
		of(numbers)
	}
}

// Regexp is a regular expression (RE2) of what the layout matches.
func (p *Parser) Regexp() string {
	var b strings.Builder
	for _, s := range p.steps {
		if s.element == literal {
			b.WriteString(regexp.QuoteMeta(s.text))
			continue
		}
		b.WriteString(patterns[s.element])
	}
	return b.String()
}

// Parse finds the time of a record: nanoseconds since the epoch, and where in the record it stands. What the layout
// lacks is taken from now: a year so that the time is nearest to now, a day so that it is not half a day ahead.
func (p *Parser) Parse(record string, now time.Time) (unixNano int64, from, to int, ok bool) {
	if p.pattern != nil {
		at := p.pattern.FindStringSubmatchIndex(record)
		if at == nil || at[2*p.group] < 0 {
			return 0, 0, 0, false
		}
		return p.at(record, at[2*p.group], now)
	}
	if p.o.Offset != Anywhere {
		if p.o.Offset > len(record) {
			return 0, 0, 0, false
		}
		return p.at(record, p.o.Offset, now)
	}
	for i := range min(len(record), reach) {
		if !p.first[record[i]] {
			continue
		}
		if i > 0 && digit(record[i]) && digit(record[i-1]) {
			continue // within a number
		}
		if unixNano, from, to, ok = p.at(record, i, now); ok {
			return unixNano, from, to, true
		}
	}
	return 0, 0, 0, false
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func (p *Parser) at(record string, from int, now time.Time) (int64, int, int, bool) {
	var f fields
	n, ok := walk(p.steps, record[from:], &f)
	if !ok {
		return 0, 0, 0, false
	}
	t, ok := p.time(&f, now)
	return t, from, from + n, ok
}

// time puts what was read together.
func (p *Parser) time(f *fields, now time.Time) (int64, bool) {
	if f.hasEpoch {
		return f.epoch + int64(f.nanos), true
	}
	location := p.o.Location
	if f.hasZone {
		location = time.UTC
	}
	if f.hasHour12 || f.pm || f.am {
		if f.hour > 12 && f.am {
			return 0, false
		}
		switch {
		case f.pm && f.hour < 12:
			f.hour += 12
		case f.am && f.hour == 12:
			f.hour = 0
		}
	}
	year, month, day := f.year, f.month, f.day
	local := now.In(location)
	if f.hasZone {
		local = now.UTC().Add(time.Duration(f.offset) * time.Second)
	}
	noYear := year == 0
	if noYear {
		year = local.Year()
	}
	switch {
	case !p.dated:
		year, month, day = local.Year(), int(local.Month()), local.Day()
	case f.yearDay > 0:
		month, day = 1, f.yearDay
	default:
		month, day = max(month, 1), max(day, 1)
		if noYear && month == 2 && day == 29 {
			for !leap(year) {
				year--
			}
		}
		if day > daysOf(year, month) {
			return 0, false
		}
	}
	at := func(year, day int) time.Time {
		return time.Date(year, time.Month(month), day, f.hour, f.minute, f.second, f.nanos, location).Add(-time.Duration(f.offset) * time.Second)
	}
	t := at(year, day)
	switch {
	case !p.dated && t.Sub(now) > 12*time.Hour:
		t = at(year, day-1)
	case p.dated && noYear && t.Sub(now) > 183*24*time.Hour:
		t = at(year-1, day)
	case p.dated && noYear && now.Sub(t) > 183*24*time.Hour && !(month == 2 && day == 29):
		t = at(year+1, day)
	}
	if y := t.Year(); y < 1678 || y > 2261 { // beyond nanoseconds of 64 bits
		return 0, false
	}
	return t.UnixNano(), true
}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysOf(year, month int) int {
	switch month {
	case 2:
		if leap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
