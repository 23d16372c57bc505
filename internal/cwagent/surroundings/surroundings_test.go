package surroundings

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/cwagenttest"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

func context(t *testing.T, text string) *section.Context {
	t.Helper()
	return section.New("linux", cwagenttest.Node(t, text))
}

func layers(t *testing.T, c *section.Context) string {
	t.Helper()
	var all strings.Builder
	for _, l := range c.Layers() {
		text, err := l.Text()
		require.NoError(t, err)
		_, body, _ := strings.Cut(string(text), "\n\n")
		all.WriteString(body)
	}
	return all.String()
}

const common = `# comment
[credentials]
  shared_credential_profile = "AmazonCloudWatchAgent"
  shared_credential_file = "/root/.aws/credentials"
[proxy]
  http_proxy = "http://proxy:3128"
  https_proxy = "http://proxy:3129"
  no_proxy = "logs.internal"
[ssl]
  ca_bundle_path = "/etc/ca.pem"
[imds]
  imds_retries = 5
[other]
  key = 1
`

func TestCredentialsAndTheWayAreOneExtension(t *testing.T) {
	parsed, err := ParseCommonConfig([]byte(common))
	require.NoError(t, err)
	c := context(t, `{"agent": {"region": "eu-west-1"}}`)
	assert.Equal(t, []string{"AWS_CA_BUNDLE=/etc/ca.pem"}, Convert(c, parsed, nil))
	text := layers(t, c)
	assert.Equal(t, `extensions:
  endpoint_routing:
    credentials:
      source: profile
      profile: AmazonCloudWatchAgent
      shared_credentials_file: [/root/.aws/credentials]
    routes:
      - http_proxy:
          no_proxy: logs.internal
          url: http://proxy:3129
        name: proxy
      - name: internet
        public: {}
    listen: 127.0.0.1:4443
    process_proxy: true
    region: eu-west-1
    policy: any
service:
  extensions: [endpoint_routing]
`, text)
	for _, path := range []string{"/credentials", "/proxy", "/ssl/ca_bundle_path", "/imds/imds_retries", "/other"} {
		assert.True(t, c.Report.Covers("common-config.toml#"+path), path)
	}
	assert.Zero(t, c.Report.Count(report.Lost))
}

// Exporters of upstream's ask the SDK, which reads the environment.
func TestTracesHaveTheSameCredentials(t *testing.T) {
	parsed, err := ParseCommonConfig([]byte(common))
	require.NoError(t, err)
	c := context(t, `{"traces": {"traces_collected": {"xray": {}}}}`)
	assert.Equal(t, []string{"AWS_CA_BUNDLE=/etc/ca.pem", "AWS_PROFILE=AmazonCloudWatchAgent", "AWS_SHARED_CREDENTIALS_FILE=/root/.aws/credentials"}, Convert(c, parsed, nil))
}

func TestNothingSetIsNoLayer(t *testing.T) {
	parsed, err := ParseCommonConfig(nil)
	require.NoError(t, err)
	c := context(t, `{}`)
	assert.Empty(t, Convert(c, parsed, nil))
	assert.Empty(t, c.Layers())
}

func TestVariablesOfTheAgent(t *testing.T) {
	env, err := ParseEnvironment([]byte(`{"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "a", "CWAGENT_LOG_LEVEL": "DEBUG", "CWAGENT_USER_AGENT": "x", "TEAM": "blue"}`))
	require.NoError(t, err)
	c := context(t, `{}`)
	assert.Equal(t, []string{"TEAM=blue"}, Convert(c, CommonConfig{}, env), "what the configuration's placeholders stand for")
	text := layers(t, c)
	assert.Contains(t, text, "url: http://proxy:1")
	assert.Contains(t, text, "level: debug")
}

func TestTheSectionAgent(t *testing.T) {
	c := context(t, `{"agent": {"region": "x", "debug": true, "logfile": "/a", "run_as_user": "cwagent", "user_agent": "u", "credentials": {"role_arn": "r"},
		"metrics_collection_interval": 10, "omit_hostname": true, "internal": true, "surprise": 1}}`)
	ConvertAgent(c)
	for _, leaf := range c.Root.Leaves() {
		assert.Equal(t, leaf != "/agent/surprise", c.Report.Covers(leaf), leaf)
	}
	assert.Contains(t, layers(t, c), "level: debug")
	assert.Zero(t, c.Report.Count(report.Lost))
}

func TestFilesThatAreNone(t *testing.T) {
	_, err := ParseCommonConfig([]byte("[proxy]\nhttp_proxy = \n"))
	require.ErrorContains(t, err, "common-config.toml: line 2, column ")
	_, err = ParseCommonConfig([]byte("[imds]\nimds_retries = \"x\"\n"))
	require.ErrorContains(t, err, "common-config.toml: line 2, column ")
	_, err = ParseEnvironment([]byte(`{"A": 1}`))
	require.ErrorContains(t, err, "env-config.json: ")
	env, err := ParseEnvironment(nil)
	require.NoError(t, err)
	assert.Empty(t, env)
}
