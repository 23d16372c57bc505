package wire

import (
	"net/http"
	"time"
)

// Service names, as they stand in the credential scope of a signature.
const (
	Logs       = "logs"
	Monitoring = "monitoring"
	SSM        = "ssm"
	STS        = "sts"
	XRay       = "xray"
)

// Caller is the identity that signed a call. It is empty for operations that need no signature
// (sts:AssumeRoleWithWebIdentity).
type Caller struct {
	AccessKeyID string
	ARN         string
	UserID      string
}

// Call is one authenticated request to one operation.
type Call struct {
	Service   string // one of the service names above
	Operation string // as in the API reference, for example PutLogEvents
	Protocol  Protocol
	Region    string
	Account   string // 12 digits
	Caller    Caller
	RequestID string
	Now       time.Time
	Header    http.Header

	// Body is the request body, decompressed. It is only valid until the handler returns.
	Body []byte

	// RejectFirst is set by an injected fault: PutLogEvents treats that many events at the start of
	// the batch as too old.
	RejectFirst int
}

// Decode fills v, a pointer to a struct with json tags, from the call's input. Its error is a
// *Error that the handler returns as it is.
func (c *Call) Decode(v any) error {
	if err := c.Protocol.decode(c.Body, v); err != nil {
		return &Error{Code: "SerializationException", Message: err.Error(), Status: http.StatusBadRequest}
	}
	return nil
}

// Handler answers one operation. The output is a pointer to a struct with json tags, or nil for an
// operation without output members. An error that is not a *Error becomes InternalFailure.
type Handler func(*Call) (any, error)

// Service is a set of operations by name.
type Service interface {
	Operations() map[string]Handler
}
