package awsconfig

import (
	"context"
	"errors"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsclock"
)

// skewCodes are those with which services refuse a signature whose time is wrong. They have other meanings, too.
var skewCodes = map[string]bool{
	"InvalidSignatureException": true, // JSON and CBOR
	"SignatureDoesNotMatch":     true, // query, STS among them
	"RequestTimeTooSkewed":      true, // S3
	"RequestExpired":            true, // EC2
	"RequestInTheFuture":        true,
	"AuthFailure":               true, // EC2
	"AccessDeniedException":     true, // services behind API Gateway
}

// correctClock sends a request once more that was refused for the time of its signature. The SDK's clients note the
// service's time at each answer, and sign by it from then on, but only its retries, which are off here, would make use
// of that for the request itself (aws-sdk-go-v2 1.43, aws/retry).
func correctClock(logger *zap.Logger) func(*middleware.Stack) error {
	resend := middleware.FinalizeMiddlewareFunc("CorrectClock", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		before := awsclock.Offset()
		out, metadata, err := next.HandleFinalize(ctx, in)
		ahead, ok := awsmiddleware.GetAttemptSkew(metadata)
		if !ok || err != nil && !isSkewCode(err) {
			return out, metadata, err
		}
		if awsclock.Learn(ahead) {
			tellClock(logger, awsclock.Offset())
		}
		if err == nil || max(ahead.Abs(), before.Abs()) < awsclock.Tolerated {
			return out, metadata, err
		}
		if rewindable, ok := in.Request.(interface{ RewindStream() error }); ok {
			if rewindable.RewindStream() != nil {
				return out, metadata, err // a body that can be read once only; the caller may send it again
			}
		}
		return next.HandleFinalize(ctx, in)
	})
	return func(stack *middleware.Stack) error {
		const retry = "Retry" // the ID of the SDK's retry.Attempt
		if _, ok := stack.Finalize.Get(retry); !ok {
			return nil // a presigned URL is not sent
		}
		return stack.Finalize.Insert(resend, retry, middleware.Before)
	}
}

func isSkewCode(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && skewCodes[api.ErrorCode()]
}

func tellClock(logger *zap.Logger, ahead time.Duration) {
	if ahead.Abs() < awsclock.Tolerated {
		logger.Info("this machine's clock is right again, by AWS's")
		return
	}
	logger.Warn("this machine's clock is wrong by AWS's; requests are signed for AWS's time, but the times of events are this machine's: set the clock",
		zap.Duration("aws_is_ahead", ahead.Round(time.Second)))
}
