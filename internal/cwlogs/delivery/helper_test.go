package delivery

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stored is an event that the service has taken.
type stored struct {
	Timestamp int64
	Message   string
}

// call is a request as the service reads it.
type call struct {
	LogGroupName, LogStreamName string
	Entity                      json.RawMessage
	LogEvents                   []stored
}

func (c call) target() cwlogs.Target {
	return cwlogs.Target{Group: c.LogGroupName, Stream: c.LogStreamName}
}

// refusal is an answer that is an error.
type refusal struct {
	code       string
	status     int
	retryAfter string
}

// service is CloudWatch as the engine's sender sees it, in memory: time is the test's.
type service struct {
	t       *testing.T
	latency time.Duration
	// answer decides about a request: before it is carried out, or after (lost). Nil: success.
	answer func(c call) (r *refusal, lost bool)

	began    time.Time
	mu       sync.Mutex
	streams  map[cwlogs.Target][]stored
	requests int
	parallel int
	most     int
	repeated int // requests that were carried out without an answer
}

// never is the status of a refusal that does not come.
const never = -1

var errCut = errors.New("connection reset")

// Do implements aws.HTTPClient.
func (s *service) Do(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	assert.NoError(s.t, err)
	assert.NoError(s.t, r.Body.Close())
	var c call
	assert.NoError(s.t, json.Unmarshal(text, &c))
	s.check(c)
	s.mu.Lock()
	s.requests++
	s.parallel++
	s.most = max(s.most, s.parallel)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.parallel--
		s.mu.Unlock()
	}()
	var no *refusal
	var lost bool
	if s.answer != nil {
		no, lost = s.answer(c)
	}
	latency := s.latency
	if no != nil && no.status == never {
		latency = time.Hour
	}
	select {
	case <-time.After(latency):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if no != nil && no.status == 0 {
		return nil, errCut
	}
	if no != nil {
		h := http.Header{}
		h.Set("Retry-After", no.retryAfter)
		return &http.Response{StatusCode: no.status, Header: h, Body: io.NopCloser(strings.NewReader(`{"__type":"` + no.code + `"}`))}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.LogEvents[0].Timestamp == questionTime { // too old: nothing is stored
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1}}`))}, nil
	}
	s.streams[c.target()] = append(s.streams[c.target()], c.LogEvents...)
	if lost {
		s.repeated++
		return nil, errCut
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

// check holds a request to the limits.
func (s *service) check(c call) {
	size := 0
	for i, e := range c.LogEvents {
		size += len(e.Message) + cwlogs.EventOverhead
		if i > 0 {
			assert.LessOrEqual(s.t, c.LogEvents[i-1].Timestamp, e.Timestamp)
		}
	}
	assert.NotEmpty(s.t, c.LogEvents)
	assert.LessOrEqual(s.t, size, cwlogs.MaxBatchBytes)
	assert.LessOrEqual(s.t, len(c.LogEvents), cwlogs.MaxBatchEvents)
}

// view is a stream as CloudWatch shows it: by time, then by arrival.
func (s *service) view(to cwlogs.Target) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := slices.Clone(s.streams[to])
	slices.SortStableFunc(events, func(a, b stored) int { return int(a.Timestamp - b.Timestamp) })
	var all []string
	for _, e := range events {
		all = append(all, e.Message)
	}
	return all
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *service) sender() *cwlogs.Sender {
	sender, err := cwlogs.NewSender(s.t.Context(), aws.Config{
		Region: "us-east-1", HTTPClient: s, Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
	}, cwlogs.SenderOptions{Uncompressed: true})
	require.NoError(s.t, err)
	return sender
}

func newService(t *testing.T) *service {
	return &service{t: t, latency: 50 * time.Millisecond, streams: map[cwlogs.Target][]stored{}}
}

// observed counts what an engine tells.
type observed struct {
	mu        sync.Mutex
	sent      []Sent
	events    int
	failed    map[cwlogs.Class]int
	dropped   map[cwlogs.Reason]int
	entities  int
	blocked   map[cwlogs.Target]int
	unblocked map[cwlogs.Target]int
	diverted  map[cwlogs.Target]int // events, by the target that they were for
	told      int                   // targets that were told to be refusing
}

func newObserved() *observed {
	return &observed{failed: map[cwlogs.Class]int{}, dropped: map[cwlogs.Reason]int{}, blocked: map[cwlogs.Target]int{}, unblocked: map[cwlogs.Target]int{}, diverted: map[cwlogs.Target]int{}}
}

func (o *observed) lock() func() { o.mu.Lock(); return o.mu.Unlock }

func (o *observed) Sent(s Sent) {
	defer o.lock()()
	o.sent = append(o.sent, s)
	o.events += s.Events
}

func (o *observed) Failed(_ cwlogs.Target, e *cwlogs.Error) {
	defer o.lock()()
	o.failed[e.Class]++
}

func (o *observed) Dropped(_ cwlogs.Target, r cwlogs.Reason, n int, _ *cwlogs.Event) {
	defer o.lock()()
	o.dropped[r] += n
}

func (o *observed) EntityRejected(cwlogs.Target, string) {
	defer o.lock()()
	o.entities++
}

func (o *observed) Blocked(t cwlogs.Target, _ *cwlogs.Error) {
	defer o.lock()()
	o.blocked[t]++
}

func (o *observed) Unblocked(t cwlogs.Target) {
	defer o.lock()()
	o.unblocked[t]++
}

func (o *observed) Diverted(from, _ cwlogs.Target, n int, _ *cwlogs.Error, first bool) {
	defer o.lock()()
	o.diverted[from] += n
	if first {
		o.told++
	}
}

func (o *observed) drops() map[cwlogs.Reason]int {
	defer o.lock()()
	return maps.Clone(o.dropped)
}

// patient retries without an end.
var patient = Backoff{Initial: 100 * time.Millisecond, Max: 5 * time.Second, Multiplier: 2, Randomization: 0.5}

func part(to cwlogs.Target, at int64, messages ...string) Part {
	p := Part{Target: to}
	for _, m := range messages {
		p.Events = append(p.Events, cwlogs.Event{Timestamp: at, Message: []byte(m)})
	}
	return p
}

func assigned(p Part) Part {
	for i := range p.Events {
		p.Events[i].Assigned = true
	}
	return p
}

func unix() int64 { return time.Now().UnixMilli() }

func stream(name string) cwlogs.Target { return cwlogs.Target{Group: "/g", Stream: name} }

// apiErr is an error of the SDK.
type apiErr struct{ code string }

func (e *apiErr) Error() string                 { return e.code }
func (e *apiErr) ErrorCode() string             { return e.code }
func (e *apiErr) ErrorMessage() string          { return e.code }
func (e *apiErr) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }
