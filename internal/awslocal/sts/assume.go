package sts

import (
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

type assumeRoleInput struct {
	RoleArn         *string `json:"RoleArn"` // the wire name
	RoleSessionName *string `json:"RoleSessionName"`
	DurationSeconds *int64  `json:"DurationSeconds"`
	ExternalID      *string `json:"ExternalId"`
	SourceIdentity  *string `json:"SourceIdentity"`
}

type assumeRoleOutput struct {
	Credentials      credentialsOutput `json:"Credentials"`
	AssumedRoleUser  assumedRoleUser   `json:"AssumedRoleUser"`
	PackedPolicySize *int64            `json:"PackedPolicySize"`
	SourceIdentity   *string           `json:"SourceIdentity"`
}

func (s *Service) assumeRole(c *wire.Call) (any, error) {
	var in assumeRoleInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	role := roleInput{in.RoleArn, in.RoleSessionName, in.DurationSeconds}
	var constraints wire.Constraints
	role.check(&constraints)
	if in.ExternalID != nil {
		constraints.Length("externalId", *in.ExternalID, len(*in.ExternalID), 2, 1224)
		if !externalID.MatchString(*in.ExternalID) {
			constraints.Add("externalId", *in.ExternalID, `Member must satisfy regular expression pattern: [\w+=,.@:\/-]*`)
		}
	}
	if err := constraints.Err(validation); err != nil {
		return nil, err
	}
	name, r, known, err := s.role(*in.RoleArn)
	if err != nil {
		return nil, err
	}
	if !known || r.Deny || r.ExternalID != "" && (in.ExternalID == nil || *in.ExternalID != r.ExternalID) {
		return nil, accessDenied("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.Caller.ARN, *in.RoleArn)
	}
	duration, err := role.duration(r, isSession(c.Caller))
	if err != nil {
		return nil, err
	}
	out := &assumeRoleOutput{SourceIdentity: in.SourceIdentity}
	out.Credentials, out.AssumedRoleUser = outputs(s.config.Keyring.IssueSession(c.Now, name, *in.RoleSessionName, duration))
	return out, nil
}
