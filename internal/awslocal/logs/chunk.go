package logs

import (
	"cmp"
	"sort"
	"sync"
)

const (
	// eventOverhead is what AWS counts for an event beside its message, in bytes.
	eventOverhead = 26
	// chunkOverhead is about what a chunk takes beside its events: the struct, its place in the
	// stream, and the rounding of allocations, in bytes.
	chunkOverhead = 128
)

// event is one log event of a chunk: its time in milliseconds and where its message lies.
type event struct {
	time int64
	off  uint32
	size uint32
}

// chunk is what one PutLogEvents call stored. Its events are in chronological order. Only the fields
// with another owner change after it is stored.
type chunk struct {
	stream   *stream
	sequence uint64 // from 1, in order of arrival
	ingested int64  // milliseconds
	text     string // all messages
	events   []event

	// maxLast is the time of the last event in this and all earlier chunks of the stream, or later:
	// it does not fall when a chunk goes. The stream's lock guards it.
	maxLast int64

	// The ledger's lock guards these.
	previous, next *chunk
	listed, gone   bool
}

func (c *chunk) first() int64 { return c.events[0].time }

func (c *chunk) last() int64 { return c.events[len(c.events)-1].time }

func (c *chunk) message(i int) string {
	e := c.events[i]
	return c.text[e.off : e.off+e.size]
}

// bytes is what AWS counts: messages and the overhead of each event.
func (c *chunk) bytes() int64 { return int64(len(c.text)) + eventOverhead*int64(len(c.events)) }

// position is where an event stands among all events of the store: by time, then in order of arrival.
type position struct {
	time     int64
	sequence uint64
	index    uint32
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.time, q.time), cmp.Compare(p.sequence, q.sequence), cmp.Compare(p.index, q.index))
}

func (c *chunk) position(i int) position { return position{c.events[i].time, c.sequence, uint32(i)} }

// after is the index of the first event after p; it may be len(c.events).
func (c *chunk) after(p position) int {
	return sort.Search(len(c.events), func(i int) bool { return c.position(i).compare(p) > 0 })
}

// before is the index of the last event before p; it may be -1.
func (c *chunk) before(p position) int {
	return sort.Search(len(c.events), func(i int) bool { return c.position(i).compare(p) >= 0 }) - 1
}

// ledger holds all chunks of a store in order of arrival.
type ledger struct {
	mu         sync.Mutex
	limit      int64
	held       int64
	head, tail *chunk
	gone       int64 // events evicted
	goneBytes  int64 // bytes evicted, as AWS counts them
}

func (c *chunk) cost() int64 { return c.bytes() + chunkOverhead }

// add lists a chunk and returns the chunks that must go to make room, oldest first.
func (l *ledger) add(c *chunk) (evicted []*chunk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.gone { // its stream was deleted in the meantime
		return nil
	}
	c.listed = true
	c.previous = l.tail
	if l.tail != nil {
		l.tail.next = c
	} else {
		l.head = c
	}
	l.tail = c
	l.held += c.cost()
	for l.held > l.limit {
		old := l.head
		l.unlink(old)
		l.gone += int64(len(old.events))
		l.goneBytes += old.bytes()
		evicted = append(evicted, old)
	}
	return evicted
}

// drop forgets chunks whose stream was deleted.
func (l *ledger) drop(chunks []*chunk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range chunks {
		if c.listed {
			l.unlink(c)
		}
		c.gone = true
	}
}

func (l *ledger) unlink(c *chunk) {
	if c.previous != nil {
		c.previous.next = c.next
	} else {
		l.head = c.next
	}
	if c.next != nil {
		c.next.previous = c.previous
	} else {
		l.tail = c.previous
	}
	c.previous, c.next, c.listed, c.gone = nil, nil, false, true
	l.held -= c.cost()
}
