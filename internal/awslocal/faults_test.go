package awslocal_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
)

// faulty is a server with one rule, and a configuration whose clients do not try again.
func faulty(t *testing.T, rule string) (*awslocal.Server, aws.Config) {
	t.Helper()
	r, err := faults.ParseRule(rule)
	require.NoError(t, err)
	s := awslocal.Serve(t, awslocal.Options{Faults: []faults.Rule{r}})
	config := s.AWSConfig(context.Background())
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return s, config
}

func TestSDKSeesEachServicesOwnErrors(t *testing.T) {
	t.Parallel()
	want := map[string][5]string{ // logs, monitoring, ssm, sts, xray
		"throttle":            {"ThrottlingException", "Throttling", "ThrottlingException", "Throttling", "ThrottledException"},
		"server_error":        {"ServiceUnavailableException", "InternalServiceError", "InternalServerError", "InternalFailure", "InternalFailure"},
		"expired_credentials": {"ExpiredTokenException", "ExpiredTokenException", "ExpiredTokenException", "ExpiredToken", "ExpiredTokenException"},
		"access_denied":       {"AccessDeniedException", "AccessDenied", "AccessDeniedException", "AccessDenied", "AccessDeniedException"},
	}
	for kind, codes := range want {
		_, config := faulty(t, kind)
		ctx := context.Background()
		var errs [5]error
		_, errs[0] = cloudwatchlogs.NewFromConfig(config).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
		_, errs[1] = cloudwatch.NewFromConfig(config).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
			Namespace: aws.String("n"), MetricData: []cwtypes.MetricDatum{{MetricName: aws.String("m"), Value: aws.Float64(1)}}})
		_, errs[2] = ssm.NewFromConfig(config).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/p")})
		_, errs[3] = sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		_, errs[4] = xray.NewFromConfig(config).PutTraceSegments(ctx, &xray.PutTraceSegmentsInput{TraceSegmentDocuments: []string{"{}"}})
		for i, err := range errs {
			var api smithy.APIError
			if assert.ErrorAs(t, err, &api, "%s %d", kind, i) {
				assert.Equal(t, codes[i], api.ErrorCode(), "%s %d", kind, i)
			}
		}
	}
}

func TestSDKRetriesAThrottledCallByItself(t *testing.T) {
	t.Parallel()
	s, config := faulty(t, "throttle,count=2")
	config.Retryer = nil
	client := cloudwatchlogs.NewFromConfig(config)
	_, err := client.DescribeLogGroups(context.Background(), &cloudwatchlogs.DescribeLogGroupsInput{})
	require.NoError(t, err)
	assert.EqualValues(t, 2, s.Faults.List()[0].Applied)
}

func TestResetAfterKeepsWhatTheCallDid(t *testing.T) {
	t.Parallel()
	for rule, kept := range map[string]int{"reset_before,operation=CreateLogGroup": 0, "reset_after,operation=CreateLogGroup": 1} {
		_, config := faulty(t, rule)
		client, ctx := cloudwatchlogs.NewFromConfig(config), context.Background()
		_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g")})
		var api smithy.APIError
		require.Error(t, err)
		assert.NotErrorAs(t, err, &api, "there must be no answer")
		groups, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
		require.NoError(t, err)
		assert.Len(t, groups.LogGroups, kept, rule)
	}
}

func TestPartialRejectionOfOneStreamOnly(t *testing.T) {
	t.Parallel()
	_, config := faulty(t, "partial_rejection,log_stream=bad,reject=2")
	client, ctx := cloudwatchlogs.NewFromConfig(config), context.Background()
	group := aws.String("g")
	_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	require.NoError(t, err)
	for _, stream := range []string{"good", "bad"} {
		_, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: aws.String(stream)})
		require.NoError(t, err)
		at := aws.Int64(time.Now().UnixMilli())
		event := types.InputLogEvent{Timestamp: at, Message: aws.String("m")}
		out, err := client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
			LogGroupName: group, LogStreamName: aws.String(stream), LogEvents: []types.InputLogEvent{event, event, event}})
		require.NoError(t, err)
		if stream == "good" {
			assert.Nil(t, out.RejectedLogEventsInfo)
		} else if assert.NotNil(t, out.RejectedLogEventsInfo) {
			assert.EqualValues(t, 2, aws.ToInt32(out.RejectedLogEventsInfo.TooOldLogEventEndIndex))
		}
	}
}

func TestStalledCallEndsWhenTheClientGivesUp(t *testing.T) {
	t.Parallel()
	s, config := faulty(t, "stall")
	ctx, giveUp := context.WithCancel(context.Background())
	defer giveUp()
	done := make(chan error, 1)
	go func() {
		_, err := cloudwatchlogs.NewFromConfig(config).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
		done <- err
	}()
	require.Eventually(t, func() bool { return s.Faults.List()[0].Applied == 1 }, time.Minute, time.Millisecond)
	giveUp()
	assert.ErrorIs(t, <-done, context.Canceled)
}

func TestCLITellsWhoIsDeniedWhat(t *testing.T) {
	t.Parallel()
	s, _ := faulty(t, "access_denied")
	out, err := awsCommand(t, s.Env(), "logs", "delete-log-group", "--log-group-name", "/app").CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "An error occurred (AccessDeniedException) when calling the DeleteLogGroup operation: "+
		"User: arn:aws:iam::123456789012:user/local is not authorized to perform: logs:DeleteLogGroup on resource: "+
		"arn:aws:logs:us-east-1:123456789012:log-group:/app:log-stream: because no identity-based policy allows")
}

func TestNothingChangesAfterTheEnd(t *testing.T) {
	for range 20 {
		s, err := awslocal.New(awslocal.Options{IgnoreQuotas: true})
		require.NoError(t, err)
		require.NoError(t, s.Start())
		client := cloudwatchlogs.NewFromConfig(s.AWSConfig(t.Context()), func(o *cloudwatchlogs.Options) { o.RetryMaxAttempts = 1 })
		var all sync.WaitGroup
		var made atomic.Int64
		for n := range 8 {
			all.Go(func() {
				for i := 0; ; i++ {
					if _, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(fmt.Sprint(n, "/", i))}); err != nil {
						return
					}
					made.Add(1)
				}
			})
		}
		require.Eventually(t, func() bool { return made.Load() > 8 }, time.Minute, time.Millisecond)
		s.Close()
		groups := len(s.Logs.Status(0).Groups)
		all.Wait()
		require.Len(t, s.Logs.Status(0).Groups, groups)
	}
}
