package delta

import (
	"strings"
	"time"
	"unsafe"
)

const (
	// shares is how many metrics may have as much as they like before one of them is asked to give way.
	shares = 8
	// mapCost is what a series takes in its map: key, pointer and the part that is empty.
	mapCost = 32
	// maxGroupName bounds the name that is kept of a metric to tell of it.
	maxGroupName = 100
)

// memory is the series of all kinds, in the order in which they were seen, and what they take.
type memory struct {
	maxBytes      int
	bytes, series int
	groups        map[uint64]*group
	heavy         map[*group]struct{} // those with more than a share, of which there are fewer than shares
	// once are series that had one total, and known those that had several; the first of each list was not seen for
	// the longest time.
	once, known list

	evicted   int
	largest   string
	evictedAt uint64 // nanoseconds since 1970: no series was forgotten for others that was seen after this
}

func newMemory(maxBytes int) memory {
	return memory{maxBytes: maxBytes, groups: map[uint64]*group{}, heavy: map[*group]struct{}{}}
}

// group is a metric of a resource and scope.
type group struct {
	id    uint64
	name  string
	bytes int
	list  list // of its series
}

const groupCost = int(unsafe.Sizeof(group{})) + mapCost + 16

// entry is a series as the memory sees it.
type entry struct {
	id    uint64
	owner interface{ remove(id uint64) }
	group *group
	bytes int
	seen  int64 // seconds since 1970
	known bool
	// links are of the list of all series, and of that of its group.
	links [2]link
}

type link struct{ before, after *entry }

// list is linked through entries. of says which of their links is the list's.
type list struct {
	first, last *entry
}

const (
	ofAll = iota
	ofGroup
)

func (l *list) push(e *entry, of int) {
	e.links[of] = link{before: l.last}
	if l.last != nil {
		l.last.links[of].after = e
	} else {
		l.first = e
	}
	l.last = e
}

func (l *list) remove(e *entry, of int) {
	at := e.links[of]
	if at.before != nil {
		at.before.links[of].after = at.after
	} else {
		l.first = at.after
	}
	if at.after != nil {
		at.after.links[of].before = at.before
	} else {
		l.last = at.before
	}
	e.links[of] = link{}
}

// fixedSize is the memory of a value on the heap and of its place in a map.
func fixedSize[T any]() int {
	var one T
	return allocated(int(unsafe.Sizeof(one))) + mapCost
}

// allocated is what the allocator takes for n bytes.
func allocated(n int) int { return cap(append([]byte(nil), make([]byte, n)...)) }

// most is what one series may take.
func (m *memory) most() int {
	if m.maxBytes <= 0 {
		return int(^uint(0) >> 1)
	}
	return m.maxBytes / shares
}

// groupOf is the group of an id. One without series is not kept.
func (m *memory) groupOf(id uint64, name string) *group {
	if g := m.groups[id]; g != nil {
		return g
	}
	return &group{id: id, name: name}
}

func (m *memory) listOf(e *entry) *list {
	if e.known {
		return &m.known
	}
	return &m.once
}

// add takes in a series, and forgets others where there are too many.
func (m *memory) add(e *entry, g *group, now time.Time, bytes int) {
	if g.list.first == nil {
		if there := m.groups[g.id]; there != nil {
			g = there
		} else {
			g.name = strings.Clone(g.name[:min(len(g.name), maxGroupName)]) // it is the batch's own
			m.groups[g.id] = g
			m.bytes += groupCost + len(g.name)
		}
	}
	e.group, e.seen = g, now.Unix()
	m.once.push(e, ofAll)
	g.list.push(e, ofGroup)
	m.series++
	m.resize(e, bytes)
}

// see makes a series the one that was seen last.
func (m *memory) see(e *entry, now time.Time) {
	e.seen = now.Unix()
	l := m.listOf(e)
	l.remove(e, ofAll)
	l.push(e, ofAll)
	e.group.list.remove(e, ofGroup)
	e.group.list.push(e, ofGroup)
}

// establish says that a series had several totals.
func (m *memory) establish(e *entry) {
	if !e.known {
		m.once.remove(e, ofAll)
		e.known = true
		m.known.push(e, ofAll)
	}
}

// resize says what a series takes now, and forgets others where that is too much.
func (m *memory) resize(e *entry, bytes int) {
	m.change(e, bytes)
	for m.over() {
		victim := m.victim(e)
		if victim == nil {
			return
		}
		m.evicted++
		m.evictedAt = max(m.evictedAt, uint64(max(victim.seen+1, 0))*uint64(time.Second))
		m.forget(victim)
	}
}

func (m *memory) change(e *entry, bytes int) {
	g, by := e.group, bytes-e.bytes
	e.bytes = bytes
	g.bytes += by
	m.bytes += by
	if m.maxBytes > 0 && g.bytes > m.most() {
		m.heavy[g] = struct{}{}
	} else {
		delete(m.heavy, g)
	}
}

func (m *memory) over() bool {
	return m.maxBytes > 0 && m.bytes > m.maxBytes
}

// victim is the series that is forgotten for one that is not to be.
func (m *memory) victim(not *entry) *entry {
	var from *group
	if _, ok := m.heavy[not.group]; ok {
		from = not.group
	} else {
		for g := range m.heavy {
			if from == nil || g.bytes > from.bytes {
				from = g
			}
		}
	}
	if from != nil {
		m.largest = from.name
		if e := from.list.first; e != not {
			return e
		}
	} else {
		m.largest = not.group.name
	}
	for _, l := range []*list{&m.once, &m.known} {
		e := l.first
		if e == not {
			e = e.links[ofAll].after
		}
		if e != nil {
			return e
		}
	}
	return nil
}

func (m *memory) forget(e *entry) {
	e.owner.remove(e.id)
	m.listOf(e).remove(e, ofAll)
	g := e.group
	g.list.remove(e, ofGroup)
	m.series--
	m.change(e, 0)
	if g.list.first == nil {
		delete(m.groups, g.id)
		delete(m.heavy, g)
		m.bytes -= groupCost + len(g.name)
	}
}

// forgetBefore forgets series that were last seen before a time.
func (m *memory) forgetBefore(t time.Time) {
	for _, l := range []*list{&m.once, &m.known} {
		for l.first != nil && l.first.seen < t.Unix() {
			m.forget(l.first)
		}
	}
}

// shift moves the times at which series were seen, where the clock was set.
func (m *memory) shift(by time.Duration) {
	for _, l := range []*list{&m.once, &m.known} {
		for e := l.first; e != nil; e = e.links[ofAll].after {
			e.seen += int64(by / time.Second)
		}
	}
}
