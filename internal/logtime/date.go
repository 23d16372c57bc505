package logtime

import "time"

// Half of what is between two times that are written in the same way.
const (
	halfYear  = 183 * 24 * time.Hour
	halfMonth = 15 * 24 * time.Hour
)

// maxUnix is how far from the epoch a time may be whose nanoseconds have 64 bits, in seconds.
const maxUnix = (1<<63-1)/1_000_000_000 - 1

// date puts together what was read, but for a time without a date. What it lacks is chosen so that the time is the latest which is
// not after latest, if the file was modified then; but not where it would be long before that, as the clocks were not the same then.
func (p *Parser) date(f *fields, s *Sequence, latest, read int64) (unixNano int64, ok bool) {
	switch {
	case f.hasEpoch:
		return f.epoch + int64(f.nanos), true
	case p.lacks == nothing:
		return p.instant(f, s, f.year, f.month, f.day, latest)
	}
	half := int64(halfYear)
	if p.lacks == theMonth {
		half = int64(halfMonth)
	}
	if unixNano, ok = p.complete(f, s, latest); latest != read && (!ok || latest-unixNano > half) {
		return p.complete(f, s, read)
	}
	return unixNano, ok
}

// complete finds the year, or year and month, with which a time is the latest that is not after latest. Lines of a file that are known
// to follow each other do.
func (p *Parser) complete(f *fields, s *Sequence, latest int64) (unixNano int64, ok bool) {
	limit := latest + int64(yearAhead)
	now := time.Unix(0, limit).In(p.o.Location)
	if f.hasZone {
		now = now.UTC().Add(time.Duration(f.offset) * time.Second)
	}
	year, month := now.Year(), f.month
	before := func() { year-- }
	if p.lacks == theMonth {
		month = int(now.Month())
		before = func() {
			if month--; month == 0 {
				year, month = year-1, 12
			}
		}
	}
	for range 9 { // from one 29 February to another there are eight years at most
		at, valid := p.instant(f, s, year, month, f.day, latest)
		if valid && (!ok || s.last != 0 && at >= s.last-int64(seasons)) && at <= limit {
			unixNano = at
			if ok = true; s.last == 0 || p.lacks == theMonth {
				break
			}
		} else if ok {
			break
		}
		before()
	}
	return unixNano, ok
}

// instant is a time of the calendar. Of the two that a wall clock shows which is set back it is that which was just now, or which
// follows the line before.
func (p *Parser) instant(f *fields, s *Sequence, year, month, day int, latest int64) (unixNano int64, ok bool) {
	var days int64
	switch {
	case f.yearDay > 0:
		if f.yearDay > 365 && !leap(year) {
			return 0, false
		}
		days = s.calendar.days(year, 1, 1) + int64(f.yearDay) - 1
	case day > daysOf(year, month):
		return 0, false
	default:
		days = s.calendar.days(year, month, day)
	}
	wall := days*day24 + int64(f.hour*hour+f.minute*60+f.second)
	if f.hasZone {
		wall -= int64(f.offset)
		return nanoseconds(wall, f.nanos)
	}
	early, late := s.calendar.instants(wall, p.o.Location)
	if early != late {
		unix := latest / int64(time.Second)
		last := s.last / int64(time.Second)
		if late <= unix+int64(dayAhead/time.Second) && (unix-late < int64(justNow/time.Second) || s.last != 0 && early < last-60) {
			early = late
		}
	}
	return nanoseconds(early, f.nanos)
}

func nanoseconds(unix int64, nanos int) (int64, bool) {
	if unix < -maxUnix || unix > maxUnix {
		return 0, false
	}
	return unix*int64(time.Second) + int64(nanos), true
}

// timeOfDay is what a time without a date says.
func (f *fields) timeOfDay() stamp {
	zone := int32(local)
	if f.hasZone {
		zone = int32(f.offset)
	}
	return stamp{at: int64(f.hour*hour + f.minute*60 + f.second), nanos: int32(f.nanos), zone: zone, kind: timeOf, weekday: int8(f.weekday)}
}

// days finds the day of each record that has only a time. The last of them was written at the latest when the file was; going
// back from there, one that is later than the one behind it is of the day before. Where a file has more to read, the end of these
// records is not that of the file: then they go on from the line before, if that is known.
func (b *Batch) days() {
	limit := b.latest + int64(dayAhead)
	if last := b.lastWithTime(); last != nil && b.latest != b.read && !b.e.More && b.latest-b.p.before(b.s, *last, limit) > int64(last.period()/2) {
		b.latest, limit = b.read, b.read+int64(dayAhead) // a file's last line is written when the file is, unless the clocks were not the same
	}
	if b.e.More && b.carried != 0 && b.onwards(limit) {
		return
	}
	for i := len(b.stamps) - 1; i >= 0; i-- {
		one := &b.stamps[i]
		if one.kind != timeOf {
			continue
		}
		b.stamps[i].at = b.p.before(b.s, *one, limit)
		limit = min(limit, one.at+int64(disorder))
	}
}

// lastWithTime is the last record that has a time, or nil.
func (b *Batch) lastWithTime() *stamp {
	for i := len(b.stamps) - 1; i >= 0; i-- {
		if b.stamps[i].kind == timeOf {
			return &b.stamps[i]
		}
	}
	return nil
}

// onwards dates records from the first on. It reports whether the last of them is not in the future; otherwise it changes nothing.
func (b *Batch) onwards(limit int64) bool {
	last := b.carried
	times := make([]int64, len(b.stamps))
	for i := range b.stamps {
		one := b.stamps[i]
		if one.kind != timeOf {
			continue
		}
		at := b.p.before(b.s, one, last-int64(disorder)+int64(one.period()))
		if at > limit {
			return false
		}
		times[i] = at
		last = max(last, at)
	}
	for i := range b.stamps {
		if b.stamps[i].kind == timeOf {
			b.stamps[i].at = times[i]
		}
	}
	return true
}

// before is the latest instant, not after a limit, at which the wall clock showed a time of day, on its weekday if it has one.
func (p *Parser) before(s *Sequence, one stamp, limit int64) int64 {
	second := int64(time.Second)
	unix := floor(limit, second)
	zone := int64(one.zone)
	if one.zone == local {
		zone = offsetAt(unix, p.o.Location)
	}
	for day := floor(unix+zone, day24) + 1; ; day-- {
		if one.weekday > 0 && weekdayOf(day) != int64(one.weekday) {
			continue
		}
		wall := day*day24 + one.at
		early, late := wall-zone, wall-zone
		if one.zone == local {
			early, late = s.calendar.instants(wall, p.o.Location)
		}
		if at := late*second + int64(one.nanos); at <= limit {
			return at
		}
		if at := early*second + int64(one.nanos); at <= limit {
			return at
		}
	}
}

// weekdayOf is the weekday of a day since 1970, which began on a Thursday; Monday is 1.
func weekdayOf(day int64) int64 { return ((day+3)%7+7)%7 + 1 }

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
