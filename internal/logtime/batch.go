package logtime

import (
	"math"
	"time"
)

const (
	// MaxAge and MaxAhead are how far from the time of reading a time may be, for one that is found in a log. They are
	// CloudWatch's bounds for what it takes.
	MaxAge   = 14 * 24 * time.Hour
	MaxAhead = 2 * time.Hour

	// yearAhead and dayAhead are how far ahead of the time of reading a line may be that has no year, or no date: clocks and zones
	// differ. Where it is more, it is of the year before, or of the day before.
	yearAhead = time.Hour
	dayAhead  = 5 * time.Minute
	// disorder is how much earlier than the line before it a line may be, without that midnight has passed in between, and
	// seasons the same for the end of a year.
	disorder = time.Hour
	seasons  = 31 * 24 * time.Hour
	// nearby is how far apart the times of two lines are that bear each other out.
	nearby = 24 * time.Hour
	// justNow is how long ago a line was written that a program has just written.
	justNow = 10 * time.Minute
	// followers is how long after a line others without a time may be part of it.
	followers = time.Minute
	// justRead is how long ago a file was read of which all that is new was just written, and shiftsTold how often that has to be of
	// another zone before it is told.
	justRead   = 2 * time.Minute
	shiftsTold = 3
	// looks is how many records without a time are looked at once more, for what to tell.
	looks = 100
)

// Sequence is what the lines of one file tell of each other. The zero value is of a file that begins. It is for one goroutine.
type Sequence struct {
	last     int64 // the time of the line before, in ns; 0: none is known
	lastRead int64 // when it was read
	present  bool  // last is within MaxAge and MaxAhead of the time of reading
	doubted  int64 // a time that was too far from that of reading
	more     bool  // there was more to read when the last batch was
	timed    bool  // a record had a time
	untimed  int   // records without one, until the first that has one
	read     int64 // when the last batch was
	shift    int64 // how far the time of what was just written is from now, as that of another zone would be
	shifts   int   // batches in a row with it
	calendar calendar
}

// Evidence is what is known of when records were written.
type Evidence struct {
	// Read is when they were read.
	Read time.Time
	// Modified is when their file was last written to, if that was not after they were; zero: not known.
	Modified time.Time
	// More says that their file has more to read.
	More bool
}

// Doubt is something that somebody may have to change, with the first record that shows it.
type Doubt struct {
	Record string
	// At is the time in question, and Offset where it stands in the record.
	At     time.Time
	Offset int
	// Zone is the name of the zone in question.
	Zone string
}

// Doubts are those of a batch; nil: none.
type Doubts struct {
	// Implausible is a time that is too far from the time of reading for other records to have it too. Unused says that the record
	// itself has it neither, because the lines before it are of now.
	Implausible *Doubt
	Unused      bool
	// Elsewhere is a time behind the start of a record.
	Elsewhere *Doubt
	// Nowhere is a record of a file in which nothing has had a time so far.
	Nowhere *Doubt
	// Zone is a zone that is not known, or is several.
	Zone *Doubt
	// Shifted is a record that was just written, as others before it, and has a time as that of another zone would be: Shift later.
	Shifted *Doubt
	Shift   time.Duration
}

// Batch are records of one file that were read at once. Their times are known when all of them are.
type Batch struct {
	Doubts
	// Untimed are records in which no time was found, and Implausibles those whose time was not used.
	Untimed, Implausibles int

	p       *Parser
	s       *Sequence
	e       Evidence
	read    int64
	latest  int64  // nothing was written after it
	follow  bool   // a record without a time is of the one before
	carried int64  // the last time before the batch
	record  string // the last one with a time
	stamps  []stamp
}

// stamp is what a record has of a time: that in ns, or, where there is no date, the time of day in seconds of the wall clock, and nanos.
type stamp struct {
	at      int64
	nanos   int32
	zone    int32 // seconds; local: that of the location
	kind    kind
	weekday int8 // 1: Monday; 0: any
}

// period is after how long a clock shows the same again, at the soonest.
func (s stamp) period() time.Duration {
	if s.weekday > 0 {
		return 7 * 24 * time.Hour
	}
	return 24 * time.Hour
}

type kind uint8

const (
	none   kind = iota // the record has that of the one before
	fresh              // the record has that of reading, as the one before is too long ago
	whole              // at
	follow             // at, and others do not follow it
	timeOf             // of some day
)

const local = math.MinInt32

// Batch begins a batch of n records or so.
func (p *Parser) Batch(s *Sequence, e Evidence, n int) *Batch {
	b := &Batch{p: p, s: s, e: e, read: e.Read.UnixNano(), carried: s.last, stamps: make([]stamp, 0, n)}
	b.latest = b.read
	if m := e.Modified; !m.IsZero() && m.Before(e.Read) && s.last <= m.Add(dayAhead).UnixNano() { // otherwise it is of before the lines that are known
		b.latest = m.UnixNano()
	}
	b.follow = s.last != 0 && (s.more || b.read-s.lastRead <= int64(followers))
	return b
}

// Add takes a record in, and says where its time stands; to is 0 where it has none.
func (b *Batch) Add(record string) (from, to int) {
	var f found
	if !b.p.find(record, &f) {
		b.untimed(record)
		return 0, 0
	}
	if !b.p.zone(&f.fields) && b.Zone == nil {
		b.Zone = &Doubt{Record: record, Zone: f.zoneName}
	}
	if b.p.lacks == theDay {
		b.s.timed = true
		b.follow = true
		b.record = record
		b.stamps = append(b.stamps, f.timeOfDay())
		return f.from, f.to
	}
	at, ok := b.p.date(&f.fields, b.s, b.latest, b.read)
	if !ok {
		b.untimed(record)
		return 0, 0
	}
	switch b.judge(at) {
	case plausible:
	case doubtful:
		b.doubt(record, at, &f, false)
		b.s.timed = true
		b.follow = b.follow && b.s.last != 0
		b.stamps = append(b.stamps, stamp{at: at, kind: follow})
		return f.from, f.to
	case impossible:
		b.doubt(record, at, &f, true)
		b.Implausibles++
		b.without()
		return 0, 0
	}
	b.s.timed = true
	b.record = record
	b.s.last, b.s.lastRead = at, b.read
	b.follow = true
	b.stamps = append(b.stamps, stamp{at: at, kind: whole})
	return f.from, f.to
}

func (b *Batch) doubt(record string, at int64, f *found, unused bool) {
	if b.Implausible == nil || unused && !b.Unused {
		b.Implausible, b.Unused = &Doubt{Record: record, At: time.Unix(0, at), Offset: f.from}, unused
	}
}

// without takes in a record without a time.
func (b *Batch) without() {
	one := stamp{kind: none}
	if !b.follow {
		one.kind = fresh
	}
	b.stamps = append(b.stamps, one)
}

// untimed takes in a record in which no time was found, and looks for what could be told of it.
func (b *Batch) untimed(record string) {
	b.Untimed++
	b.without()
	if b.s.timed || b.s.untimed >= looks {
		return
	}
	b.s.untimed++
	var f found
	if b.Elsewhere == nil && !b.p.path.Set() && b.p.pattern == nil && b.p.o.Offset == AtStart && b.p.search(record, &f) {
		at, ok := int64(0), b.p.lacks == theDay
		if !ok {
			at, ok = b.p.date(&f.fields, b.s, b.latest, b.read)
			ok = ok && within(at, b.read)
		}
		if ok {
			b.Elsewhere = &Doubt{Record: record, Offset: f.from}
		}
	}
	if b.s.untimed == looks/10 && b.Elsewhere == nil {
		b.Nowhere = &Doubt{Record: record}
	}
}

// within reports whether a time is as near to another as CloudWatch wants it.
func within(at, now int64) bool {
	return at >= now-int64(MaxAge) && at <= now+int64(MaxAhead)
}

// watch compares the time of what was just written with now. It was, where all before it was read a moment ago. Where it is off by half an
// hour or hours, and stays so, its zone is another one.
func (b *Batch) watch(at int64) {
	s := b.s
	if s.read == 0 || s.more || b.e.More || b.read-s.read > int64(justRead) {
		return
	}
	off := time.Duration(at - b.read)
	shift := off.Round(30 * time.Minute)
	if shift == 0 || (off-shift).Abs() > sloppy || shift.Abs() > nearby {
		s.shifts = 0
		return
	}
	if int64(shift) != s.shift {
		s.shift, s.shifts = int64(shift), 0
	}
	if s.shifts++; s.shifts == shiftsTold {
		b.Shifted, b.Shift = &Doubt{Record: b.record, At: time.Unix(0, at)}, shift
	}
}

type verdict int

const (
	plausible  verdict = iota
	doubtful           // the record may have it, and others do not follow it
	impossible         // it is no time of this record, but something in its text
)

// judge says whether a time is to be believed. What is near to now is, and what goes on where the line before was. Of a file whose
// lines are of now nothing else is: such a date is a part of the text. Otherwise a second line has to bear the first one out.
func (b *Batch) judge(at int64) verdict {
	s := b.s
	if within(at, b.read) {
		s.present = true
		return plausible
	}
	ahead := at > b.read
	if s.last != 0 && near(at, s.last) && (!ahead || s.last > b.read+int64(MaxAhead)) {
		return plausible
	}
	if s.present {
		return impossible
	}
	old := !ahead && b.latest != b.read && within(at, b.latest)
	if old || s.doubted != 0 && (near(at, s.doubted) || !ahead && at > s.doubted) { // a log of old that goes on
		return plausible
	}
	s.doubted = at
	return doubtful
}

func near(a, b int64) bool { return a >= b-int64(nearby) && a <= b+int64(nearby) }

// Read is when the records were read.
func (b *Batch) Read() time.Time { return b.e.Read }

// Times tells the time of each record, in the order in which they were added: nanoseconds since the epoch, and 0 where it is the time of
// reading. It ends the batch.
func (b *Batch) Times(set func(i int, unixNano int64)) {
	if b.p.lacks == theDay {
		b.days()
	}
	carried := b.carried
	for i := range b.stamps {
		switch one := b.stamps[i]; one.kind {
		case none:
			set(i, max(carried, 0))
		case fresh:
			set(i, 0)
		case follow:
			set(i, max(one.at, 0))
		case whole, timeOf:
			carried = one.at
			set(i, max(one.at, 0))
		}
	}
	if b.p.lacks == theDay && carried != b.carried {
		b.s.last, b.s.lastRead = carried, b.read
	}
	if b.record != "" {
		b.watch(carried)
	}
	b.s.more, b.s.read = b.e.More, b.read
}
