package awsconfig

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSSMAgentFilesAreThoseOfItsUser(t *testing.T) {
	tests := []struct {
		name       string
		configured []string
		env        map[string]string
		goos       string
		want       []string
	}{
		{"Linux, whatever HOME is", nil, map[string]string{"HOME": "/var/lib/otel"}, "linux", []string{"/root/.aws/credentials", "/var/lib/amazon/ssm/credentials"}},
		{"Windows", nil, map[string]string{"SystemRoot": `D:\Windows`}, "windows", []string{`D:\Windows\System32\config\systemprofile\.aws\credentials`}},
		{"Windows without SystemRoot", nil, nil, "windows", []string{`C:\Windows\System32\config\systemprofile\.aws\credentials`}},
		{"macOS", nil, nil, "darwin", []string{"/var/root/.aws/credentials"}},
		{"the agent's variable", nil, map[string]string{"AWS_SHARED_CREDENTIALS_FILE": "/e"}, "linux", []string{"/e"}},
		{"the configuration", []string{"/c"}, map[string]string{"AWS_SHARED_CREDENTIALS_FILE": "/e"}, "linux", []string{"/c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, ssmAgentFiles(tt.configured, func(name string) string { return tt.env[name] }, tt.goos))
		})
	}
}

func TestSSMAgentTakesTheFirstFileWithTheProfile(t *testing.T) {
	dir := t.TempDir()
	absent, other, good := filepath.Join(dir, "absent"), filepath.Join(dir, "other"), filepath.Join(dir, "good")
	write(t, other, ini("mine", long("ASIAMINE")))
	agent := ssmAgent{files: []string{absent, other, good}, profile: "default"}

	_, err := agent.load(t.Context(), nil, false)
	require.Error(t, err)
	for _, part := range []string{absent + " does not exist", other + ` has no profile "default"`, good + " does not exist", "hybrid activation", "agent runs"} {
		assert.Contains(t, err.Error(), part)
	}

	write(t, good, ini("default", long("ASIAGOOD")))
	f, err := agent.load(t.Context(), nil, false)
	require.NoError(t, err)
	assert.Equal(t, "ASIAGOOD", f.AccessKeyID)
	assert.Equal(t, good, f.file)
}

func TestFileThatIsNoFileIsNotWaitedFor(t *testing.T) {
	_, err := keysOf(t.Context(), t.TempDir(), "default")
	require.ErrorContains(t, err, "is not a regular file")
	large := filepath.Join(t.TempDir(), "large")
	require.NoError(t, os.WriteFile(large, make([]byte, maxFileBytes+1), 0o600))
	_, err = keysOf(t.Context(), large, "default")
	require.ErrorContains(t, err, "has more than")
}
