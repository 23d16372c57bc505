package otlpreceiver

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	upstream "go.opentelemetry.io/collector/receiver/otlpreceiver"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// encodings are those that senders may use, as upstream's receiver takes them.
var encodings = []string{"", "gzip", "zstd", "zlib", "snappy", "deflate", "lz4", "x-snappy-framed"}

type encodingKey struct{}

// httpServer serves OTLP over HTTP.
func (r *otlp) httpServer(ctx context.Context, c *upstream.HTTPConfig, host component.Host) (*http.Server, error) {
	mux := http.NewServeMux()
	limit, allowed := c.ServerConfig.MaxRequestBodySize, c.ServerConfig.CompressionAlgorithms
	if limit <= 0 { // as upstream reads it
		limit = defaultMaxBody
	}
	if allowed == nil {
		allowed = encodings
	}
	for path, s := range map[upstream.SanitizedURLPath]*signal{c.LogsURLPath: r.logs, c.MetricsURLPath: r.metrics, c.TracesURLPath: r.traces} {
		if s != nil {
			mux.Handle(string(path), r.httpHandler(s, limit, allowed))
		}
	}
	server, err := r.server(ctx, c.ServerConfig, host, mux, confighttp.WithErrorHandler(httpError))
	if err != nil {
		return nil, err
	}
	// confighttp would decompress before anything is reserved. So it does not get to see that a body is compressed.
	inner := server.Handler
	server.ConnContext = r.calls.attach
	server.Handler = r.calls.bound(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		encoding := q.Header.Get("Content-Encoding")
		q.Header.Del("Content-Encoding")
		inner.ServeHTTP(w, q.WithContext(context.WithValue(q.Context(), encodingKey{}, encoding)))
	}))
	return server, nil
}

// server makes a server of a configuration, with the bounds that it has no keys for.
func (r *otlp) server(ctx context.Context, c confighttp.ServerConfig, host component.Host, handler http.Handler, options ...confighttp.ToServerOption) (*http.Server, error) {
	c.CompressionAlgorithms = []string{""}
	server, err := c.ToServer(ctx, host.GetExtensions(), r.set.TelemetrySettings, handler, options...)
	if err != nil {
		return nil, err
	}
	server.MaxHeaderBytes = maxHeader
	server.HTTP2 = &http.HTTP2Config{
		MaxConcurrentStreams: defaultStreams, MaxReceiveBufferPerConnection: connectionBuffer, MaxReceiveBufferPerStream: streamBuffer,
		WriteByteTimeout: answerTimeout,
	}
	server.ErrorLog = r.observer.serverLog()
	return server, nil
}

const (
	// maxHeader is far above what senders need. The default of 1 MiB makes 20 MB of a header of short lines, in each connection.
	maxHeader = 16 << 10
	// connectionBuffer and streamBuffer are what HTTP/2 takes in of bodies that nothing reads yet.
	connectionBuffer = 256 << 10
	streamBuffer     = 128 << 10
)

func (r *otlp) httpHandler(s *signal, limit int64, allowed []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method != http.MethodPost {
			http.Error(w, fmt.Sprintf("%d method not allowed, supported: [POST]", http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		f, ok := formatOf(q)
		if !ok {
			http.Error(w, fmt.Sprintf("%d unsupported media type, supported: [application/json, application/x-protobuf]", http.StatusUnsupportedMediaType), http.StatusUnsupportedMediaType)
			return
		}
		encoding, _ := q.Context().Value(encodingKey{}).(string)
		if len(allowed) == 0 { // bodies are taken as they are
			encoding = ""
		} else if !slices.Contains(allowed, encoding) {
			writeHTTP(w, q, r.refused(fmt.Errorf("unsupported Content-Encoding: %q", encoding)))
			return
		}
		a := r.take(q.Context(), incoming{signal: s, format: f, report: r.httpReport, header: q.Header, read: func(ctx context.Context, g *grant) ([]byte, error) {
			return body(ctx, g, q.Body, encoding, limit, q.ContentLength)
		}})
		if a.status != nil {
			writeHTTP(w, q, a)
			return
		}
		text, err := s.empty(f)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		write(w, f, http.StatusOK, text)
	})
}

// httpError answers with what confighttp has found, such as that a request has no valid token.
func httpError(w http.ResponseWriter, q *http.Request, text string, code int) {
	c := codes.InvalidArgument
	switch code {
	case http.StatusUnauthorized:
		c = codes.Unauthenticated
	case http.StatusForbidden:
		c = codes.PermissionDenied
	}
	writeHTTP(w, q, answer{status.New(c, text), code})
}

func formatOf(q *http.Request) (format, bool) {
	media, _, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	switch {
	case err != nil:
	case media == "application/x-protobuf":
		return protobuf, true
	case media == "application/json":
		return jsonText, true
	}
	return jsonText, false
}

// writeHTTP answers with an error, in the sender's format.
func writeHTTP(w http.ResponseWriter, q *http.Request, a answer) {
	f, _ := formatOf(q)
	code := a.http
	if code == 0 {
		code = httpCode(a.status.Code())
	}
	if delay := retryDelay(a.status); delay > 0 && (code == http.StatusServiceUnavailable || code == http.StatusTooManyRequests) {
		w.Header().Set("Retry-After", strconv.Itoa(int(max(delay/time.Second, 1))))
	}
	text, err := proto.Marshal(a.status.Proto())
	if f == jsonText {
		text, err = protojson.Marshal(a.status.Proto())
	}
	if err != nil {
		http.Error(w, a.status.Message(), code)
		return
	}
	write(w, f, code, text)
}

func write(w http.ResponseWriter, f format, code int, text []byte) {
	answering(w)
	media := "application/x-protobuf"
	if f == jsonText {
		media = "application/json"
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(code)
	_, _ = w.Write(text) // a sender that has gone sends it again
	answered(w)
}

// httpCode is the code of a status, from which a sender sees whether to send again (OTLP specification, "Failures").
func httpCode(c codes.Code) int {
	switch c {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		return http.StatusServiceUnavailable
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.InvalidArgument:
		return http.StatusBadRequest
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	case codes.PermissionDenied:
		return http.StatusForbidden
	case codes.Unimplemented:
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}
