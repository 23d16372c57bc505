package wire

import (
	"fmt"
	"net/http"
)

// Error is an error of an AWS API, with the code and message that the service itself would give.
type Error struct {
	Code    string // as in the API reference, for example ResourceNotFoundException
	Message string
	Status  int // HTTP status; 400 when zero

	// QueryCode is the code in the query protocol where it differs from Code (for example
	// InvalidParameterValue for InvalidParameterValueException). Clients of the other protocols get
	// it in the x-amzn-query-error header.
	QueryCode string

	// Fields are members of the error's shape beside message.
	Fields map[string]any
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf is an error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

// sender tells whether the client is to blame, as the query protocol says it in <Type>.
func (e *Error) sender() bool { return e.status() < http.StatusInternalServerError }

func (e *Error) status() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}
