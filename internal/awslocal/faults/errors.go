package faults

import (
	"net/http"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Throttled is the error with which a service refuses what comes too fast.
func Throttled(service string) *wire.Error {
	switch service {
	case wire.Monitoring, wire.STS:
		return &wire.Error{Code: "Throttling", QueryCode: "Throttling", Message: "Rate exceeded", Status: http.StatusBadRequest}
	case wire.XRay:
		return &wire.Error{Code: "ThrottledException", Message: "Rate exceeded", Status: http.StatusTooManyRequests}
	default:
		return &wire.Error{Code: "ThrottlingException", Message: "Rate exceeded", Status: http.StatusBadRequest}
	}
}

func failed(service string) *wire.Error {
	switch service {
	case wire.Logs:
		return &wire.Error{Code: "ServiceUnavailableException", Message: "The service cannot complete the request.", Status: http.StatusServiceUnavailable}
	case wire.Monitoring:
		return &wire.Error{Code: "InternalServiceFault", QueryCode: "InternalServiceError", Message: "Request processing has failed due to some unknown error, exception or failure.", Status: http.StatusInternalServerError}
	case wire.SSM:
		return &wire.Error{Code: "InternalServerError", Message: "An error occurred on the server side.", Status: http.StatusInternalServerError}
	default:
		return &wire.Error{Code: "InternalFailure", Message: "The request processing has failed because of an unknown error, exception or failure.", Status: http.StatusInternalServerError}
	}
}

func expired(c *wire.Call) *wire.Error {
	const message = "The security token included in the request is expired"
	if c.Protocol == wire.Query {
		return &wire.Error{Code: "ExpiredToken", Message: message, Status: http.StatusForbidden}
	}
	return &wire.Error{Code: "ExpiredTokenException", QueryCode: "ExpiredToken", Message: message, Status: http.StatusBadRequest}
}

// iamPrefixes are the services' names in IAM where they are not the signing names.
var iamPrefixes = map[string]string{wire.Monitoring: "cloudwatch"}

func denied(c *wire.Call) *wire.Error {
	service := c.Service
	if prefix := iamPrefixes[service]; prefix != "" {
		service = prefix
	}
	code, status := "AccessDeniedException", http.StatusBadRequest
	if c.Protocol == wire.Query {
		code, status = "AccessDenied", http.StatusForbidden
	}
	return &wire.Error{Code: code, QueryCode: "AccessDenied", Status: status,
		Message: "User: " + c.Caller.ARN + " is not authorized to perform: " + service + ":" + c.Operation +
			" because no identity-based policy allows the " + service + ":" + c.Operation + " action"}
}
