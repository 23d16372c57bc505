package inventory

import (
	"errors"
	"maps"
	"slices"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

// Decide says of each found file what it is, and then of each in Options.Beside. It keeps nothing; what is known, which it notes changes
// in, is of no use afterwards, and Options.Moved is for the next call.
func Decide(known []Known, found []files.Found, probe Prober, o Options) []Decision {
	d := newDecider(known, found, probe, o)
	for i := range found {
		d.identity(i)
	}
	d.lengths = slices.Sorted(maps.Keys(d.begun))
	for i := range o.Beside {
		d.waiting = append(d.waiting, d.own+i)
	}
	d.moved()
	d.pending(d.sameInode)
	d.pending(d.samePath)
	d.pending(d.returned)
	d.pending(d.content)
	return d.out
}

// decider is one call of Decide.
type decider struct {
	o       Options
	known   []Known
	found   []files.Found // with those beside at the end
	own     int           // how many were found
	probe   Prober
	out     []Decision
	waiting []int          // of found: those that are not decided
	self    []int          // the known content, of which nothing was read, that a found file was until now; -1
	names   map[int]string // of known contents, where they have other names now
	begins  map[int][]byte // the beginnings of originals that were looked at

	byID    map[files.ID]int
	byInode map[uint64][]int // contents that may come back, by inode, path and beginning
	byPath  map[string][]int
	byHead  map[sum][]int
	begun   map[int]bool     // the lengths of the beginnings in byHead
	lengths []int            // the same, sorted
	files   map[string][]int // the same as live, by the names of files without folders; nil: not needed yet
	live    map[string][]int // contents that are there, by the name that they are sent under
	taken   map[int]bool
}

func newDecider(known []Known, found []files.Found, probe Prober, o Options) *decider {
	n := len(found) + len(o.Beside)
	d := &decider{
		o: o, known: known, found: append(found[:len(found):len(found)], o.Beside...), own: len(found), probe: probe, out: make([]Decision, n), self: make([]int, n),
		byID: make(map[files.ID]int, len(known)), byInode: map[uint64][]int{}, byPath: map[string][]int{}, byHead: map[sum][]int{}, begun: map[int]bool{},
		taken: map[int]bool{}, names: map[int]string{}, begins: map[int][]byte{},
	}
	for i := range d.out {
		d.out[i], d.self[i] = Decision{Of: -1, Displaced: -1}, -1
	}
	for i := range known {
		if k := &known[i]; k.Place == Here || k.Place == Aside || k.Place == Gone {
			d.byID[k.ID] = i
		}
	}
	for i := range known {
		k := &known[i]
		if k.Place != Here && k.Place != Aside {
			d.away(i)
		}
	}
	return d
}

// away notes a content that may come back under another identity.
func (d *decider) away(i int) {
	k := &d.known[i]
	if k.ID.Inode != 0 {
		d.byInode[k.ID.Inode] = append(d.byInode[k.ID.Inode], i)
	}
	if k.Place != Imported && d.o.Now.Sub(k.Since) > recent {
		return
	}
	if k.Path != "" {
		d.byPath[k.Path] = append(d.byPath[k.Path], i)
	}
	if k.Head.Bytes == 0 && k.Place != Gone {
		return
	}
	d.begun[k.Head.Bytes] = true
	d.byHead[sumOf(k.Head)] = append(d.byHead[sumOf(k.Head)], i)
}

// identity decides what device and inode tell.
func (d *decider) identity(i int) {
	one := &d.found[i]
	n, ok := d.byID[one.ID]
	if !ok {
		d.waiting = append(d.waiting, i)
		return
	}
	k := &d.known[n]
	shrunk := !k.Archive && one.Size < k.Read.Offset
	had := k.Size
	k.Size = one.Size // it may be an original
	switch {
	case k.Moving && (shrunk || k.Differs), shrunk && one.Seen.Before(k.Touched):
		d.decide(i, Decision{Kind: Same, Of: n, Displaced: -1, Path: k.Path, Wait: true, Reason: "it was read after it was looked at: the next look tells"})
	case k.Differs:
		d.displace(i, n)
	case shrunk:
		d.displace(i, n)
	case k.Now != one.Path && !k.Moving && !d.follows(k, one, had):
		if k.Read.Offset == 0 { // a file of which nothing is known but its number
			d.out[i].Displaced = n
			d.waiting = append(d.waiting, i)
			return
		}
		d.displace(i, n)
	case k.Unjudged && one.Size > 0 && !k.Moving:
		d.self[i] = n
		d.waiting = append(d.waiting, i)
	case k.Now != one.Path && k.Now != "":
		d.decide(i, Decision{Kind: Rotated, Of: n, Displaced: -1, Path: k.Path, Reason: "renamed from " + k.Now})
	default:
		d.decide(i, Decision{Kind: Same, Of: n, Displaced: -1, Path: k.Path, Reason: "its device and inode are known"})
	}
}

// follows reports whether a file that is found under another name can be the one that its identity says, which had a size. Logs of one name
// are in many folders, and one may get the inode of another that was removed.
func (d *decider) follows(k *Known, one *files.Found, had int64) bool {
	if Extends(one.Path, k.Path) && beside(one.Path, k.Path) {
		return true
	}
	if k.Read.Offset == 0 { // moved to a folder for rotated files before anything was read
		return had > 0 && one.Size >= had && !one.Modified.Before(k.Modified) && Extends(one.Path, k.Path) && nearby(one.Path, k.Path)
	}
	t, err := d.probe.Open(one.Path, one.ID)
	if err != nil {
		return true // it cannot be read now, and is compared when it is read
	}
	defer t.Close()
	s, err := newSubject(t, max(headBytes, d.o.HeadBytes))
	return err != nil || s.fits(k)
}

// displace has a found file decided by its content, as that of its identity is gone from it. That may go on elsewhere.
func (d *decider) displace(i, n int) {
	d.known[n].Place, d.known[n].Since = Retired, d.o.Now
	d.away(n)
	d.out[i].Displaced = n
	d.waiting = append(d.waiting, i)
}

func (d *decider) decide(i int, as Decision) {
	if as.Displaced < 0 {
		as.Displaced = d.out[i].Displaced
	}
	d.out[i] = as
	if as.Of >= 0 && as.Kind != Copy {
		d.taken[as.Of] = true
		d.names[as.Of] = d.found[i].Path
	}
}

// there are the contents that are there, by the name that they are sent under.
func (d *decider) there() map[string][]int {
	if d.live == nil {
		d.live = make(map[string][]int, len(d.known))
		for i := range d.known {
			if k := &d.known[i]; k.Place == Here || k.Place == Aside {
				d.live[k.Path] = append(d.live[k.Path], i)
			}
		}
	}
	return d.live
}

// pending has what is not decided looked at in one way.
func (d *decider) pending(by func(i int) bool) {
	d.waiting = slices.DeleteFunc(d.waiting, by)
}

// open looks into a found file. Nil: it cannot be read.
func (d *decider) open(i int) *subject { return d.look(d.found[i].Path, d.found[i].ID) }

func (d *decider) look(path string, id files.ID) *subject {
	s, _ := d.opened(path, id) // why it cannot be read is found out by its reader
	return s
}

func (d *decider) opened(path string, id files.ID) (*subject, error) {
	t, err := d.probe.Open(path, id)
	if err != nil {
		return nil, err
	}
	s, err := newSubject(t, max(headBytes, d.o.HeadBytes))
	if err != nil {
		t.Close()
		return nil, err
	}
	return s, nil
}

// sameInode finds the file of a volume whose device number has changed.
func (d *decider) sameInode(i int) bool {
	one := &d.found[i]
	all := d.byInode[one.ID.Inode]
	if len(all) == 0 || d.self[i] >= 0 {
		return false
	}
	var s *subject
	for n, at := range all {
		k := &d.known[at]
		if d.taken[at] || k.ID == one.ID || k.Place == Retired || n == mostCandidates {
			continue
		}
		samePath := k.Path == one.Path || k.Now == one.Path || k.Was == one.Path || k.Read.Offset > 0 && Extends(one.Path, k.Path)
		if k.Read.Offset == 0 && !samePath {
			continue
		}
		if s == nil {
			if s = d.open(i); s == nil {
				return false
			}
			defer s.text.Close()
		}
		if s.fits(k) && (samePath || s.specific(k.Read.Offset)) {
			d.goesOn(i, at, s, Same, "the number of its device has changed")
			return true
		}
	}
	return false
}

// goesOn decides that a content goes on in a found file. What is being read waits for the next look.
func (d *decider) goesOn(i, at int, s *subject, kind Kind, reason string) {
	k := &d.known[at]
	if k.Moving {
		d.decide(i, Decision{Kind: Later, Of: -1, Displaced: -1, Path: d.found[i].Path, Wait: true, Reason: k.Path + ", which it seems to be, is being read"})
		return
	}
	d.decide(i, Decision{Kind: kind, Of: at, Displaced: d.self[i], Path: k.Path, Archive: s.text.Archive(), Reason: reason})
	k.ID, k.Now, k.Place, k.Archive = d.found[i].ID, d.found[i].Path, Here, s.text.Archive() // others may be copies of it
	if d.live != nil {
		d.live[k.Path] = append(d.live[k.Path], at)
	}
}

// samePath finds what was read under a file's name before, as rsync and editors rename a new file over an old one.
func (d *decider) samePath(i int) bool {
	one := &d.found[i]
	all := d.byPath[one.Path]
	if len(all) == 0 || one.Size == 0 || i >= d.own {
		return false
	}
	s := d.open(i)
	if s == nil {
		return false
	}
	defer s.text.Close()
	best := -1
	for n, at := range all {
		k := &d.known[at]
		if d.taken[at] || n >= mostCandidates || !s.fits(k) {
			continue
		}
		switch {
		case k.Place == Imported, d.o.Identity == ByPath && k.Place == Gone:
		case d.o.Identity == ByInode || !s.specific(k.Read.Offset):
			continue
		}
		if best < 0 || k.Read.Offset > d.known[best].Read.Offset {
			best = at
		}
	}
	if best < 0 {
		return false
	}
	reason := "another file with the same content was put in its place"
	if d.known[best].Place == Imported {
		reason = "its offset was imported"
	}
	d.goesOn(i, best, s, Same, reason)
	return true
}

// returned finds the content that a file goes on with.
func (d *decider) returned(i int) bool {
	if d.found[i].Size == 0 || len(d.byHead) == 0 || d.probe.Enough() {
		return false
	}
	s := d.open(i)
	if s == nil {
		return false
	}
	defer s.text.Close()
	at, reason := d.cameBack(i, s)
	if at >= 0 {
		d.goesOn(i, at, s, Rotated, reason)
	}
	return at >= 0
}

// content decides by what a file has. It decides always.
func (d *decider) content(i int) bool {
	one := &d.found[i]
	originals := d.originals(i)
	back := len(d.byHead) > 0 && d.probe.Enough() // it was not compared with what may come back
	if one.Size == 0 || !back && d.nothingToCompare(i, originals) {
		if i < d.own {
			d.fresh(i, nil)
		} else {
			d.leaveOut(i)
		}
		return true
	}
	if back || d.probe.Enough() {
		d.decide(i, Decision{Kind: Later, Of: -1, Displaced: -1, Path: one.Path, Wait: true, Reason: "others have their turn"})
		return true
	}
	s, err := d.opened(one.Path, one.ID)
	if s == nil {
		switch {
		case i >= d.own:
			d.leaveOut(i)
		case d.self[i] >= 0: // it waits on
			n := d.self[i]
			d.decide(i, Decision{Kind: Same, Of: n, Displaced: -1, Path: d.known[n].Path, Wait: true, Reason: "it cannot be read now"})
		case errors.Is(err, ErrElsewhere):
			d.decide(i, Decision{Kind: Later, Of: -1, Displaced: -1, Path: one.Path, Wait: true, Reason: "it has another name by now"})
		default:
			d.fresh(i, nil)
		}
		return true
	}
	defer s.text.Close()
	if i >= d.own {
		d.leaveOut(i)
		return true
	}
	for _, at := range append(originals, d.elsewhere(i, s)...) {
		if as, is := d.compare(i, s, at); is {
			d.decide(i, as)
			return true
		}
	}
	if s.text.Archive() && d.o.LeaveArchives {
		d.leaveOut(i)
		return true
	}
	d.fresh(i, s)
	return true
}

// nothingToCompare reports whether no known content can be a found file's.
func (d *decider) nothingToCompare(i int, originals []int) bool {
	one := &d.found[i]
	archive := d.o.LeaveArchives && Plain(one.Path) != one.Path
	marks := d.o.FromEnd && d.o.Novel != nil && d.o.Novel(*one)
	return len(originals) == 0 && !d.namesake(i) && !archive && !marks
}

func (d *decider) leaveOut(i int) {
	d.decide(i, Decision{Kind: LeftOut, Of: -1, Displaced: -1, Path: d.found[i].Path, Archive: true, Reason: "an archive of nothing that is known"})
}

// cameBack finds the content, gone from where it was, that a file goes on with.
func (d *decider) cameBack(i int, s *subject) (at int, reason string) {
	at = -1
	for _, n := range d.lengths {
		if n > len(s.head) {
			break
		}
		for tried, c := range d.byHead[s.sum(n)] {
			if tried == mostCandidates {
				break
			}
			if d.taken[c] || at >= 0 && d.known[c].Read.Offset <= d.known[at].Read.Offset {
				continue
			}
			if why := d.joins(i, s, c); why != "" {
				at, reason = c, why
			}
		}
	}
	return at, reason
}

// joins says why a content that is gone goes on in a file; "": it does not.
func (d *decider) joins(i int, s *subject, at int) string {
	one, k := &d.found[i], &d.known[at]
	related := Extends(one.Path, k.Path)
	archive := s.text.Archive()
	switch {
	case k.Place == Imported:
		if (k.Path == "" || k.Path == one.Path) && k.Head.Bytes > 0 && s.fits(k) {
			return "its offset was imported"
		}
	case d.o.Identity != ByContent:
	case k.Read.Offset == 0: // its length is all that is known
		if archive && related && k.Place == Gone && k.Size > 0 && s.size == k.Size && !k.Archive {
			return "the archive of " + k.Path + ", of which nothing was read"
		}
	case i >= d.own && !(archive && related):
	case !s.fits(k):
	case archive && related && k.Place == Gone:
		return "the archive of " + k.Path
	case k.Place == Retired:
		if k.ID != one.ID && related && nearby(one.Path, k.Path) || s.specific(k.Read.Offset) && (related || nearby(one.Path, k.Path)) {
			return "a copy of " + k.Path + " from before it was truncated"
		}
	case k.Place == Gone && related:
		waited := d.self[i] >= 0 && !d.known[d.self[i]].Waits.IsZero() // it came while that one was there
		kept := one.Modified.Equal(k.Modified) && one.Size == k.Size   // a move keeps the time
		if kept || s.specific(k.Read.Offset) && (waited || nearby(one.Path, k.Path) || k.Read.Offset >= headBytes) {
			return "moved from " + k.Path
		}
	}
	return ""
}

// fresh decides that a file is a log of its own, unless it was rotated before anybody saw it.
func (d *decider) fresh(i int, s *subject) {
	one := &d.found[i]
	as := Decision{Kind: New, Of: -1, Displaced: -1, Path: one.Path, Reason: "its content is new"}
	if s != nil {
		as.Archive = s.text.Archive()
	}
	novel := d.o.Novel != nil && d.o.Novel(*one)
	if n := d.self[i]; n >= 0 {
		d.decide(i, Decision{Kind: Same, Of: n, Displaced: -1, Path: d.known[n].Path, Archive: as.Archive, Reason: "its device and inode are known"})
		return
	}
	if n := d.out[i].Displaced; n >= 0 {
		k := &d.known[n]
		if k.Read.Offset == 0 {
			as.Reason = "nothing was read of the file that had its number"
		} else if ours := Extends(one.Path, k.Path) && beside(one.Path, k.Path); ours || k.Now == one.Path {
			as.Kind, as.Reason = Replaced, "what was read is not there any more"
			if ours {
				as.Path = k.Path // what was rotated stays with the name it had
			}
		}
	} else if log, m := d.generationOf(one); log != "" && !novel {
		as.Path, as.Reason = log, "rotated from "+log+" before it was seen"
		if m.Name != "" {
			as.Reason += ", as its name is like that of the generation before"
		}
	}
	if novel && d.o.FromEnd && !as.Archive {
		as.At = Position{Offset: one.Size}
		as.Reason = "it was there before: it begins at its end"
		if s != nil {
			as.At, as.Head = s.position(one.Size), s.mark(one.Size, d.o.HeadBytes)
		}
	}
	d.decide(i, as)
}
