package otlpreceiver

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	upstream "go.opentelemetry.io/collector/receiver/otlpreceiver"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/otlpreceiver/internal/weight"
)

// Config is the receiver's. Keys that upstream's receiver has mean what they mean there.
type Config struct {
	Protocols upstream.Protocols `mapstructure:"protocols"`
	// Limits bound what senders can take of this process.
	Limits Limits `mapstructure:"limits"`
}

// Limits bound memory and connections.
type Limits struct {
	// MaxInFlight is the memory of all requests that are being read, decoded or waited for, in bytes as they are
	// estimated. A request that has more by itself is refused for good, and others for now. Default: 128 MiB, and not more
	// than a quarter of GOMEMLIMIT.
	MaxInFlight int64 `mapstructure:"max_in_flight"`
	// MaxConnections is how many connections each protocol has at once. Default: 512.
	MaxConnections int `mapstructure:"max_connections"`
}

const (
	// maxDefaultInFlight holds a batch of 8,192 records, spans or data points with 25 attributes of the resource, which the
	// batch processor of another collector sends.
	maxDefaultInFlight    = 128 << 20
	defaultMaxConnections = 512
	// minInFlight holds a request of a sender with default settings.
	minInFlight = 1 << 20

	// defaultMaxBody is the size of a request over HTTP after it was decompressed, as upstream has it.
	defaultMaxBody    = 20 << 20
	defaultMaxMessage = 4 // MiB, as grpc-go has it

	// A sender that is slow holds a connection and what it has sent of a request.
	defaultReadTimeout   = 30 * time.Second
	defaultHeaderTimeout = 5 * time.Second
	defaultIdleTimeout   = time.Minute
	// defaultGRPCIdleTimeout is long, for clients keep one connection and send seldom.
	defaultGRPCIdleTimeout = 10 * time.Minute
	// defaultStreams is how many requests a connection may have at once.
	defaultStreams = 16
)

// defaultMaxInFlight leaves most of the process's memory, in bytes, to others.
func defaultMaxInFlight(memory int64) int64 {
	return max(minInFlight, min(maxDefaultInFlight, memory/4))
}

func createDefaultConfig() component.Config {
	grpc := configgrpc.NewDefaultServerConfig()
	grpc.NetAddr.Endpoint = "localhost:4317"
	grpc.MaxRecvMsgSizeMiB = defaultMaxMessage
	grpc.MaxConcurrentStreams = defaultStreams
	http := confighttp.NewDefaultServerConfig()
	http.NetAddr.Endpoint = "localhost:4318"
	http.MaxRequestBodySize = defaultMaxBody
	http.ReadTimeout, http.ReadHeaderTimeout, http.IdleTimeout = defaultReadTimeout, defaultHeaderTimeout, defaultIdleTimeout
	http.WriteTimeout = 0 // an answer may wait for CloudWatch's
	return &Config{
		Protocols: upstream.Protocols{
			GRPC: configoptional.Default(grpc),
			HTTP: configoptional.Default(upstream.HTTPConfig{
				ServerConfig: http, TracesURLPath: "/v1/traces", MetricsURLPath: "/v1/metrics", LogsURLPath: "/v1/logs",
			}),
		},
		Limits: Limits{MaxInFlight: defaultMaxInFlight(debug.SetMemoryLimit(-1)), MaxConnections: defaultMaxConnections},
	}
}

// Validate returns every mistake.
func (c *Config) Validate() error {
	var errs []error
	if !c.Protocols.GRPC.HasValue() && !c.Protocols.HTTP.HasValue() {
		errs = append(errs, errors.New("protocols: name grpc, http or both"))
	}
	if c.Limits.MaxInFlight < minInFlight {
		errs = append(errs, fmt.Errorf("limits::max_in_flight: %d bytes do not hold a request; use %d or more, or leave it out for %d", c.Limits.MaxInFlight, minInFlight, defaultMaxInFlight(debug.SetMemoryLimit(-1))))
	}
	if c.Limits.MaxConnections < 1 {
		errs = append(errs, fmt.Errorf("limits::max_connections: %d: use 1 or more, or leave it out for %d", c.Limits.MaxConnections, defaultMaxConnections))
	}
	if c.Protocols.GRPC.HasValue() {
		if g := c.Protocols.GRPC.Get(); len(g.Middlewares) > 0 {
			errs = append(errs, errors.New("protocols::grpc::middlewares: this receiver has none for gRPC; leave them out"))
		}
	}
	if c.Protocols.HTTP.HasValue() {
		errs = append(errs, validatePaths(c.Protocols.HTTP.Get()))
	}
	return errors.Join(errs...)
}

// validatePaths refuses paths that net/http does not take, and one path for two signals, of which one alone would be served.
func validatePaths(c *upstream.HTTPConfig) error {
	var errs []error
	mux := http.NewServeMux()
	for _, p := range []struct {
		key  string
		path upstream.SanitizedURLPath
	}{{"traces_url_path", c.TracesURLPath}, {"metrics_url_path", c.MetricsURLPath}, {"logs_url_path", c.LogsURLPath}} {
		if !handles(mux, string(p.path)) {
			errs = append(errs, fmt.Errorf("protocols::http::%s: %q cannot be served; use a path that no other signal has, without spaces, and with braces around whole parts alone", p.key, p.path))
		}
	}
	return errors.Join(errs...)
}

// beyondMemory returns a key that allows requests, in bytes, for which max_in_flight has no room. Defaults are not told.
func (c *Config) beyondMemory() (key string, size int64) {
	if c.Protocols.GRPC.HasValue() {
		mib := c.Protocols.GRPC.Get().MaxRecvMsgSizeMiB
		if size = int64(mib) << 20; mib > defaultMaxMessage && weight.TextTimes*size > c.Limits.MaxInFlight {
			return "protocols::grpc::max_recv_msg_size_mib", size
		}
	}
	if c.Protocols.HTTP.HasValue() {
		if size = c.Protocols.HTTP.Get().ServerConfig.MaxRequestBodySize; size > defaultMaxBody && weight.TextTimes*size > c.Limits.MaxInFlight {
			return "protocols::http::max_request_body_size", size
		}
	}
	return "", 0
}

// handles adds a path, and reports whether the mux takes it.
func handles(mux *http.ServeMux, path string) (ok bool) {
	defer func() { ok = recover() == nil }() // what Handle has for errors
	mux.Handle(path, http.NotFoundHandler())
	return true
}
