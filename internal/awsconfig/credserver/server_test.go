package credserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsclock"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// provider is one whose answer is set.
type provider struct {
	mu  sync.Mutex
	c   aws.Credentials
	err error
}

func (p *provider) set(c aws.Credentials, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.c, p.err = c, err
}

func (p *provider) Retrieve(context.Context) (aws.Credentials, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.c, p.err
}

func start(t *testing.T, c Config, p aws.CredentialsProvider, logger *zap.Logger) *Server {
	t.Helper()
	s, err := New(c, p, logger)
	require.NoError(t, err)
	require.NoError(t, s.Start())
	t.Cleanup(func() { assert.NoError(t, s.Shutdown(context.Background())) })
	return s
}

var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func ask(t *testing.T, method, url, token string) (*http.Response, map[string]string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	out := map[string]string{}
	if method != http.MethodHead {
		require.NoError(t, json.Unmarshal(body, &out), "%s", body)
	}
	return resp, out
}

func TestOnlyLoopbackIsListenedOn(t *testing.T) {
	for endpoint, wantError := range map[string]string{
		"":                 "",
		"127.0.0.1:0":      "",
		"127.9.9.9:4442":   "",
		"[::1]:4442":       "",
		"localhost:4442":   "",
		"0.0.0.0:4442":     "is not on loopback",
		":4442":            "is not on loopback",
		"[::]:4442":        "is not on loopback",
		"10.0.0.1:4442":    "is not on loopback",
		"example.com:4442": "is not on loopback",
		"127.0.0.1":        "give HOST:PORT",
		"127.0.0.1:x":      "is not a port",
	} {
		t.Run(endpoint, func(t *testing.T) {
			err := Config{Endpoint: endpoint}.Validate()
			if wantError == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, wantError)
			assert.Contains(t, err.Error(), endpoint)
			_, err = New(Config{Endpoint: endpoint}, &provider{}, nil)
			require.Error(t, err)
		})
	}
}

func TestOnlyTheRightRequestGetsCredentials(t *testing.T) {
	p := &provider{c: aws.Credentials{AccessKeyID: "ASIAX", SecretAccessKey: "s", SessionToken: "t", AccountID: "123456789012"}}
	s := start(t, Config{}, p, nil)
	for _, tt := range []struct {
		name, method, url, token string
		want                     int
	}{
		{"right", http.MethodGet, s.URL(), s.Token(), http.StatusOK},
		{"without a token", http.MethodGet, s.URL(), "", http.StatusUnauthorized},
		{"with another token", http.MethodGet, s.URL(), strings.Repeat("0", len(s.Token())), http.StatusUnauthorized},
		{"with part of the token", http.MethodGet, s.URL(), s.Token()[:10], http.StatusUnauthorized},
		{"elsewhere", http.MethodGet, strings.TrimSuffix(s.URL(), path) + "/", s.Token(), http.StatusNotFound},
		{"post", http.MethodPost, s.URL(), s.Token(), http.StatusMethodNotAllowed},
		{"head", http.MethodHead, s.URL(), s.Token(), http.StatusMethodNotAllowed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := ask(t, tt.method, tt.url, tt.token)
			assert.Equal(t, tt.want, resp.StatusCode)
			assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
			assert.Equal(t, tt.want == http.StatusUnauthorized, resp.Header.Get("WWW-Authenticate") != "")
			if tt.want == http.StatusMethodNotAllowed {
				assert.Equal(t, "GET", resp.Header.Get("Allow"))
			}
			if tt.want == http.StatusOK {
				assert.Equal(t, "ASIAX", body["AccessKeyId"])
				assert.Equal(t, "123456789012", body["AccountId"])
			} else {
				assert.NotContains(t, body, "AccessKeyId")
			}
		})
	}
	assert.Len(t, s.Token(), 64)
	other, err := New(Config{}, p, nil)
	require.NoError(t, err)
	assert.NotEqual(t, s.Token(), other.Token())
}

func TestAnswerEndsSoon(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		c    aws.Credentials
		want time.Duration
	}{
		{"keys without an end", aws.Credentials{}, maxLife},
		{"an hour left", aws.Credentials{CanExpire: true, Expires: now.Add(time.Hour)}, maxLife},
		{"a minute left", aws.Credentials{CanExpire: true, Expires: now.Add(time.Minute)}, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, now.Add(tt.want), expiration(now, tt.c)) })
	}
	assert.Equal(t, 5*time.Minute, maxLife)
}

func TestTokenFileIsThePrivateTokenWhileTheServerRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("of an earlier start, and longer than the token that is to replace it, by a bit or two"), 0o644))
	s, err := New(Config{TokenFile: file}, &provider{}, nil)
	require.NoError(t, err)
	require.NoError(t, s.Start())
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, s.Token(), string(content))
	if runtime.GOOS != "windows" {
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	require.NoError(t, s.Shutdown(t.Context()))
	assert.NoFileExists(t, file)

	file = filepath.Join(t.TempDir(), "none", "token")
	s, err = New(Config{TokenFile: file}, &provider{}, nil)
	require.NoError(t, err)
	require.NoError(t, s.Start(), "the folder is made: below /run there is nothing after a boot")
	assert.FileExists(t, file)
	require.NoError(t, s.Shutdown(t.Context()))

	inFile := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(inFile, nil, 0o600))
	s, err = New(Config{TokenFile: filepath.Join(inFile, "token")}, &provider{}, nil)
	require.NoError(t, err)
	require.ErrorContains(t, s.Start(), "its folder must be writable")
	require.NoError(t, s.Shutdown(t.Context()))
}

func TestFileOfALaterServerIsLeftAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	s, err := New(Config{TokenFile: file}, &provider{}, nil)
	require.NoError(t, err)
	require.NoError(t, s.Start())
	require.NoError(t, os.WriteFile(file, []byte("another"), 0o600))
	require.NoError(t, s.Shutdown(t.Context()))
	assert.FileExists(t, file)
}

func TestTakenAddressIsAnError(t *testing.T) {
	first := start(t, Config{}, &provider{}, nil)
	address := strings.TrimSuffix(strings.TrimPrefix(first.URL(), "http://"), path)
	s, err := New(Config{Endpoint: address}, &provider{}, nil)
	require.NoError(t, err)
	require.ErrorContains(t, s.Start(), address)
}

func TestLogsHoldNoSecretsAndAFailureOnce(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	p := &provider{err: errors.New("STS is away")}
	s := start(t, Config{}, p, zap.New(core))
	for range 3 {
		resp, body := ask(t, http.MethodGet, s.URL(), s.Token())
		assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
		assert.Contains(t, body["message"], "STS is away")
	}
	p.set(aws.Credentials{AccessKeyID: "ASIAKEY", SecretAccessKey: "the-secret", SessionToken: "the-session"}, nil)
	ask(t, http.MethodGet, s.URL(), s.Token())
	ask(t, http.MethodGet, s.URL(), "the-wrong-token")
	assert.Equal(t, 1, logs.FilterMessageSnippet("no AWS credentials to serve").Len())
	assert.Equal(t, 1, logs.FilterMessageSnippet("to serve again").Len())
	for _, entry := range logs.All() {
		line, err := json.Marshal(entry.ContextMap())
		require.NoError(t, err)
		for _, secret := range []string{s.Token(), "the-secret", "the-session", "ASIAKEY", "the-wrong-token"} {
			assert.NotContains(t, entry.Message+string(line), secret)
		}
	}
}

func session(s *awslocal.Server, name string) aws.Credentials {
	c := s.Keys.IssueSession(time.Now(), "collector", name, time.Hour)
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

func arn(name string) string {
	return "arn:aws:sts::" + awslocal.DefaultAccount + ":assumed-role/collector/" + name
}

// clientEnv is the environment of a program that asks s for credentials and calls local with them.
func clientEnv(local *awslocal.Server, s *Server, tokenFile string) []string {
	var env []string
	for _, v := range local.Env() {
		if !strings.HasPrefix(v, "AWS_ACCESS_KEY_ID=") && !strings.HasPrefix(v, "AWS_SECRET_ACCESS_KEY=") {
			env = append(env, v)
		}
	}
	return append(env, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+s.URL(), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="+tokenFile)
}

func TestSDKFollowsTheServedCredentials(t *testing.T) {
	local := awslocal.Serve(t, awslocal.Options{})
	p := &provider{c: session(local, "one")}
	file := filepath.Join(t.TempDir(), "token")
	s := start(t, Config{TokenFile: file}, p, nil)
	for _, v := range append(os.Environ(), clientEnv(local, s, file)...) {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	for _, v := range clientEnv(local, s, file) {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	c, err := config.LoadDefaultConfig(t.Context(), config.WithHTTPClient(client))
	require.NoError(t, err)
	caller := sts.NewFromConfig(c)
	who := func() (string, error) {
		out, err := caller.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil {
			return "", err
		}
		return *out.Arn, nil
	}
	got, err := who()
	require.NoError(t, err)
	assert.Equal(t, arn("one"), got)

	local.Keys.ExpireSessions(time.Now())
	p.set(session(local, "two"), nil)
	got, err = who()
	require.NoError(t, err)
	assert.Equal(t, arn("two"), got, "new keys are used at once")

	p.set(aws.Credentials{}, errors.New("the role cannot be assumed"))
	c, err = config.LoadDefaultConfig(t.Context(), config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	require.NoError(t, err)
	_, err = c.Credentials.Retrieve(t.Context())
	require.ErrorContains(t, err, "the role cannot be assumed")
}

func TestCLIUsesTheServedCredentials(t *testing.T) {
	cli, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	local := awslocal.Serve(t, awslocal.Options{})
	file := filepath.Join(t.TempDir(), "token")
	p := &provider{c: session(local, "cli")}
	s := start(t, Config{TokenFile: file}, p, nil)
	// Versions before 2.13 do not read AWS_ENDPOINT_URL, and old ones read the token's value but not its file.
	command := exec.CommandContext(t.Context(), cli, "sts", "get-caller-identity", "--output", "json", "--endpoint-url", local.URL)
	command.Env = append(clientEnv(local, s, file), "AWS_CONTAINER_AUTHORIZATION_TOKEN="+s.Token())
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, stderr.String())
	assert.Contains(t, string(out), arn("cli"))
}

func TestExpirationIsByTheClockOfThoseWhoAsk(t *testing.T) {
	t.Cleanup(func() { awsclock.Learn(0) })
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	for _, ahead := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		awsclock.Learn(ahead)
		long := aws.Credentials{CanExpire: true, Expires: now.Add(ahead + time.Hour)}
		short := aws.Credentials{CanExpire: true, Expires: now.Add(ahead + time.Minute)}
		assert.Equal(t, now.Add(maxLife), expiration(now, long))
		assert.Equal(t, now.Add(time.Minute), expiration(now, short))
	}
}
