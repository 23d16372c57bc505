package logs

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"
)

// stream is a log stream.
type stream struct {
	name    string
	created int64 // milliseconds

	mu       sync.RWMutex
	deleted  bool
	chunks   []*chunk // by the time of the first event, then in order of arrival
	events   int64    // held
	bytes    int64    // held, as AWS counts them
	accepted int64    // events, evicted ones included
	last     int64    // time of the latest event ever, or 0
	ingested int64    // time of the latest PutLogEvents, or 0
}

// add stores a chunk and numbers it. It returns false when the stream was deleted. In-order chunks
// are appended; a late one moves the pointers of the later ones.
func (s *stream) add(c *chunk, sequence *atomic.Uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deleted {
		return false
	}
	c.stream = s
	c.sequence = sequence.Add(1)
	at := len(s.chunks)
	if at > 0 && s.chunks[at-1].first() > c.first() {
		at = sort.Search(at, func(i int) bool { return s.chunks[i].first() > c.first() })
	}
	s.chunks = slices.Insert(s.chunks, at, c)
	c.maxLast = c.last()
	if at > 0 {
		c.maxLast = max(c.maxLast, s.chunks[at-1].maxLast)
	}
	for _, later := range s.chunks[at+1:] {
		if later.maxLast >= c.maxLast {
			break
		}
		later.maxLast = c.maxLast
	}
	s.events += int64(len(c.events))
	s.accepted += int64(len(c.events))
	s.bytes += c.bytes()
	s.last = max(s.last, c.last())
	s.ingested = max(s.ingested, c.ingested)
	return true
}

// remove takes an evicted chunk out, in constant time where it is the first one, as it is unless
// events arrived late.
func (s *stream) remove(c *chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deleted {
		return
	}
	at := sort.Search(len(s.chunks), func(i int) bool { return !s.chunks[i].startsBefore(c) })
	s.events -= int64(len(c.events))
	s.bytes -= c.bytes()
	if at == 0 {
		s.chunks[0] = nil
		s.chunks = s.chunks[1:]
		return
	}
	s.chunks = slices.Delete(s.chunks, at, at+1)
}

// close marks the stream deleted and returns what it held.
func (s *stream) close() []*chunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	chunks := s.chunks
	s.deleted, s.chunks, s.events, s.bytes = true, nil, 0, 0
	return chunks
}

func (c *chunk) startsBefore(d *chunk) bool {
	return c.first() < d.first() || c.first() == d.first() && c.sequence < d.sequence
}

// following is the chunk after c, or nil. c itself may have gone.
func (s *stream) following(c *chunk) *chunk {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at := sort.Search(len(s.chunks), func(i int) bool { return c.startsBefore(s.chunks[i]) })
	if at == len(s.chunks) {
		return nil
	}
	return s.chunks[at]
}

// description is what the API and the status page show of a stream.
type description struct {
	first, last, ingested   int64 // milliseconds; 0 where there is none
	events, bytes, accepted int64
}

func (s *stream) describe() description {
	s.mu.RLock()
	defer s.mu.RUnlock()
	d := description{last: s.last, ingested: s.ingested, events: s.events, bytes: s.bytes, accepted: s.accepted}
	if len(s.chunks) > 0 {
		d.first = s.chunks[0].first()
	}
	return d
}
