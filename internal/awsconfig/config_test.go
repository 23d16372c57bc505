package awsconfig

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestConfigurationIsReadAndChecked(t *testing.T) {
	type m = map[string]any
	credentials := func(v m) m { return m{"credentials": v} }
	role := func(v m) m {
		full := m{"role_arn": roleARN}
		for k, x := range v {
			full[k] = x
		}
		return credentials(m{"assume_role": []any{full}})
	}
	tests := []struct {
		name string
		in   m
		want []string // parts of the error; none for a good configuration
	}{
		{"nothing", m{}, nil},
		{"a region", m{"region": "us-gov-west-1"}, nil},
		{"a zone for a region", m{"region": "eu-central-1a"}, []string{`region "eu-central-1a"`, "give one such as eu-central-1"}},
		{"an endpoint", m{"endpoint": "https://logs.example.internal:8443"}, nil},
		{"a host for an endpoint", m{"endpoint": "logs.example.internal"}, []string{`endpoint "logs.example.internal" is not a URL`}},
		{"FIPS", m{"use_fips_endpoint": true, "use_dualstack_endpoint": true}, nil},
		{"FIPS on an own endpoint", m{"endpoint": "https://x.example", "use_fips_endpoint": true}, []string{"use_fips_endpoint is true", "remove one of them"}},
		{"a source that does not exist", credentials(m{"source": "vault"}), []string{`"vault" is not one of default, ssm_agent, profile, process, web_identity, container, instance, static`}},
		{"the SSM Agent", credentials(m{"source": "ssm_agent", "profile": "AmazonCloudWatchAgent", "shared_credentials_file": "/f"}), nil},
		{"a profile of several files", credentials(m{"source": "profile", "profile": "p", "shared_credentials_file": []any{"/a", "/b"}, "config_file": "/c"}), nil},
		{"a profile for the chain", credentials(m{"profile": "p"}), []string{"credentials::profile is set", `source "default" does not use it`, "set source to profile, ssm_agent"}},
		{"an empty path", credentials(m{"source": "profile", "shared_credentials_file": []any{""}}), []string{"empty path"}},
		{"a configuration file for the SSM Agent", credentials(m{"source": "ssm_agent", "config_file": "/c"}), []string{"credentials::config_file is set"}},
		{"a process", credentials(m{"source": "process", "process": "aws_signing_helper credential-process"}), nil},
		{"a process without a command", credentials(m{"source": "process"}), []string{`credentials::process is ""`}},
		{"keys and a process", credentials(m{"source": "process", "process": "x", "static": m{"access_key_id": "AKIAEXAMPLE"}}), []string{"credentials::static is set"}},
		{"a web identity of the environment", credentials(m{"source": "web_identity"}), nil},
		{"a web identity", credentials(m{"source": "web_identity", "web_identity": m{"token_file": "/t", "role_arn": roleARN, "session_name": "pod"}}), nil},
		{"a web identity of a user", credentials(m{"source": "web_identity", "web_identity": m{"role_arn": "arn:aws:iam::123456789012:user/x"}}), []string{"credentials::web_identity::role_arn", "is not a role's ARN"}},
		{"static keys", credentials(m{"source": "static", "static": m{"access_key_id": "AKIAEXAMPLE", "secret_access_key": "s"}}), nil},
		{"static keys without a secret", credentials(m{"source": "static", "static": m{"access_key_id": "AKIAEXAMPLE"}}), []string{`static::secret_access_key is ""`}},
		{"static temporary keys without a token", credentials(m{"source": "static", "static": m{"access_key_id": "ASIAEXAMPLE", "secret_access_key": "s"}}), []string{`static::session_token is ""`, "…MPLE"}},
		{"a role", role(m{"external_id": "ticket-42", "session_name": "me@host", "duration": "12h"}), nil},
		{"a role in China", role(m{"role_arn": "arn:aws-cn:iam::123456789012:role/team/a/collector"}), nil},
		{"a role of an account that is none", role(m{"role_arn": "arn:aws:iam::12345:role/x"}), []string{`credentials::assume_role::0::role_arn "arn:aws:iam::12345:role/x"`}},
		{"a session name with a space", role(m{"session_name": "a b"}), []string{`session_name "a b"`, "2 to 64"}},
		{"an external id of one character", role(m{"external_id": "x"}), []string{`external_id "x"`, "2 to 1224"}},
		{"a session of a minute", role(m{"duration": "1m"}), []string{`duration "1m0s"`, "15m to 12h"}},
		{"a long session of a chained role", credentials(m{"assume_role": []any{m{"role_arn": roleARN, "duration": "2h"}, m{"role_arn": roleARN, "duration": "2h"}}}),
			[]string{"assume_role::1::duration", "15m to 1h"}},
		{"a long session on the instance's role", credentials(m{"source": "instance", "assume_role": []any{m{"role_arn": roleARN, "duration": "2h"}}}), []string{"assume_role::0::duration"}},
		{"an unknown key", m{"regoin": "x"}, []string{"regoin"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Config
			err := confmap.NewFromStringMap(tt.in).Unmarshal(&c)
			if err == nil {
				err = c.Validate()
			}
			if tt.want == nil {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			for _, part := range tt.want {
				assert.Contains(t, err.Error(), part)
			}
		})
	}
}

func TestOneFileNeedsNoList(t *testing.T) {
	var c Config
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"credentials": map[string]any{"shared_credentials_file": "/a"}}).Unmarshal(&c))
	assert.Equal(t, []string{"/a"}, c.Credentials.SharedCredentialsFile)
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	err := Config{Region: "x", Credentials: Credentials{Profile: "p", Process: "q"}}.Validate()
	require.Error(t, err)
	for _, part := range []string{"region", "credentials::profile", "credentials::process"} {
		assert.Contains(t, err.Error(), part)
	}
}

func TestLimitsAreSTS(t *testing.T) {
	assert.Equal(t, 15*time.Minute, minSession)
	assert.Equal(t, 12*time.Hour, maxSession)
	assert.Equal(t, time.Hour, maxChained)
	assert.Less(t, idleTimeout, 6*time.Second, "CloudWatch closes idle connections after about 6 s")
	assert.LessOrEqual(t, checkInterval, 30*time.Second)
}
