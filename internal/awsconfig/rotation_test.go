package awsconfig

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
)

func processOutput(c auth.Credentials, expires time.Time) string {
	b, err := json.Marshal(map[string]any{
		"Version": 1, "AccessKeyId": c.AccessKeyID, "SecretAccessKey": c.SecretAccessKey, "SessionToken": c.SessionToken,
		"Expiration": expires.UTC().Format(time.RFC3339),
	})
	if err != nil {
		panic(err) // strings always encode
	}
	return string(b)
}

// agentSession is a session with the SSM Agent's file, which rotate rewrites; the old keys end at once.
func agentSession(t *testing.T, roles ...AssumeRole) (*awslocal.Server, *Session, func(session string)) {
	t.Helper()
	s := serve(t, awslocal.Options{})
	file := filepath.Join(t.TempDir(), "credentials")
	write(t, file, ini("default", issue(s, "mi-0")))
	c := Config{Credentials: Credentials{Source: SourceSSMAgent, SharedCredentialsFile: []string{file}, AssumeRole: roles}}
	return s, load(t, c, Options{}), func(session string) {
		s.Keys.ExpireSessions(time.Now())
		write(t, file, ini("default", issue(s, session)))
	}
}

func TestDeliveryGoesOnWhileTheFileIsRewritten(t *testing.T) {
	s, session, rotate := agentSession(t)
	client := cloudwatchlogs.NewFromConfig(session.Config)
	group, stream := aws.String("/g"), aws.String("s")
	_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	require.NoError(t, err)
	_, err = client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	require.NoError(t, err)

	var sent atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, err := client.PutLogEvents(context.Background(), &cloudwatchlogs.PutLogEventsInput{
					LogGroupName: group, LogStreamName: stream,
					LogEvents: []types.InputLogEvent{{Message: aws.String("line"), Timestamp: aws.Int64(time.Now().UnixMilli())}},
				})
				// Between the end of the old keys and the new file there is nothing that could be used.
				if err == nil {
					sent.Add(1)
				} else if !assert.True(t, IsRefusal(err), "%v", err) {
					return
				}
			}
		})
	}
	for _, name := range []string{"mi-1", "mi-2", "mi-3"} {
		rotate(name)
		before := sent.Load()
		require.Eventually(t, func() bool { return sent.Load() > before+20 }, deadline, tick)
		requireIdentity(t, session, sessionARN("machine", name))
	}
	close(stop)
	wg.Wait()
	assert.Positive(t, s.Calls("logs", "PutLogEvents"))
}

func TestRequestIsSentOnceMoreWithTheNewKeys(t *testing.T) {
	s, session, rotate := agentSession(t)
	requireIdentity(t, session, sessionARN("machine", "mi-0"))
	rotate("mi-1")
	before := s.Calls("sts", "GetCallerIdentity")
	requireIdentity(t, session, sessionARN("machine", "mi-1"))
	assert.EqualValues(t, 2, s.Calls("sts", "GetCallerIdentity")-before)
}

func TestRefusalWithoutNewKeysIsReturnedAfterOneRequest(t *testing.T) {
	s, session, _ := agentSession(t)
	requireIdentity(t, session, sessionARN("machine", "mi-0"))
	s.Keys.ExpireSessions(time.Now())
	before := s.Calls("sts", "GetCallerIdentity")
	_, err := whoAmI(t.Context(), session)
	assert.True(t, IsRefusal(err), "%v", err)
	assert.EqualValues(t, 1, s.Calls("sts", "GetCallerIdentity")-before)
}

func TestDeniedAccessRefreshesNothing(t *testing.T) {
	s, session, _ := agentSession(t, AssumeRole{RoleARN: roleARN, SessionName: "me"})
	requireIdentity(t, session, sessionARN("collector", "me"))
	_, err := s.Faults.Add(faults.Rule{Kind: faults.AccessDenied, Operation: "GetCallerIdentity"})
	require.NoError(t, err)
	_, err = whoAmI(t.Context(), session)
	require.Error(t, err)
	assert.False(t, IsRefusal(err))
	assert.EqualValues(t, 1, s.Calls("sts", "AssumeRole"))
}

func TestRoleOutlivesItsBaseAndIsRefreshedFromTheNewOne(t *testing.T) {
	s := serve(t, awslocal.Options{})
	file := filepath.Join(t.TempDir(), "credentials")
	write(t, file, ini("default", issue(s, "mi-0")))
	c := Credentials{Source: SourceSSMAgent, SharedCredentialsFile: []string{file}, AssumeRole: []AssumeRole{
		{RoleARN: "arn:aws:iam::123456789012:role/first"}, {RoleARN: roleARN, SessionName: "me"},
	}}
	session := load(t, Config{Credentials: c}, Options{})
	requireIdentity(t, session, sessionARN("collector", "me"))
	assert.EqualValues(t, 2, s.Calls("sts", "AssumeRole"))

	write(t, file, ini("default", issue(s, "mi-1")))
	requireIdentity(t, session, sessionARN("collector", "me"))
	assert.EqualValues(t, 2, s.Calls("sts", "AssumeRole"), "the role's own keys are still good")

	s.Keys.ExpireSessions(time.Now())
	write(t, file, ini("default", issue(s, "mi-2")))
	requireIdentity(t, session, sessionARN("collector", "me"))
}

func TestManyExpiredRequestsAssumeTheRoleOnce(t *testing.T) {
	s := serve(t, awslocal.Options{})
	session := load(t, Config{Credentials: Credentials{Source: SourceStatic, Static: staticKeys(), AssumeRole: []AssumeRole{{RoleARN: roleARN, SessionName: "me"}}}}, Options{})
	requireIdentity(t, session, sessionARN("collector", "me"))
	s.Keys.ExpireSessions(time.Now())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := whoAmI(context.Background(), session)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.EqualValues(t, 2, s.Calls("sts", "AssumeRole"))
}

func TestProcessIsRunAgainAfterARefusalAndAheadOfTheEnd(t *testing.T) {
	s := serve(t, awslocal.Options{})
	file := filepath.Join(t.TempDir(), "out")
	write(t, file, processOutput(issue(s, "one"), time.Now().Add(time.Hour)))
	session := load(t, Config{Credentials: Credentials{Source: SourceProcess, Process: script(t, file)}}, Options{})
	requireIdentity(t, session, sessionARN("machine", "one"))

	s.Keys.ExpireSessions(time.Now())
	write(t, file, processOutput(issue(s, "two"), time.Now().Add(4*time.Second)))
	requireIdentity(t, session, sessionARN("machine", "two"))

	write(t, file, processOutput(issue(s, "three"), time.Now().Add(time.Hour)))
	require.Eventually(t, func() bool {
		got, err := whoAmI(t.Context(), session)
		return err == nil && got == sessionARN("machine", "three")
	}, deadline, tick)
}

func TestWebIdentityTokenIsReadAgain(t *testing.T) {
	s := serve(t, awslocal.Options{})
	file := tokenFile(t)
	session := load(t, Config{Credentials: Credentials{Source: SourceWebIdentity, WebIdentity: WebIdentity{TokenFile: file, RoleARN: roleARN, SessionName: "pod"}}}, Options{})
	requireIdentity(t, session, sessionARN("collector", "pod"))
	write(t, file, "rubbish")
	requireIdentity(t, session, sessionARN("collector", "pod")) // the session's keys are still good
	s.Keys.ExpireSessions(time.Now())
	_, err := whoAmI(t.Context(), session)
	require.Error(t, err)
	write(t, file, webToken("rotated"))
	require.Eventually(t, func() bool {
		got, err := whoAmI(t.Context(), session)
		return err == nil && got == sessionARN("collector", "pod")
	}, deadline, 10*tick)
}

func TestContainerTokenFileIsReadAgain(t *testing.T) {
	for _, source := range []Source{SourceContainer, SourceDefault} {
		t.Run(string(source), func(t *testing.T) {
			s := serve(t, awslocal.Options{ECS: true})
			s.Metadata.SetAuthorizationToken("first")
			onMachine(t, s)
			require.NoError(t, os.Unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"))
			file := filepath.Join(t.TempDir(), "token")
			write(t, file, "first")
			t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file)
			session := load(t, Config{Credentials: Credentials{Source: source}}, Options{})
			got, err := whoAmI(t.Context(), session)
			require.NoError(t, err)

			s.Keys.ExpireSessions(time.Now())
			s.Metadata.Rotate()
			s.Metadata.SetAuthorizationToken("second")
			write(t, file, "second")
			requireIdentity(t, session, got)
		})
	}
}

func TestChainFollowsTheSharedFileAndStaysWithItWhenItIsEmptied(t *testing.T) {
	s := serve(t, awslocal.Options{EC2: true})
	onMachine(t, s)
	file := filepath.Join(t.TempDir(), "credentials")
	write(t, file, ini("default", issue(s, "one")))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	session := load(t, Config{}, Options{})
	requireIdentity(t, session, sessionARN("machine", "one"))

	s.Keys.ExpireSessions(time.Now())
	write(t, file, ini("default", issue(s, "two")))
	requireIdentity(t, session, sessionARN("machine", "two"))

	s.Keys.ExpireSessions(time.Now())
	write(t, file, "")
	_, err := whoAmI(t.Context(), session)
	assert.True(t, IsRefusal(err), "not the instance's role instead: %v", err)
	write(t, file, ini("default", issue(s, "three")))
	require.Eventually(t, func() bool {
		got, err := whoAmI(t.Context(), session)
		return err == nil && got == sessionARN("machine", "three")
	}, deadline, 10*tick)
}

func TestChoiceIsLoggedOnceAndWithoutSecrets(t *testing.T) {
	s := serve(t, awslocal.Options{})
	file := filepath.Join(t.TempDir(), "credentials")
	first := issue(s, "one")
	write(t, file, ini("default", first))
	core, logs := observer.New(zap.DebugLevel)
	session := load(t, Config{Credentials: Credentials{Source: SourceSSMAgent, SharedCredentialsFile: []string{file}}}, Options{Logger: zap.New(core)})
	for range 3 {
		requireIdentity(t, session, sessionARN("machine", "one"))
	}
	chosen := logs.FilterMessage("AWS credentials chosen").All()
	require.Len(t, chosen, 1)
	fields := chosen[0].ContextMap()
	assert.Equal(t, zap.InfoLevel, chosen[0].Level)
	assert.Equal(t, "ssm_agent", fields["source"])
	assert.Equal(t, "default", fields["profile"])
	assert.Equal(t, file, fields["file"])
	assert.Equal(t, "…"+first.AccessKeyID[len(first.AccessKeyID)-4:], fields["access_key_id"])

	s.Keys.ExpireSessions(time.Now())
	second := issue(s, "two")
	write(t, file, ini("default", second))
	requireIdentity(t, session, sessionARN("machine", "two"))
	assert.Equal(t, 1, logs.FilterMessage("AWS credentials chosen").Len())
	rotated := logs.FilterMessage("AWS credentials rotated").All()
	require.Len(t, rotated, 1)
	assert.Equal(t, zap.DebugLevel, rotated[0].Level)

	var all strings.Builder
	for _, entry := range logs.All() {
		line, err := json.Marshal(entry.ContextMap())
		require.NoError(t, err)
		all.WriteString(entry.Message + string(line))
	}
	for _, c := range []auth.Credentials{first, second} {
		for _, secret := range []string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken} {
			assert.NotContains(t, all.String(), secret)
		}
	}
}

func TestAccountAndRoleAreLogged(t *testing.T) {
	serve(t, awslocal.Options{})
	core, logs := observer.New(zap.InfoLevel)
	c := Credentials{Source: SourceStatic, Static: staticKeys(), AssumeRole: []AssumeRole{{RoleARN: roleARN}}}
	session := load(t, Config{Credentials: c}, Options{Logger: zap.New(core)})
	i, err := session.Credentials.Identity(t.Context())
	require.NoError(t, err)
	assert.Equal(t, account, i.AccountID)
	assert.WithinDuration(t, time.Now().Add(time.Hour), i.Expires, time.Minute)
	chosen := logs.FilterMessage("AWS credentials chosen").All()
	require.Len(t, chosen, 1)
	assert.Equal(t, account, chosen[0].ContextMap()["account"])
	assert.Equal(t, roleARN, chosen[0].ContextMap()["role"])
	assert.Contains(t, chosen[0].ContextMap(), "expires")
}
