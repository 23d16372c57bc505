package awslocal

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/sts"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// maxBody bounds a request, as sent and decompressed. A PutLogEvents batch of 1 MiB takes at most six
// times that as JSON (every byte escaped as \u00XX), beside 10,000 timestamps.
const maxBody = 8 << 20

// ServeHTTP implements http.Handler: the AWS APIs, the metadata endpoints, the control API under
// /_control/ and the status page.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, "/_control/"):
		s.control.ServeHTTP(w, r)
	case metadata.Handles(path):
		s.Metadata.ServeHTTP(w, r)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		s.page.ServeHTTP(w, r)
	default:
		s.serveAPI(w, r)
	}
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	raw := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(raw)
	raw.Reset()
	if _, err := raw.ReadFrom(io.LimitReader(r.Body, maxBody+1)); err != nil {
		return // the client went away while it sent
	}
	call := &wire.Call{
		Protocol: wire.JSON11, Region: s.options.Region, Account: s.options.Account,
		RequestID: requestID(), Now: s.options.Now(), Header: r.Header, Body: raw.Bytes(),
	}
	if raw.Len() > maxBody {
		s.write(w, wire.Encode(call, nil, tooLarge()))
		return
	}
	inflated, err := s.inflate(r, call)
	if inflated != nil {
		defer bodies.Put(inflated)
	}
	var handler wire.Handler
	known := false
	if err == nil {
		call.Service, call.Operation, call.Protocol, known = wire.Identify(r, call.Body)
		if !known {
			call.Protocol = wire.JSON11
		}
		handler = s.services[call.Service][call.Operation]
		if handler == nil {
			err = unknownOperation(call)
		}
	}
	if err != nil {
		s.write(w, wire.Encode(call, nil, err))
		return
	}
	count := s.counters.of(call.Service, call.Operation)
	count.calls.Add(1)
	output, err := s.answer(w, r, raw.Bytes(), call, handler)
	if errors.Is(err, errReset) {
		count.errors.Add(1)
		reset(w)
		return
	}
	if err != nil {
		count.errors.Add(1)
	}
	s.write(w, wire.Encode(call, output, err))
}

// errReset tells that the connection must be cut instead of answered.
var errReset = errors.New("connection reset by an injected fault")

// answer takes one call through authentication, quotas and faults to its handler.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, raw []byte, call *wire.Call, handler wire.Handler) (any, error) {
	if call.Service != wire.STS || !sts.Unsigned(call.Operation) {
		caller, refused := s.Keys.Verify(auth.Request{
			HTTP: r, RawBody: raw, Protocol: call.Protocol,
			Service: call.Service, Region: s.options.Region, Now: call.Now,
		})
		if refused != nil {
			return nil, refused
		}
		call.Caller = caller
	}
	if s.quotas != nil && !s.quotas.allow(call) {
		return nil, throttled(call.Service)
	}
	plan := s.Faults.Pick(call)
	if !s.wait(r, plan.Delay, plan.Stall) || plan.ResetBefore {
		return nil, errReset
	}
	if plan.Err != nil {
		return nil, plan.Err
	}
	call.RejectFirst = plan.RejectFirst
	output, err := handler(call)
	if plan.ResetAfter {
		return nil, errReset
	}
	return output, err
}

// wait sleeps for a fault. It returns false when the request must be given up: the client went away,
// the server stops, or the fault is a stall, which never answers.
func (s *Server) wait(r *http.Request, delay time.Duration, stall bool) bool {
	if delay == 0 && !stall {
		return true
	}
	var over <-chan time.Time
	if !stall {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
		return true
	case <-r.Context().Done():
	case <-s.stopping:
	}
	return false
}

// inflate replaces a gzip body by its content. The buffer, if any, belongs to the pool.
func (s *Server) inflate(r *http.Request, call *wire.Call) (*bytes.Buffer, error) {
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity", "amz-1.0": // amz-1.0 is what some SDKs write for the JSON protocols
		return nil, nil
	case "gzip":
	default:
		return nil, wire.Errorf("SerializationException", "content encoding %q is not supported; send gzip or none", encoding)
	}
	reader, ok := gzipReaders.Get().(*gzip.Reader)
	if !ok {
		reader = new(gzip.Reader)
	}
	defer gzipReaders.Put(reader)
	out := bodies.Get().(*bytes.Buffer)
	out.Reset()
	err := reader.Reset(bytes.NewReader(call.Body))
	if err == nil {
		_, err = out.ReadFrom(io.LimitReader(reader, maxBody+1))
	}
	if err != nil {
		return out, wire.Errorf("SerializationException", "the gzip body cannot be read: %v", err)
	}
	if out.Len() > maxBody {
		return out, tooLarge()
	}
	call.Body = out.Bytes()
	return out, nil
}

var gzipReaders sync.Pool

func tooLarge() error {
	return &wire.Error{Code: "RequestEntityTooLargeException", Status: http.StatusRequestEntityTooLarge,
		Message: fmt.Sprintf("Request is larger than %d bytes", maxBody)}
}

func unknownOperation(call *wire.Call) error {
	if call.Protocol == wire.Query {
		return wire.Errorf("InvalidAction", "Could not find operation %s", call.Operation)
	}
	return &wire.Error{Code: "UnknownOperationException", Status: http.StatusNotFound,
		Message: fmt.Sprintf("cloudwatch-local does not know the operation %q of service %q", call.Operation, call.Service)}
}

func (s *Server) write(w http.ResponseWriter, result wire.Result) {
	header := w.Header()
	for name, values := range result.Header {
		header[name] = values
	}
	header.Set("Content-Length", strconv.Itoa(len(result.Body)))
	w.WriteHeader(result.Status)
	_, _ = w.Write(result.Body) // the client may have gone away; there is nobody to tell
}

// reset cuts the connection so that the client sees a reset, not an orderly end.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2: the server resets the stream
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

// requestID is a random UUID, as AWS's request ids are.
func requestID() string {
	var b [16]byte
	rand.Read(b[:]) // never returns an error
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
