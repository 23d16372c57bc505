package cwlogs

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/retryafter"
)

// Class says what is to be done about an error.
type Class string

// The classes of errors.
const (
	// Throttled: later, and slower.
	Throttled Class = "throttled"
	// Retryable: later; the service or the way to it failed.
	Retryable Class = "retryable"
	// Credentials: once there are others.
	Credentials Class = "credentials"
	// Missing: once the log group and the stream are made.
	Missing Class = "missing"
	// Denied: when somebody has changed a policy.
	Denied Class = "denied"
	// Invalid: not as it is; some event in it, or the target's name, is wrong.
	Invalid Class = "invalid"
)

// Error is a request that CloudWatch did not carry out, or did not answer.
type Error struct {
	Class Class
	// Code is AWS's, empty where there was no answer.
	Code    string
	Message string
	// Status is that of HTTP, 0 where there was no answer.
	Status int
	// RetryAfter is what the answer asked for, a minute at most; 0 where it did not ask.
	RetryAfter time.Duration
	// Unanswered says that the whole request was written and no answer came: it may have been carried out.
	// Sending it again is the only thing that can repeat an event.
	Unanswered bool

	operation string // PutLogEvents where it is empty
	early     bool   // the signature's time was refused, and is better now
	err       error
}

func (e *Error) Error() string {
	operation := cmp.Or(e.operation, "PutLogEvents")
	switch {
	case e.err != nil && e.Code == "":
		return fmt.Sprintf("%s: %v", operation, e.err)
	case e.Code == "":
		return fmt.Sprintf("%s: status %d", operation, e.Status)
	}
	return fmt.Sprintf("%s: %s: %s (status %d)", operation, e.Code, e.Message, e.Status)
}

// Full reports whether the account can have no more of what was to be made, which waiting does not change.
func (e *Error) Full() bool { return e.Code == "LimitExceededException" && e.operation != "" }

func (e *Error) Unwrap() error { return e.err }

// The codes of each class (CloudWatch Logs API Reference, Common Errors and PutLogEvents). What is not here
// is told by its status.
var codes = map[Class][]string{
	Throttled:   {"ThrottlingException", "Throttling", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException", "LimitExceededException", "RequestThrottled", "SlowDown"},
	Credentials: {"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestExpired"},
	Missing:     {"ResourceNotFoundException"},
	Denied:      {"AccessDeniedException", "AccessDenied", "OptInRequired", "NotAuthorized"},
	Invalid:     {"InvalidParameterException", "ValidationException", "ValidationError", "SerializationException"},
	Retryable:   {"ServiceUnavailableException", "ServiceUnavailable", "InternalFailure", "InternalServerError", "OperationAbortedException"},
}

// classify sorts an answer. accepted says that it is no error at all: the events were taken before.
func classify(status int, code string) (class Class, accepted bool) {
	if code == "DataAlreadyAcceptedException" {
		return "", true
	}
	for class, list := range codes {
		if slices.Contains(list, code) {
			return class, false
		}
	}
	switch {
	case status == http.StatusTooManyRequests:
		return Throttled, false
	case status == http.StatusForbidden:
		return Denied, false
	case status == http.StatusRequestTimeout || status >= http.StatusInternalServerError || status < http.StatusBadRequest:
		return Retryable, false
	}
	return Invalid, false
}

// codeOf is the code in an answer's __type or in its header, without the namespace and what follows a colon.
func codeOf(text string) string {
	text, _, _ = strings.Cut(text, ":")
	return text[strings.LastIndexByte(text, '#')+1:]
}

// FromAPI gives an error of the SDK its class, so that calls of both kinds are told and repeated alike.
func FromAPI(operation string, err error) *Error {
	e := &Error{Class: Retryable, operation: operation, err: err}
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && response.Response != nil {
		e.Status = response.HTTPStatusCode()
		e.RetryAfter = min(retryafter.Of(response.Response.Header), retryafter.Max)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		e.Code, e.Message = api.ErrorCode(), api.ErrorMessage()
		e.Class, _ = classify(e.Status, e.Code)
		return e
	}
	if signing, ok := errors.AsType[*v4.SigningError](err); ok {
		e.Class, e.err = Credentials, signing
	}
	return e
}
