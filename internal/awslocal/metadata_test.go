package awslocal_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// onMachine is the environment of a process on the server's machine: no keys and no region but what
// the metadata endpoints give.
func onMachine(s *awslocal.Server) []string {
	var env []string
	for _, v := range s.Env() {
		if !strings.HasPrefix(v, "AWS_ACCESS_KEY_ID=") && !strings.HasPrefix(v, "AWS_SECRET_ACCESS_KEY=") && !strings.HasPrefix(v, "AWS_EC2_METADATA_DISABLED=") {
			env = append(env, v)
		}
	}
	return append(env, s.Metadata.Env(s.URL)...)
}

// setMachineEnv makes this process one on the server's machine for the test's time.
func setMachineEnv(t *testing.T, s *awslocal.Server) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	for _, v := range onMachine(s) {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") && name != "AWS_REGION" && name != "AWS_DEFAULT_REGION" {
			t.Setenv(name, value)
		}
	}
}

// alwaysRefresh makes the SDK fetch credentials for every request, as if they were about to end.
func alwaysRefresh(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = 24 * time.Hour }

func accessKeyID(t *testing.T, c aws.Config) string {
	t.Helper()
	got, err := c.Credentials.Retrieve(context.Background())
	require.NoError(t, err)
	return got.AccessKeyID
}

func TestSDKOnAnInstanceFindsRegionAndCredentials(t *testing.T) {
	s := awslocal.Serve(t, awslocal.Options{EC2: true, Region: "eu-central-1"})
	setMachineEnv(t, s)
	got, err := config.LoadDefaultConfig(context.Background(), config.WithEC2IMDSRegion(), config.WithCredentialsCacheOptions(alwaysRefresh))
	require.NoError(t, err)
	assert.Equal(t, "eu-central-1", got.Region)
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/cloudwatch-local/i-0abcdef1234567890", whoAmI(t, got))

	first := accessKeyID(t, got)
	s.Metadata.Rotate()
	assert.NotEqual(t, first, accessKeyID(t, got))
	whoAmI(t, got)

	s.Metadata.SetEC2(false)
	switchedOff, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("eu-central-1"))
	require.NoError(t, err)
	_, err = switchedOff.Credentials.Retrieve(context.Background())
	require.Error(t, err)
}

func TestSDKInATaskFindsCredentials(t *testing.T) {
	s := awslocal.Serve(t, awslocal.Options{ECS: true})
	s.Metadata.SetAuthorizationToken("first")
	setMachineEnv(t, s)
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("first"), 0o600))
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file)
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
	got, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("us-east-1"), config.WithCredentialsCacheOptions(alwaysRefresh))
	require.NoError(t, err)
	assert.Contains(t, whoAmI(t, got), "arn:aws:sts::123456789012:assumed-role/cloudwatch-local/")

	s.Metadata.SetAuthorizationToken("second")
	require.NoError(t, os.WriteFile(file, []byte("second"), 0o600))
	whoAmI(t, got) // the token file is read again
}

func TestCLIOnAnInstanceHasItsRole(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{EC2: true})
	var identity struct{ Arn string }
	require.NoError(t, json.Unmarshal(runAWS(t, onMachine(s), "sts", "get-caller-identity"), &identity))
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/cloudwatch-local/i-0abcdef1234567890", identity.Arn)
}
