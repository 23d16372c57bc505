package logs

import (
	"cmp"
	"sort"
)

// cursor stands at one event of a chunk.
type cursor struct {
	chunk *chunk
	index int
	time  int64 // of the event
	// followed tells that the stream's next chunk is in the merge already.
	followed bool
}

func at(c *chunk, i int, followed bool) cursor { return cursor{c, i, c.events[i].time, followed} }

// merge goes through the events of one or more streams by position, forward or backward. It is a heap
// of cursors. Of each stream it holds the chunks that it is inside of and one that it has not reached
// yet; chunks that begin later cannot hold an earlier event.
type merge struct {
	heap     []cursor
	backward bool
}

// seek adds the events of a stream after p.
func (m *merge) seek(s *stream, p position) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	from := sort.Search(len(s.chunks), func(i int) bool { return s.chunks[i].maxLast >= p.time })
	for _, c := range s.chunks[from:] {
		if c.first() > p.time {
			m.push(at(c, 0, false))
			return
		}
		if c.last() >= p.time {
			if i := c.after(p); i < len(c.events) {
				m.push(at(c, i, true))
			}
		}
	}
}

// next returns the next event. After the last one it returns a nil chunk.
func (m *merge) next() (*chunk, int) {
	if len(m.heap) == 0 {
		return nil, 0
	}
	c, i := m.heap[0].chunk, m.heap[0].index
	if !m.heap[0].followed {
		m.heap[0].followed = true
		if following := c.stream.following(c); following != nil {
			m.push(at(following, 0, false)) // it sorts after c's first event, so c stays on top
		}
	}
	m.advance(i + 1)
	return c, i
}

// advance moves the cursor on top to event i, or takes it away where there is none.
func (m *merge) advance(i int) {
	top := &m.heap[0]
	if i >= 0 && i < len(top.chunk.events) {
		top.index, top.time = i, top.chunk.events[i].time
	} else {
		end := len(m.heap) - 1
		m.heap[0] = m.heap[end]
		m.heap[end] = cursor{}
		m.heap = m.heap[:end]
	}
	m.sink()
}

// less orders the heap.
func (m *merge) less(a, b *cursor) bool {
	order := cmp.Compare(a.time, b.time)
	if order == 0 {
		// No two cursors are in the same chunk.
		order = cmp.Compare(a.chunk.sequence, b.chunk.sequence)
	}
	return order < 0 != m.backward
}

func (m *merge) push(c cursor) {
	m.heap = append(m.heap, c)
	for i := len(m.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !m.less(&m.heap[i], &m.heap[parent]) {
			return
		}
		m.heap[i], m.heap[parent] = m.heap[parent], m.heap[i]
		i = parent
	}
}

func (m *merge) sink() {
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(m.heap) {
			return
		}
		if right := child + 1; right < len(m.heap) && m.less(&m.heap[right], &m.heap[child]) {
			child = right
		}
		if !m.less(&m.heap[child], &m.heap[i]) {
			return
		}
		m.heap[i], m.heap[child] = m.heap[child], m.heap[i]
		i = child
	}
}

// reference is one stored event.
type reference struct {
	chunk *chunk
	index int
}

func (r reference) position() position { return r.chunk.position(r.index) }

// before returns the last events of a stream that are before p and not earlier than the time floor,
// as many as the page takes, in order.
func (s *stream) before(p position, floor int64, page *page) []reference {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m := merge{backward: true}
	at := sort.Search(len(s.chunks), func(i int) bool { return s.chunks[i].first() > p.time }) - 1
	var found []reference
	for {
		for ; at >= 0 && (len(m.heap) == 0 || s.chunks[at].maxLast >= m.heap[0].time); at-- {
			c := s.chunks[at]
			if c.maxLast < floor {
				at = -1
				break
			}
			if i := c.before(p); i >= 0 {
				m.push(cursor{chunk: c, index: i, time: c.events[i].time})
			}
		}
		if len(m.heap) == 0 {
			break
		}
		top := m.heap[0]
		if top.time < floor || !page.take(top.chunk, top.index) {
			break
		}
		found = append(found, reference{top.chunk, top.index})
		m.advance(top.index - 1)
	}
	for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
		found[i], found[j] = found[j], found[i]
	}
	return found
}

// page bounds what one answer holds.
type page struct {
	events int // left
	bytes  int // left
	taken  int
}

// maxPageBytes is how many bytes of events one answer holds (GetLogEvents and FilterLogEvents: 1 MB).
const maxPageBytes = 1 << 20

func newPage(limit int) *page { return &page{events: limit, bytes: maxPageBytes} }

// take tells whether an event still fits, and counts it. The first one always does.
func (p *page) take(c *chunk, i int) bool {
	size := int(c.events[i].size) + eventOverhead
	if p.events == 0 || p.taken > 0 && size > p.bytes {
		return false
	}
	p.events--
	p.bytes -= size
	p.taken++
	return true
}
