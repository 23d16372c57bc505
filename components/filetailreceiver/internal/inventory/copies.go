package inventory

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
)

// originals are the files that one may be a copy of, by its name.
func (d *decider) originals(i int) (all []int) {
	one := &d.found[i]
	if d.o.Identity != ByContent || i >= d.own {
		return nil
	}
	for _, base := range Bases(one.Path) {
		contents := d.there()[base]
		if len(contents) == 0 || !Extends(one.Path, base) {
			continue
		}
		from := len(all)
		for _, at := range contents {
			k := &d.known[at]
			if k.Place != Retired && k.ID != one.ID && !k.Archive && k.Waits.IsZero() && (k.Size > 0 || k.Moving) {
				all = append(all, at)
			}
		}
		// What is written to is copied, or what was not long before.
		slices.SortStableFunc(all[from:], func(a, b int) int {
			if x, y := d.known[a].Now == base, d.known[b].Now == base; x != y {
				if x {
					return -1
				}
				return 1
			}
			return d.known[b].Modified.Compare(d.known[a].Modified)
		})
		if len(all) >= mostOriginals {
			return all[:mostOriginals]
		}
	}
	return all
}

// namesake reports whether a file of another folder has the name that one's may be made from.
func (d *decider) namesake(i int) bool {
	if d.o.Identity != ByContent || i >= d.own {
		return false
	}
	if d.files == nil {
		d.files = make(map[string][]int, len(d.known))
		for path, all := range d.there() {
			d.files[filepath.Base(path)] = append(d.files[filepath.Base(path)], all...)
		}
	}
	for _, base := range Bases(filepath.Base(d.found[i].Path)) {
		if len(d.files[base]) > 0 {
			return true
		}
	}
	return false
}

// elsewhere are files of other folders that one may be a copy of which becomes a move when they are removed.
func (d *decider) elsewhere(i int, s *subject) (all []int) {
	one := &d.found[i]
	if !d.namesake(i) {
		return nil
	}
	for _, base := range Bases(filepath.Base(one.Path)) {
		for _, at := range d.files[base] {
			k := &d.known[at]
			if k.Place != Here || k.ID == one.ID || k.Archive || !k.Waits.IsZero() || k.Head.Bytes == 0 || !s.begins(k.Head) || !Extends(one.Path, k.Path) {
				continue
			}
			if all = append(all, at); len(all) == mostOriginals {
				return all
			}
		}
	}
	return all
}

// compare says whether a file is a copy of another that is there, and how much of it is known. Until it does not change any
// more it waits: the original may be about to be truncated, and then the copy is what goes on.
func (d *decider) compare(i int, s *subject, at int) (as Decision, is bool) {
	k := &d.known[at]
	one := &d.found[i]
	path, since := one.Path, d.o.Now
	if n := d.self[i]; n >= 0 {
		path = d.known[n].Path
		if w := d.known[n].Waits; !w.IsZero() {
			since = w
		}
	}
	over := d.o.Now.Sub(since) > copyTime
	wait := func(reason string) (Decision, bool) {
		return Decision{Kind: Copy, Of: at, Displaced: -1, Path: path, Archive: s.text.Archive(), Wait: true, Reason: reason}, true
	}
	known := func(offset int64) (Decision, bool) {
		if !s.text.Archive() && !s.specific(offset) {
			return Decision{}, false
		}
		return Decision{
			Kind: Copy, Of: at, Displaced: -1, Path: path, Archive: s.text.Archive(), At: s.position(offset), Head: s.mark(offset, d.o.HeadBytes),
			Reason: fmt.Sprintf("a copy of %s, known up to %d", k.Now, offset),
		}, true
	}
	length := s.size
	if s.text.Archive() { // its end tells its length only when it is complete
		length = int64(len(s.head))
	}
	short := length < int64(k.Head.Bytes) // what recognises the other one is more than what is here
	if !short && !s.begins(k.Head) || k.Read.Offset > 0 && s.size >= k.Read.Offset && !s.text.Archive() && !s.has(k.Read) {
		return as, false
	}
	now := k.Now
	if name, ok := d.names[at]; ok {
		now = name
	}
	if now == "" { // it is not decided yet in this run's first look
		now = k.Was
	}
	if begin, ok := d.begins[at]; ok && !bytes.HasPrefix(begin, s.head[:min(len(s.head), len(begin))]) {
		return as, false // it was looked at for another file
	}
	of := d.look(now, k.ID)
	if of == nil {
		return wait("it begins as " + now + ", which cannot be read now")
	}
	defer of.text.Close()
	d.begins[at] = of.head
	all := s.size >= k.Read.Offset && k.Read.Offset > 0 // that was read
	whole := of.size >= s.size && sameEnd(s, of)
	inFlight := k.Acked.Offset < k.Read.Offset && d.o.Now.Sub(since) <= recent
	far := !nearby(one.Path, k.Path)
	switch {
	case far && (over || !s.specific(min(s.size, k.Read.Offset))):
		return as, false // jobs and containers have logs of one name, which may begin alike
	case of.size < k.Read.Offset:
		return wait(now + ", of which it may be a copy, was truncated: the next look tells")
	case one.Path == k.Path: // a new file under a name that another had: as editors save, and not as rotation copies
		if !all && whole && !over && s.specific(s.size) {
			return wait("it begins as " + now)
		}
		inFlight = inFlight || whole && s.size > k.Acked.Offset && d.o.Now.Sub(since) <= recent
	case !over && (whole || all || s.text.Archive()):
		return wait("it begins as " + now + ", which may be about to be truncated")
	case k.Read.Offset == 0:
		return as, false // nothing of it is known
	case whole && s.size <= k.Acked.Offset:
		return known(s.size)
	case whole && (s.text.Archive() || s.specific(s.size)):
		return wait("a copy of " + now + ", whose last lines are not delivered yet")
	}
	switch {
	case !all || s.text.Archive() && !s.fits(k):
		return as, false
	case inFlight && s.specific(k.Read.Offset):
		return wait("it begins as " + now + ", whose last lines are not delivered yet")
	}
	return known(k.Acked.Offset)
}
