package targets

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// failures are the groups whose retention was told to have failed.
type failures struct {
	mu     sync.Mutex
	groups []string
}

func (f *failures) add(group string, _ error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.groups = append(f.groups, group)
}

func (f *failures) all() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.groups
}

func start(t *testing.T, s *awslocal.Server, o Options) (*Targets, *cloudwatchlogs.Client, *failures) {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(s.AWSConfig(t.Context()), func(o *cloudwatchlogs.Options) { o.RetryMaxAttempts = 1 })
	told := new(failures)
	o.RetentionFailed = told.add
	made := New(client, o)
	t.Cleanup(made.Close)
	return made, client, told
}

func retention(t *testing.T, client *cloudwatchlogs.Client, group string) int32 {
	t.Helper()
	out, err := client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &group})
	require.NoError(t, err)
	require.Len(t, out.LogGroups, 1)
	return aws.ToInt32(out.LogGroups[0].RetentionInDays)
}

func target(group, stream string) cwlogs.Target { return cwlogs.Target{Group: group, Stream: stream} }

func class(t *testing.T, err error) cwlogs.Class {
	t.Helper()
	failure, ok := errors.AsType[*cwlogs.Error](err)
	require.True(t, ok, "%v", err)
	return failure.Class
}

func TestGroupIsMadeOnceForAllItsStreams(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{})
	made, client, _ := start(t, s, Options{RetentionDays: 7, Tags: map[string]string{"team": "ops"}, Class: "INFREQUENT_ACCESS"})
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() { assert.NoError(t, made.Make(t.Context(), target("/one", fmt.Sprint(i)))) })
	}
	all.Wait()
	assert.EqualValues(t, 1, s.Calls("logs", "CreateLogGroup"))
	assert.Zero(t, s.Calls("logs", "DescribeLogGroups")+s.Calls("logs", "DescribeLogStreams"))
	assert.Eventually(t, func() bool { return retention(t, client, "/one") == 7 }, time.Minute, 10*time.Millisecond)
	out, err := client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	require.NoError(t, err)
	assert.EqualValues(t, "INFREQUENT_ACCESS", out.LogGroups[0].LogGroupClass)
	tags, err := client.ListTagsForResource(t.Context(), &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String(strings.TrimSuffix(*out.LogGroups[0].Arn, ":*"))})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"team": "ops"}, tags.Tags)
}

// TestGroupsAreMadeWithinTheQuotas has a service that refuses more.
func TestGroupsAreMadeWithinTheQuotas(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{})
	made, _, _ := start(t, s, Options{})
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() { assert.NoError(t, made.Make(t.Context(), target(fmt.Sprint("/many/", i), "s"))) })
	}
	all.Wait()
	assert.EqualValues(t, 16, s.Calls("logs", "CreateLogGroup"))
}

func TestWhatOthersMadeStaysAsItIs(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := s.Faults.Add(faults.Rule{Kind: faults.AccessDenied, Operation: "CreateLogGroup"})
	require.NoError(t, err)
	made, client, _ := start(t, s, Options{RetentionDays: 7})
	assert.Equal(t, cwlogs.Denied, class(t, made.Make(t.Context(), target("/theirs", "s"))))
	s.Faults.Clear()
	_, err = client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/theirs")})
	require.NoError(t, err)
	require.NoError(t, made.Make(t.Context(), target("/theirs", "s")))
	require.NoError(t, made.Make(t.Context(), target("/theirs", "s")), "it is there")
	made.Close()
	assert.Zero(t, retention(t, client, "/theirs"))

	_, err = client.DeleteLogGroup(t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("/theirs")})
	require.NoError(t, err)
	made, _, _ = start(t, s, Options{RetentionDays: 7})
	require.NoError(t, made.Make(t.Context(), target("/theirs", "s")), "and comes back as ours")
	assert.Eventually(t, func() bool { return retention(t, client, "/theirs") == 7 }, time.Minute, 10*time.Millisecond)
}

func TestGroupWhoseMakingHadNoAnswerIsOurs(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := s.Faults.Add(faults.Rule{Kind: faults.ResetAfter, Operation: "CreateLogGroup", Count: 1})
	require.NoError(t, err)
	made, client, _ := start(t, s, Options{RetentionDays: 7})
	assert.Equal(t, cwlogs.Retryable, class(t, made.Make(t.Context(), target("/g", "s"))))
	assert.NoError(t, made.Make(t.Context(), target("/g", "s")))
	made.Close()
	_ = client
}

func TestFailuresHaveTheirClass(t *testing.T) {
	t.Parallel()
	for kind, want := range map[faults.Kind]cwlogs.Class{
		faults.Throttle: cwlogs.Throttled, faults.ServerError: cwlogs.Retryable, faults.AccessDenied: cwlogs.Denied, faults.ExpiredCredentials: cwlogs.Credentials,
	} {
		for _, operation := range []string{"CreateLogStream", "CreateLogGroup"} {
			t.Run(fmt.Sprint(kind, operation), func(t *testing.T) {
				t.Parallel()
				s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
				_, err := s.Faults.Add(faults.Rule{Kind: kind, Operation: operation, Count: 1})
				require.NoError(t, err)
				made, _, _ := start(t, s, Options{})
				err = made.Make(t.Context(), target("/g", "s"))
				assert.Equal(t, want, class(t, err))
				assert.ErrorContains(t, err, operation)
				assert.NoError(t, made.Make(t.Context(), target("/g", "s")))
			})
		}
	}
}

func TestRetentionThatIsDeniedIsToldOnce(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := s.Faults.Add(faults.Rule{Kind: faults.AccessDenied, Operation: "PutRetentionPolicy"})
	require.NoError(t, err)
	made, _, told := start(t, s, Options{RetentionDays: 7})
	require.NoError(t, made.Make(t.Context(), target("/g", "a")), "events need no retention")
	require.NoError(t, made.Make(t.Context(), target("/g", "b")))
	assert.Eventually(t, func() bool { return len(told.all()) == 1 }, time.Minute, 10*time.Millisecond)
	made.Close()
	assert.Equal(t, []string{"/g"}, told.all())
	assert.EqualValues(t, 1, s.Calls("logs", "PutRetentionPolicy"))
}

func TestRetentionIsSetAfterThrottling(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := s.Faults.Add(faults.Rule{Kind: faults.Throttle, Operation: "PutRetentionPolicy", Count: 1})
	require.NoError(t, err)
	made, client, _ := start(t, s, Options{RetentionDays: 7})
	require.NoError(t, made.Make(t.Context(), target("/g", "a")))
	assert.Eventually(t, func() bool { return retention(t, client, "/g") == 7 }, time.Minute, 10*time.Millisecond)
}

func TestNothingIsMadeWhereItMustExist(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	made, _, _ := start(t, s, Options{Existing: true})
	err := made.Make(t.Context(), target("/g", "s"))
	assert.Equal(t, cwlogs.Missing, class(t, err))
	assert.ErrorContains(t, err, `log group "/g" or its log stream "s" does not exist, and create is false`)
	assert.Zero(t, s.Calls("logs", "CreateLogStream"))
}

// TestCallerThatGoesLeavesTheOthersTheirGroup cancels the one that asked first.
func TestCallerThatGoesLeavesTheOthersTheirGroup(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	_, err := s.Faults.Add(faults.Rule{Kind: faults.Latency, Operation: "CreateLogGroup", Latency: faults.Duration(300 * time.Millisecond)})
	require.NoError(t, err)
	made, _, _ := start(t, s, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { assert.Error(t, made.Make(ctx, target("/g", "a"))) })
	assert.Eventually(t, func() bool { return s.Calls("logs", "CreateLogGroup") == 1 }, time.Minute, time.Millisecond)
	all.Go(func() { assert.NoError(t, made.Make(t.Context(), target("/g", "b"))) })
	cancel()
	all.Wait()
	assert.EqualValues(t, 1, s.Calls("logs", "CreateLogGroup"))
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	tags := func(n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprint(i)] = "v"
		}
		return m
	}
	for want, o := range map[string]Options{
		"log_retention: CloudWatch keeps events for no 2 days; use 0 (for ever) or one of [1 3 5": {RetentionDays: 2},
		`log_group_class: "standard" is no class; use one of [STANDARD`:                           {Class: "standard"},
		"log_retention: groups of the class DELIVERY keep events for a fixed time; leave 7 out":   {Class: "DELIVERY", RetentionDays: 7},
		`kms_key_id: "alias/x" is no ARN of a key; use arn:aws:kms:REGION:ACCOUNT:key/ID`:         {KMSKeyID: "alias/x"},
		"tags: there are none; leave the key out, or write 1 to 50":                               {Tags: tags(0)},
		"tags: 51 are more than the 50 that a log group can have":                                 {Tags: tags(51)},
		`tags: the key "" has 0 characters; use 1 to 128`:                                         {Tags: map[string]string{"": "v"}},
		`tags: the key "aws:x" begins with aws:, which is AWS's own; choose another`:              {Tags: map[string]string{"aws:x": "v"}},
		`tags: the key "a*" has characters beside letters, digits, spaces and _.:/=+-@`:           {Tags: map[string]string{"a*": "v"}},
		`tags: the value of "a" has 257 characters; use at most 256`:                              {Tags: map[string]string{"a": strings.Repeat("v", 257)}},
		`tags: the value "*" of "a" has characters beside letters, digits, spaces and _.:/=+-@`:   {Tags: map[string]string{"a": "*"}},
	} {
		assert.ErrorContains(t, o.Validate(), want)
	}
	require.NoError(t, Options{RetentionDays: 1096, Class: "STANDARD", KMSKeyID: "arn:aws:kms:eu-central-1:123456789012:key/1-2", Tags: tags(50)}.Validate())
	require.NoError(t, Options{}.Validate())
}
