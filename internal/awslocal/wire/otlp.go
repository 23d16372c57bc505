package wire

import (
	"encoding/json"
	"net/http"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Names of the OTLP endpoints, which have none in the API reference.
const (
	ExportLogs    = "ExportLogs"
	ExportMetrics = "ExportMetrics"
	ExportTraces  = "ExportTraces"
)

// otlpPaths are the OTLP endpoints by path; all are POST.
var otlpPaths = map[string]struct{ service, operation string }{
	"/v1/logs":    {Logs, ExportLogs},
	"/v1/metrics": {Monitoring, ExportMetrics},
	"/v1/traces":  {XRay, ExportTraces},
}

// otlpAnswer is an answer of pdata's.
type otlpAnswer interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

// Codes of google.rpc.Status.
const (
	rpcInvalidArgument   = 3
	rpcPermissionDenied  = 7
	rpcResourceExhausted = 8
	rpcUnavailable       = 14
)

func otlpJSON(c *Call) bool {
	return strings.HasPrefix(c.Header.Get("Content-Type"), "application/json")
}

// encodeOTLP writes an answer in the form of its request.
func encodeOTLP(c *Call, v any, h http.Header) ([]byte, error) {
	answer, ok := v.(otlpAnswer)
	if !ok {
		return nil, Errorf("InternalFailure", "%T is no answer of OTLP", v)
	}
	if otlpJSON(c) {
		h.Set("Content-Type", "application/json")
		return answer.MarshalJSON()
	}
	h.Set("Content-Type", "application/x-protobuf")
	return answer.MarshalProto()
}

// encodeOTLPError writes an error as a google.rpc.Status in the form of its request (OTLP specification, "Failures").
func encodeOTLPError(c *Call, e *Error, h http.Header) Result {
	status, code := e.status(), 0
	switch {
	case strings.Contains(e.Code, "Throttl"):
		status, code = http.StatusTooManyRequests, rpcResourceExhausted
		h.Set("Retry-After", "1")
	case status >= http.StatusInternalServerError: // clients send again after 503, and give up after 500
		status, code = http.StatusServiceUnavailable, rpcUnavailable
	case status == http.StatusForbidden:
		code = rpcPermissionDenied
	default:
		code = rpcInvalidArgument
	}
	message := e.Code + ": " + e.Message
	h.Set("X-Amzn-Errortype", e.Code)
	if otlpJSON(c) {
		h.Set("Content-Type", "application/json")
		body, _ := json.Marshal(map[string]any{"code": code, "message": message}) // a number and a text
		return Result{status, h, body}
	}
	h.Set("Content-Type", "application/x-protobuf")
	body := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(code))
	body = protowire.AppendString(protowire.AppendTag(body, 2, protowire.BytesType), message)
	return Result{status, h, body}
}
