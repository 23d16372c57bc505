package cwlogs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/klauspost/compress/gzip"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsclock"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/retryafter"
)

const (
	putLogEvents = "Logs_20140328.PutLogEvents"
	contentType  = "application/x-amz-json-1.1"
	signingName  = "logs"
	// maxAnswer bounds an answer, which has some hundred bytes.
	maxAnswer = 1 << 20
)

// Answer is what CloudWatch says of a request that it has carried out.
type Answer struct {
	Rejected *RejectedEvents `json:"rejectedLogEventsInfo"`
	Entity   *RejectedEntity `json:"rejectedEntityInfo"`
}

// RejectedEvents tells which events were not stored: those from TooNewStart on, and those before TooOldEnd
// and ExpiredEnd.
type RejectedEvents struct {
	TooNewStart *int `json:"tooNewLogEventStartIndex"`
	TooOldEnd   *int `json:"tooOldLogEventEndIndex"`
	ExpiredEnd  *int `json:"expiredLogEventEndIndex"`
}

// RejectedEntity tells why an entity was not stored. The events may have been.
type RejectedEntity struct {
	ErrorType string `json:"errorType"`
}

// refresher gives other credentials where those it gave were refused, as awsconfig's provider does.
type refresher interface {
	Refresh(ctx context.Context, refused aws.Credentials) (bool, error)
}

// Sender sends requests. It is safe for concurrent use, and sends one again only where it is certain that it
// was not carried out: where the credentials, or the time of the signature, were refused.
type Sender struct {
	config aws.Config
	signer *v4.Signer
	packer *packer
	url    string
	agent  string
	now    func() time.Time
}

// SenderOptions are what is not AWS's. The zero value works.
type SenderOptions struct {
	// Uncompressed sends bodies as they are. Default: gzip.
	Uncompressed bool
	// Level of gzip, 1 to 9. Default: 1, the fastest.
	Level int
	// UserAgent is PRODUCT/VERSION. Default: none.
	UserAgent string
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// NewSender makes a sender of an SDK configuration: its region, credentials, HTTP client and endpoint.
func NewSender(ctx context.Context, config aws.Config, o SenderOptions) (*Sender, error) {
	sdk := cloudwatchlogs.NewFromConfig(config).Options()
	endpoint, err := sdk.EndpointResolverV2.ResolveEndpoint(ctx, cloudwatchlogs.EndpointParameters{
		Region: &sdk.Region, Endpoint: sdk.BaseEndpoint,
		UseFIPS:      aws.Bool(sdk.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(sdk.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	})
	if err != nil {
		return nil, fmt.Errorf("region %q: %w", config.Region, err)
	}
	level := gzip.NoCompression
	if !o.Uncompressed {
		level = cmp.Or(o.Level, gzip.BestSpeed)
	}
	packer, err := newPacker(level)
	if err != nil {
		return nil, fmt.Errorf("compression level %d: %w; use 1 to 9", o.Level, err)
	}
	s := &Sender{config: config, signer: v4.NewSigner(), packer: packer, url: endpoint.URI.String(), agent: o.UserAgent, now: o.Now}
	if s.config.HTTPClient == nil {
		s.config.HTTPClient = sdk.HTTPClient
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Pack makes a request of events that Batches has put together. entity may be nil. The payload is to be
// released. The events are not needed any more.
func (s *Sender) Pack(t Target, entity *Entity, events []Fixed) (*Payload, error) {
	return s.packer.pack(t, entity, events)
}

// Put sends a payload. An error is an *Error.
func (s *Sender) Put(ctx context.Context, p *Payload) (Answer, error) {
	for attempt := 0; ; attempt++ {
		keys, err := s.config.Credentials.Retrieve(ctx)
		if err != nil {
			return Answer{}, &Error{Class: Credentials, err: err}
		}
		answer, err := s.once(ctx, keys, p)
		if refused, ok := errors.AsType[*Error](err); ok && attempt == 0 && refused.Class == Credentials {
			if refused.early {
				continue
			}
			if r, ok := s.config.Credentials.(refresher); ok {
				if others, _ := r.Refresh(ctx, keys); others {
					continue
				}
			}
		}
		return answer, err
	}
}

func (s *Sender) once(ctx context.Context, keys aws.Credentials, p *Payload) (Answer, error) {
	var written, broken atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) {
		written.Store(i.Err == nil)
		broken.Store(i.Err != nil)
	}})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, nil)
	if err != nil {
		return Answer{}, &Error{Class: Retryable, err: err}
	}
	r.ContentLength = int64(p.Wire())
	r.GetBody = func() (io.ReadCloser, error) { return p.open(), nil }
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("X-Amz-Target", putLogEvents)
	r.Header.Set("User-Agent", s.agent)
	if p.packer.level != gzip.NoCompression {
		r.Header.Set("Content-Encoding", "gzip")
	}
	signed := s.now().Add(awsclock.Offset())
	if err := s.signer.SignHTTP(ctx, keys, r, p.hash, signingName, s.config.Region, signed); err != nil {
		return Answer{}, &Error{Class: Credentials, err: err}
	}
	b := p.open()
	r.Body = b
	response, err := s.config.HTTPClient.Do(r)
	if err != nil {
		// The connection may tell that it is cut before it tells that it has written everything.
		unanswered := written.Load() || b.drained.Load() && !broken.Load()
		return Answer{}, &Error{Class: Retryable, Unanswered: unanswered, err: err}
	}
	defer func() { _ = response.Body.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if response.StatusCode == http.StatusOK {
		// What the status says is certain, even where the rest of the answer is lost.
		var answer Answer
		if err == nil && len(text) > 0 {
			if err = json.Unmarshal(text, &answer); err != nil { // a proxy's page
				return Answer{}, &Error{Class: Retryable, Status: response.StatusCode, Unanswered: true, err: fmt.Errorf("the answer is not CloudWatch's: %w", err)}
			}
		}
		return answer, nil
	}
	if err != nil {
		return Answer{}, &Error{Class: Retryable, Status: response.StatusCode, err: err}
	}
	failure := failed(response, text)
	if failure == nil {
		return Answer{}, nil
	}
	failure.early = s.adjust(failure, response.Header.Get("Date"), signed)
	return Answer{}, failure
}

// adjust learns the service's time from an answer that refuses a signature, and tells whether that helps.
func (s *Sender) adjust(e *Error, date string, signed time.Time) bool {
	if e.Class != Credentials {
		return false
	}
	theirs, err := http.ParseTime(date)
	if err != nil || theirs.Sub(signed).Abs() < awsclock.Tolerated {
		return false
	}
	awsclock.Learn(theirs.Sub(s.now()))
	return true
}

// failed is what an answer says that is none of success, or nil where the events were taken before.
func failed(response *http.Response, text []byte) *Error {
	var fault struct {
		Type     string `json:"__type"`
		Message  string `json:"message"`
		Message2 string `json:"Message"`
	}
	_ = json.Unmarshal(text, &fault) // a proxy's page, say: the status tells
	code := codeOf(response.Header.Get("X-Amzn-Errortype"))
	if code == "" {
		code = codeOf(fault.Type)
	}
	class, accepted := classify(response.StatusCode, code)
	if accepted {
		return nil
	}
	e := &Error{Class: class, Code: code, Message: fault.Message, Status: response.StatusCode}
	if e.Message == "" {
		e.Message = fault.Message2
	}
	e.RetryAfter = min(retryafter.Of(response.Header), retryafter.Max)
	return e
}
