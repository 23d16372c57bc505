package logtime

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/jsonfield"
)

// LayoutType is how a layout is written.
type LayoutType string

// How a layout is written.
const (
	Strptime LayoutType = ""       // as strptime(3) has it, with %f and %L for fractions of a second
	GoTime   LayoutType = "gotime" // as Go's time package has it
	Epoch    LayoutType = "epoch"  // s, ms, us, ns, or s.ms: seconds with a fraction
)

// Where a time stands, for Options.Offset.
const (
	// AtStart is the beginning of a record, behind what else stands there by habit: see skip.
	AtStart = -1
	// Anywhere is somewhere in the first 1,000 bytes: the first place that will do.
	Anywhere = -2
)

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
	// Field is the name of the JSON record's field that has the time, with points between the names of objects in
	// objects. It excludes Pattern and Offset.
	Field string
	// Offset is where the time begins without a Pattern and a Field: a place in bytes, AtStart or Anywhere.
	Offset int
}

// missing is what a layout lacks of a date.
type missing int

const (
	nothing missing = iota
	theYear
	theMonth // and the year
	theDay   // all of it
)

// Parser finds times. Many goroutines may use it.
type Parser struct {
	o       Options
	steps   []step
	pattern *regexp.Regexp
	group   int // of the pattern
	path    jsonfield.Path
	first   [256]bool
	lacks   missing
	own     map[string]int // the names of the location's zones
	unit    int64          // of an epoch, in nanoseconds; 0: another layout
}

// New compiles a layout. Its errors name what is wrong in it.
func New(o Options) (*Parser, error) {
	if o.Layout == "" {
		return nil, errors.New("layout is missing: write how the time stands in a line, such as %Y-%m-%d %H:%M:%S")
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	p := &Parser{o: o, own: namesOf(o.Location, time.Now())}
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
	if err := p.know(); err != nil {
		return nil, err
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
	if o.Field != "" {
		if o.Pattern != "" {
			return nil, errors.New("field and pattern both say where the time stands: remove one of them")
		}
		if p.path, err = jsonfield.Parse(o.Field); err != nil {
			return nil, err
		}
	}
	p.firsts()
	return p, nil
}

// know finds out what a layout has of a time.
func (p *Parser) know() error {
	var has [epochFraction + 1]bool
	read := false
	for _, s := range p.steps {
		has[s.element] = true
		switch s.element {
		case literal, blanks, weekday, zoneName, zoneOffset, halfDay:
		default:
			read = true
		}
		switch s.element {
		case epochSecond, epochFraction:
			p.unit = int64(time.Second)
		case epochMilli:
			p.unit = int64(time.Millisecond)
		case epochMicro:
			p.unit = int64(time.Microsecond)
		case epochNano:
			p.unit = 1
		}
	}
	if !read {
		return fmt.Errorf("the layout %q has nothing of a time: write one such as %%Y-%%m-%%d %%H:%%M:%%S", p.o.Layout)
	}
	month := has[monthNumber] || has[monthName] || has[dayOfYear]
	switch {
	case p.unit > 0 || has[year4] || has[year2]:
	case month:
		p.lacks = theYear
	case has[day]:
		p.lacks = theMonth
	default:
		p.lacks = theDay
	}
	if p.o.Type != Epoch && len(p.steps) > 1 {
		p.unit = 0 // a number is only a part of it
	}
	return nil
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
	case monthName, weekday, halfDay:
		of(letters)
	case zoneName:
		of(letters + "+-")
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

// Parse finds the time of one record by itself: nanoseconds since the epoch, and where in the record it stands. What the layout lacks is
// chosen so that the time is the latest that is not in the future, as of now.
func (p *Parser) Parse(record string, now time.Time) (unixNano int64, from, to int, ok bool) {
	var f found
	if !p.find(record, &f) {
		return 0, 0, 0, false
	}
	p.zone(&f.fields)
	var s Sequence
	if p.lacks == theDay {
		return p.before(&s, f.timeOfDay(), now.Add(dayAhead).UnixNano()), f.from, f.to, true
	}
	unixNano, ok = p.date(&f.fields, &s, now.UnixNano(), now.UnixNano())
	return unixNano, f.from, f.to, ok
}

// found is a time as it is written in a record, from one byte to another.
type found struct {
	fields
	from, to int
}

// find looks for the time where it has to stand.
func (p *Parser) find(record string, to *found) bool {
	switch {
	case p.path.Set():
		return p.inField(record, to)
	case p.pattern != nil:
		at := p.pattern.FindStringSubmatchIndex(record)
		return at != nil && at[2*p.group] >= 0 && p.at(record, at[2*p.group], to)
	case p.o.Offset >= 0:
		return p.o.Offset <= len(record) && p.at(record, p.o.Offset, to)
	case p.o.Offset == AtStart:
		return p.atStart(record, to)
	}
	return p.search(record, to)
}

// inField reads the time in a field of a JSON record. A number counts units of an epoch, with its fraction.
func (p *Parser) inField(record string, to *found) bool {
	from, end, ok := p.path.Find(record)
	if !ok {
		return false
	}
	value, ok := jsonfield.Text(record[from:end])
	if !ok {
		return false
	}
	to.from, to.to, to.fields = from, end, fields{}
	if p.unit > 0 {
		scale := 0
		for u := p.unit; u > 1; u /= 10 {
			scale++
		}
		to.epoch, to.hasEpoch = jsonfield.Scaled(value, scale)
		return to.hasEpoch
	}
	_, ok = walk(p.steps, value, &to.fields)
	return ok && to.valid(p.lacks)
}

// search finds the first place that will do.
func (p *Parser) search(record string, to *found) bool {
	for i := range min(len(record), reach) {
		if !p.first[record[i]] {
			continue
		}
		if i > 0 && digit(record[i]) && digit(record[i-1]) {
			continue // within a number
		}
		if p.at(record, i, to) {
			return true
		}
	}
	return false
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// at reads a time that begins at a byte of the record.
func (p *Parser) at(record string, from int, to *found) bool {
	to.fields = fields{}
	n, ok := walk(p.steps, record[from:], &to.fields)
	if !ok || !to.valid(p.lacks) {
		return false
	}
	to.from, to.to = from, from+n
	return true
}

// valid reports whether there is such a time, and puts the hours of half a day into those of a day.
func (f *fields) valid(lacks missing) bool {
	if f.hasEpoch {
		return true
	}
	if f.hasHour12 || f.pm || f.am {
		if f.hour > 12 && f.am {
			return false
		}
		switch {
		case f.pm && f.hour < 12:
			f.hour += 12
		case f.am && f.hour == 12:
			f.hour = 0
		}
	}
	if f.yearDay > 0 {
		return f.year == 0 || f.yearDay < 366 || leap(f.year)
	}
	if lacks == theDay {
		return true
	}
	f.day = max(f.day, 1)
	if lacks == theMonth {
		return true
	}
	f.month = max(f.month, 1)
	year := f.year
	if year == 0 {
		year = 2000 // has every day
	}
	return f.day <= daysOf(year, f.month)
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
