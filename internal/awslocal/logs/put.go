package logs

import (
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Limits of PutLogEvents (API reference, PutLogEvents).
const (
	maxBatchEvents = 10_000
	maxBatchBytes  = 1_048_576 // messages and eventOverhead for each event
	maxEventBytes  = 1_048_576 // message and eventOverhead
	maxBatchSpan   = 24 * time.Hour
	maxFuture      = 2 * time.Hour
	maxPast        = 14 * 24 * time.Hour
)

// maxViolations is how many violations of constraints one message lists; the service was seen to stop
// at ten.
const maxViolations = 10

type putLogEventsOutput struct {
	NextSequenceToken     string                 `json:"nextSequenceToken,omitempty"`
	RejectedLogEventsInfo *rejectedLogEventsInfo `json:"rejectedLogEventsInfo,omitempty"`
	RejectedEntityInfo    *rejectedEntityInfo    `json:"rejectedEntityInfo,omitempty"`
}

// rejectedLogEventsInfo tells which events were not stored: those from tooNewLogEventStartIndex on,
// and those before tooOldLogEventEndIndex and expiredLogEventEndIndex.
type rejectedLogEventsInfo struct {
	TooNewLogEventStartIndex *int `json:"tooNewLogEventStartIndex,omitempty"`
	TooOldLogEventEndIndex   *int `json:"tooOldLogEventEndIndex,omitempty"`
	ExpiredLogEventEndIndex  *int `json:"expiredLogEventEndIndex,omitempty"`
}

type rejectedEntityInfo struct {
	ErrorType string `json:"errorType"`
}

func (s *Service) putLogEvents(c *wire.Call) (any, error) {
	s.counts.calls.Add(1)
	b := s.batches.Get().(*batch)
	defer func() {
		if max(cap(b.text), cap(b.decoder.scratch)) <= maxPooled {
			s.batches.Put(b)
		}
	}()
	if err := b.decode(c); err != nil {
		return nil, err
	}
	if err := b.validate(); err != nil {
		return nil, err
	}
	g, err := s.group(*b.group)
	if err != nil {
		return nil, err
	}
	st, err := g.stream(*b.stream)
	if err != nil {
		return nil, err
	}
	out := &putLogEventsOutput{}
	from, to, rejected, err := b.judge(c, g.retention())
	if err != nil {
		return nil, err
	}
	out.RejectedLogEventsInfo = rejected
	if b.entity != nil {
		if reason := b.entity.reject(g.class); reason != "" {
			out.RejectedEntityInfo = &rejectedEntityInfo{reason}
		}
	}
	last := position{time: c.Now.UnixMilli()}
	if from < to {
		stored := b.chunk(from, to, c.Now)
		if !st.add(stored, &s.sequence) {
			return nil, errNoStream()
		}
		for _, old := range s.ledger.add(stored) {
			old.stream.remove(old)
		}
		last = stored.position(to - from - 1)
		s.publish(g, st, stored)
	}
	s.count(from, to, len(b.events), rejected)
	if !s.config.OmitSequenceToken {
		out.NextSequenceToken = last.String()
	}
	return out, nil
}

// validate checks what the request alone can tell.
func (b *batch) validate() error {
	var v violations
	v.logGroupName(b.group, true)
	v.logStreamName(b.stream, true)
	switch {
	case !b.listed:
		v.Required("logEvents")
	default:
		v.Length("logEvents", "[...]", len(b.events), 1, maxBatchEvents)
	}
	total, found := 0, 0
	sorted, tooLarge := true, 0
	for i := range b.events {
		e := &b.events[i]
		if e.size == 0 || e.size == noMessage || e.time < 0 {
			if found < maxViolations {
				v.event(i, e)
			}
			found++
			continue
		}
		size := int(e.size) + eventOverhead
		total += size
		if size > maxEventBytes {
			tooLarge = max(tooLarge, size)
		}
		if i > 0 && e.time < b.events[i-1].time {
			sorted = false
		}
	}
	if err := v.err(); err != nil {
		return err
	}
	switch {
	case tooLarge > 0:
		return errInvalid("Log event too large: %d bytes exceeds limit of %d", tooLarge, maxEventBytes)
	case total > maxBatchBytes:
		return errInvalid("Upload too large: %d bytes exceeds limit of %d", total, maxBatchBytes)
	case !sorted:
		return errInvalid("Log events in a single PutLogEvents request must be in chronological order.")
	}
	return nil
}

// judge finds the events to store, from and to, by their time. Retention is 0 where events do not
// expire.
func (b *batch) judge(c *wire.Call, retention time.Duration) (from, to int, rejected *rejectedLogEventsInfo, err error) {
	now := c.Now
	n := len(b.events)
	tooOld := max(b.index(now.Add(-maxPast)), min(c.RejectFirst, n))
	expired := 0
	if retention > 0 {
		expired = b.index(now.Add(-retention))
	}
	from = max(tooOld, expired)
	// One millisecond on: exactly two hours ahead is allowed.
	to = max(from, b.index(now.Add(maxFuture+time.Millisecond)))
	if from < to && b.events[to-1].time-b.events[from].time > maxBatchSpan.Milliseconds() {
		return 0, 0, nil, errInvalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	if from == 0 && to == n {
		return from, to, nil, nil
	}
	rejected = &rejectedLogEventsInfo{}
	if tooOld > 0 {
		rejected.TooOldLogEventEndIndex = &tooOld
	}
	if expired > tooOld { // otherwise all of them are too old as well
		rejected.ExpiredLogEventEndIndex = &expired
	}
	if to < n {
		rejected.TooNewLogEventStartIndex = &to
	}
	return from, to, rejected, nil
}

// index is the index of the first event at or after t.
func (b *batch) index(t time.Time) int {
	limit := t.UnixMilli()
	low, high := 0, len(b.events)
	for low < high {
		if middle := (low + high) / 2; b.events[middle].time < limit {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// chunk copies events out of the batch.
func (b *batch) chunk(from, to int, now time.Time) *chunk {
	c := &chunk{ingested: now.UnixMilli(), events: make([]event, to-from)}
	copy(c.events, b.events[from:to])
	start := c.events[0].off
	end := c.events[to-from-1]
	c.text = string(b.text[start : end.off+end.size])
	if start > 0 {
		for i := range c.events {
			c.events[i].off -= start
		}
	}
	return c
}

// publish hands events on: documents in embedded metric format, and all others.
func (s *Service) publish(g *group, st *stream, c *chunk) {
	onEMF, onEvent := s.config.OnEMF, s.config.OnEvent
	if g.class != classStandard {
		onEMF = nil
	}
	if onEMF == nil && onEvent == nil {
		return
	}
	for i, e := range c.events {
		message, on := c.message(i), onEvent
		if onEMF != nil && looksLikeEMF(message) {
			on = onEMF
		}
		if on != nil {
			on(g.name, st.name, message, time.UnixMilli(e.time).UTC())
		}
	}
}

// looksLikeEMF tells whether a message is worth parsing: it begins like an object and mentions the
// member "_aws". In a string the quotes would be escaped.
func looksLikeEMF(message string) bool {
	for i := range len(message) {
		switch message[i] {
		case ' ', '\t', '\n', '\r':
		case '{':
			return strings.Contains(message, `"_aws"`)
		default:
			return false
		}
	}
	return false
}

func (s *Service) count(from, to, n int, rejected *rejectedLogEventsInfo) {
	s.counts.accepted.Add(int64(to - from))
	if rejected == nil {
		return
	}
	tooOld := 0
	if rejected.TooOldLogEventEndIndex != nil {
		tooOld = *rejected.TooOldLogEventEndIndex
	}
	s.counts.tooOld.Add(int64(tooOld))
	s.counts.expired.Add(int64(from - tooOld))
	s.counts.tooNew.Add(int64(n - to))
}
