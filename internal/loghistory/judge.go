package loghistory

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// mostProblems is how many problems are told of one history.
const mostProblems = 8

// key is a text that a log has written, once or more often.
type key struct {
	log  *log
	text string
}

// tally is how often a text was written, may be lost, and was delivered.
type tally struct {
	line             *line // the last one
	want, loose, got int
	excused          int       // deliveries that came again for a kill
	at               time.Time // of the last delivery
}

func (t *tally) short() bool { return t.got < t.want-t.loose }

// judge compares what was written with what was delivered.
type judge struct {
	w           *world
	owner       map[string]*log // by path, of all paths that a log's files have had
	tallies     map[key]*tally
	authors     map[string]*log       // by text, the last one
	short       map[*log]map[key]bool // what did not arrive yet
	deliveries  []Delivery
	generations int
	kills       []time.Time
	extra       int64 // bytes that may come again
	problems    []string
	kind        Kind // of the first of them
}

func newJudge(w *world) *judge {
	return &judge{w: w, owner: map[string]*log{}, tallies: map[key]*tally{}, authors: map[string]*log{}, short: map[*log]map[key]bool{}}
}

// Kind is a kind of problem.
type Kind string

const (
	lost      Kind = "lost"
	repeated  Kind = "repeated"
	damaged   Kind = "damaged"
	misplaced Kind = "misplaced"
	disorder  Kind = "out of order"
	dated     Kind = "stamp"
	busy      Kind = "no rest"
	broken    Kind = "broken"
)

var (
	errMissing = errors.New("lost, or not delivered in time")
	errBusy    = errors.New("all was delivered, and the reader does not come to rest")
)

func (j *judge) problem(kind Kind, format string, args ...any) {
	if len(j.problems) == 0 {
		j.kind = kind
	}
	if len(j.problems) < mostProblems {
		j.problems = append(j.problems, fmt.Sprintf(format, args...))
	}
}

// expect notes that a line is in a file.
func (j *judge) expect(l *log, one *line) {
	k := key{l, one.text}
	t := j.tallies[k]
	if t == nil {
		t = &tally{}
		j.tallies[k] = t
	}
	t.line = one
	t.want++
	j.authors[one.text] = l
	j.note(k, t)
}

func (j *judge) note(k key, t *tally) {
	if !t.short() {
		delete(j.short[k.log], k)
		return
	}
	if j.short[k.log] == nil {
		j.short[k.log] = map[key]bool{}
	}
	j.short[k.log][k] = true
}

// missing tells what of a log did not arrive yet; "": nothing.
func (j *judge) missing(l *log) string {
	if len(j.short[l]) == 0 {
		return ""
	}
	var numbers []int
	for k := range j.short[l] {
		numbers = append(numbers, j.tallies[k].line.number)
	}
	slices.Sort(numbers)
	first := l.lines[numbers[0]-1]
	return fmt.Sprintf("%d lines of %s, from %d %.40q of generation %d to %d", len(numbers), l.Name, numbers[0], first.text, first.gen.number, numbers[len(numbers)-1])
}

// forgive has the lines of a content be lost that did not arrive.
func (j *judge) forgive(l *log, g *generation) {
	j.absorb()
	for k := range j.short[l] {
		if t := j.tallies[k]; t.line.gen == g || !t.line.unique {
			t.loose = t.want - t.got
			j.note(k, t)
		}
	}
}

// absorb takes in what was delivered since. What was delivered before a kill may not be known to the reader after it.
func (j *judge) absorb() {
	if kills := j.w.reader.Kills(); len(kills) != len(j.kills) {
		j.kills = kills
		for _, g := range j.w.files {
			g.known, g.arrived, g.bytes = false, false, 0
		}
	}
	for _, d := range j.w.reader.Deliveries(len(j.deliveries)) {
		j.deliveries = append(j.deliveries, d)
		j.take(d)
	}
}

// killedBetween reports whether the reader was killed between two deliveries, and soon after the first: it may not have
// saved that.
func (j *judge) killedBetween(first, second time.Time) bool {
	return slices.ContainsFunc(j.kills, func(kill time.Time) bool {
		return !kill.Before(first) && !kill.After(second) && kill.Sub(first) < j.w.bounds.Saved
	})
}

func (j *judge) take(d Delivery) {
	if ahead := d.Stamp.Sub(d.Clock); j.w.bounds.Ahead > 0 && ahead > j.w.bounds.Ahead {
		j.problem(dated, "a record has a stamp %s ahead of the clock: %.60q of %s", ahead, d.Text, d.Stream)
	}
	l := j.owner[d.Stream]
	if l == nil {
		j.problem(misplaced, "no log has the name %s: %.60q", d.Stream, d.Text)
		return
	}
	var rec *record
	lines := strings.Split(d.Text, "\n")
	for n, text := range lines {
		t := j.tallies[key{l, text}]
		if t == nil {
			if author := j.authors[text]; author != nil {
				j.problem(misplaced, "%.60q of %s came under %s", text, author.Name, d.Stream)
				j.count(key{author, text}, d.At)
			} else if !j.noise(text) {
				j.problem(damaged, "no log has written %.80q, which came under %s in %.120q", text, d.Stream, d.Text)
			}
			continue
		}
		j.count(key{l, text}, d.At)
		one := t.line
		if d.Stream == l.path() && (len(j.kills) == 0 || d.At.After(j.kills[len(j.kills)-1])) {
			one.gen.arrived = true
			if one.unique {
				one.gen.bytes += len(text) + 1
			}
		}
		if one.gen.known && !one.gen.vague && one.unique && d.Stream != l.path() {
			j.problem(misplaced, "%.60q of %s came under %s, though its file was known before it was renamed", text, l.Name, d.Stream)
		}
		switch {
		case !one.unique:
		case rec != nil && one.record != rec:
			j.problem(damaged, "two records came as one: %.120q of %s", d.Text, d.Stream)
		default:
			rec = one.record
		}
		if n > 0 || !j.w.plan.Settings.Multiline || !one.unique {
			continue
		}
		if whole := one.record; whole.whole && !j.fits(whole) && (len(whole.lines) != len(lines) || whole.lines[0] != one) {
			j.problem(damaged, "a record of %d lines came in parts: %d lines from %q on, of %s", len(whole.lines), len(lines), text, d.Stream)
		}
	}
}

// fits reports whether a record is above the reader's limit, and may come in parts.
func (j *judge) fits(r *record) bool {
	bytes := 0
	for _, one := range r.lines {
		bytes += len(one.text) + 1
	}
	return bytes >= j.w.plan.Settings.MaxRecordBytes
}

// noise is what shred has written over a file.
func (j *judge) noise(text string) bool {
	return j.w.plan.Has(Shred) && strings.Trim(text, string(shredded)+"\x00\uFFFD") == ""
}

func (j *judge) count(k key, at time.Time) {
	t := j.tallies[k]
	if t.got++; t.got > t.want && (j.killedBetween(t.at, at) || !t.line.unique && len(j.kills) > 0) {
		t.excused++
	}
	t.at = at
	j.note(k, t)
}

// verdict judges what only the end tells.
func (j *judge) verdict() {
	for _, l := range j.w.logs {
		if missing := j.missing(l); missing != "" {
			j.problem(lost, "lost: %s", missing)
		}
	}
	j.repetitions()
	if !j.w.bounds.Unordered && !j.w.plan.Has(Clock) { // stamps follow the clock back
		j.order()
	}
}

// again is how many bytes came again, how many of them without the excuse of a kill, and some of those lines.
func (j *judge) again() (bytes, bad int64, lines []string) {
	for k, t := range j.tallies {
		if more := t.got - t.want; more > 0 {
			bytes += int64(more) * int64(len(k.text)+1)
			if more > t.excused {
				bad += int64(more-t.excused) * int64(len(k.text)+1)
				lines = append(lines, fmt.Sprintf("%s %d %.40q", k.log.Name, t.line.number, k.text))
			}
		}
	}
	slices.Sort(lines)
	return bytes, bad, lines
}

func (j *judge) repetitions() {
	again, bad, lines := j.again()
	if allowed := j.extra + j.w.reader.Unanswered(); bad > allowed {
		j.problem(repeated, "%d bytes came again, and %d of them may: %d lines such as %v; there were %d kills", bad, allowed, len(lines), lines[:min(len(lines), 3)], len(j.kills))
	} else if allowed += int64(len(j.kills)) * j.w.bounds.InFlight; again > allowed {
		j.problem(repeated, "%d bytes came again after %d kills, and %d may", again, len(j.kills), allowed)
	}
}

// order holds the lines of each stream to the order in which they were written, in each run.
func (j *judge) order() {
	byStamp := slices.Clone(j.deliveries)
	slices.SortStableFunc(byStamp, func(a, b Delivery) int { return cmp.Or(cmp.Compare(a.Run, b.Run), a.Stamp.Compare(b.Stamp)) })
	type place struct {
		run    int
		stream string
		gen    int
	}
	last, seen := map[place]*line{}, map[key]bool{}
	for _, d := range byStamp {
		l := j.owner[d.Stream]
		for text := range strings.SplitSeq(d.Text, "\n") {
			k := key{l, text}
			t := j.tallies[k]
			if t == nil || !t.line.unique || seen[k] {
				continue
			}
			seen[k] = true
			p := place{run: d.Run, stream: d.Stream}
			if j.w.wild || j.w.bounds.Shared || j.w.plan.Has(Outage) || j.w.plan.Settings.Gzip { // what waits in an archive may come later
				p.gen = t.line.gen.number
			}
			if before := last[p]; before != nil && before.number > t.line.number {
				j.problem(disorder, "run %d: %.60q came after %.60q under %s", d.Run, text, before.text, d.Stream)
				return
			}
			last[p] = t.line
		}
	}
}
