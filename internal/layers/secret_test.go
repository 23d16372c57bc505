package layers

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSecretsAreKnownByTheirNames(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"password":                                                  true,
		"exporters::x::auth::Password":                              true,
		"exporters::x::api_key":                                     true,
		"exporters::x::apiKey":                                      true,
		"exporters::x::api-key":                                     true,
		"exporters::x::secret_access_key":                           true,
		"exporters::x::client_secret":                               true,
		"exporters::x::authorization":                               true,
		"exporters::x::access_key_id":                               true,
		"exporters::x::tls::key_pem":                                true,
		"exporters::x::tls::key_file":                               false,
		"exporters::x::token_file":                                  false,
		"exporters::x::token_url":                                   false,
		"exporters::x::headers::X-Scope":                            true,
		"exporters::x::headers_list":                                true,
		"exporters::x::tokens::0":                                   true,
		"exporters::x::secrets::db":                                 true,
		"exporters::x::token_bucket::rate":                          false,
		"exporters::x::region":                                      false,
		"exporters::x::cors::allowed_headers":                       false,
		"exporters::token/secret::endpoint":                         false,
		"extensions::bearertokenauth::scheme":                       false,
		"extensions::bearertokenauth::token":                        true,
		"extensions::basicauth::htpasswd::inline":                   true,
		"extensions::basicauth::htpasswd::file":                     false,
		"extensions::headers_setter::headers::0::key":               false,
		"extensions::headers_setter::headers::0::value":             true,
		"extensions::endpoint_routing::credentials::source":         false,
		"extensions::endpoint_routing::credentials::profile::name":  false,
		"service::telemetry::logs::level":                           false,
		"service::telemetry::metrics::readers::0::periodic::dsn":    true,
		"service::pipelines::logs::receivers":                       false,
		"service::telemetry::traces::processors::0::batch::headers": true,
	} {
		assert.Equal(t, want, Secret(strings.Split(path, delimiter)), path)
	}
	assert.False(t, Secret(nil))
	assert.False(t, Secret([]string{"exporters", "token"}))
}

func TestAPlaceholderIsNoSecretButItsDefaultIs(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"hunter2":                       "[REDACTED]",
		"":                              "",
		"${env:P}":                      "${env:P}",
		"${P}":                          "${P}",
		"${ssm:/a#b}":                   "${ssm:/a#b}",
		"Bearer ${env:P}":               "Bearer ${env:P}",
		"Bearer abc":                    "[REDACTED]",
		"abc${env:P}def":                "[REDACTED]${env:P}[REDACTED]",
		"${env:P:-}":                    "${env:P:-}",
		"${env:P:-hunter2}":             "${env:P:-[REDACTED]}",
		"${env:P:-${env:Q}}":            "${env:P:-${env:Q}}",
		"${env:P:-${env:Q:-hunter2}}":   "${env:P:-${env:Q:-[REDACTED]}}",
		"${yaml:hunter2}":               "${yaml:[REDACTED]}",
		"$${env:P}":                     "[REDACTED]",
		"$$${env:P}":                    "[REDACTED]${env:P}",
		"${env:P":                       "[REDACTED]",
		"${ssm:/user}:${ssm:/password}": "${ssm:/user}:${ssm:/password}",
	} {
		assert.Equal(t, want, mask(value), value)
	}
	assert.Equal(t, Redacted, mask(5))
	assert.Equal(t, true, mask(true))
	assert.Nil(t, mask(nil))
}

func TestSecretsInValuesAreHidden(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "https://u:[REDACTED]@h/x, redis://:[REDACTED]@h", shown(nil, nil, "https://u:p@h/x, redis://:p@h"))
	assert.Equal(t, "https://u:${env:P}@h", shown(nil, nil, "https://u:${env:P}@h"))
	assert.Equal(t, "https://h:443/a@b", shown(nil, nil, "https://h:443/a@b"))
	assert.Equal(t, Redacted, shown(nil, nil, "-----BEGIN RSA PRIVATE KEY-----\nabc"))
	assert.Equal(t, "text", shown(nil, []string{"a"}, "text"))
}

func TestAHugeUnclosedPlaceholderIsMaskedInTime(t *testing.T) {
	t.Parallel()
	assert.Equal(t, Redacted, mask(strings.Repeat("${", 1<<20)))
}
