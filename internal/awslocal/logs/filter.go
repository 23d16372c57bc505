package logs

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// maxScanned is how many events one FilterLogEvents call looks at before it answers with what it has
// and a token, as the service does; it keeps a call short whatever the pattern.
const maxScanned = 100_000

type filterLogEventsInput struct {
	LogGroupName        *string  `json:"logGroupName"`
	LogGroupIdentifier  *string  `json:"logGroupIdentifier"`
	LogStreamNames      []string `json:"logStreamNames"`
	LogStreamNamePrefix *string  `json:"logStreamNamePrefix"`
	StartTime           *int64   `json:"startTime"` // inclusive
	EndTime             *int64   `json:"endTime"`   // inclusive, unlike GetLogEvents
	FilterPattern       *string  `json:"filterPattern"`
	NextToken           *string  `json:"nextToken"`
	Limit               *int64   `json:"limit"`
}

// filterLogEventsOutput has an empty searchedLogStreams, as the service has since 2020.
type filterLogEventsOutput struct {
	Events             []filteredLogEvent `json:"events"`
	SearchedLogStreams []struct{}         `json:"searchedLogStreams"`
	NextToken          string             `json:"nextToken,omitempty"`
}

type filteredLogEvent struct {
	LogStreamName string `json:"logStreamName"`
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
	EventID       string `json:"eventId"`
}

// filterLogEvents answers with events of all streams by time; the member interleaved has had no
// effect since 2019.
func (s *Service) filterLogEvents(c *wire.Call) (any, error) {
	var in filterLogEventsInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	g, err := s.filterGroup(c, &in)
	if err != nil {
		return nil, err
	}
	var matches matcher
	if in.FilterPattern != nil {
		if matches, err = parsePattern(*in.FilterPattern); err != nil {
			return nil, err
		}
	}
	from, end := position{time: g.horizon(c.Now)}, int64(math.MaxInt64)
	if in.StartTime != nil {
		from.time = max(from.time, *in.StartTime)
	}
	if in.EndTime != nil {
		end = *in.EndTime
	}
	if in.NextToken != nil {
		text, err := parseOpaqueToken(*in.NextToken)
		if err != nil {
			return nil, err
		}
		after, ok := parsePosition(text)
		if !ok {
			return nil, errToken()
		}
		if after.compare(from) > 0 {
			from = after
		}
	}
	var m merge
	streams, err := in.streams(g)
	if err != nil {
		return nil, err
	}
	for _, st := range streams {
		m.seek(st, from)
	}
	out := &filterLogEventsOutput{Events: []filteredLogEvent{}, SearchedLogStreams: []struct{}{}}
	page := newPage(number(in.Limit, maxEvents))
	last := from
	for scanned := 0; ; scanned++ {
		c, i := m.next()
		if c == nil || c.events[i].time > end {
			return out, nil
		}
		matched := matches == nil || matches(c.message(i))
		if scanned == maxScanned || matched && !page.take(c, i) {
			out.NextToken = opaqueToken(last.String())
			return out, nil
		}
		last = c.position(i)
		if matched {
			out.Events = append(out.Events, filteredLogEvent{
				LogStreamName: c.stream.name, Timestamp: last.time, Message: c.message(i),
				IngestionTime: c.ingested, EventID: last.String(),
			})
		}
	}
}

// filterGroup checks the input and finds the group.
func (s *Service) filterGroup(c *wire.Call, in *filterLogEventsInput) (*group, error) {
	var v violations
	if in.LogStreamNames != nil {
		v.Length("logStreamNames", in.LogStreamNames, len(in.LogStreamNames), 1, maxStreamList)
	}
	for i, name := range in.LogStreamNames {
		v.text(fmt.Sprintf("logStreamNames.%d.member", i+1), &name, true, maxName, streamNamePattern)
	}
	v.text("logStreamNamePrefix", in.LogStreamNamePrefix, false, maxName, streamNamePattern)
	v.times(in.StartTime, in.EndTime)
	if in.FilterPattern != nil {
		v.Length("filterPattern", *in.FilterPattern, utf8.RuneCountInString(*in.FilterPattern), 0, maxPattern)
	}
	v.token(in.NextToken)
	v.limit(in.Limit, maxEvents)
	g, err := s.named(&v, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if in.LogStreamNames != nil && in.LogStreamNamePrefix != nil {
		return nil, errInvalid("LogStreamNames and LogStreamNamePrefix are mutually exclusive parameters.")
	}
	return g, g.readable(c.Operation)
}

// streams are the streams to search.
func (in *filterLogEventsInput) streams(g *group) ([]*stream, error) {
	if in.LogStreamNames != nil {
		seen := map[string]bool{}
		var streams []*stream
		for _, name := range in.LogStreamNames {
			st, err := g.stream(name)
			if err != nil {
				return nil, err
			}
			if !seen[name] {
				streams = append(streams, st)
			}
			seen[name] = true
		}
		return streams, nil
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	streams := make([]*stream, 0, len(g.streams))
	for name, st := range g.streams {
		if in.LogStreamNamePrefix == nil || strings.HasPrefix(name, *in.LogStreamNamePrefix) {
			streams = append(streams, st)
		}
	}
	return streams, nil
}
