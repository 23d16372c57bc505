//go:build linux

package routes

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/programs"
)

// soak is how long credentials are rotated under load; OTELCOL_CLOUDWATCH_SOAK=3m is a longer test.
func soak(t *testing.T) time.Duration {
	value := os.Getenv("OTELCOL_CLOUDWATCH_SOAK")
	if value == "" {
		return 15 * time.Second
	}
	d, err := time.ParseDuration(value)
	require.NoError(t, err)
	return d
}

// identity adds a layer of config/credentials, with paths that the test may write to, and the
// environment that its comment asks for. It returns the text of the layer to be put in place.
func (s *station) identity(layer string, replace ...string) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", "credentials", layer))
	require.NoError(s.t, err)
	folder := s.t.TempDir()
	s.token = filepath.Join(folder, "token")
	replace = append(replace, "/run/otelcol-cloudwatch/token", s.token)
	for i := 0; i < len(replace); i += 2 {
		require.Contains(s.t, string(text), replace[i])
	}
	path := filepath.Join(folder, layer)
	require.NoError(s.t, os.WriteFile(path, []byte(strings.NewReplacer(replace...).Replace(string(text))), 0o600))
	s.configs = append(s.configs, path)
	s.other = []string{
		"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:4442/v1/credentials",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + s.token,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
	s.env = append(s.env, s.other...)
}

// keys is a shared credentials file with a session of a role, as the SSM Agent writes it.
func (s *station) keys(profile string, life time.Duration) string {
	c := s.aws.Keys.IssueSession(time.Now(), "hybrid", "mi-0123456789abcdef0", life)
	return fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n", profile, c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

// token is a JSON web token as a cluster issues it; its signature is made up.
func token(t *testing.T) string {
	t.Helper()
	claims, err := json.Marshal(map[string]any{"iss": "https://oidc.example", "sub": "system:serviceaccount:agents:collector", "aud": "sts.amazonaws.com", "exp": time.Now().Add(time.Hour).Unix()})
	require.NoError(t, err)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode(claims) + "." + encode([]byte("signature"))
}

// metadata serves the instance's or the task's metadata on the host, and leads the collector there.
func (s *station) metadata() {
	s.t.Helper()
	listener, err := s.host.listen(netip.MustParseAddrPort("127.0.0.1:1338"), "")
	require.NoError(s.t, err)
	server := httptest.NewUnstartedServer(s.aws)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	s.t.Cleanup(server.Close)
	s.env = append(s.env, s.aws.Metadata.Env("http://127.0.0.1:1338")...)
}

// ask is another program on the host that takes the route and the credentials of the collector: the AWS
// CLI, where it is installed. It returns how many calls of STS that makes.
func (s *station) ask() int {
	s.t.Helper()
	if _, err := exec.LookPath("aws"); err == nil {
		s.run([]string{"aws", "sts", "get-caller-identity"}, append(s.other, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "HTTPS_PROXY=http://127.0.0.1:4443")...)
		return 1
	}
	text, err := os.ReadFile(s.token)
	require.NoError(s.t, err)
	request, err := http.NewRequest(http.MethodGet, "http://127.0.0.1:4442/v1/credentials", nil)
	require.NoError(s.t, err)
	request.Header.Set("Authorization", string(text))
	answer, err := s.client(s.dialer(from{}), nil).Do(request)
	require.NoError(s.t, err)
	assert.NoError(s.t, answer.Body.Close())
	assert.Equal(s.t, http.StatusOK, answer.StatusCode)
	return 0
}

// TestEachSourceOfCredentialsDelivers starts every file of config/credentials.
func TestEachSourceOfCredentialsDelivers(t *testing.T) {
	t.Parallel()
	const example = "arn:aws:iam::123456789012:role/"
	sources := map[string]struct {
		options awslocal.Options
		prepare func(t *testing.T, s *station)
		want    string // in the log line of the choice
		sts     bool
	}{
		"ssm-agent.yaml": {prepare: func(t *testing.T, s *station) {
			file := filepath.Join(t.TempDir(), "credentials")
			put(t, file, s.keys("default", time.Hour))
			s.identity("ssm-agent.yaml", "/root/.aws/credentials", file)
		}, want: `"source": "ssm_agent"`},
		"profile.yaml": {prepare: func(t *testing.T, s *station) {
			file := filepath.Join(t.TempDir(), "credentials")
			put(t, file, s.keys("otelcol-cloudwatch", time.Hour))
			s.identity("profile.yaml", "/etc/otelcol-cloudwatch/credentials", file)
		}, want: `"profile": "otelcol-cloudwatch"`},
		"process.yaml": {prepare: func(t *testing.T, s *station) {
			c := s.aws.Keys.IssueSession(time.Now(), "host", "cert", time.Hour)
			program := filepath.Join(t.TempDir(), "aws_signing_helper")
			require.NoError(t, programs.Write(program, fmt.Sprintf("#!/bin/sh\ntest \"$1\" = credential-process || exit 1\necho '{\"Version\": 1, \"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"%s\", \"SessionToken\": \"%s\", \"Expiration\": \"%s\"}'\n",
				c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expires.UTC().Format(time.RFC3339))))
			s.identity("process.yaml", "/usr/local/bin/aws_signing_helper", program)
		}, want: `"source": "process"`},
		"web-identity.yaml": {prepare: func(t *testing.T, s *station) {
			file := filepath.Join(t.TempDir(), "token")
			require.NoError(t, os.WriteFile(file, []byte(token(t)), 0o600))
			s.identity("web-identity.yaml", "/var/run/secrets/tokens/aws", file)
		}, want: `"role": "` + example + `otelcol-cloudwatch"`, sts: true},
		"instance.yaml": {options: awslocal.Options{EC2: true}, prepare: func(t *testing.T, s *station) {
			s.identity("instance.yaml")
			s.metadata()
		}, want: `"source": "instance"`},
		"container.yaml": {options: awslocal.Options{ECS: true}, prepare: func(t *testing.T, s *station) {
			s.identity("container.yaml")
			s.metadata()
			s.env = append(s.env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=") // the task's endpoint wants none
		}, want: `"source": "container"`},
		"static.yaml": {prepare: func(t *testing.T, s *station) {
			s.identity("static.yaml")
			s.env = append(s.env, "OTELCOL_CLOUDWATCH_ACCESS_KEY_ID="+awslocal.DefaultAccessKeyID, "OTELCOL_CLOUDWATCH_SECRET_ACCESS_KEY="+awslocal.DefaultSecretAccessKey)
		}, want: `"source": "static"`},
		"assume-role.yaml": {prepare: func(t *testing.T, s *station) {
			file := filepath.Join(t.TempDir(), "credentials")
			put(t, file, s.keys("default", time.Hour))
			s.identity("assume-role.yaml", "/root/.aws/credentials", file)
		}, want: `"role": "` + example + `logs-writer"`, sts: true},
	}
	files, err := filepath.Glob(filepath.Join(root, "config", "credentials", "*.yaml"))
	require.NoError(t, err)
	require.Len(t, files, len(sources), "every recipe is started here")
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, "routes/private-vif.yaml", source.options)
			before := s.mark()
			source.prepare(t, s)
			s.write(100)
			collector := s.collect()
			s.delivered()
			s.measured()
			others := s.ask()
			assert.Equal(t, 3, collector.logged("AWS credentials chosen"), "by the extension for others, by cloudwatch_logs and by cloudwatch_emf")
			assert.Contains(t, collector.text(), source.want)
			assert.NotContains(t, collector.text(), awslocal.DefaultSecretAccessKey)
			collector.stop()
			before.onlyUsed(linkPrivate)
			s.exactlyOnce()
			assumed := s.arrived.count(func(a arrival) bool { return a.link == linkPrivate && a.host == publicSTS })
			assert.Equal(t, source.sts, assumed > others, "calls to STS besides the other program's")
		})
	}
}

// TestRotatedCredentialsLoseNothing rewrites the SSM Agent's file every second under load, and ends the
// keys before at once: an exporter that had read them only at its start would have stopped.
func TestRotatedCredentialsLoseNothing(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/private-vif.yaml", awslocal.Options{})
	file := filepath.Join(t.TempDir(), "credentials")
	put(t, file, s.keys("default", time.Hour))
	s.identity("ssm-agent.yaml", "/root/.aws/credentials", file)
	before := s.mark()
	collector := s.collect()
	rotations := 0
	for end := time.Now().Add(soak(t)); time.Now().Before(end); rotations++ {
		s.write(500)
		s.aws.Keys.ExpireSessions(time.Now())
		put(t, file, s.keys("default", time.Hour))
		s.write(500)
		time.Sleep(time.Second)
	}
	s.delivered()
	collector.stop()
	before.onlyUsed(linkPrivate)
	s.exactlyOnce()
	t.Logf("%d rotations, %d lines, %d refusals that named the token", rotations, s.written, collector.logged("ExpiredToken"))
}
