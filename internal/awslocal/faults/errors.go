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

// expired is what package auth answers to a session that has ended.
func expired(c *wire.Call) *wire.Error {
	e := &wire.Error{Code: "ExpiredTokenException", Message: "The security token included in the request is expired", Status: http.StatusBadRequest}
	switch c.Protocol {
	case wire.Query:
		e.Code, e.Status = "ExpiredToken", http.StatusForbidden
	case wire.RESTJSON:
		e.Status = http.StatusForbidden
	}
	return e
}

// iamPrefixes are the services' names in IAM where they are not the signing names.
var iamPrefixes = map[string]string{wire.Monitoring: "cloudwatch"}

// denied names the action and, where policies can name one, the resource.
func denied(c *wire.Call) *wire.Error {
	service := c.Service
	if prefix := iamPrefixes[service]; prefix != "" {
		service = prefix
	}
	action := service + ":" + c.Operation
	e := &wire.Error{Code: "AccessDeniedException", Status: http.StatusBadRequest}
	switch {
	case c.Protocol == wire.Query:
		e.Code, e.Status = "AccessDenied", http.StatusForbidden
	case c.Protocol == wire.RESTJSON:
		e.Status = http.StatusForbidden
	case c.Service == wire.Monitoring: // clients of its newer protocols get the query code too
		e.QueryCode = "AccessDenied"
	}
	if c.Caller.ARN == "" { // AssumeRoleWithWebIdentity, which nobody signs
		e.Message = "Not authorized to perform " + action
		return e
	}
	e.Message = "User: " + c.Caller.ARN + " is not authorized to perform: " + action
	if resource := resourceOf(c); resource != "" {
		e.Message += " on resource: " + resource
	}
	if c.Service != wire.STS {
		e.Message += " because no identity-based policy allows the " + action + " action"
	}
	return e
}
