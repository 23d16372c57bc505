package logtime

import "time"

const day24 = 24 * hour

// daysSince1970 counts days to a date of the Gregorian calendar. A month or day beyond its end is of the next one.
func daysSince1970(year, month, day int) int64 {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix() / day24
}

// calendar knows the offset of a location near the times that it was asked for last.
type calendar struct {
	from, to int64 // seconds of wall clock between which the offset is this one, and no other could be meant
	offset   int64
	year     int // the days of this month's first are known
	month    int
	first    int64
}

// days is daysSince1970, for a valid date.
func (c *calendar) days(year, month, day int) int64 {
	if c.year != year || c.month != month {
		c.year, c.month, c.first = year, month, daysSince1970(year, month, 1)
	}
	return c.first + int64(day) - 1
}

// instants are the seconds since the epoch at which the wall clock of a location shows what it would show in UTC at wall. Where a
// clock is set back an hour is there twice; otherwise both are the same. A wall clock that is left out is read as if it had not been
// set forward.
func (c *calendar) instants(wall int64, location *time.Location) (early, late int64) {
	if wall >= c.from && wall < c.to {
		return wall - c.offset, wall - c.offset
	}
	at := time.Unix(wall, 0).In(location)
	_, o := at.Zone()
	offset := int64(o)
	from, to := int64(-1<<62), int64(1<<62)
	if start, end := at.ZoneBounds(); true {
		if !start.IsZero() {
			from = start.Unix() + offset + day24
		}
		if !end.IsZero() {
			to = end.Unix() + offset - day24
		}
	}
	if wall >= from && wall < to {
		c.from, c.to, c.offset = from, to, offset
		return wall - offset, wall - offset
	}
	before, after := offsetAt(wall-day24, location), offsetAt(wall+day24, location)
	early, late = wall-before, wall-after
	first, second := offsetAt(early, location) == before, offsetAt(late, location) == after
	switch {
	case first && second:
		return min(early, late), max(early, late)
	case second:
		return late, late
	}
	return early, early
}

func offsetAt(unix int64, location *time.Location) int64 {
	_, offset := time.Unix(unix, 0).In(location).Zone()
	return int64(offset)
}
