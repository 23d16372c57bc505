package sts

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

type webIdentityInput struct {
	RoleArn          *string `json:"RoleArn"` // the wire name
	RoleSessionName  *string `json:"RoleSessionName"`
	DurationSeconds  *int64  `json:"DurationSeconds"`
	WebIdentityToken *string `json:"WebIdentityToken"`
}

type webIdentityOutput struct {
	Credentials                 credentialsOutput `json:"Credentials"`
	SubjectFromWebIdentityToken string            `json:"SubjectFromWebIdentityToken"`
	AssumedRoleUser             assumedRoleUser   `json:"AssumedRoleUser"`
	Provider                    string            `json:"Provider"`
	Audience                    string            `json:"Audience"`
}

func (s *Service) assumeRoleWithWebIdentity(c *wire.Call) (any, error) {
	var in webIdentityInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	role := roleInput{in.RoleArn, in.RoleSessionName, in.DurationSeconds}
	var constraints wire.Constraints
	role.check(&constraints)
	switch {
	case in.WebIdentityToken == nil:
		constraints.Required("webIdentityToken")
	case len(*in.WebIdentityToken) < 4:
		constraints.AddSecret("webIdentityToken", "Member must have length greater than or equal to 4")
	case len(*in.WebIdentityToken) > 20000:
		constraints.AddSecret("webIdentityToken", "Member must have length less than or equal to 20000")
	}
	if err := constraints.Err(validation); err != nil {
		return nil, err
	}
	claims, err := parseToken(*in.WebIdentityToken)
	if err != nil {
		return nil, err
	}
	if err := s.config.OIDC.check(claims); err != nil {
		return nil, err
	}
	if expires := int64(*claims.Expires); c.Now.Unix() >= expires {
		return nil, wire.Errorf("ExpiredTokenException", "Token expired: current date/time %d must be before the expiration date/time %d", c.Now.Unix(), expires)
	}
	name, r, known, err := s.role(*in.RoleArn)
	if err != nil {
		return nil, err
	}
	if !known || r.Deny {
		return nil, accessDenied("Not authorized to perform sts:AssumeRoleWithWebIdentity")
	}
	duration, err := role.duration(r, false)
	if err != nil {
		return nil, err
	}
	out := &webIdentityOutput{
		SubjectFromWebIdentityToken: claims.Subject,
		Provider:                    "arn:aws:iam::" + s.config.Account + ":oidc-provider/" + strings.TrimPrefix(claims.Issuer, "https://"),
		Audience:                    claims.Audience[0],
	}
	out.Credentials, out.AssumedRoleUser = outputs(s.config.Keyring.IssueSession(c.Now, name, *in.RoleSessionName, duration))
	return out, nil
}

// claims are what a token must say.
type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	Expires  *float64 `json:"exp"` // seconds since 1970
}

// audience is one value or a list of them.
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

func invalidToken(format string, args ...any) error {
	e := wire.Errorf("InvalidIdentityTokenException", format, args...)
	e.QueryCode = "InvalidIdentityToken"
	return e
}

// parseToken reads a JWT without verifying its signature.
func parseToken(token string) (claims, error) {
	malformed := invalidToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[2] == "" {
		return claims{}, malformed
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	var c claims
	for part, into := range map[string]any{parts[0]: &header, parts[1]: &c} {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || json.Unmarshal(raw, into) != nil {
			return claims{}, malformed
		}
	}
	for name, present := range map[string]bool{
		"alg": header.Algorithm != "", "iss": c.Issuer != "", "sub": c.Subject != "", "aud": len(c.Audience) > 0,
		"exp": c.Expires != nil && !math.IsNaN(*c.Expires) && math.Abs(*c.Expires) < math.MaxInt64/2,
	} {
		if !present {
			return claims{}, invalidToken("Missing a required claim: %s", name)
		}
	}
	return c, nil
}

func (o OIDC) check(c claims) error {
	if len(o.Issuers) > 0 && !slices.Contains(o.Issuers, c.Issuer) {
		return invalidToken("No OpenIDConnect provider found in your account for %s", c.Issuer)
	}
	if len(o.Audiences) > 0 && !slices.ContainsFunc(c.Audience, func(a string) bool { return slices.Contains(o.Audiences, a) }) {
		return invalidToken("Incorrect token audience")
	}
	return nil
}
