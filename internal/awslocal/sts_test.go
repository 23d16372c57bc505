package awslocal_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

const collectorRole = "arn:aws:iam::123456789012:role/collector"

func whoAmI(t *testing.T, config aws.Config) string {
	t.Helper()
	out, err := sts.NewFromConfig(config).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	require.NoError(t, err)
	return *out.Arn
}

func TestSDKAssumesARole(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{})
	config := s.AWSConfig(context.Background())
	assert.Equal(t, "arn:aws:iam::123456789012:user/local", whoAmI(t, config))

	config.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(s.AWSConfig(context.Background())), collectorRole,
		func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "otelcol" }))
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/collector/otelcol", whoAmI(t, config))

	got, err := config.Credentials.Retrieve(context.Background())
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(15*time.Minute), got.Expires, time.Minute)

	s.Keys.ExpireSessions(time.Now())
	_, err = sts.NewFromConfig(config).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "ExpiredToken", api.ErrorCode())
}

func TestSDKReadsErrorsOfSTS(t *testing.T) {
	t.Parallel()
	client := sts.NewFromConfig(awslocal.Serve(t, awslocal.Options{}).AWSConfig(context.Background()))
	_, err := client.AssumeRole(context.Background(), &sts.AssumeRoleInput{
		RoleArn: aws.String(collectorRole), RoleSessionName: aws.String("otelcol"), DurationSeconds: aws.Int32(43201),
	})
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "ValidationError", api.ErrorCode())
	assert.Contains(t, api.ErrorMessage(), "'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200")

	_, err = client.AssumeRole(context.Background(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::999999999999:role/collector"), RoleSessionName: aws.String("otelcol"),
	})
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "AccessDenied", api.ErrorCode())
}

// webToken is a JWT with a signature that is made up.
func webToken(expires time.Time) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." +
		encode([]byte(fmt.Sprintf(`{"iss":"https://issuer.example","sub":"system:serviceaccount:otel:collector","aud":["sts.amazonaws.com"],"exp":%d}`, expires.Unix()))) +
		"." + encode([]byte("signature"))
}

func TestSDKUsesAWebIdentity(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{})
	config := s.AWSConfig(context.Background())
	file := filepath.Join(t.TempDir(), "token")
	write := func(expires time.Time) { require.NoError(t, os.WriteFile(file, []byte(webToken(expires)), 0o600)) }
	unsigned := s.AWSConfig(context.Background())
	unsigned.Credentials = aws.AnonymousCredentials{}
	provider := stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(unsigned), collectorRole, stscreds.IdentityTokenFile(file),
		func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = "pod" })

	write(time.Now().Add(time.Hour))
	config.Credentials = aws.NewCredentialsCache(provider)
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/collector/pod", whoAmI(t, config))

	write(time.Now().Add(-time.Hour))
	_, err := provider.Retrieve(context.Background())
	var expired *types.ExpiredTokenException
	require.ErrorAs(t, err, &expired)

	require.NoError(t, os.WriteFile(file, []byte("no token"), 0o600))
	_, err = provider.Retrieve(context.Background())
	var invalid *types.InvalidIdentityTokenException
	require.True(t, errors.As(err, &invalid), "%v", err)
}

func TestCLIAssumesARole(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{})
	var identity struct{ Arn, Account, UserId string } // the wire names
	require.NoError(t, json.Unmarshal(runAWS(t, s.Env(), "sts", "get-caller-identity"), &identity))
	assert.Equal(t, "arn:aws:iam::123456789012:user/local", identity.Arn)

	var assumed struct {
		Credentials     struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string } // the wire names
		AssumedRoleUser struct{ Arn string }
	}
	out := runAWS(t, s.Env(), "sts", "assume-role", "--role-arn", collectorRole, "--role-session-name", "cli")
	require.NoError(t, json.Unmarshal(out, &assumed))
	env := append(s.Env(),
		"AWS_ACCESS_KEY_ID="+assumed.Credentials.AccessKeyId,
		"AWS_SECRET_ACCESS_KEY="+assumed.Credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN="+assumed.Credentials.SessionToken,
	)
	require.NoError(t, json.Unmarshal(runAWS(t, env, "sts", "get-caller-identity"), &identity))
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/collector/cli", identity.Arn)
}
