package otlpreceiver

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/otlpreceiver/internal/weight"
)

// retryAfter is what a sender that is refused for now is told to wait.
const retryAfter = time.Second

// incoming is a request, whatever protocol it came by.
type incoming struct {
	signal *signal
	format format
	report *receiverhelper.ObsReport
	// header is what the request takes before its body is read.
	header http.Header
	// read reads the body, within the grant.
	read func(ctx context.Context, g *grant) ([]byte, error)
}

// answer is what a sender is told. status is nil where all was taken; http is the code over HTTP where the status does not
// say it.
type answer struct {
	status *status.Status
	http   int
}

const (
	// emptyRequest is a goroutine, its stack and a request without headers: 14 KB were measured over HTTP/2.
	emptyRequest = 16 << 10
	headerField  = 64
)

// requestCost is the memory of a request before its body is read, in bytes.
func requestCost(header http.Header) int64 {
	cost := int64(emptyRequest)
	for name, values := range header {
		for _, value := range values {
			cost += headerField + int64(len(name)+len(value))
		}
	}
	return cost
}

// take reads a request, decodes it and hands it on, within the receiver's memory.
func (r *otlp) take(ctx context.Context, in incoming) answer {
	g := r.admission.begin()
	defer g.end()
	began := requestCost(in.header)
	if err := g.grow(ctx, began); err != nil {
		return r.refused(err)
	}
	text, err := in.read(ctx, g)
	if err != nil {
		return r.refused(err)
	}
	bytes, err := in.signal.estimate(in.format, text)
	if err != nil {
		return r.refused(err)
	}
	if err := g.to(ctx, began+bytes); err != nil {
		return r.refused(err)
	}
	invalid, err := in.signal.consume(ctx, in.format, text, in.report)
	switch {
	case err == nil:
		return answer{}
	case invalid:
		return r.refused(err)
	}
	if s, ok := status.FromError(err); ok {
		return answer{status: s}
	}
	if consumererror.IsPermanent(err) {
		return answer{status: status.New(codes.Internal, err.Error())}
	}
	return answer{status: status.New(codes.Unavailable, err.Error())}
}

// refused is the answer to a request that did not reach the pipeline.
func (r *otlp) refused(err error) answer {
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, errBusy):
		r.observer.refused(reasonBusy, err)
		s := status.New(codes.Unavailable, err.Error())
		if with, e := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)}); e == nil {
			s = with
		}
		return answer{status: s}
	case errors.Is(err, errTooLarge), errors.Is(err, errBodyTooLarge), errors.As(err, &tooLong):
		// Without RetryInfo it tells a sender not to repeat it.
		r.observer.refused(reasonTooLarge, err)
		return answer{status.New(codes.ResourceExhausted, err.Error()), http.StatusRequestEntityTooLarge}
	case errors.Is(err, weight.ErrDepth):
		r.observer.refused(reasonTooDeep, err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.Canceled), errors.Is(err, os.ErrDeadlineExceeded):
		r.observer.refused(reasonIncomplete, err)
		return answer{status.New(codes.Canceled, err.Error()), http.StatusBadRequest}
	default:
		r.observer.refused(reasonInvalid, err)
	}
	return answer{status: status.New(codes.InvalidArgument, err.Error())}
}
