package credserver

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A local user without the token holds as many connections as it likes.
func TestACrowdWithoutTheTokenKeepsNobodyFromTheCredentials(t *testing.T) {
	p := &provider{}
	p.set(aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "secret"}, nil)
	s := start(t, Config{}, p, nil)
	address := strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), path)
	for range 3 * maxUnknown {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
	}
	answer, credentials := ask(t, http.MethodGet, s.URL(), s.Token())
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Equal(t, "AKIA", credentials["AccessKeyId"])
}
