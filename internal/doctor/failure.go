package doctor

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/aws/smithy-go"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// failure is what became of a call that failed.
type failure struct {
	status     Status
	detail     string
	code       string // AWS's, empty where AWS did not answer
	permission string // that is missing
	policy     string // of what kind the policy is that denies, where the message tells
	skipped    bool   // nothing was sent
	err        error
}

// delivery are the permissions without which data does not arrive, or configuration does not. Others
// are needed by doctor's own calls alone.
var delivery = []string{
	"logs:PutLogEvents", "logs:CreateLogStream", "logs:CreateLogGroup", "cloudwatch:PutMetricData",
	"xray:PutTraceSegments", "xray:PutTelemetryRecords", "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity",
}

var (
	// permissionPattern finds the action in IAM's message (IAM User Guide, "Troubleshoot access denied
	// error messages").
	permissionPattern = regexp.MustCompile(`(?i)not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)`)
	policyPattern     = regexp.MustCompile(`(?i)(?:explicit deny in (?:an?|the) |no )([a-z -]*policy)\b`)
)

// codes by what they say.
var (
	deniedCodes   = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
	expiredCodes  = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
	unknownCodes  = []string{"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "AuthFailure"}
	signedCodes   = []string{"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException", "RequestTimeTooSkewed"}
	throttleCodes = []string{"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException"}
)

// failureOf sorts an error of a call.
func failureOf(err error) failure {
	f := failure{status: Problem, err: err}
	var api smithy.APIError
	if !errors.As(err, &api) {
		f.skipped = errors.Is(err, errNoWay)
		f.detail = reasonOf(err)
		return f
	}
	f.code = api.ErrorCode()
	f.detail = f.code + ": " + strings.TrimSpace(api.ErrorMessage())
	var answer *smithyhttp.ResponseError
	switch {
	case slices.Contains(deniedCodes, f.code):
		if m := permissionPattern.FindStringSubmatch(api.ErrorMessage()); m != nil {
			f.permission = m[1]
		}
		if m := policyPattern.FindStringSubmatch(api.ErrorMessage()); m != nil {
			f.policy = strings.TrimSpace(m[1])
		}
		if f.permission != "" && !slices.Contains(delivery, f.permission) {
			f.status = Warning
			f.detail = fmt.Sprintf("the path and the signature are good, but %s is not allowed; delivery does not need it", f.permission)
		} else if f.permission != "" {
			f.detail = fmt.Sprintf("%s is not allowed, and delivery needs it", f.permission)
		}
	case slices.Contains(throttleCodes, f.code):
		f.status = Warning
		f.detail = "the path and the signature are good; the call was throttled"
	case errors.As(err, &answer) && answer.HTTPStatusCode() >= 500:
		f.status = Warning
		f.detail = "the service failed: " + f.detail
	}
	return f
}

// remedy is what to do. The clock may be nil.
func (f failure) remedy(c *clock) string {
	switch {
	case f.permission != "" && strings.Contains(f.policy, "endpoint"):
		return fmt.Sprintf("allow %s in the policy of the interface endpoint", f.permission)
	case f.permission != "" && f.status == Warning:
		return fmt.Sprintf("none for delivery; allow %s to let doctor check more", f.permission)
	case strings.HasPrefix(f.permission, "sts:AssumeRole"):
		return fmt.Sprintf("allow %s on the role, and name the caller in the role's trust policy", f.permission)
	case f.permission != "" && f.policy != "" && f.policy != "identity-based policy":
		return fmt.Sprintf("allow %s in the %s", f.permission, f.policy)
	case f.permission != "":
		return fmt.Sprintf("allow %s in a policy of the user or role", f.permission)
	case slices.Contains(deniedCodes, f.code):
		return "ask who keeps the account which policy denies it (IAM, the interface endpoint's, the organization's)"
	case slices.Contains(expiredCodes, f.code):
		return "renew the credentials: see what should do so (SSM Agent, aws_signing_helper, …)"
	case slices.Contains(unknownCodes, f.code):
		return "check the access key and its partition; for temporary keys, the session token"
	case slices.Contains(signedCodes, f.code) && c.bad():
		return "keep the clock right with " + timekeeper
	case slices.Contains(signedCodes, f.code):
		return "check the secret access key, the region, and the clock"
	case slices.Contains(throttleCodes, f.code):
		return "none: run doctor again later"
	case f.code != "":
		return "try again later; if it stays, give the message to AWS's support"
	}
	return pathRemedy(f.err)
}

// reasonOf takes the SDK's words off an error of the way.
func reasonOf(err error) string {
	var refused *awsroute.RefusedError
	if errors.As(err, &refused) {
		return refused.Error()
	}
	var send *smithyhttp.RequestSendError
	if errors.As(err, &send) {
		return oneLine(send.Err)
	}
	return oneLine(err)
}
