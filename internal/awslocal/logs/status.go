package logs

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Status is what a Service holds, for the status page and its JSON form.
type Status struct {
	Calls         int64         `json:"calls"`    // of PutLogEvents
	Accepted      int64         `json:"accepted"` // events
	Rejected      Rejected      `json:"rejected"`
	EvictedEvents int64         `json:"evicted_events"`
	EvictedBytes  int64         `json:"evicted_bytes"` // messages and 26 for each event
	HeldBytes     int64         `json:"held_bytes"`    // as Config.MaxBytes counts
	MaxBytes      int64         `json:"max_bytes"`
	Groups        []GroupStatus `json:"groups"` // by name
}

// Rejected are the events that were not stored, by reason.
type Rejected struct {
	TooNew  int64 `json:"too_new"`
	TooOld  int64 `json:"too_old"`
	Expired int64 `json:"expired"`
}

// GroupStatus is a log group.
type GroupStatus struct {
	Name          string            `json:"name"`
	ARN           string            `json:"arn"` // without ":*"
	Class         string            `json:"class"`
	RetentionDays int64             `json:"retention_days"` // 0 where events do not expire
	Created       time.Time         `json:"created"`
	StoredBytes   int64             `json:"stored_bytes"` // messages and 26 for each event
	Tags          map[string]string `json:"tags,omitempty"`
	Streams       []StreamStatus    `json:"streams"` // by name
}

// StreamStatus is a log stream.
type StreamStatus struct {
	Name          string        `json:"name"`
	Created       time.Time     `json:"created"`
	FirstEvent    time.Time     `json:"first_event,omitzero"`
	LastEvent     time.Time     `json:"last_event,omitzero"`
	LastIngestion time.Time     `json:"last_ingestion,omitzero"`
	Events        int64         `json:"events"`   // held
	Accepted      int64         `json:"accepted"` // evicted ones included
	StoredBytes   int64         `json:"stored_bytes"`
	Last          []EventStatus `json:"last,omitempty"` // the last events, in order
}

// EventStatus is a log event.
type EventStatus struct {
	Time      time.Time `json:"time"`
	Ingestion time.Time `json:"ingestion"`
	Message   string    `json:"message"`
}

// Status describes everything that the service holds, with the last events of each stream, as many as
// lastEvents.
func (s *Service) Status(lastEvents int) Status {
	status := Status{
		Calls: s.counts.calls.Load(), Accepted: s.counts.accepted.Load(), MaxBytes: s.config.MaxBytes,
		Rejected: Rejected{
			TooNew: s.counts.tooNew.Load(), TooOld: s.counts.tooOld.Load(), Expired: s.counts.expired.Load(),
		},
		Groups: []GroupStatus{},
	}
	s.ledger.mu.Lock()
	status.EvictedEvents, status.EvictedBytes, status.HeldBytes = s.ledger.gone, s.ledger.goneBytes, s.ledger.held
	s.ledger.mu.Unlock()
	s.mu.RLock()
	groups := make([]*group, 0, len(s.groups))
	for _, g := range s.groups {
		groups = append(groups, g)
	}
	s.mu.RUnlock()
	slices.SortFunc(groups, func(a, b *group) int { return strings.Compare(a.name, b.name) })
	for _, g := range groups {
		shown := GroupStatus{
			Name: g.name, ARN: s.logGroupARN(g.name), Class: g.class, RetentionDays: g.days.Load(),
			Created: moment(g.created), Tags: g.tagList(), Streams: []StreamStatus{},
		}
		for _, st := range g.all() {
			shown.Streams = append(shown.Streams, st.status(lastEvents))
			shown.StoredBytes += shown.Streams[len(shown.Streams)-1].StoredBytes
		}
		status.Groups = append(status.Groups, shown)
	}
	return status
}

func (s *stream) status(lastEvents int) StreamStatus {
	d := s.describe()
	status := StreamStatus{
		Name: s.name, Created: moment(s.created), FirstEvent: moment(d.first), LastEvent: moment(d.last),
		LastIngestion: moment(d.ingested), Events: d.events, Accepted: d.accepted, StoredBytes: d.bytes,
	}
	for _, r := range s.before(position{time: math.MaxInt64}, 0, newPage(lastEvents)) {
		status.Last = append(status.Last, EventStatus{
			Time: moment(r.chunk.events[r.index].time), Ingestion: moment(r.chunk.ingested),
			Message: strings.Clone(r.chunk.message(r.index)), // so that a status does not hold an evicted chunk
		})
	}
	return status
}

// moment is a time in milliseconds; 0 means none.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
