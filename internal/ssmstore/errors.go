package ssmstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Kind is what an error means for who asked.
type Kind string

// The kinds of errors.
const (
	// NotFound: there is no such parameter, version or label.
	NotFound Kind = "not found"
	// Denied: a permission is missing.
	Denied Kind = "denied"
	// Credentials: there are none, or AWS does not take them.
	Credentials Kind = "credentials"
	// Throttled: later.
	Throttled Kind = "throttled"
	// Unavailable: the service or the way to it fails; perhaps later.
	Unavailable Kind = "unavailable"
	// Damaged: what is stored is not whole.
	Damaged Kind = "damaged"
	// Conflict: somebody else has written in the meantime.
	Conflict Kind = "conflict"
	// Refused: Parameter Store does not take it.
	Refused Kind = "refused"
)

// Error is why a parameter could not be read or written. It never holds a value.
type Error struct {
	Kind Kind
	// Operation is the API's, and Name the parameter, or the parameters, that it was about.
	Operation, Name string
	// Region is where; Account is empty where it is not known.
	Region, Account string
	// Permission is the one that is missing, for Denied.
	Permission string
	// Remedy is what to do; empty where there is nothing to add.
	Remedy string

	code   string // AWS's, empty where AWS did not answer
	detail string
	err    error
}

// Summary is the error without its remedy.
func (e *Error) Summary() string {
	where := e.Region
	if e.Account != "" {
		where += ", account " + e.Account
	}
	return fmt.Sprintf("%s of %s (%s): %s", e.Operation, e.Name, where, e.detail)
}

// Error implements error.
func (e *Error) Error() string {
	if e.Remedy == "" {
		return e.Summary()
	}
	return e.Summary() + "; " + e.Remedy
}

// Unwrap is the cause, where its text holds nothing of a value.
func (e *Error) Unwrap() error { return e.err }

// Temporary tells whether the same call may go well later.
func (e *Error) Temporary() bool { return e.Kind == Throttled || e.Kind == Unavailable }

// IsKind tells whether an error is of a kind.
func IsKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// The service's codes, by what they mean (Systems Manager and KMS API references, common errors).
var (
	notFoundCodes    = []string{"ParameterNotFound", "ParameterVersionNotFound"}
	deniedCodes      = []string{"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"}
	throttledCodes   = []string{"ThrottlingException", "Throttling", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException", "TooManyUpdates"}
	credentialsCodes = []string{"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException"}

	permissionPattern = regexp.MustCompile(`(?i)not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)`)
	accountPattern    = regexp.MustCompile(`\barn:aws[a-z-]*:(?:iam|sts)::([0-9]{12}):`)
)

// noIdentity begins the SDK's words where a request could not be signed.
const noIdentity = "get identity: "

// failure sorts what a call returned. A canceled context is passed on as it is.
func (s *Store) failure(ctx context.Context, q question, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		e := &Error{Kind: Unavailable, Operation: q.operation, Name: q.name, Region: s.region}
		e.unanswered(err)
		return e // without the account: to ask for credentials again is no help now
	}
	e := s.fault(q, Unavailable, "")
	e.answered(q, err, api)
	if e.Account == "" {
		if m := accountPattern.FindStringSubmatch(e.detail); m != nil {
			e.Account = m[1]
		}
	}
	return e
}

// fault is an error of this package's own.
func (s *Store) fault(q question, kind Kind, detail string) *Error {
	account := s.account()
	if rest, ok := strings.CutPrefix(q.name, arnStart); ok {
		if parts := strings.SplitN(rest, ":", 5); len(parts) > 3 {
			account = parts[3]
		}
	}
	return &Error{Kind: kind, Operation: q.operation, Name: q.name, Region: s.region, Account: account, detail: detail}
}

// answered is for what AWS said.
func (e *Error) answered(q question, err error, api smithy.APIError) {
	code, message := api.ErrorCode(), oneLine(api.ErrorMessage())
	e.code, e.detail = code, code
	if message != "" && !quotes(message, q.secret) {
		e.detail += ": " + message
	}
	var answer *smithyhttp.ResponseError
	signing := strings.Contains(err.Error(), noIdentity)
	switch {
	case slices.Contains(notFoundCodes, code):
		e.Kind = NotFound
		e.Remedy = "check the name, the region and the account, or write it with config push"
	case slices.Contains(throttledCodes, code):
		e.Kind = Throttled
		e.Remedy = "try again later; the account's reads of parameters are limited together"
	case slices.Contains(deniedCodes, code):
		e.denied(q, message)
	case slices.Contains(credentialsCodes, code), signing:
		e.Kind = Credentials
		e.Remedy = "see what doctor says of the credentials and the clock"
	case strings.HasPrefix(code, "InvalidKeyId"), strings.HasPrefix(code, "KMS"):
		e.Kind = Refused
		e.Remedy = "check that the KMS key exists in the region, is enabled, and may be used by the caller"
	case code == "ParameterMaxVersionLimitExceeded":
		e.Kind = Refused
		e.Remedy = "the oldest of its 100 versions has a label: move it with config rollback --label LABEL NAME VERSION"
	case errors.As(err, &answer) && answer.HTTPStatusCode() >= 500, api.ErrorFault() == smithy.FaultServer:
		e.Kind = Unavailable
		e.Remedy = "try again later"
	default:
		e.Kind = Refused
	}
}

func (e *Error) denied(q question, message string) {
	e.Kind = Denied
	e.Permission = "ssm:" + q.operation
	if m := permissionPattern.FindStringSubmatch(message); m != nil {
		e.Permission = m[1]
	} else if lower := strings.ToLower(message); strings.Contains(lower, "kms") || strings.Contains(lower, "ciphertext") {
		e.Permission = "kms:Decrypt"
	}
	switch {
	case strings.HasPrefix(e.Permission, "kms:"):
		e.Remedy = fmt.Sprintf("allow %s on the parameter's KMS key, in the key's policy and in the caller's", e.Permission)
	case strings.HasPrefix(e.Permission, "sts:"):
		e.Remedy = fmt.Sprintf("allow %s on the role, and name the caller in the role's trust policy", e.Permission)
	default:
		e.Remedy = fmt.Sprintf("allow %s on the parameter in a policy of the user or role", e.Permission)
	}
}

// unanswered is for what never came to AWS, or never came back.
func (e *Error) unanswered(err error) {
	e.err = err
	var send *smithyhttp.RequestSendError
	var network net.Error
	switch {
	case errors.As(err, &send):
		e.detail = oneLine(send.Err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		e.detail = "no answer in time"
	case strings.Contains(err.Error(), noIdentity):
		_, e.detail, _ = strings.Cut(oneLine(err.Error()), noIdentity)
		if !errors.As(err, &network) {
			e.Kind = Credentials
			e.Remedy = "see what doctor says of the credentials"
			return
		}
	default:
		e.detail = oneLine(err.Error())
	}
	e.Remedy = "check the way to Systems Manager with doctor --service ssm"
}

// quotes tells whether a message may hold something of a text: Parameter Store quotes what it refuses.
func quotes(message, secret string) bool {
	if secret == "" {
		return false
	}
	const enough = 16
	return strings.Contains(message, secret[:min(len(secret), enough)]) || strings.Contains(message, "at 'value'")
}

// oneLine keeps a message short and in one line.
func oneLine(text string) string {
	const most = 500
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

func hasCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.code == code
}
