package cwlogs

import (
	"errors"
	"net/http"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
)

func TestErrorsOfTheSDKHaveTheirClass(t *testing.T) {
	t.Parallel()
	answered := func(status int, err error) error {
		h := http.Header{}
		h.Set("Retry-After", "3")
		return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: h}}, Err: err}
	}
	for name, tt := range map[string]struct {
		err        error
		class      Class
		retryAfter time.Duration
		text       string
	}{
		"throttled":   {answered(400, &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}), Throttled, 3 * time.Second, "Op: ThrottlingException: Rate exceeded (status 400)"},
		"denied":      {answered(400, &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}), Denied, 3 * time.Second, "Op: AccessDeniedException: no (status 400)"},
		"no answer":   {errors.New("dial"), Retryable, 0, "Op: dial"},
		"a page":      {answered(502, errors.New("html")), Retryable, 3 * time.Second, "Op: "},
		"credentials": {&v4.SigningError{Err: errors.New("none")}, Credentials, 0, "Op: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := FromAPI("Op", tt.err)
			assert.Equal(t, tt.class, e.Class)
			assert.Equal(t, tt.retryAfter, e.RetryAfter)
			assert.ErrorContains(t, e, tt.text)
		})
	}
}

func TestRetryAfterIsBoundedByAMinute(t *testing.T) {
	t.Parallel()
	const date = "Mon, 02 Jan 2006 15:04:05 GMT"
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "3": 3 * time.Second, " 3 ": 3 * time.Second, "60": time.Minute, "61": time.Minute, "3600": time.Minute,
		"99999999999": time.Minute, "99999999999999999999999": time.Minute, "-5": 0, "soon": 0, "1.5": 0,
		"Mon, 02 Jan 2006 15:04:15 GMT": 10 * time.Second, "Mon, 02 Jan 2006 16:04:05 GMT": time.Minute, "Mon, 02 Jan 2006 15:00:00 GMT": 0,
	} {
		assert.Equal(t, want, retryAfter(http.Header{"Retry-After": {text}, "Date": {date}}), text)
	}
	assert.Equal(t, time.Minute, retryAfter(http.Header{"Retry-After": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}))
}
