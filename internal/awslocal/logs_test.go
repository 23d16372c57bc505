package awslocal_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func logsClient(t *testing.T, o awslocal.Options) (*awslocal.Server, *cloudwatchlogs.Client) {
	server := awslocal.Serve(t, o)
	return server, cloudwatchlogs.NewFromConfig(server.AWSConfig(t.Context()))
}

// newLogStream makes a group and a stream.
func newLogStream(t *testing.T, client *cloudwatchlogs.Client, group, stream string) {
	t.Helper()
	_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})
	require.NoError(t, err)
	_, err = client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	require.NoError(t, err)
}

// putLines stores messages, a millisecond apart, the first one at the given time.
func putLines(ctx context.Context, client *cloudwatchlogs.Client, group, stream string, at time.Time, messages ...string) (*cloudwatchlogs.PutLogEventsOutput, error) {
	events := make([]types.InputLogEvent, len(messages))
	for i, m := range messages {
		events[i] = types.InputLogEvent{Message: aws.String(m), Timestamp: aws.Int64(at.UnixMilli() + int64(i))}
	}
	return client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events})
}

func TestLogsThroughTheSDK(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, client := logsClient(t, awslocal.Options{})
	group, stream := "/app/web", "host ä/1"
	now := time.Now()

	_, err := putLines(ctx, client, group, stream, now, "x")
	var missing *types.ResourceNotFoundException
	require.ErrorAs(t, err, &missing)
	assert.Equal(t, "The specified log group does not exist.", missing.ErrorMessage())

	_, err = client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{
		LogGroupName: &group, Tags: map[string]string{"team": "web"}, LogGroupClass: types.LogGroupClassStandard,
	})
	require.NoError(t, err)
	_, err = client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})
	var exists *types.ResourceAlreadyExistsException
	require.ErrorAs(t, err, &exists)
	_, err = client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	require.NoError(t, err)
	_, err = client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &group, RetentionInDays: aws.Int32(7)})
	require.NoError(t, err)

	message := "quote \" backslash \\ newline \n tab \t control \x01 ä € 😀"
	out, err := putLines(ctx, client, group, stream, now, message, "second")
	require.NoError(t, err)
	assert.Nil(t, out.RejectedLogEventsInfo)
	assert.NotEmpty(t, aws.ToString(out.NextSequenceToken))

	out, err = client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: &group, LogStreamName: &stream,
		Entity: &types.Entity{KeyAttributes: map[string]string{"Type": "Thing", "Name": "n"}},
		LogEvents: []types.InputLogEvent{
			{Message: aws.String("too old"), Timestamp: aws.Int64(now.Add(-15 * 24 * time.Hour).UnixMilli())},
			{Message: aws.String("expired"), Timestamp: aws.Int64(now.Add(-8 * 24 * time.Hour).UnixMilli())},
			{Message: aws.String("third"), Timestamp: aws.Int64(now.Add(time.Second).UnixMilli())},
			{Message: aws.String("too new"), Timestamp: aws.Int64(now.Add(3 * time.Hour).UnixMilli())},
		},
	})
	require.NoError(t, err)
	assert.Equal(t, &types.RejectedLogEventsInfo{
		TooOldLogEventEndIndex: aws.Int32(1), ExpiredLogEventEndIndex: aws.Int32(2), TooNewLogEventStartIndex: aws.Int32(3),
	}, out.RejectedLogEventsInfo)
	require.NotNil(t, out.RejectedEntityInfo)
	assert.Equal(t, types.EntityRejectionErrorTypeInvalidTypeValue, out.RejectedEntityInfo.ErrorType)

	_, err = putLines(ctx, client, group, stream, now, "x", "")
	var invalid *types.InvalidParameterException
	require.ErrorAs(t, err, &invalid)
	assert.Contains(t, invalid.ErrorMessage(), "'logEvents.2.member.message'")

	var read []string
	pages := cloudwatchlogs.NewGetLogEventsPaginator(client, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &group, LogStreamName: &stream, StartFromHead: aws.Bool(true), Limit: aws.Int32(2),
	}, func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		require.NoError(t, err)
		for _, e := range page.Events {
			read = append(read, aws.ToString(e.Message))
		}
	}
	assert.Equal(t, []string{message, "second", "third"}, read)

	groups, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/app")})
	require.NoError(t, err)
	require.Len(t, groups.LogGroups, 1)
	g := groups.LogGroups[0]
	assert.Equal(t, *g.LogGroupArn+":*", *g.Arn)
	assert.EqualValues(t, 7, *g.RetentionInDays)
	assert.EqualValues(t, len(message)+len("second")+len("third")+3*26, *g.StoredBytes)
	tags, err := client.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: g.LogGroupArn})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"team": "web"}, tags.Tags)
	streams, err := client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{
		LogGroupIdentifier: g.LogGroupArn, OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true),
	})
	require.NoError(t, err)
	require.Len(t, streams.LogStreams, 1)
	assert.Equal(t, now.Add(time.Second).UnixMilli(), *streams.LogStreams[0].LastEventTimestamp)

	_, err = client.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	require.NoError(t, err)
	_, err = client.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &group})
	require.NoError(t, err)
	groups, err = client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	require.NoError(t, err)
	assert.Empty(t, groups.LogGroups)
}

func TestFilterPaginatorSeesEveryEventOnce(t *testing.T) {
	t.Parallel()
	_, client := logsClient(t, awslocal.Options{IgnoreQuotas: true})
	group := "g"
	newLogStream(t, client, group, "s0")
	_, err := client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: aws.String("s1")})
	require.NoError(t, err)
	now := time.Now()
	for i := range 40 {
		_, err := putLines(t.Context(), client, group, fmt.Sprint("s", i%2), now, fmt.Sprint("keep ", i), "drop")
		require.NoError(t, err)
	}
	ids := map[string]bool{}
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, FilterPattern: aws.String("keep"), Limit: aws.Int32(7),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		for _, e := range page.Events {
			assert.False(t, ids[*e.EventId], "%s came twice", *e.EventId)
			ids[*e.EventId] = true
		}
	}
	assert.Len(t, ids, 40)
}

// A follower asks again and again for what is not older than the latest event it has seen, and leaves
// out the ids it knows: that is how `aws logs tail --follow` and its like work.
func TestFollowerSeesALineThatIsPutLater(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, client := logsClient(t, awslocal.Options{IgnoreQuotas: true})
	group := "g"
	newLogStream(t, client, group, "s")
	seen := map[string]bool{}
	start := time.Now().Add(-10 * time.Minute).UnixMilli()
	poll := func() (lines []string) {
		//lint:ignore SA1019 the AWS CLI still sends it
		input := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, StartTime: &start, Interleaved: aws.Bool(true)}
		for {
			out, err := client.FilterLogEvents(ctx, input)
			require.NoError(t, err)
			for _, e := range out.Events {
				if !seen[*e.EventId] {
					lines = append(lines, *e.Message)
				}
				seen[*e.EventId] = true
				start = max(start, *e.Timestamp)
			}
			if out.NextToken == nil {
				return lines
			}
			input.NextToken = out.NextToken
		}
	}
	now := time.Now()
	assert.Empty(t, poll())
	_, err := putLines(ctx, client, group, "s", now, "first")
	require.NoError(t, err)
	assert.Equal(t, []string{"first"}, poll())
	assert.Empty(t, poll())
	_, err = putLines(ctx, client, group, "s", now, "same time")
	require.NoError(t, err)
	assert.Equal(t, []string{"same time"}, poll())
}

// outcome is the part of the CLI's output that the tests look at.
type outcome struct {
	Events []struct {
		Message       string `json:"message"`
		LogStreamName string `json:"logStreamName"`
		EventID       string `json:"eventId"`
	} `json:"events"`
	LogGroups []struct {
		ARN string `json:"arn"`
	} `json:"logGroups"`
	NextToken string `json:"nextToken"`
}

func TestCLIPutsAndFiltersLogEvents(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	logs := func(arguments ...string) (o outcome) {
		t.Helper()
		if out := runAWS(t, server.Env(), append([]string{"logs"}, arguments...)...); len(out) > 0 {
			require.NoError(t, json.Unmarshal(out, &o))
		}
		return o
	}
	now := time.Now().UnixMilli()
	logs("create-log-group", "--log-group-name", "/app", "--tags", "team=web")
	logs("create-log-stream", "--log-group-name", "/app", "--log-stream-name", "s")
	logs("put-log-events", "--log-group-name", "/app", "--log-stream-name", "s", "--log-events",
		fmt.Sprintf(`[{"timestamp":%d,"message":"one"},{"timestamp":%d,"message":"{\"level\":\"error\"}"}]`, now, now))
	found := logs("filter-log-events", "--log-group-name", "/app", "--filter-pattern", `{ $.level = "error" }`)
	require.Len(t, found.Events, 1)
	assert.Equal(t, "s", found.Events[0].LogStreamName)
	assert.Len(t, logs("get-log-events", "--log-group-name", "/app", "--log-stream-name", "s", "--limit", "1").Events, 1)
	groups := logs("describe-log-groups")
	require.Len(t, groups.LogGroups, 1)
	assert.True(t, strings.HasSuffix(groups.LogGroups[0].ARN, ":log-group:/app:*"))
}

// The command `aws logs tail` came with version 2 of the CLI.
func TestCLITailFollowsAGroup(t *testing.T) {
	t.Parallel()
	if version, err := awsCommand(t, os.Environ(), "--version").Output(); err != nil || !strings.HasPrefix(string(version), "aws-cli/2.") {
		t.Skipf("this AWS CLI has no `logs tail`: %s", version)
	}
	server, client := logsClient(t, awslocal.Options{})
	newLogStream(t, client, "/app", "s")
	_, err := putLines(t.Context(), client, "/app", "s", time.Now(), "the first line")
	require.NoError(t, err)

	out, err := awsCommand(t, server.Env(), "logs", "tail", "/app").CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "the first line")

	follow := awsCommand(t, append(server.Env(), "PYTHONUNBUFFERED=1"), "logs", "tail", "/app", "--follow")
	stdout, err := follow.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, follow.Start())
	t.Cleanup(func() {
		_ = follow.Process.Kill()
		_ = follow.Wait() // killed
	})
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan())
	assert.Contains(t, lines.Text(), "the first line")
	_, err = putLines(t.Context(), client, "/app", "s", time.Now(), "a later line")
	require.NoError(t, err)
	require.True(t, lines.Scan(), "the line that was put while the CLI followed")
	assert.Contains(t, lines.Text(), "a later line")
}
