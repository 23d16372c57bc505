package metrics

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// now is the time of all tests, a whole hour.
var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func newService(c Config) *Service {
	c.Now = func() time.Time { return now }
	c.Region, c.Account = "us-east-1", "123456789012"
	return New(c)
}

type m = map[string]any

// call calls an operation in JSON, with now as the time.
func call(s *Service, operation string, in any) (any, error) {
	return callAt(s, now, operation, in)
}

func callAt(s *Service, at time.Time, operation string, in any) (any, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return s.Operations()[operation](&wire.Call{
		Service: wire.Monitoring, Operation: operation, Protocol: wire.JSON10, Now: at, Account: "123456789012", Body: body,
	})
}

// answer is the answer of a call that must succeed.
func answer[T any](t testing.TB, s *Service, operation string, in any) *T {
	t.Helper()
	out, err := call(s, operation, in)
	require.NoError(t, err)
	return out.(*T)
}

func put(t testing.TB, s *Service, namespace string, data ...m) {
	t.Helper()
	out, err := call(s, "PutMetricData", m{"Namespace": namespace, "MetricData": data})
	require.NoError(t, err)
	require.Nil(t, out)
}

// requireError checks the code, in the query protocol's words, and the message.
func requireError(t testing.TB, err error, queryCode, message string) {
	t.Helper()
	var e *wire.Error
	require.True(t, errors.As(err, &e), "%v", err)
	require.Equal(t, queryCode, e.QueryCode, e.Message)
	require.Contains(t, e.Message, message)
}

// sec is a time in a JSON request.
func sec(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// encodeBody is a request in another protocol.
func encodeBody(t testing.TB, p wire.Protocol, in m) []byte {
	t.Helper()
	switch p {
	case wire.CBOR:
		b, err := cbor.Marshal(in)
		require.NoError(t, err)
		return b
	case wire.Query:
		form := url.Values{}
		flatten(form, "", in)
		return []byte(form.Encode())
	default:
		b, err := json.Marshal(in)
		require.NoError(t, err)
		return b
	}
}

func flatten(form url.Values, at string, v any) {
	switch v := v.(type) {
	case m:
		for k, x := range v {
			flatten(form, join(at, k), x)
		}
	case []m:
		for i, x := range v {
			flatten(form, fmt.Sprintf("%s.member.%d", at, i+1), x)
		}
	case []any:
		for i, x := range v {
			flatten(form, fmt.Sprintf("%s.member.%d", at, i+1), x)
		}
	case time.Time:
		form.Set(at, v.Format(time.RFC3339))
	default:
		form.Set(at, fmt.Sprint(v))
	}
}
