package cwlogs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/klauspost/compress/gzip"
)

const (
	putLogEvents = "Logs_20140328.PutLogEvents"
	contentType  = "application/x-amz-json-1.1"
	signingName  = "logs"
	// maxAnswer bounds an answer, which has some hundred bytes.
	maxAnswer = 1 << 20
	// maxPooled is the largest buffer that is kept: that of a whole batch with much to escape.
	maxPooled = 4 << 20
)

// Answer is what CloudWatch says of a request that it has carried out.
type Answer struct {
	Rejected *RejectedEvents `json:"rejectedLogEventsInfo"`
	Entity   *RejectedEntity `json:"rejectedEntityInfo"`
	// Wire is how many bytes the body had on the wire.
	Wire int `json:"-"`
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
// was not carried out: where nothing was written, or the credentials were refused.
type Sender struct {
	config  aws.Config
	signer  *v4.Signer
	url     string
	agent   string
	gzip    bool
	now     func() time.Time
	writers sync.Pool // of *gzip.Writer
	buffers sync.Pool // of *bytes.Buffer
}

// SenderOptions are what is not AWS's. The zero value works.
type SenderOptions struct {
	// Uncompressed sends bodies as they are. Default: gzip at its fastest.
	Uncompressed bool
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
	s := &Sender{config: config, signer: v4.NewSigner(), url: endpoint.URI.String(), agent: o.UserAgent, gzip: !o.Uncompressed, now: o.Now}
	if s.config.HTTPClient == nil {
		s.config.HTTPClient = sdk.HTTPClient
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.writers.New = func() any {
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is one
		return w
	}
	s.buffers.New = func() any { return new(bytes.Buffer) }
	return s, nil
}

// Put sends a body that AppendBody has made. An error is an *Error.
func (s *Sender) Put(ctx context.Context, body []byte) (Answer, error) {
	encoding := ""
	if s.gzip {
		b := s.buffers.Get().(*bytes.Buffer)
		defer func() {
			if b.Cap() <= maxPooled {
				s.buffers.Put(b)
			}
		}()
		b.Reset()
		w := s.writers.Get().(*gzip.Writer)
		w.Reset(b)
		_, err := w.Write(body)
		if err = errors.Join(err, w.Close()); err != nil {
			return Answer{}, &Error{Class: Retryable, err: err} // a buffer does not fail
		}
		s.writers.Put(w)
		body, encoding = b.Bytes(), "gzip"
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	for attempt := 0; ; attempt++ {
		keys, err := s.config.Credentials.Retrieve(ctx)
		if err != nil {
			return Answer{}, &Error{Class: Credentials, err: err}
		}
		answer, err := s.once(ctx, keys, body, encoding, hash)
		var refused *Error
		if attempt == 0 && errors.As(err, &refused) && refused.Class == Credentials {
			if r, ok := s.config.Credentials.(refresher); ok {
				if others, _ := r.Refresh(ctx, keys); others {
					continue
				}
			}
		}
		return answer, err
	}
}

func (s *Sender) once(ctx context.Context, keys aws.Credentials, body []byte, encoding, hash string) (Answer, error) {
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) { written.Store(i.Err == nil) }})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return Answer{}, &Error{Class: Retryable, err: err}
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("X-Amz-Target", putLogEvents)
	r.Header.Set("User-Agent", s.agent)
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	if err := s.signer.SignHTTP(ctx, keys, r, hash, signingName, s.config.Region, s.now()); err != nil {
		return Answer{}, &Error{Class: Credentials, err: err}
	}
	response, err := s.config.HTTPClient.Do(r)
	if err != nil {
		return Answer{}, &Error{Class: Retryable, Unanswered: written.Load(), err: err}
	}
	defer func() { _ = response.Body.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if response.StatusCode == http.StatusOK {
		// What the status says is certain, even where the rest of the answer is lost.
		answer := Answer{Wire: len(body)}
		if err == nil && json.Unmarshal(text, &answer) != nil {
			answer = Answer{Wire: len(body)}
		}
		return answer, nil
	}
	if err != nil {
		return Answer{}, &Error{Class: Retryable, Status: response.StatusCode, err: err}
	}
	return s.failed(response, text, len(body))
}

func (s *Sender) failed(response *http.Response, text []byte, wire int) (Answer, error) {
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
		return Answer{Wire: wire}, nil
	}
	e := &Error{Class: class, Code: code, Message: fault.Message, Status: response.StatusCode}
	if e.Message == "" {
		e.Message = fault.Message2
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return Answer{}, e
}
