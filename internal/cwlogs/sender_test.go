package cwlogs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
)

// target makes a stream, and a client that looks at it.
func target(t *testing.T, s *awslocal.Server) (Target, *cloudwatchlogs.Client) {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(s.AWSConfig(t.Context()))
	_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/a/group")})
	require.NoError(t, err)
	_, err = client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("/a/group"), LogStreamName: aws.String("stream")})
	require.NoError(t, err)
	return Target{"/a/group", "stream"}, client
}

func stored(t *testing.T, client *cloudwatchlogs.Client) []string {
	t.Helper()
	out, err := client.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("/a/group"), LogStreamName: aws.String("stream"), StartFromHead: aws.Bool(true)})
	require.NoError(t, err)
	var all []string
	for _, e := range out.Events {
		all = append(all, *e.Message)
	}
	return all
}

func sender(t *testing.T, s *awslocal.Server, o SenderOptions) *Sender {
	t.Helper()
	sender, err := NewSender(t.Context(), s.AWSConfig(t.Context()), o)
	require.NoError(t, err)
	return sender
}

// put sends messages of now.
func put(ctx context.Context, s *Sender, to Target, messages ...string) (Answer, error) {
	return putFixed(ctx, s, to, fixed(messages...))
}

// fixed are events of now.
func fixed(messages ...string) []Fixed {
	var events []Event
	for _, m := range messages {
		events = append(events, ev(time.Now().UnixMilli(), []byte(m)))
	}
	return Policy{}.Fix(nil, events, time.Now(), func(Reason, *Event) {})
}

func putFixed(ctx context.Context, s *Sender, to Target, events []Fixed) (Answer, error) {
	payload, err := s.Pack(to, nil, events)
	if err != nil {
		return Answer{}, err
	}
	defer payload.Release()
	return s.Put(ctx, payload)
}

func TestRequestsArriveAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	lines := []string{"plain", "a \"quote\" \\ and \n\r\t\x00\x1f", "äöü 🚀 \u2028", strings.Repeat("long ", 100_000)}
	for name, o := range map[string]SenderOptions{"gzip": {UserAgent: "otelcol-cloudwatch/1"}, "plain": {Uncompressed: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
			to, client := target(t, s)
			send := sender(t, s, o)
			payload, err := send.Pack(to, nil, fixed(lines...))
			require.NoError(t, err)
			defer payload.Release()
			answer, err := send.Put(t.Context(), payload)
			require.NoError(t, err)
			assert.Nil(t, answer.Rejected)
			assert.Equal(t, lines, stored(t, client))
			assert.Equal(t, o.Uncompressed, payload.Raw() == payload.Wire())
		})
	}
}

// TestLargestBatchIsAccepted is at every limit: the service refuses one byte more, or one event more.
func TestLargestBatchIsAccepted(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	to, _ := target(t, s)
	send := sender(t, s, SenderOptions{})
	now := time.Now()
	for _, events := range [][]Event{
		{ev(now.UnixMilli(), bytes.Repeat([]byte("x"), MaxMessageBytes))},
		{ev(now.UnixMilli(), bytes.Repeat([]byte("\xff"), MaxMessageBytes/3))},
		{ev(now.Add(-MaxBatchSpan).UnixMilli(), []byte("a")), ev(now.UnixMilli(), []byte("b"))},
	} {
		batches := 0
		Batches(Policy{}.Fix(nil, events, now, func(Reason, *Event) {}), func(b []Fixed) {
			batches++
			_, err := putFixed(t.Context(), send, to, b)
			require.NoError(t, err)
		})
		assert.Equal(t, 1, batches)
	}
	_, err := putFixed(t.Context(), send, to, []Fixed{{Event: ev(now.UnixMilli(), bytes.Repeat([]byte("x"), MaxMessageBytes+1))}})
	assertClass(t, Invalid, err)
	many := make([]Fixed, MaxBatchEvents+1)
	for i := range many {
		many[i].Event = ev(now.UnixMilli(), []byte("x"))
	}
	_, err = putFixed(t.Context(), send, to, many)
	assertClass(t, Invalid, err)
	_, err = putFixed(t.Context(), send, to, many[1:])
	require.NoError(t, err)
}

func assertClass(t *testing.T, want Class, err error) *Error {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, want, e.Class, e)
	return e
}

func TestErrorsAreClassified(t *testing.T) {
	t.Parallel()
	for kind, want := range map[faults.Kind]struct {
		class      Class
		unanswered bool
		stored     int
	}{
		faults.Throttle:           {Throttled, false, 0},
		faults.ServerError:        {Retryable, false, 0},
		faults.ResetBefore:        {Retryable, true, 0}, // the client cannot tell it from the next one
		faults.ResetAfter:         {Retryable, true, 1},
		faults.Stall:              {Retryable, true, 0},
		faults.ExpiredCredentials: {Credentials, false, 0},
		faults.AccessDenied:       {Denied, false, 0},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
			to, client := target(t, s)
			_, err := s.Faults.Add(faults.Rule{Kind: kind, Operation: "PutLogEvents", Count: 1})
			require.NoError(t, err)
			send := sender(t, s, SenderOptions{})
			ctx, cancel := context.WithCancel(t.Context())
			if kind == faults.Stall { // nothing else ends it, and nothing else is to be ended by a slow machine
				ctx, cancel = context.WithTimeout(ctx, time.Second)
			}
			defer cancel()
			_, err = put(ctx, send, to, "line")
			e := assertClass(t, want.class, err)
			assert.Equal(t, want.unanswered, e.Unanswered)
			assert.Len(t, stored(t, client), want.stored)
			_, err = put(t.Context(), send, to, "again")
			require.NoError(t, err, "and then it works")
		})
	}
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := put(t.Context(), sender(t, s, SenderOptions{}), Target{"/absent", "x"}, "line")
	e := assertClass(t, Missing, err)
	assert.Equal(t, "ResourceNotFoundException", e.Code)
	assert.ErrorContains(t, err, "The specified log group does not exist")
	_, err = put(t.Context(), sender(t, s, SenderOptions{}), Target{"not a name", "x"}, "line")
	assertClass(t, Invalid, err)
	s.Close()
	_, err = put(t.Context(), sender(t, s, SenderOptions{}), Target{"/absent", "x"}, "line")
	assert.False(t, assertClass(t, Retryable, err).Unanswered, "nothing was written")
}

func TestRejectedEventsAreTold(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	to, client := target(t, s)
	now := time.Now()
	events := []Fixed{{Event: ev(now.Add(-time.Hour).UnixMilli(), []byte("good"))}, {Event: ev(now.Add(MaxAhead+time.Minute).UnixMilli(), []byte("new"))}}
	answer, err := putFixed(t.Context(), sender(t, s, SenderOptions{}), to, events)
	require.NoError(t, err)
	require.NotNil(t, answer.Rejected)
	assert.Equal(t, 1, *answer.Rejected.TooNewStart)
	assert.Nil(t, answer.Rejected.TooOldEnd)
	assert.Equal(t, []string{"good"}, stored(t, client))
}

// rotating gives keys that are refused, and other ones after that.
type rotating struct {
	refused, good aws.Credentials
	refreshed     int
}

func (r *rotating) Retrieve(context.Context) (aws.Credentials, error) {
	if r.refreshed > 0 {
		return r.good, nil
	}
	return r.refused, nil
}

func (r *rotating) Refresh(context.Context, aws.Credentials) (bool, error) {
	r.refreshed++
	return r.refreshed == 1, nil
}

func TestRefusedCredentialsAreRefreshedOnce(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	to, client := target(t, s)
	config := s.AWSConfig(t.Context())
	good, err := config.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	keys := &rotating{refused: aws.Credentials{AccessKeyID: "AKIAOLD", SecretAccessKey: "x"}, good: good}
	config.Credentials = keys
	send, err := NewSender(t.Context(), config, SenderOptions{})
	require.NoError(t, err)
	_, err = put(t.Context(), send, to, "line")
	require.NoError(t, err)
	assert.Equal(t, []string{"line"}, stored(t, client))
	keys.good = keys.refused
	_, err = put(t.Context(), send, to, "line")
	assertClass(t, Credentials, err)
	assert.Equal(t, 2, keys.refreshed)

	config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("no keys") })
	send, err = NewSender(t.Context(), config, SenderOptions{})
	require.NoError(t, err)
	_, err = put(t.Context(), send, to, "line")
	assert.ErrorContains(t, assertClass(t, Credentials, err), "no keys")
}

func BenchmarkPut(b *testing.B) {
	s := awslocal.Serve(b, awslocal.Options{IgnoreQuotas: true})
	config := s.AWSConfig(b.Context())
	config.HTTPClient = discard{}
	for name, o := range map[string]SenderOptions{"gzip": {}, "plain": {Uncompressed: true}} {
		b.Run(name, func(b *testing.B) {
			send, err := NewSender(b.Context(), config, o)
			require.NoError(b, err)
			line := []byte(strings.Repeat("a line of a log with \"quotes\" here and there, ", 5)[:200])
			events := make([]Event, 4600)
			for i := range events {
				events[i] = ev(now.UnixMilli(), line)
			}
			var fixed []Fixed
			b.ReportAllocs()
			for b.Loop() {
				fixed = Policy{}.Fix(fixed[:0], events, now, func(Reason, *Event) {})
				Batches(fixed, func(batch []Fixed) {
					if _, err := putFixed(b.Context(), send, Target{"group", "stream"}, batch); err != nil {
						b.Fatal(err)
					}
				})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
		})
	}
}

// discard answers every request at once.
type discard struct{}

func (discard) Do(r *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}"))}, err
}
