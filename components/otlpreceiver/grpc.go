package otlpreceiver

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"go.uber.org/zap"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// grpcServer serves OTLP over gRPC: unary calls over HTTP/2, as gRPC's PROTOCOL-HTTP2.md has them. grpc-go's own server reads
// and decodes a message before anything that it calls could reserve memory.
func (r *otlp) grpcServer(ctx context.Context, c *configgrpc.ServerConfig, host component.Host) (*http.Server, error) {
	limit := int64(c.MaxRecvMsgSizeMiB) << 20
	if limit <= 0 {
		limit = defaultMaxMessage << 20
	}
	methods := map[string]*signal{}
	for _, s := range []*signal{r.logs, r.metrics, r.traces} {
		if s != nil {
			methods[s.path] = s
		}
	}
	over := confighttp.ServerConfig{
		NetAddr: c.NetAddr, TLS: c.TLS, IncludeMetadata: c.IncludeMetadata, KeepAlivesEnabled: true,
		MaxRequestBodySize: limit + prefixSize, ReadTimeout: defaultReadTimeout, ReadHeaderTimeout: defaultHeaderTimeout, IdleTimeout: defaultGRPCIdleTimeout,
	}
	keep := keepalive(c)
	if keep.MaxConnectionIdle > 0 {
		over.IdleTimeout = keep.MaxConnectionIdle
	}
	handler := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.serveGRPC(w, q, methods[q.URL.Path], limit)
	}))
	if c.Auth.HasValue() {
		auth, err := c.Auth.Get().GetServerAuthenticator(ctx, host.GetExtensions())
		if err != nil {
			return nil, err
		}
		handler = authenticated(auth, handler)
	}
	server, err := r.server(ctx, over, host, aging(keep.MaxConnectionAge, handler))
	if err != nil {
		return nil, err
	}
	server.Handler = r.calls.bound(binaryMetadata(server.Handler))
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(r.calls.attach(ctx, c), openedKey{}, time.Now())
	}
	server.HTTP2.SendPingTimeout, server.HTTP2.PingTimeout = keep.Time, keep.Timeout
	r.tellUnused(c)
	if c.MaxConcurrentStreams > 0 {
		server.HTTP2.MaxConcurrentStreams = int(c.MaxConcurrentStreams)
	}
	server.Protocols = &http.Protocols{}
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return server, nil
}

func keepalive(c *configgrpc.ServerConfig) configgrpc.KeepaliveServerParameters {
	if c.Keepalive.HasValue() && c.Keepalive.Get().ServerParameters.HasValue() {
		return *c.Keepalive.Get().ServerParameters.Get()
	}
	return configgrpc.KeepaliveServerParameters{}
}

// lifetime is how long a connection may last, requests or not. 0: it has no bound.
func lifetime(keep configgrpc.KeepaliveServerParameters) time.Duration {
	if keep.MaxConnectionAge <= 0 || keep.MaxConnectionAgeGrace <= 0 {
		return 0
	}
	return keep.MaxConnectionAge + keep.MaxConnectionAgeGrace
}

type openedKey struct{}

// aging tells a client to leave a connection that is older than age: its requests are answered, and it opens another one.
func aging(age time.Duration, next http.Handler) http.Handler {
	if age <= 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if opened, ok := q.Context().Value(openedKey{}).(time.Time); ok && time.Since(opened) >= age {
			w.Header().Set("Connection", "close") // net/http makes GOAWAY of it
		}
		next.ServeHTTP(w, q)
	})
}

// authenticated lets those through whom an extension knows. confighttp would answer others as HTTP does.
func authenticated(by extensionauth.Server, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		sources := make(map[string][]string, len(q.Header)+1)
		for name, values := range q.Header { // as gRPC has them
			sources[strings.ToLower(name)] = values
		}
		sources[":authority"] = []string{q.Host}
		ctx, err := by.Authenticate(q.Context(), sources)
		if err != nil {
			s, ok := status.FromError(err)
			if !ok {
				s = status.New(codes.Unauthenticated, err.Error())
			}
			writeGRPC(w, s, nil)
			return
		}
		next.ServeHTTP(w, q.WithContext(ctx))
	})
}

// binaryMetadata decodes headers that gRPC has in base64, those whose names end in -bin, for what follows. Others are left.
func binaryMetadata(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		for name, values := range q.Header {
			if !strings.HasSuffix(name, "-Bin") {
				continue
			}
			for i, value := range values {
				if text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "=")); err == nil {
					values[i] = string(text)
				}
			}
		}
		next.ServeHTTP(w, q)
	})
}

// tellUnused names the keys that are set and do nothing here.
func (r *otlp) tellUnused(c *configgrpc.ServerConfig) {
	var keys []string
	if c.ReadBufferSize > 0 {
		keys = append(keys, "read_buffer_size")
	}
	if c.WriteBufferSize > 0 {
		keys = append(keys, "write_buffer_size")
	}
	// An empty policy is upstream's default.
	if c.Keepalive.HasValue() && c.Keepalive.Get().EnforcementPolicy.HasValue() && *c.Keepalive.Get().EnforcementPolicy.Get() != (configgrpc.KeepaliveEnforcementPolicy{}) {
		keys = append(keys, "keepalive::enforcement_policy")
	}
	if len(keys) > 0 {
		r.set.Logger.Warn("Keys of protocols::grpc have no effect in this receiver: its buffers have a fixed size, and clients may ping as often as they like. Leave them out",
			zap.Strings("keys", keys))
	}
}

// prefixSize is of a message: whether it is compressed, and its length.
const prefixSize = 5

const grpcMedia = "application/grpc"

// isGRPC reports whether a media type is gRPC's: it may name what messages are written in. gRPC-Web is another protocol.
func isGRPC(media string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(media), grpcMedia)
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

func (r *otlp) serveGRPC(w http.ResponseWriter, q *http.Request, s *signal, limit int64) {
	if q.Method != http.MethodPost || !isGRPC(q.Header.Get("Content-Type")) {
		http.Error(w, "gRPC is served here; OTLP over HTTP has an endpoint of its own", http.StatusUnsupportedMediaType)
		return
	}
	if s == nil {
		writeGRPC(w, status.New(codes.Unimplemented, "unknown method "+q.URL.Path), nil)
		return
	}
	ctx := q.Context()
	if given := q.Header.Get("Grpc-Timeout"); given != "" {
		timeout, err := grpcTimeout(given)
		if err != nil {
			writeGRPC(w, status.New(codes.InvalidArgument, err.Error()), nil)
			return
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	encoding := q.Header.Get("Grpc-Encoding")
	switch encoding {
	case "", "identity", "gzip", "zstd":
	case "snappy": // by this name gRPC has the framed format
		encoding = "x-snappy-framed"
	default:
		w.Header().Set("Grpc-Accept-Encoding", "identity,gzip,snappy,zstd")
		writeGRPC(w, status.New(codes.Unimplemented, fmt.Sprintf("compression %q is not supported; use gzip, snappy or zstd", encoding)), nil)
		return
	}
	a := r.take(ctx, incoming{signal: s, format: protobuf, report: r.grpcReport, header: q.Header, read: func(ctx context.Context, g *grant) ([]byte, error) {
		return message(ctx, g, q.Body, encoding, limit)
	}})
	if a.status != nil {
		writeGRPC(w, a.status, nil)
		return
	}
	text, err := s.empty(protobuf)
	if err != nil {
		writeGRPC(w, status.New(codes.Internal, err.Error()), nil)
		return
	}
	writeGRPC(w, nil, text)
}

// message reads the one message of a unary call.
func message(ctx context.Context, g *grant, from io.Reader, encoding string, limit int64) ([]byte, error) {
	var prefix [prefixSize]byte
	if _, err := io.ReadFull(from, prefix[:]); err != nil {
		return nil, err
	}
	length := int64(binary.BigEndian.Uint32(prefix[1:]))
	if length > limit {
		return nil, errBodyTooLarge
	}
	if prefix[0]&1 == 0 {
		encoding = ""
	}
	rest := &io.LimitedReader{R: from, N: length}
	text, err := body(ctx, g, rest, encoding, limit, 0)
	if err == nil && encoding == "" && int64(len(text)) < length {
		err = io.ErrUnexpectedEOF
	}
	return text, err
}

// writeGRPC answers a call, with a message or a status that says why there is none.
func writeGRPC(w http.ResponseWriter, s *status.Status, text []byte) {
	answering(w)
	h := w.Header()
	h.Set("Content-Type", grpcMedia)
	if s != nil { // headers alone
		h.Set("Grpc-Status", strconv.Itoa(int(s.Code())))
		h.Set("Grpc-Message", percentEncoded(s.Message()))
		if len(s.Proto().GetDetails()) > 0 {
			if details, err := proto.Marshal(s.Proto()); err == nil {
				h.Set("Grpc-Status-Details-Bin", base64.RawStdEncoding.EncodeToString(details))
			}
		}
		w.WriteHeader(http.StatusOK)
		return
	}
	h.Set("Trailer", "Grpc-Status")
	w.WriteHeader(http.StatusOK)
	framed := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(text)))
	_, _ = w.Write(append(framed, text...)) // a sender that has gone sends it again
	answered(w)
	h.Set("Grpc-Status", "0")
}

// percentEncoded is a message as gRPC has it in a header.
func percentEncoded(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

var timeoutUnits = map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second, 'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond}

// maxTimeoutDigits is gRPC's: a number of hours of 8 digits would not fit into a duration, so that is cut off at maxTimeout.
const (
	maxTimeoutDigits = 8
	maxTimeout       = 24 * time.Hour
)

func grpcTimeout(text string) (time.Duration, error) {
	if len(text) < 2 || len(text) > maxTimeoutDigits+1 {
		return 0, fmt.Errorf("grpc-timeout: %q is not a number and a unit", text)
	}
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	unit, ok := timeoutUnits[text[len(text)-1]]
	if err != nil || !ok {
		return 0, fmt.Errorf("grpc-timeout: %q is not a number and a unit", text)
	}
	if n > uint64(maxTimeout/unit) {
		return maxTimeout, nil
	}
	return time.Duration(n) * unit, nil
}

// retryDelay is how long a status tells to wait. 0: it does not.
func retryDelay(s *status.Status) time.Duration {
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}
