package awsconfig

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"go.uber.org/zap"
)

// refusals are the codes with which services turn credentials down as such. AccessDenied is none: the
// credentials are good there, and others of the same identity would be denied, too.
var refusals = map[string]bool{
	"ExpiredToken":                true, // the query and XML protocols, STS and S3 among them
	"ExpiredTokenException":       true, // the JSON and CBOR protocols
	"UnrecognizedClientException": true, // unknown key or wrong token, JSON and CBOR
	"InvalidClientTokenId":        true, // the same, query
	"InvalidAccessKeyId":          true, // the same, S3
	"RequestExpired":              true, // EC2, for an expired token too
}

// IsRefusal tells whether a service has turned the credentials of a call down as such.
func IsRefusal(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && refusals[api.ErrorCode()]
}

// useKey is the context's key for the credentials that a layer gave to a call.
type useKey struct{ *layer }

func noteUse(ctx context.Context, l *layer, c aws.Credentials) {
	if use, ok := ctx.Value(useKey{l}).(*atomic.Pointer[aws.Credentials]); ok {
		use.Store(&c)
	}
}

// refreshOnRefusal sends a request once more, with other credentials, when the service has turned its
// credentials down. It stands outside of the SDK's retries, which do not happen for these errors.
func refreshOnRefusal(l *layer) func(*middleware.Stack) error {
	resend := middleware.FinalizeMiddlewareFunc("RefreshRefusedCredentials", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		used := new(atomic.Pointer[aws.Credentials])
		ctx = context.WithValue(ctx, useKey{l}, used)
		out, metadata, err := next.HandleFinalize(ctx, in)
		if err == nil || !IsRefusal(err) || used.Load() == nil {
			return out, metadata, err
		}
		changed, refreshErr := l.refresh(ctx, *used.Load())
		if refreshErr != nil {
			l.logger.Warn("a service refused the AWS credentials, and no others could be fetched",
				zap.Error(refreshErr), zap.NamedError("refusal", err))
		}
		if !changed {
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
