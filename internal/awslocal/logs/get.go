package logs

import (
	"math"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

type getLogEventsInput struct {
	LogGroupName       *string `json:"logGroupName"`
	LogGroupIdentifier *string `json:"logGroupIdentifier"`
	LogStreamName      *string `json:"logStreamName"`
	StartTime          *int64  `json:"startTime"` // inclusive
	EndTime            *int64  `json:"endTime"`   // exclusive
	NextToken          *string `json:"nextToken"`
	Limit              *int64  `json:"limit"`
	StartFromHead      bool    `json:"startFromHead"`
}

type getLogEventsOutput struct {
	Events            []outputLogEvent `json:"events"`
	NextForwardToken  string           `json:"nextForwardToken"`
	NextBackwardToken string           `json:"nextBackwardToken"`
}

type outputLogEvent struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
}

// readable refuses the groups that only CloudWatch Logs Insights can read.
func (g *group) readable(operation string) error {
	if g.class == classStandard {
		return nil
	}
	return wire.Errorf("InvalidOperationException",
		"The log group %s is of log-group-class %s. %s is not supported for this log class.", g.name, g.class, operation)
}

func (s *Service) getLogEvents(c *wire.Call) (any, error) {
	var in getLogEventsInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var v violations
	v.logStreamName(in.LogStreamName, true)
	v.times(in.StartTime, in.EndTime)
	v.token(in.NextToken)
	v.limit(in.Limit, maxEvents)
	g, err := s.named(&v, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if err := g.readable(c.Operation); err != nil {
		return nil, err
	}
	st, err := g.stream(*in.LogStreamName)
	if err != nil {
		return nil, err
	}
	start, end := g.horizon(c.Now), int64(math.MaxInt64)
	if in.StartTime != nil {
		start = max(start, *in.StartTime)
	}
	if in.EndTime != nil {
		end = *in.EndTime
	}
	// Sequence numbers begin at 1, so this is before every event of the range.
	head := position{time: start}
	from, direction := head, forward
	switch {
	case in.NextToken != nil:
		if from, direction, err = parseEventsToken(*in.NextToken); err != nil {
			return nil, err
		}
	case !in.StartFromHead:
		from, direction = position{time: end}, backward
	}
	page := newPage(number(in.Limit, maxEvents))
	var found []reference
	if direction == forward {
		if from.compare(head) < 0 {
			found = st.after(head, end, page)
		} else {
			found = st.after(from, end, page)
		}
	} else {
		before := from
		if before.time >= end {
			before = position{time: end}
		}
		found = st.before(before, start, page)
	}
	out := &getLogEventsOutput{Events: make([]outputLogEvent, len(found))}
	for i, r := range found {
		out.Events[i] = outputLogEvent{r.chunk.events[r.index].time, r.chunk.message(r.index), r.chunk.ingested}
	}
	first, last := bounds(found, from, direction, in.NextToken == nil, head)
	out.NextForwardToken = forward + last.String() + tokenTail
	out.NextBackwardToken = backward + first.String() + tokenTail
	return out, nil
}

// bounds are the positions of a page's tokens. The token in the direction of an empty page is the one
// that led to it, so that a client that polls sees the same token again until there are events; the
// other token leads back to what it has seen.
func bounds(found []reference, from position, direction string, initial bool, head position) (first, last position) {
	switch {
	case len(found) > 0:
		return found[0].position(), found[len(found)-1].position()
	case initial: // nothing in the whole range: what comes later is ahead
		return head, head
	case direction == forward:
		return from.following(), from
	default:
		return from, from.preceding()
	}
}

// after returns the events of a stream that are after p and before the time end, as many as the page
// takes.
func (s *stream) after(p position, end int64, page *page) (found []reference) {
	var m merge
	m.seek(s, p)
	for {
		c, i := m.next()
		if c == nil || c.events[i].time >= end || !page.take(c, i) {
			return found
		}
		found = append(found, reference{c, i})
	}
}
