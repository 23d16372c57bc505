package metadata

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
)

// machine is a metadata service with a clock that the test sets.
type machine struct {
	*Service
	t   *testing.T
	now time.Time
}

func newMachine(t *testing.T, c Config) *machine {
	t.Helper()
	m := &machine{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	c.Now = func() time.Time { return m.now }
	if c.Region == "" {
		c.Region = "eu-central-1"
	}
	c.Account, c.Keyring = "123456789012", auth.NewKeyring("123456789012")
	m.Service = New(c)
	return m
}

// do sends a request; headers come as name, value.
func (m *machine) do(method, path string, headers ...string) *httptest.ResponseRecorder {
	m.t.Helper()
	r := httptest.NewRequest(method, path, http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w
}

func (m *machine) token() string {
	m.t.Helper()
	w := m.do(http.MethodPut, "/latest/api/token", ttlHeader, "21600")
	require.Equal(m.t, http.StatusOK, w.Code)
	return w.Body.String()
}

// get reads an item of the instance metadata with a token.
func (m *machine) get(path string) string {
	m.t.Helper()
	w := m.do(http.MethodGet, "/latest/"+path, tokenHeader, m.token())
	require.Equal(m.t, http.StatusOK, w.Code, path)
	return w.Body.String()
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	require.NoError(t, json.NewDecoder(strings.NewReader(text)).Decode(&out), text)
	return out
}
