package sts

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Limits of STS (service model, and the API reference of AssumeRole).
const (
	MinDuration     = 15 * time.Minute
	MaxDuration     = 12 * time.Hour
	MaxChained      = time.Hour // of a role assumed with another role's credentials
	DefaultDuration = time.Hour
)

// Role says who may assume a role.
type Role struct {
	// ExternalID must be given by who assumes the role, where it is set.
	ExternalID string
	// Deny refuses everyone.
	Deny bool
	// MaxSession bounds DurationSeconds, as the role's own MaxSessionDuration does. Default: 12 hours.
	MaxSession time.Duration
}

// OIDC says whose web identity tokens are accepted. Empty lists accept every issuer and audience.
type OIDC struct {
	Issuers   []string // values of iss
	Audiences []string // values of aud
}

// Config says whose token service this is.
type Config struct {
	Account string // 12 digits
	Keyring *auth.Keyring

	// Roles are the configured roles by name, without path.
	Roles map[string]Role
	// StrictRoles refuses roles that are not configured.
	StrictRoles bool
	OIDC        OIDC
}

// Service is one token service. It has no state but the keyring's.
type Service struct{ config Config }

// New is a token service.
func New(c Config) *Service { return &Service{c} }

// Operations implements wire.Service.
func (s *Service) Operations() map[string]wire.Handler {
	return map[string]wire.Handler{
		"GetCallerIdentity":         s.getCallerIdentity,
		"AssumeRole":                s.assumeRole,
		"AssumeRoleWithWebIdentity": s.assumeRoleWithWebIdentity,
	}
}

// Unsigned tells whether an operation needs no signature: who calls it has no keys yet.
func Unsigned(operation string) bool { return operation == "AssumeRoleWithWebIdentity" }

type callerIdentity struct {
	UserID  string `json:"UserId"`
	Account string `json:"Account"`
	ARN     string `json:"Arn"`
}

func (s *Service) getCallerIdentity(c *wire.Call) (any, error) {
	return &callerIdentity{UserID: c.Caller.UserID, Account: s.config.Account, ARN: c.Caller.ARN}, nil
}

type credentialsOutput struct {
	AccessKeyID     string    `json:"AccessKeyId"`
	SecretAccessKey string    `json:"SecretAccessKey"`
	SessionToken    string    `json:"SessionToken"`
	Expiration      wire.Time `json:"Expiration"`
}

type assumedRoleUser struct {
	AssumedRoleID string `json:"AssumedRoleId"`
	ARN           string `json:"Arn"`
}

func outputs(c auth.Credentials) (credentialsOutput, assumedRoleUser) {
	return credentialsOutput{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		Expiration: *wire.NewTime(c.Expires),
	}, assumedRoleUser{AssumedRoleID: c.UserID, ARN: c.ARN}
}

// validation is the code of a violated constraint in the query protocol.
const validation = "ValidationError"

func accessDenied(format string, args ...any) error {
	e := wire.Errorf("AccessDenied", format, args...)
	e.Status = http.StatusForbidden
	return e
}

var (
	roleARNPattern = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):role/(?:[\x21-\x7e]+/)?([\w+=,.@-]{1,64})$`)
	sessionPattern = regexp.MustCompile(`^[\w+=,.@-]*$`)
	externalID     = regexp.MustCompile(`^[\w+=,.@:/-]*$`)
)

// roleInput is what both ways to assume a role have in common.
type roleInput struct {
	RoleArn         *string `json:"RoleArn"` // the wire name
	RoleSessionName *string `json:"RoleSessionName"`
	DurationSeconds *int64  `json:"DurationSeconds"`
}

func (in roleInput) check(c *wire.Constraints) {
	if in.RoleArn == nil {
		c.Required("roleArn")
	} else {
		c.Length("roleArn", *in.RoleArn, len(*in.RoleArn), 20, 2048)
	}
	if in.RoleSessionName == nil {
		c.Required("roleSessionName")
	} else {
		c.Length("roleSessionName", *in.RoleSessionName, len(*in.RoleSessionName), 2, 64)
		if !sessionPattern.MatchString(*in.RoleSessionName) {
			c.Add("roleSessionName", *in.RoleSessionName, `Member must satisfy regular expression pattern: [\w+=,.@-]*`)
		}
	}
	if in.DurationSeconds != nil {
		c.Range("durationSeconds", *in.DurationSeconds, int64(MinDuration/time.Second), int64(MaxDuration/time.Second))
	}
}

// role finds the role that an ARN names: its name, and what is configured of it. known is false for a
// role that nobody may assume, as it does not exist here.
func (s *Service) role(arn string) (name string, r Role, known bool, err error) {
	m := roleARNPattern.FindStringSubmatch(arn)
	if m == nil {
		return "", Role{}, false, wire.Errorf(validation, "%s is invalid", arn)
	}
	r, configured := s.config.Roles[m[2]]
	return m[2], r, m[1] == s.config.Account && (configured || !s.config.StrictRoles), nil
}

// duration is how long a session lasts.
func (in roleInput) duration(r Role, chained bool) (time.Duration, error) {
	if in.DurationSeconds == nil {
		return DefaultDuration, nil
	}
	d := time.Duration(*in.DurationSeconds) * time.Second
	if chained && d > MaxChained {
		return 0, wire.Errorf(validation, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	if r.MaxSession > 0 && d > r.MaxSession {
		return 0, wire.Errorf(validation, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return d, nil
}

// isSession tells whether a caller's credentials are a role's: what it assumes is chained.
func isSession(caller wire.Caller) bool { return strings.Contains(caller.ARN, ":assumed-role/") }
