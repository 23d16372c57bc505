package exporters

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestRetryInfoAsksForNoMoreThanTheBound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ asks, want *durationpb.Duration }{
		"little":   {durationpb.New(time.Second), durationpb.New(time.Second)},
		"a day":    {durationpb.New(24 * time.Hour), durationpb.New(time.Minute)},
		"absurd":   {&durationpb.Duration{Seconds: 1 << 62}, durationpb.New(time.Minute)},
		"negative": {durationpb.New(-time.Hour), durationpb.New(-time.Hour)},
		"nothing":  {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := status.New(codes.Unavailable, "busy").WithDetails(&errdetails.DebugInfo{Detail: "kept"}, &errdetails.RetryInfo{RetryDelay: tt.asks})
			require.NoError(t, err)
			_, err = bindStatus(s.Err(), time.Minute)
			got := status.Convert(err)
			assert.Equal(t, codes.Unavailable, got.Code())
			assert.Equal(t, "busy", got.Message())
			require.Len(t, got.Details(), 2)
			assert.Equal(t, "kept", got.Details()[0].(*errdetails.DebugInfo).GetDetail())
			assert.Equal(t, tt.want.AsDuration(), got.Details()[1].(*errdetails.RetryInfo).GetRetryDelay().AsDuration())
		})
	}
	plain := errors.New("dial")
	_, err := bindStatus(plain, time.Minute)
	assert.Same(t, plain, err)
	_, err = bindStatus(nil, time.Minute)
	assert.NoError(t, err)
}
