package awslocal_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/page"
)

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

func TestPageFollowsWhatClientsSend(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{})
	assert.Contains(t, get(t, s.URL+"/"), "Nothing has arrived yet")

	client, ctx := cloudwatchlogs.NewFromConfig(s.AWSConfig(context.Background())), context.Background()
	group, stream := aws.String("/app"), aws.String("one")
	_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	require.NoError(t, err)
	_, err = client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	require.NoError(t, err)
	_, err = client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: []types.InputLogEvent{
		{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String("<b>hello</b>")}}})
	require.NoError(t, err)

	html := get(t, s.URL+"/")
	for _, want := range []string{"/app", "one", "&lt;b&gt;hello&lt;/b&gt;", "PutLogEvents"} {
		assert.Contains(t, html, want)
	}
	var status page.Data
	require.NoError(t, json.Unmarshal([]byte(get(t, s.URL+"/_status")), &status))
	assert.EqualValues(t, 1, status.Logs.Accepted)
	assert.Len(t, status.Requests, 3)
}
