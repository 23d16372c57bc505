package exporters

import (
	"context"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.uber.org/zap"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/retryafter"
)

// middleware wraps an exporter's client as an extension would that its configuration names.
type middleware struct {
	component.StartFunc
	component.ShutdownFunc
	limit  time.Duration
	logger *zap.Logger
	once   sync.Once
}

var (
	_ extensionmiddleware.HTTPClient = (*middleware)(nil)
	_ extensionmiddleware.GRPCClient = (*middleware)(nil)
)

// tell says once that an answer asked for more than is obeyed.
func (m *middleware) tell(asked time.Duration) {
	if asked <= m.limit {
		return
	}
	m.once.Do(func() {
		m.logger.Warn("an answer asks to wait for longer than max_retry_after, which is obeyed instead; further ones are not told",
			zap.Duration("asked", asked), zap.Duration("max_retry_after", m.limit))
	})
}

// GetHTTPRoundTripper implements extensionmiddleware.HTTPClient.
func (m *middleware) GetHTTPRoundTripper(context.Context) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(_ context.Context, next http.RoundTripper) (http.RoundTripper, error) {
		return &transport{next: next, middleware: m}, nil
	}, nil
}

type transport struct {
	next       http.RoundTripper
	middleware *middleware
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(r)
	if answer != nil {
		t.middleware.tell(retryafter.Bind(answer.Header, t.middleware.limit))
	}
	return answer, err
}

// GetGRPCClientOptions implements extensionmiddleware.GRPCClient.
func (m *middleware) GetGRPCClientOptions(context.Context) ([]grpc.DialOption, error) {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(
		func(ctx context.Context, method string, request, reply any, c *grpc.ClientConn, invoke grpc.UnaryInvoker, o ...grpc.CallOption) error {
			asked, err := bindStatus(invoke(ctx, method, request, reply, c, o...), m.limit)
			m.tell(asked)
			return err
		})}, nil
}

// bindStatus rewrites the RetryInfo of a call's error so that it asks for no more than limit. It returns what was asked for.
func bindStatus(err error, limit time.Duration) (time.Duration, error) {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return 0, err
	}
	var asked time.Duration
	p := s.Proto() // a copy
	for i, detail := range p.GetDetails() {
		info := &errdetails.RetryInfo{}
		if !detail.MessageIs(info) || detail.UnmarshalTo(info) != nil {
			continue
		}
		delay := info.GetRetryDelay().AsDuration() // saturates
		if asked = max(asked, delay); delay <= limit {
			continue
		}
		info.RetryDelay = durationpb.New(limit)
		if bound, e := anypb.New(info); e == nil {
			p.Details[i] = bound
		}
	}
	if asked <= limit {
		return asked, err
	}
	return asked, status.ErrorProto(p)
}
