package awsconfig

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsclock"
)

// skewed is a service whose clock is ahead of this machine's. It refuses signatures that are older or newer than five
// minutes, as AWS does (IAM User Guide, "Signature Version 4"), and says its own time.
type skewed struct {
	ahead          atomic.Int64
	taken, refused atomic.Int32
}

func (s *skewed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now().Add(time.Duration(s.ahead.Load()))
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || now.Sub(signed).Abs() > 5*time.Minute {
		s.refused.Add(1)
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"InvalidSignatureException","message":"Signature expired"}`)
		return
	}
	s.taken.Add(1)
	_ = json.NewEncoder(w).Encode(map[string]any{"Parameters": []any{}})
}

func TestWrongClockCostsOneRequestMore(t *testing.T) {
	t.Cleanup(func() { awsclock.Learn(0) })
	for _, v := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(v, "AKIAIOSFODNN7EXAMPLE")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, ahead := range []time.Duration{20 * time.Minute, -20 * time.Minute, 24 * time.Hour, -24 * time.Hour} {
		server := &skewed{}
		server.ahead.Store(int64(ahead))
		listener := httptest.NewServer(server)
		session, err := Load(t.Context(), Config{Region: "us-east-1", Endpoint: listener.URL}, Options{})
		require.NoError(t, err)
		client := ssm.NewFromConfig(session.Config, func(o *ssm.Options) { o.Retryer = aws.NopRetryer{} })
		ask := func() {
			t.Helper()
			_, err := client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/x"}})
			require.NoError(t, err, "%s ahead", ahead)
		}
		ask()
		ask()
		assert.Equal(t, int32(2), server.taken.Load())
		assert.Equal(t, int32(1), server.refused.Load(), "the first; from then on the time is known")
		assert.InDelta(t, ahead, awsclock.Offset(), float64(time.Minute))

		server.ahead.Store(0) // somebody sets the clock
		ask()
		assert.InDelta(t, 0, awsclock.Offset(), float64(time.Minute))
		session.Close()
		listener.Close()
	}
}

func TestCredentialsEndByTheClockOfAWS(t *testing.T) {
	t.Cleanup(func() { awsclock.Learn(0) })
	now := time.Now()
	for _, ahead := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		awsclock.Learn(ahead)
		theirs := now.Add(ahead)
		lives := &fetched{Credentials: aws.Credentials{CanExpire: true, Expires: theirs.Add(time.Hour)}}
		ended := &fetched{Credentials: aws.Credentials{CanExpire: true, Expires: theirs.Add(-time.Minute)}}
		assert.True(t, good(lives, now), "AWS is %s ahead", ahead)
		assert.False(t, good(ended, now), "AWS is %s ahead", ahead)
		due := dueAt(now, lives.Credentials)
		assert.True(t, due.After(now.Add(50*time.Minute)) && due.Before(now.Add(time.Hour)), "%s", due.Sub(now))
	}
}
