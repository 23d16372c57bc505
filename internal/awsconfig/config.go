package awsconfig

import (
	"cmp"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"
)

// Config is the part of a component's configuration that says how it reaches AWS. The zero value is
// right on most machines.
type Config struct {
	// Region is the AWS region, such as eu-central-1. Default: the route table's, then AWS_REGION,
	// AWS_DEFAULT_REGION, the profile's, and that of the ECS task or EC2 instance.
	Region string `mapstructure:"region"`
	// Endpoint is the URL that the component's own service is reached at, instead of the region's own.
	// It is not used for STS and SSO, which credentials may come from. Default: none.
	Endpoint string `mapstructure:"endpoint"`
	// UseFIPSEndpoint chooses the FIPS 140 validated endpoints. Default: AWS_USE_FIPS_ENDPOINT's value.
	UseFIPSEndpoint bool `mapstructure:"use_fips_endpoint"`
	// UseDualStackEndpoint chooses the endpoints with IPv6. Default: AWS_USE_DUALSTACK_ENDPOINT's value.
	UseDualStackEndpoint bool `mapstructure:"use_dualstack_endpoint"`
	// Credentials say who calls.
	Credentials Credentials `mapstructure:"credentials"`
}

// Credentials say where credentials come from and which roles are assumed with them.
type Credentials struct {
	// Source is where they come from. Default: default, the SDK's own chain.
	Source Source `mapstructure:"source"`
	// Profile is a profile's name, for ssm_agent and profile. Default: AWS_PROFILE's value for profile,
	// "default" otherwise.
	Profile string `mapstructure:"profile"`
	// SharedCredentialsFile is the shared credentials file, or several, the later ones winning for
	// profile and the first that has the profile winning for ssm_agent. Default: for profile
	// AWS_SHARED_CREDENTIALS_FILE, then .aws/credentials of the user; for ssm_agent where the agent writes.
	SharedCredentialsFile []string `mapstructure:"shared_credentials_file"`
	// ConfigFile is the shared configuration file, for profile. Default: AWS_CONFIG_FILE, then
	// .aws/config of the user.
	ConfigFile string `mapstructure:"config_file"`
	// Process is a command, run by the shell, that prints credentials as a credential_process does.
	Process string `mapstructure:"process"`
	// WebIdentity is used by web_identity.
	WebIdentity WebIdentity `mapstructure:"web_identity"`
	// Static is used by static.
	Static Static `mapstructure:"static"`
	// AssumeRole are the roles to assume, each with the credentials of the one before it.
	AssumeRole []AssumeRole `mapstructure:"assume_role"`
}

// WebIdentity is a role that is assumed with a token.
type WebIdentity struct {
	// TokenFile holds the token; it is read again for every session. Default: AWS_WEB_IDENTITY_TOKEN_FILE.
	TokenFile string `mapstructure:"token_file"`
	// RoleARN is the role. Default: AWS_ROLE_ARN.
	RoleARN string `mapstructure:"role_arn"`
	// SessionName is shown in CloudTrail, 2 to 64 characters. Default: AWS_ROLE_SESSION_NAME, then
	// otelcol-cloudwatch and the host's name.
	SessionName string `mapstructure:"session_name"`
}

// Static is a set of keys.
type Static struct {
	AccessKeyID     string              `mapstructure:"access_key_id"`
	SecretAccessKey configopaque.String `mapstructure:"secret_access_key"`
	// SessionToken belongs to temporary keys, whose access key id starts with ASIA.
	SessionToken configopaque.String `mapstructure:"session_token"`
}

// AssumeRole is a role to assume.
type AssumeRole struct {
	// RoleARN is the role, arn:aws:iam::ACCOUNT:role/NAME.
	RoleARN string `mapstructure:"role_arn"`
	// ExternalID is what the role's trust policy asks for, 2 to 1224 characters. Default: none.
	ExternalID string `mapstructure:"external_id"`
	// SessionName is shown in CloudTrail, 2 to 64 characters. Default: otelcol-cloudwatch and the host's name.
	SessionName string `mapstructure:"session_name"`
	// Duration is how long a session lasts, 15m to 12h, and no longer than the role allows; 1h at most
	// when the credentials below are a role's, too. Default: 1h.
	Duration time.Duration `mapstructure:"duration"`
}

func (c Credentials) source() Source { return cmp.Or(c.Source, SourceDefault) }
