package awsconfig

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestRequestInFlightFinishesAndTheNextDialsAnewWhenRoutesChange(t *testing.T) {
	arrived, answer := make(chan struct{}), make(chan struct{})
	var seen []string // remote addresses; requests do not overlap where it is appended to
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			arrived <- struct{}{}
			<-answer
		} else {
			seen = append(seen, r.RemoteAddr)
		}
		_, _ = io.WriteString(w, "done")
	}))
	defer server.Close()
	r := &router{server: strings.TrimPrefix(server.URL, "http://")}
	c := newClient(r, buildable(r).GetTransport())
	defer c.close()
	get := func(path string) (string, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://logs.eu-central-1.amazonaws.com"+path, nil)
		if err != nil {
			return "", err
		}
		response, err := c.Do(request)
		if err != nil {
			return "", err
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		return string(body), err
	}

	for range 2 {
		_, err := get("/")
		require.NoError(t, err)
	}
	assert.Equal(t, seen[0], seen[1], "the connection is used again")
	assert.Len(t, r.addresses(), 1)

	type result struct {
		body string
		err  error
	}
	slow := make(chan result)
	go func() {
		body, err := get("/slow")
		slow <- result{body, err}
	}()
	<-arrived
	r.generation.Add(1)
	_, err := get("/")
	require.NoError(t, err)
	assert.Len(t, r.addresses(), 2, "a new connection, although the first would serve")
	assert.NotEqual(t, seen[0], seen[2])
	close(answer)
	assert.Equal(t, result{"done", nil}, <-slow)

	_, err = get("/")
	require.NoError(t, err)
	assert.Equal(t, seen[2], seen[3])
}

func TestRedirectLosesTheTokenAtAnotherHost(t *testing.T) {
	var token string
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { token = r.Header.Get("X-Amz-Security-Token") }))
	defer target.Close()
	for _, tt := range []struct {
		status int
		want   int
	}{{http.StatusTemporaryRedirect, http.StatusOK}, {http.StatusFound, http.StatusFound}} {
		source := httptest.NewServer(http.RedirectHandler(target.URL, tt.status))
		c := newClient(nil, buildable(nil).GetTransport())
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, source.URL, nil)
		require.NoError(t, err)
		request.Header.Set("X-Amz-Security-Token", "secret")
		response, err := c.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, tt.want, response.StatusCode)
		assert.Empty(t, token)
		c.close()
		source.Close()
	}
}

func TestProxyOfTheEnvironmentIsForThoseWithoutARouter(t *testing.T) {
	assert.NotNil(t, buildable(nil).GetTransport().Proxy)
	assert.Nil(t, buildable(&router{}).GetTransport().Proxy)
	assert.Nil(t, metadataClient(buildable(nil).GetTransport()).Transport.(*http.Transport).Proxy)
}

func TestEveryCallForCredentialsTakesTheRoute(t *testing.T) {
	profile := func(content string) func(*testing.T, *awslocal.Server) Config {
		return func(t *testing.T, _ *awslocal.Server) Config {
			file := filepath.Join(t.TempDir(), "config")
			write(t, file, content)
			t.Setenv("AWS_CONFIG_FILE", file)
			return Config{Credentials: Credentials{Source: SourceProfile, Profile: "p"}}
		}
	}
	base := "[profile base]\naws_access_key_id = " + awslocal.DefaultAccessKeyID + "\naws_secret_access_key = " + awslocal.DefaultSecretAccessKey + "\n"
	tests := []struct {
		name  string
		setup func(*testing.T, *awslocal.Server) Config
		want  string
	}{
		{"assumed role", func(*testing.T, *awslocal.Server) Config {
			return Config{Credentials: Credentials{Source: SourceStatic, Static: staticKeys(), AssumeRole: []AssumeRole{{RoleARN: roleARN, SessionName: "me"}}}}
		}, sessionARN("collector", "me")},
		{"web identity", func(t *testing.T, _ *awslocal.Server) Config {
			return Config{Credentials: Credentials{Source: SourceWebIdentity, WebIdentity: WebIdentity{TokenFile: tokenFile(t), RoleARN: roleARN, SessionName: "pod"}}}
		}, sessionARN("collector", "pod")},
		{"web identity of the chain", func(t *testing.T, _ *awslocal.Server) Config {
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", tokenFile(t))
			t.Setenv("AWS_ROLE_ARN", roleARN)
			t.Setenv("AWS_ROLE_SESSION_NAME", "irsa")
			return Config{}
		}, sessionARN("collector", "irsa")},
		{"role of a profile", profile(base + "[profile p]\nrole_arn = " + roleARN + "\nsource_profile = base\nrole_session_name = file\n"), sessionARN("collector", "file")},
	}
	for _, tt := range tests {
		for _, mode := range []string{"legacy", "standard"} { // in standard mode the SDK replaces the dialer of its own client
			t.Run(tt.name+", "+mode, func(t *testing.T) {
				s, r := serveTLS(t, awslocal.Options{})
				t.Setenv("AWS_DEFAULTS_MODE", mode)
				session := load(t, tt.setup(t, s), Options{Router: r})
				requireIdentity(t, session, tt.want)
				for _, address := range r.addresses() {
					assert.Equal(t, "sts.us-east-1.amazonaws.com:443", address)
				}
				assert.EqualValues(t, 1, s.Calls("sts", "GetCallerIdentity"))
			})
		}
	}
}

func TestCertificatesOfTheRoutesAndOfTheEnvironmentAreBothTrusted(t *testing.T) {
	for _, tt := range []struct {
		name           string
		ofRouter, ofCA bool
		wantErr        bool
	}{{"routes", true, false, false}, {"AWS_CA_BUNDLE", false, true, false}, {"both", true, true, false}, {"neither", false, false, true}} {
		t.Run(tt.name, func(t *testing.T) {
			s, r := serveTLS(t, awslocal.Options{})
			if !tt.ofRouter {
				r.pool = nil
			}
			if tt.ofCA {
				file := filepath.Join(t.TempDir(), "ca.pem")
				require.NoError(t, os.WriteFile(file, s.Authority.PEM(), 0o600))
				t.Setenv("AWS_CA_BUNDLE", file)
			}
			c := Config{Credentials: Credentials{Source: SourceStatic, Static: staticKeys(), AssumeRole: []AssumeRole{{RoleARN: roleARN, SessionName: "me"}}}}
			_, err := whoAmI(t.Context(), load(t, c, Options{Router: r}))
			assert.Equal(t, tt.wantErr, err != nil, "%v", err)
		})
	}
}

func TestBundleOfTheEnvironmentIsReadAsPeopleSaveIt(t *testing.T) {
	s, r := serveTLS(t, awslocal.Options{})
	r.pool = nil
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, append([]byte("\xef\xbb\xbf"), s.Authority.PEM()...), 0o600))
	t.Setenv("AWS_CA_BUNDLE", file)
	c := Config{Credentials: Credentials{Source: SourceStatic, Static: staticKeys(), AssumeRole: []AssumeRole{{RoleARN: roleARN, SessionName: "me"}}}}
	_, err := whoAmI(t.Context(), load(t, c, Options{Router: r}))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte("no certificate"), 0o600))
	_, err = Load(t.Context(), c, Options{Router: r})
	require.ErrorContains(t, err, "AWS_CA_BUNDLE: "+file+": it holds no PEM certificate")
}
