//go:build linux

package packages

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// tokenFile is where the shipped credentials layers, and what init writes, have the endpoint's token.
const tokenFile = "/run/otelcol-cloudwatch/token"

// TestEachCredentialsLayerStartsUnderThePackagedUnit takes the layers as the package has them, with its unit, its user and
// its sandbox. Only the port is another, since the network is this machine's.
func TestEachCredentialsLayerStartsUnderThePackagedUnit(t *testing.T) {
	h := newHost(t, managers[0])
	m := h.machine
	h.manage(h.pm.install, h.file("1.1.0"))
	layers, err := filepath.Glob("../../config/credentials/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, layers)

	var key, secret, region string
	for _, v := range h.server.Env() {
		switch name, value, _ := strings.Cut(v, "="); name {
		case "AWS_ACCESS_KEY_ID":
			key = value
		case "AWS_SECRET_ACCESS_KEY":
			secret = value
		case "AWS_REGION":
			region = value
		}
	}
	keys := fmt.Sprintf("aws_access_key_id = %s\naws_secret_access_key = %s\n", key, secret)
	require.NoError(t, os.MkdirAll(m.path("/root/.aws"), 0o700))
	m.write("/root/.aws/credentials", "[default]\n"+keys)
	m.write(etc+"/credentials", "[otelcol-cloudwatch]\n"+keys)
	m.run("chown", user, etc+"/credentials")
	helper := fmt.Sprintf(`printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "%s"}'`, key, secret)
	require.NoError(t, os.MkdirAll(m.path("/usr/local/bin"), 0o755))
	require.NoError(t, os.WriteFile(m.path("/usr/local/bin/aws_signing_helper"), []byte("#!/bin/sh\n"+helper+"\n"), 0o755))

	endpoint := ports.FreeAddress(t)
	settings := map[string]string{
		"AWS_REGION": region, "AWS_EC2_METADATA_DISABLED": "true",
		"OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT":     h.health,
		"OTELCOL_CLOUDWATCH_TELEMETRY_PORT":      strings.TrimPrefix(ports.FreeAddress(t), "127.0.0.1:"),
		"OTELCOL_CLOUDWATCH_INTERVAL":            "1h",
		"OTELCOL_CLOUDWATCH_ACCESS_KEY_ID":       key,
		"OTELCOL_CLOUDWATCH_SECRET_ACCESS_KEY":   secret,
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI":     "http://" + endpoint + "/v1/credentials",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": tokenFile,
		"AWS_SHARED_CREDENTIALS_FILE":            "/dev/null",
		"OTELCOL_CLOUDWATCH_LOG_FILES":           `'["/var/log/none"]'`,
		"OTELCOL_CLOUDWATCH_CONFIG_TIMEOUT":      "20s",
	}
	m.write(etc+"/config.d/20-route.yaml", fmt.Sprintf(`extensions:
  endpoint_routing:
    region: %s
    policy: any
    routes: [{name: internet, public: {}}]
    endpoints: {logs: %q, sts: %q}
service:
  extensions: [endpoint_routing]
`, region, h.server.URL, h.server.URL))

	for _, layer := range layers {
		name := strings.TrimSuffix(filepath.Base(layer), ".yaml")
		t.Run(name, func(t *testing.T) {
			m.t, h.t = t, t
			text, err := os.ReadFile(m.path("/usr/share/otelcol-cloudwatch/credentials/" + name + ".yaml"))
			require.NoError(t, err)
			require.Contains(t, string(text), "token_file: "+tokenFile)
			m.write(etc+"/config.d/30-credentials.yaml", strings.ReplaceAll(string(text), "127.0.0.1:4442", endpoint))
			var environment strings.Builder
			for name, value := range settings {
				fmt.Fprintf(&environment, "%s=%s\n", name, value)
			}
			if name == "container" { // of an ECS task or an EKS pod
				environment.WriteString("AWS_CONTAINER_CREDENTIALS_FULL_URI=" + h.server.URL + "/credentials\n")
			}
			m.write(etc+"/environment", environment.String())
			m.run("systemctl", "restart", service)
			h.awaitHealthy()
			assert.Equal(t, "600 "+user, strings.TrimSpace(m.run("stat", "--format=%a %U", tokenFile)))
			assert.Equal(t, "700 "+user, strings.TrimSpace(m.run("stat", "--format=%a %U", filepath.Dir(tokenFile))))
			assert.Equal(t, "0", m.property("NRestarts"))

			// What the exporters, and other programs, get.
			request, err := http.NewRequest(http.MethodGet, "http://"+endpoint+"/v1/credentials", nil)
			require.NoError(t, err)
			token := m.run("cat", tokenFile)
			request.Header.Set("Authorization", token)
			answer, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			switch name {
			case "container", "instance", "web-identity": // there is no such source here
				assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, "%s", body)
			default:
				require.Equal(t, http.StatusOK, answer.StatusCode, "%s", body)
				var got struct {
					AccessKeyID string `json:"AccessKeyId"`
				}
				require.NoError(t, json.Unmarshal(body, &got))
				assert.NotEmpty(t, got.AccessKeyID)
			}
			m.run("systemctl", "stop", service)
			assert.NoFileExists(t, m.path(tokenFile))
		})
		m.t, h.t = t, t
	}
}
