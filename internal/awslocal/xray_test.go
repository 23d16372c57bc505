package awslocal_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	"github.com/aws/aws-sdk-go-v2/service/xray/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestSDKSendsAndReadsTraces(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{})
	client, ctx := xray.NewFromConfig(s.AWSConfig(context.Background())), context.Background()
	const traceID = "1-69a42e40-00112233445566778899aabb"
	now := time.Now()
	good := fmt.Sprintf(`{"name":"web","id":"70de5b6f19ff9a0a","trace_id":%q,"start_time":%d,"end_time":%d.5}`, traceID, now.Unix(), now.Unix())
	bad := `{"name":"web","id":"80de5b6f19ff9a0a"}`

	put, err := client.PutTraceSegments(ctx, &xray.PutTraceSegmentsInput{TraceSegmentDocuments: []string{good, bad}})
	require.NoError(t, err)
	require.Len(t, put.UnprocessedTraceSegments, 1)
	assert.Equal(t, "80de5b6f19ff9a0a", *put.UnprocessedTraceSegments[0].Id)
	assert.Equal(t, "MissingTraceId", *put.UnprocessedTraceSegments[0].ErrorCode)

	traces, err := client.BatchGetTraces(ctx, &xray.BatchGetTracesInput{TraceIds: []string{traceID}})
	require.NoError(t, err)
	require.Len(t, traces.Traces, 1)
	assert.Equal(t, good, *traces.Traces[0].Segments[0].Document)

	summaries, err := client.GetTraceSummaries(ctx, &xray.GetTraceSummariesInput{StartTime: aws.Time(now.Add(-time.Minute)), EndTime: aws.Time(now.Add(time.Minute))})
	require.NoError(t, err)
	require.Len(t, summaries.TraceSummaries, 1)
	assert.Equal(t, traceID, *summaries.TraceSummaries[0].Id)

	_, err = client.PutTelemetryRecords(ctx, &xray.PutTelemetryRecordsInput{TelemetryRecords: []types.TelemetryRecord{{Timestamp: aws.Time(now)}}})
	require.NoError(t, err)
	assert.EqualValues(t, 1, s.XRay.Status().TelemetryRecords)

	var invalid *types.InvalidRequestException
	_, err = client.PutTraceSegments(ctx, &xray.PutTraceSegmentsInput{TraceSegmentDocuments: make([]string, 51)})
	require.ErrorAs(t, err, &invalid)
}

func TestSDKGetsSamplingRules(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{})
	client, ctx := xray.NewFromConfig(s.AWSConfig(context.Background())), context.Background()
	rules, err := client.GetSamplingRules(ctx, &xray.GetSamplingRulesInput{})
	require.NoError(t, err)
	require.Len(t, rules.SamplingRuleRecords, 1)
	assert.Equal(t, "Default", *rules.SamplingRuleRecords[0].SamplingRule.RuleName)
	targets, err := client.GetSamplingTargets(ctx, &xray.GetSamplingTargetsInput{SamplingStatisticsDocuments: []types.SamplingStatisticsDocument{{
		RuleName: aws.String("Default"), ClientID: aws.String("0123456789abcdef01234567"), Timestamp: aws.Time(time.Now()), RequestCount: 1, SampledCount: 1,
	}}})
	require.NoError(t, err)
	assert.Len(t, targets.SamplingTargetDocuments, 1)
}
