package awsconfig

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAbsentProfileIsNamedWithThoseThatThereAre(t *testing.T) {
	const keys = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = correct-horse\n"
	dir := t.TempDir()
	credentials, configuration := filepath.Join(dir, "credentials"), filepath.Join(dir, "config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", credentials)
	t.Setenv("AWS_CONFIG_FILE", configuration)
	t.Setenv("AWS_PROFILE", "Agent")
	t.Setenv("AWS_REGION", "eu-central-1")
	for text, want := range map[string]string{
		"[agent]\n" + keys + "[other]\n" + keys: credentials + " has agent, other;",
		"[profile Agent]\n" + keys:              "Agent (written as [profile Agent]: a credentials file has [NAME], a configuration file [profile NAME])",
		"\xef\xbb\xbf[Agent]\n" + keys:          credentials + " begins with a byte order mark: save it as UTF-8 without one",
		"\xff\xfe[\x00A\x00":                    credentials + " begins with a byte order mark",
		keys:                                    credentials + " has no profile",
	} {
		require.NoError(t, os.WriteFile(credentials, []byte(text), 0o600))
		_, err := Load(t.Context(), Config{}, Options{})
		require.ErrorContains(t, err, `no profile "Agent": `)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, configuration+": no such file")
		assert.ErrorContains(t, err, "AWS_PROFILE")
		assert.NotContains(t, err.Error(), "correct-horse")
	}
	require.NoError(t, os.WriteFile(credentials, []byte("[Agent]\r\n"+keys), 0o600))
	s, err := Load(t.Context(), Config{}, Options{})
	require.NoError(t, err)
	s.Close()
}
