package logs

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// streamInput names a stream.
type streamInput struct {
	LogGroupName  *string `json:"logGroupName"`
	LogStreamName *string `json:"logStreamName"`
}

func (s *Service) streamGroup(c *wire.Call) (*group, string, error) {
	var in streamInput
	if err := c.Decode(&in); err != nil {
		return nil, "", err
	}
	var v violations
	v.logGroupName(in.LogGroupName, true)
	v.logStreamName(in.LogStreamName, true)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	g, err := s.group(*in.LogGroupName)
	return g, *in.LogStreamName, err
}

func (s *Service) createLogStream(c *wire.Call) (any, error) {
	g, name, err := s.streamGroup(c)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.deleted {
		return nil, errNoGroup()
	}
	if g.streams[name] != nil {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	if s.streams.Add(1) > maxStreams {
		s.streams.Add(-1)
		return nil, wire.Errorf("LimitExceededException", "Resource limit exceeded. (cloudwatch-local keeps at most %d log streams)", maxStreams)
	}
	g.streams[name] = &stream{name: name, created: c.Now.UnixMilli()}
	return nil, nil
}

func (s *Service) deleteLogStream(c *wire.Call) (any, error) {
	g, name, err := s.streamGroup(c)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	protected, st := g.protected, g.streams[name]
	if st != nil && !protected {
		delete(g.streams, name)
	}
	g.mu.Unlock()
	switch {
	case st == nil:
		return nil, errNoStream()
	case protected:
		return nil, wire.Errorf("ValidationException", "The specified log group has deletion protection enabled.")
	}
	s.ledger.drop(st.close())
	s.streams.Add(-1)
	return nil, nil
}

// Orders of DescribeLogStreams.
const (
	byName      = "LogStreamName"
	byLastEvent = "LastEventTime"
)

type describeLogStreamsInput struct {
	LogGroupName        *string `json:"logGroupName"`
	LogGroupIdentifier  *string `json:"logGroupIdentifier"`
	LogStreamNamePrefix *string `json:"logStreamNamePrefix"`
	OrderBy             *string `json:"orderBy"`
	Descending          bool    `json:"descending"`
	NextToken           *string `json:"nextToken"`
	Limit               *int64  `json:"limit"`
}

type describeLogStreamsOutput struct {
	LogStreams []logStream `json:"logStreams"`
	NextToken  string      `json:"nextToken,omitempty"`
}

// logStream is a stream as DescribeLogStreams shows it. StoredBytes has been 0 since 2019.
type logStream struct {
	LogStreamName       string `json:"logStreamName"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp *int64 `json:"firstEventTimestamp,omitempty"`
	LastEventTimestamp  *int64 `json:"lastEventTimestamp,omitempty"`
	LastIngestionTime   *int64 `json:"lastIngestionTime,omitempty"`
	UploadSequenceToken string `json:"uploadSequenceToken,omitempty"`
	ARN                 string `json:"arn"`
	StoredBytes         int64  `json:"storedBytes"`
}

// placed is a stream and where it stands in the order that was asked for.
type placed struct {
	last   int64 // 0 in the order by name
	name   string
	stream *stream
}

func (p placed) compare(q placed) int {
	return cmp.Or(cmp.Compare(p.last, q.last), strings.Compare(p.name, q.name))
}

func (p placed) token() string { return opaqueToken(strconv.FormatInt(p.last, 10) + ":" + p.name) }

func parsePlaced(token string) (placed, error) {
	text, err := parseOpaqueToken(token)
	if err != nil {
		return placed{}, err
	}
	last, name, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(last, 10, 64)
	if err != nil {
		return placed{}, errToken()
	}
	return placed{last: n, name: name}, nil
}

func (s *Service) describeLogStreams(c *wire.Call) (any, error) {
	var in describeLogStreamsInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var v violations
	v.text("logStreamNamePrefix", in.LogStreamNamePrefix, false, maxName, streamNamePattern)
	v.enum("orderBy", in.OrderBy, byName, byLastEvent)
	v.token(in.NextToken)
	v.limit(in.Limit, maxDescribe)
	g, err := s.named(&v, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	byTime := in.OrderBy != nil && *in.OrderBy == byLastEvent
	if byTime && in.LogStreamNamePrefix != nil {
		return nil, errInvalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	sign := 1
	if in.Descending {
		sign = -1
	}
	var after *placed
	if in.NextToken != nil {
		p, err := parsePlaced(*in.NextToken)
		if err != nil {
			return nil, err
		}
		after = &p
	}
	var found []placed
	g.mu.RLock()
	for name, st := range g.streams {
		p := placed{name: name, stream: st}
		if byTime {
			p.last = st.describe().last
		}
		if (in.LogStreamNamePrefix == nil || strings.HasPrefix(name, *in.LogStreamNamePrefix)) &&
			(after == nil || sign*p.compare(*after) > 0) {
			found = append(found, p)
		}
	}
	g.mu.RUnlock()
	slices.SortFunc(found, func(a, b placed) int { return sign * a.compare(b) })
	out := &describeLogStreamsOutput{LogStreams: []logStream{}}
	if limit := number(in.Limit, maxDescribe); len(found) > limit {
		found = found[:limit]
		out.NextToken = found[limit-1].token()
	}
	arn := s.logGroupARN(g.name) + ":log-stream:"
	for _, p := range found {
		d := p.stream.describe()
		shown := logStream{LogStreamName: p.name, CreationTime: p.stream.created, ARN: arn + p.name}
		if d.ingested > 0 {
			shown.LastEventTimestamp, shown.LastIngestionTime = &d.last, &d.ingested
			if !s.config.OmitSequenceToken {
				shown.UploadSequenceToken = position{time: d.last}.String()
			}
		}
		if d.events > 0 {
			shown.FirstEventTimestamp = &d.first
		}
		out.LogStreams = append(out.LogStreams, shown)
	}
	return out, nil
}
