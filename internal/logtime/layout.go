package logtime

import (
	"fmt"
	"strings"
)

// element is what a step reads.
type element int

const (
	literal element = iota
	blanks          // one or more
	year4
	year2
	monthNumber
	monthName // short or long
	day
	dayOfYear
	weekday
	hour24
	hour12
	minute
	second
	fraction      // of a second: 1 to 9 digits
	pointFraction // a point, comma or colon, and a fraction; or nothing
	halfDay       // AM or PM
	zoneOffset    // +0100, +01:00, +01 or Z
	zoneName      // such as CET, a number, or GMT and a number
	epochSecond   // digits
	epochMilli    //
	epochMicro    //
	epochNano     //
	epochFraction // seconds, and a fraction
)

// step is one part of a layout.
type step struct {
	element element
	text    string // of a literal
}

// patterns are regular expressions of elements.
var patterns = map[element]string{
	blanks: `[ \t]+`, year4: `\d{4}`, year2: `\d{2}`, monthNumber: `[ ]?\d{1,2}`, monthName: `[A-Za-z]{3,9}`, day: `[ ]?\d{1,2}`, dayOfYear: `\d{1,3}`,
	weekday: `[A-Za-z]{3,9}`, hour24: `[ ]?\d{1,2}`, hour12: `[ ]?\d{1,2}`, minute: `\d{1,2}`, second: `\d{1,2}`, fraction: `\d{1,9}`,
	pointFraction: `(?:[.,:]\d{1,9})?`, halfDay: `[AaPp]\.?[Mm]\.?`, zoneOffset: `(?:[Zz]|[+-]\d{2}(?::?\d{2})?)`, zoneName: `(?:[A-Za-z]{1,5}(?:[+-]\d{1,2}(?::?\d{2})?)?|[+-]\d{2}(?::?\d{2})?)`,
	epochSecond: `\d{1,12}`, epochMilli: `\d{1,15}`, epochMicro: `\d{1,18}`, epochNano: `\d{1,19}`, epochFraction: `\d{1,12}(?:[.,]\d{1,9})?`,
}

// composed are directives that stand for several.
var composed = map[byte]string{
	'T': "%H:%M:%S", 'D': "%m/%d/%y", 'F': "%Y-%m-%d", 'R': "%H:%M", 'c': "%a %b %e %H:%M:%S %Y", 'r': "%I:%M:%S %p", 'x': "%m/%d/%y", 'X': "%H:%M:%S",
}

// directives are those of strptime, with %f and %L for fractions of a second.
var directives = map[byte]element{
	'Y': year4, 'y': year2, 'm': monthNumber, 'd': day, 'e': day, 'b': monthName, 'B': monthName, 'h': monthName, 'a': weekday, 'A': weekday,
	'H': hour24, 'k': hour24, 'I': hour12, 'l': hour12, 'M': minute, 'S': second, 'p': halfDay, 'P': halfDay, 'f': fraction, 'L': fraction,
	's': epochSecond, 'z': zoneOffset, 'Z': zoneName, 'j': dayOfYear, 'n': blanks, 't': blanks,
}

// strptime compiles a layout of strptime.
func strptime(layout string) ([]step, error) {
	var steps []step
	for i := 0; i < len(layout); i++ {
		c := layout[i]
		if c == ' ' || c == '\t' {
			steps = add(steps, step{element: blanks})
			continue
		}
		if c != '%' {
			steps = add(steps, step{text: string(c)})
			continue
		}
		at := i
		i++
		if i < len(layout) && strings.IndexByte("-_0^#EO", layout[i]) >= 0 { // flags of width and case say nothing here
			i++
		}
		if i == len(layout) {
			return nil, fmt.Errorf("the layout %q ends within a directive: write %%%% for a percent sign", layout)
		}
		if layout[i] == '%' {
			steps = add(steps, step{text: "%"})
			continue
		}
		if whole, ok := composed[layout[i]]; ok {
			more, err := strptime(whole)
			if err != nil {
				return nil, err
			}
			steps = append(steps, more...)
			continue
		}
		e, ok := directives[layout[i]]
		if !ok {
			return nil, fmt.Errorf("the layout %q has %s at %d, which is no directive that is known here: those are %%Y %%y %%m %%d %%e %%j %%b %%B %%a %%A %%H %%k %%I %%l %%M %%S %%f %%L %%p %%s %%z %%Z and %%T %%D %%F %%R %%c %%r",
				layout, layout[at:i+1], at)
		}
		steps = add(steps, step{element: e})
	}
	return steps, nil
}

// add appends a step, or to the literal before.
func add(steps []step, s step) []step {
	if n := len(steps); n > 0 && s.element == literal && steps[n-1].element == literal {
		steps[n-1].text += s.text
		return steps
	}
	if n := len(steps); n > 0 && s.element == blanks && steps[n-1].element == blanks {
		return steps
	}
	return append(steps, s)
}

// goElements are those of Go's layouts, the longer ones first.
var goElements = []struct {
	text    string
	element element
}{
	{"January", monthName}, {"Monday", weekday}, {"-07:00", zoneOffset}, {"Z07:00", zoneOffset}, {"Z0700", zoneOffset}, {"-0700", zoneOffset},
	{"2006", year4}, {"Z07", zoneOffset}, {"-07", zoneOffset}, {"002", dayOfYear}, {"__2", dayOfYear}, {"Jan", monthName}, {"Mon", weekday}, {"MST", zoneName},
	{"01", monthNumber}, {"02", day}, {"_2", day}, {"15", hour24}, {"03", hour12}, {"04", minute}, {"05", second}, {"06", year2},
	{"PM", halfDay}, {"pm", halfDay}, {"1", monthNumber}, {"2", day}, {"3", hour12}, {"4", minute}, {"5", second},
}

// gotime compiles a layout of Go's time package.
func gotime(layout string) ([]step, error) {
	var steps []step
next:
	for i := 0; i < len(layout); {
		rest := layout[i:]
		if rest[0] == ' ' || rest[0] == '\t' {
			steps = add(steps, step{element: blanks})
			i++
			continue
		}
		if (rest[0] == '.' || rest[0] == ',') && len(rest) > 1 && (rest[1] == '0' || rest[1] == '9') {
			n := 1
			for n < len(rest) && rest[n] == rest[1] {
				n++
			}
			if n == len(rest) || rest[n] < '0' || rest[n] > '9' {
				steps = add(steps, step{element: pointFraction})
				i += n
				continue
			}
		}
		for _, e := range goElements {
			if strings.HasPrefix(rest, e.text) {
				steps = add(steps, step{element: e.element})
				i += len(e.text)
				continue next
			}
		}
		if rest[0] >= '0' && rest[0] <= '9' {
			return nil, fmt.Errorf("the layout %q has %q at %d, which is no element of Go's layouts: write the time Mon Jan 2 15:04:05 MST 2006 as your lines do", layout, rest[:1], i)
		}
		steps = add(steps, step{text: rest[:1]})
		i++
	}
	return steps, nil
}

// epochs are the layouts of a number.
var epochs = map[string]element{"s": epochSecond, "ms": epochMilli, "us": epochMicro, "ns": epochNano, "s.ms": epochFraction}

func epoch(layout string) ([]step, error) {
	e, ok := epochs[layout]
	if !ok {
		return nil, fmt.Errorf("the layout %q is no unit of an epoch: use s, ms, us, ns or s.ms", layout)
	}
	return []step{{element: e}}, nil
}
