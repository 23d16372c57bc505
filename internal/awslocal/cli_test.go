package awslocal_test

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// awsCommand is the AWS CLI with an environment as Server.Env makes it. Without the CLI the test is
// skipped. The address is an option too: versions before 2.13 do not read AWS_ENDPOINT_URL.
func awsCommand(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	for _, v := range env {
		if url, ok := strings.CutPrefix(v, "AWS_ENDPOINT_URL="); ok && !slices.Contains(args, "--endpoint-url") {
			args = append(args, "--endpoint-url", url)
		}
	}
	command := exec.CommandContext(t.Context(), path, args...)
	command.Env = env
	return command
}

// runAWS runs the AWS CLI and returns the JSON that it printed.
func runAWS(t *testing.T, env []string, args ...string) []byte {
	t.Helper()
	command := awsCommand(t, env, append(args, "--output", "json")...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, "aws %v: %s", args, stderr.String())
	return out
}
