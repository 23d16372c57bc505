package names

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// verbs are what {date:FORMAT} knows, as strftime(3) has it. There is none finer than a minute: each
// value is a stream of its own, and an account may create 50 a second.
const verbs = "Y y m d j b G V u H M %"

// date refuses a format that is not one; from is where it stands.
func (p *parser) date(from int, format string) error {
	var text strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			text.WriteByte(format[i])
			continue
		}
		if i++; i == len(format) || format[i] == ' ' || !strings.Contains(verbs, format[i:i+1]) {
			p.at = from + i - 1
			return fmt.Errorf("%q is not a part of a date: use %%%s", clip(format[i-1:min(i+1, len(format))]), strings.ReplaceAll(verbs, " ", " %"))
		}
		if format[i] == '%' {
			text.WriteByte('%')
		}
	}
	end := p.at
	p.at = from
	if err := p.check(text.String()); err != nil {
		p.at = from // what lies before it was taken out
		return err
	}
	p.at = end
	return nil
}

// appendDate appends the time, in milliseconds since 1970, in a format that date accepts.
func appendDate(dst []byte, format string, milliseconds int64) []byte {
	t := time.UnixMilli(milliseconds).UTC()
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			dst = append(dst, format[i])
			continue
		}
		i++
		switch format[i] {
		case 'Y':
			dst = appendPadded(dst, t.Year(), 4)
		case 'y':
			dst = appendPadded(dst, ((t.Year()%100)+100)%100, 2)
		case 'm':
			dst = appendPadded(dst, int(t.Month()), 2)
		case 'd':
			dst = appendPadded(dst, t.Day(), 2)
		case 'j':
			dst = appendPadded(dst, t.YearDay(), 3)
		case 'b':
			dst = append(dst, t.Month().String()[:3]...)
		case 'G':
			year, _ := t.ISOWeek()
			dst = appendPadded(dst, year, 4)
		case 'V':
			_, week := t.ISOWeek()
			dst = appendPadded(dst, week, 2)
		case 'u':
			dst = append(dst, byte('1'+(t.Weekday()+6)%7))
		case 'H':
			dst = appendPadded(dst, t.Hour(), 2)
		case 'M':
			dst = appendPadded(dst, t.Minute(), 2)
		case '%':
			dst = append(dst, '%')
		}
	}
	return dst
}

// appendPadded appends a number with zeros in front of it.
func appendPadded(dst []byte, n, width int) []byte {
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	for limit := 10; width > 1; width, limit = width-1, limit*10 {
		if n < limit {
			for range width - 1 {
				dst = append(dst, '0')
			}
			break
		}
	}
	return strconv.AppendInt(dst, int64(n), 10)
}
