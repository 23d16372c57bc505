package awsconfig

import (
	"context"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHelperRunsWithTheEnvironmentThatItIsGiven(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the command is one of sh")
	}
	t.Setenv("HELPER_KEY", "AKIAROUTED")
	command := `printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"x"}' "$HELPER_KEY"`
	key := func() string {
		c, err := process{command}.Retrieve(context.Background())
		require.NoError(t, err)
		return c.AccessKeyID
	}
	assert.Equal(t, "AKIAROUTED", key())
	SetHelperEnvironment(func() []string { return []string{"HELPER_KEY=AKIAORIGINAL", "PATH=" + os.Getenv("PATH")} })
	t.Cleanup(func() { SetHelperEnvironment(nil) })
	assert.Equal(t, "AKIAORIGINAL", key())
	SetHelperEnvironment(nil)
	assert.Equal(t, "AKIAROUTED", key())
}
