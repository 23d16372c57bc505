package sts

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

const (
	account = "123456789012"
	roleARN = "arn:aws:iam::123456789012:role/collector"
)

var (
	now     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	user    = wire.Caller{ARN: "arn:aws:iam::123456789012:user/local", UserID: "AIDAEXAMPLE"}
	session = wire.Caller{ARN: "arn:aws:sts::123456789012:assumed-role/first/session", UserID: "AROAEXAMPLE:session"}
)

func call(t *testing.T, c Config, operation string, caller wire.Caller, in map[string]string) (any, *wire.Error) {
	t.Helper()
	c.Account, c.Keyring = account, auth.NewKeyring(account)
	form := url.Values{}
	for k, v := range in {
		form.Set(k, v)
	}
	out, err := New(c).Operations()[operation](&wire.Call{
		Service: wire.STS, Operation: operation, Protocol: wire.Query, Now: now, Caller: caller, Body: []byte(form.Encode()),
	})
	if err == nil {
		return out, nil
	}
	var e *wire.Error
	require.ErrorAs(t, err, &e)
	return nil, e
}

func assumeInput(change map[string]string) map[string]string {
	in := map[string]string{"RoleArn": roleARN, "RoleSessionName": "otelcol"}
	for k, v := range change {
		if in[k] = v; v == "-" {
			delete(in, k)
		}
	}
	return in
}

func TestCallerIdentityIsWhoSigned(t *testing.T) {
	out, e := call(t, Config{}, "GetCallerIdentity", user, nil)
	require.Nil(t, e)
	assert.Equal(t, &callerIdentity{UserID: "AIDAEXAMPLE", Account: account, ARN: user.ARN}, out)
}

func TestAssumedRoleIsInTheKeyring(t *testing.T) {
	out, e := call(t, Config{}, "AssumeRole", user, assumeInput(map[string]string{"DurationSeconds": "900", "SourceIdentity": "me"}))
	require.Nil(t, e)
	got := out.(*assumeRoleOutput)
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/collector/otelcol", got.AssumedRoleUser.ARN)
	assert.True(t, strings.HasSuffix(got.AssumedRoleUser.AssumedRoleID, ":otelcol"))
	assert.Equal(t, now.Add(15*time.Minute), got.Credentials.Expiration.Time)
	assert.True(t, strings.HasPrefix(got.Credentials.AccessKeyID, "ASIA"))
	assert.NotEmpty(t, got.Credentials.SessionToken)
	assert.Equal(t, "me", *got.SourceIdentity)
}

func TestSessionLastsAnHourByDefault(t *testing.T) {
	out, e := call(t, Config{}, "AssumeRole", user, assumeInput(nil))
	require.Nil(t, e)
	assert.Equal(t, now.Add(time.Hour), out.(*assumeRoleOutput).Credentials.Expiration.Time)
}

func TestAssumeRoleChecks(t *testing.T) {
	strict := Config{StrictRoles: true, Roles: map[string]Role{
		"collector": {}, "external": {ExternalID: "ticket-42"}, "denied": {Deny: true}, "short": {MaxSession: 2 * time.Hour},
	}}
	role := func(name string) string { return "arn:aws:iam::123456789012:role/" + name }
	tests := []struct {
		name     string
		config   Config
		caller   wire.Caller
		change   map[string]string
		wantCode string
		want     string
	}{
		{"unknown role", Config{}, user, map[string]string{"RoleArn": role("anything")}, "", ""},
		{"role with a path", strict, user, map[string]string{"RoleArn": role("team/a/collector")}, "", ""},
		{"unknown role, strict", strict, user, map[string]string{"RoleArn": role("anything")}, "AccessDenied",
			"User: " + user.ARN + " is not authorized to perform: sts:AssumeRole on resource: " + role("anything")},
		{"another account's role", Config{}, user, map[string]string{"RoleArn": "arn:aws:iam::999999999999:role/collector"}, "AccessDenied", ""},
		{"denied role", strict, user, map[string]string{"RoleArn": role("denied")}, "AccessDenied", ""},
		{"external id", strict, user, map[string]string{"RoleArn": role("external"), "ExternalId": "ticket-42"}, "", ""},
		{"no external id", strict, user, map[string]string{"RoleArn": role("external")}, "AccessDenied", ""},
		{"wrong external id", strict, user, map[string]string{"RoleArn": role("external"), "ExternalId": "ticket-43"}, "AccessDenied", ""},
		{"external id that nobody asked for", Config{}, user, map[string]string{"ExternalId": "ticket-42"}, "", ""},
		{"external id of one character", Config{}, user, map[string]string{"ExternalId": "x"}, "ValidationError", "at 'externalId'"},
		{"no ARN", Config{}, user, map[string]string{"RoleArn": "-"}, "ValidationError", "Value null at 'roleArn'"},
		{"not a role's ARN", Config{}, user, map[string]string{"RoleArn": "arn:aws:iam::123456789012:user/x"}, "ValidationError", "is invalid"},
		{"short ARN", Config{}, user, map[string]string{"RoleArn": "role"}, "ValidationError", "greater than or equal to 20"},
		{"no session name", Config{}, user, map[string]string{"RoleSessionName": "-"}, "ValidationError", "Value null at 'roleSessionName'"},
		{"session name of 64", Config{}, user, map[string]string{"RoleSessionName": strings.Repeat("s", 64)}, "", ""},
		{"session name of 65", Config{}, user, map[string]string{"RoleSessionName": strings.Repeat("s", 65)}, "ValidationError", "less than or equal to 64"},
		{"session name of 1", Config{}, user, map[string]string{"RoleSessionName": "s"}, "ValidationError", "greater than or equal to 2"},
		{"session name with a space", Config{}, user, map[string]string{"RoleSessionName": "a b"}, "ValidationError", `[\w+=,.@-]*`},
		{"899 seconds", Config{}, user, map[string]string{"DurationSeconds": "899"}, "ValidationError", "Value '899' at 'durationSeconds'"},
		{"12 hours", Config{}, user, map[string]string{"DurationSeconds": "43200"}, "", ""},
		{"12 hours and a second", Config{}, user, map[string]string{"DurationSeconds": "43201"}, "ValidationError", "less than or equal to 43200"},
		{"role's longest session", strict, user, map[string]string{"RoleArn": role("short"), "DurationSeconds": "7200"}, "", ""},
		{"longer than the role allows", strict, user, map[string]string{"RoleArn": role("short"), "DurationSeconds": "7201"}, "ValidationError", "MaxSessionDuration set for this role"},
		{"chained, an hour", Config{}, session, map[string]string{"DurationSeconds": "3600"}, "", ""},
		{"chained, more than an hour", Config{}, session, map[string]string{"DurationSeconds": "3601"}, "ValidationError",
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, e := call(t, tt.config, "AssumeRole", tt.caller, assumeInput(tt.change))
			if tt.wantCode == "" {
				assert.Nil(t, e)
				return
			}
			require.NotNil(t, e)
			assert.Equal(t, tt.wantCode, e.Code)
			assert.Contains(t, e.Message, tt.want)
			if tt.wantCode == "AccessDenied" {
				assert.Equal(t, 403, e.Status)
			}
		})
	}
}

// jwt makes a token; its signature is made up.
func jwt(t *testing.T, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + encode(payload) + "." + encode([]byte("signature"))
}

func goodClaims(change map[string]any) map[string]any {
	claims := map[string]any{"iss": "https://issuer.example", "sub": "system:serviceaccount:otel:collector", "aud": []string{"sts.amazonaws.com"}, "exp": now.Unix() + 1}
	for k, v := range change {
		if claims[k] = v; v == nil {
			delete(claims, k)
		}
	}
	return claims
}

func TestWebIdentityGivesCredentials(t *testing.T) {
	for _, audience := range []any{"sts.amazonaws.com", []string{"sts.amazonaws.com", "other"}} {
		in := assumeInput(map[string]string{"WebIdentityToken": jwt(t, goodClaims(map[string]any{"aud": audience}))})
		out, e := call(t, Config{}, "AssumeRoleWithWebIdentity", wire.Caller{}, in)
		require.Nil(t, e)
		got := out.(*webIdentityOutput)
		assert.Equal(t, "system:serviceaccount:otel:collector", got.SubjectFromWebIdentityToken)
		assert.Equal(t, "sts.amazonaws.com", got.Audience)
		assert.Equal(t, "arn:aws:iam::123456789012:oidc-provider/issuer.example", got.Provider)
		assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/collector/otelcol", got.AssumedRoleUser.ARN)
	}
}

func TestWebIdentityChecks(t *testing.T) {
	picky := Config{OIDC: OIDC{Issuers: []string{"https://issuer.example"}, Audiences: []string{"sts.amazonaws.com"}}}
	tests := []struct {
		name     string
		config   Config
		token    string
		wantCode string // in the query protocol
		want     string
	}{
		{"known issuer and audience", picky, jwt(t, goodClaims(nil)), "", ""},
		{"expired now", Config{}, jwt(t, goodClaims(map[string]any{"exp": now.Unix()})), "ExpiredTokenException",
			fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), now.Unix())},
		{"no JWT", Config{}, "opaque-access-token", "InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"},
		{"two parts", Config{}, "e30.e30", "InvalidIdentityToken", "not a valid JWT"},
		{"no signature", Config{}, strings.TrimRight(jwt(t, goodClaims(nil)), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"), "InvalidIdentityToken", "not a valid JWT"},
		{"no JSON", Config{}, "AAAA.AAAA.AAAA", "InvalidIdentityToken", "not a valid JWT"},
		{"no exp", Config{}, jwt(t, goodClaims(map[string]any{"exp": nil})), "InvalidIdentityToken", "Missing a required claim: exp"},
		{"no sub", Config{}, jwt(t, goodClaims(map[string]any{"sub": nil})), "InvalidIdentityToken", "Missing a required claim: sub"},
		{"unknown issuer", picky, jwt(t, goodClaims(map[string]any{"iss": "https://other.example"})), "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://other.example"},
		{"wrong audience", picky, jwt(t, goodClaims(map[string]any{"aud": "other"})), "InvalidIdentityToken", "Incorrect token audience"},
		{"denied role", Config{Roles: map[string]Role{"collector": {Deny: true}}}, jwt(t, goodClaims(nil)), "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		{"too short", Config{}, "e30", "ValidationError", "Value at 'webIdentityToken'"},
		{"too long", Config{}, strings.Repeat("e", 20001), "ValidationError", "less than or equal to 20000"},
		{"missing", Config{}, "-", "ValidationError", "Value null at 'webIdentityToken'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, e := call(t, tt.config, "AssumeRoleWithWebIdentity", wire.Caller{}, assumeInput(map[string]string{"WebIdentityToken": tt.token}))
			if tt.wantCode == "" {
				assert.Nil(t, e)
				return
			}
			require.NotNil(t, e)
			code := e.Code
			if e.QueryCode != "" {
				code = e.QueryCode
			}
			assert.Equal(t, tt.wantCode, code)
			assert.Contains(t, e.Message, tt.want)
		})
	}
}

func TestOnlyWebIdentityNeedsNoSignature(t *testing.T) {
	for operation := range New(Config{}).Operations() {
		assert.Equal(t, operation == "AssumeRoleWithWebIdentity", Unsigned(operation), operation)
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add("a.b.c")
	f.Add("e30.e30.e30")
	f.Fuzz(func(t *testing.T, token string) {
		c, err := parseToken(token)
		if err == nil {
			assert.NotEmpty(t, c.Audience)
			assert.NotNil(t, c.Expires)
		}
	})
}
