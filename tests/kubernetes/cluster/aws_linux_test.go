package cluster

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/require"
)

const (
	region      = "us-east-1"
	awsURL      = "http://" + nodeAddress + ":4566" // pods with a network of their own reach it, too
	accessKeyID = "AKIALOCALLOCALLOCAL0"
	secretKey   = "a key of this test alone"
)

// startAWS starts cloudwatch-local beside the cluster.
func (c *cluster) startAWS(bin string) {
	c.Helper()
	c.run(bin+"/cloudwatch-local", "--listen="+strings.TrimPrefix(awsURL, "http://"), "--region="+region, "--access-key-id="+accessKeyID, "--secret-access-key="+secretKey)
	c.logs = cloudwatchlogs.New(cloudwatchlogs.Options{
		Region: region, BaseEndpoint: aws.String(awsURL), Credentials: credentials.NewStaticCredentialsProvider(accessKeyID, secretKey, ""),
	})
	c.await("cloudwatch-local", func() bool { return c.status(nil) == nil })
}

// status reads what cloudwatch-local says of itself.
func (c *cluster) status(into any) error {
	answer, err := client.Get(awsURL + "/_status")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if into == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

// event is an event as format json writes it.
type event struct {
	Body       string            `json:"body"`
	Attributes map[string]string `json:"attributes"`
	Resource   map[string]string `json:"resource"`
}

// events are those of a stream, the oldest first; none where the stream is not there yet.
func (c *cluster) events(group, stream string) (all []event) {
	c.Helper()
	pages := cloudwatchlogs.NewGetLogEventsPaginator(c.logs, &cloudwatchlogs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream, StartFromHead: aws.Bool(true)},
		func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true }) // the last page's token leads to itself
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		var missing *types.ResourceNotFoundException
		if asError(err, &missing) {
			return nil
		}
		require.NoError(c, err)
		for _, e := range page.Events {
			var one event
			require.NoError(c, json.Unmarshal([]byte(*e.Message), &one), "message %q", *e.Message)
			all = append(all, one)
		}
	}
	return all
}

// last is a stream's newest event.
func (c *cluster) last(group, stream string) string {
	page, err := c.logs.GetLogEvents(context.Background(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream, Limit: aws.Int32(1)})
	if err != nil || len(page.Events) == 0 {
		return ""
	}
	var one event
	_ = json.Unmarshal([]byte(*page.Events[0].Message), &one)
	return one.Body
}
