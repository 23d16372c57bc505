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
