package wire

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// Protocol is one of the AWS protocols.
type Protocol int

// The protocols that today's SDKs use for the services here.
const (
	JSON10 Protocol = iota + 1
	JSON11
	Query
	CBOR
	RESTJSON
	OTLP
)

func (p Protocol) decode(body []byte, v any) error {
	if p == Query {
		form, err := parseForm(string(body))
		if err != nil {
			return err
		}
		return decodeQuery(form, v)
	}
	if len(body) == 0 {
		return nil
	}
	if p == CBOR {
		return cborDecoder.Unmarshal(body, v)
	}
	return json.Unmarshal(body, v)
}

// cborDecoder ignores the case of keys like encoding/json, so that both decode alike.
var cborDecoder = func() cbor.DecMode {
	m, err := cbor.DecOptions{MaxArrayElements: 1 << 20, MaxMapPairs: 1 << 20}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}()

// Result is an encoded answer.
type Result struct {
	Status int
	Header http.Header
	Body   []byte
}

// Encode writes the output of a call, or its error, as the call's protocol wants it. v may be nil.
func Encode(c *Call, v any, err error) Result {
	h := http.Header{}
	h.Set("X-Amzn-Requestid", c.RequestID)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			e = &Error{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}
		}
		return encodeError(c, e, h)
	}
	var body []byte
	switch c.Protocol {
	case Query:
		h.Set("Content-Type", "text/xml")
		body, err = encodeQuery(c, v)
	case OTLP:
		body, err = encodeOTLP(c, v, h)
	case CBOR:
		h.Set("Content-Type", "application/cbor")
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
		if v == nil {
			v = struct{}{}
		}
		body, err = cbor.Marshal(v)
	default:
		h.Set("Content-Type", c.Protocol.contentType())
		// The Logs and SSM services answer an operation without output members with no body at all.
		if v != nil {
			body, err = json.Marshal(v)
		} else if c.Protocol == RESTJSON {
			body = []byte("{}")
		}
	}
	if err != nil {
		return encodeError(c, &Error{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}, h)
	}
	return Result{http.StatusOK, h, body}
}

func (p Protocol) contentType() string {
	switch p {
	case JSON10:
		return "application/x-amz-json-1.0"
	case JSON11:
		return "application/x-amz-json-1.1"
	default:
		return "application/json"
	}
}

func encodeError(c *Call, e *Error, h http.Header) Result {
	if c.Protocol == OTLP {
		return encodeOTLPError(c, e, h)
	}
	if e.QueryCode != "" {
		fault := "Receiver"
		if e.sender() {
			fault = "Sender"
		}
		h.Set("X-Amzn-Query-Error", e.QueryCode+";"+fault)
	}
	var body []byte
	var err error
	switch c.Protocol {
	case Query:
		h.Set("Content-Type", "text/xml")
		body, err = encodeQueryError(c, e)
	default:
		m := map[string]any{"__type": e.Code, "message": e.Message}
		for k, v := range e.Fields {
			m[k] = v
		}
		if c.Protocol == CBOR {
			h.Set("Content-Type", "application/cbor")
			h.Set("Smithy-Protocol", "rpc-v2-cbor")
			body, err = cbor.Marshal(m)
			break
		}
		h.Set("Content-Type", c.Protocol.contentType())
		h.Set("X-Amzn-Errortype", e.Code)
		body, err = json.Marshal(m)
	}
	if err != nil { // only a field that cannot be encoded leads here
		return Result{http.StatusInternalServerError, h, []byte(strconv.Quote(err.Error()))}
	}
	return Result{e.status(), h, body}
}

// target is where the requests of a service are recognised.
type target struct {
	service string
	proto   Protocol
}

var targetPrefixes = map[string]target{
	"Logs_20140328":                 {Logs, JSON11},
	"AmazonSSM":                     {SSM, JSON11},
	"GraniteServiceVersion20100801": {Monitoring, JSON10},
}

var queryVersions = map[string]string{
	"2010-08-01": Monitoring,
	"2011-06-15": STS,
}

// restPaths are the operations of the REST services, by path; all are POST.
var restPaths = map[string]string{
	"/TraceSegments":    "PutTraceSegments",
	"/TelemetryRecords": "PutTelemetryRecords",
	"/TraceSummaries":   "GetTraceSummaries",
	"/Traces":           "BatchGetTraces",
	"/GetSamplingRules": "GetSamplingRules",
	"/SamplingTargets":  "GetSamplingTargets",
}

// Identify tells which operation of which service a request names, and in which protocol. Where
// nothing fits it returns false.
func Identify(r *http.Request, body []byte) (service, operation string, p Protocol, ok bool) {
	if t := r.Header.Get("X-Amz-Target"); t != "" {
		prefix, op, _ := strings.Cut(t, ".")
		s, ok := targetPrefixes[prefix]
		p := s.proto
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-amz-json-1.1") {
			p = JSON11
		}
		return s.service, op, p, ok
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/service/"); ok {
		name, op, _ := strings.Cut(rest, "/operation/")
		s, ok := targetPrefixes[name]
		return s.service, op, CBOR, ok
	}
	if r.Method != http.MethodPost {
		return "", "", 0, false
	}
	if e, ok := otlpPaths[r.URL.Path]; ok {
		return e.service, e.operation, OTLP, true
	}
	if op, ok := restPaths[r.URL.Path]; ok {
		return XRay, op, RESTJSON, true
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := parseForm(string(body))
		if err != nil {
			return "", "", 0, false
		}
		s, ok := queryVersions[form["Version"]]
		return s, form["Action"], Query, ok
	}
	return "", "", 0, false
}
