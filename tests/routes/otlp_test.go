//go:build linux

package routes

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// TestOTLPTakesTheRoutes runs the OTLP layer under private_only: metrics, logs and traces take the private link alone.
func TestOTLPTakesTheRoutes(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/private-vif.yaml", awslocal.Options{})
	config := s.aws.AWSConfig(t.Context())
	config.HTTPClient, config.BaseEndpoint = inProcess{s.aws}, aws.String("https://"+publicLogs)
	client := cloudwatchlogs.NewFromConfig(config)
	group, stream := aws.String("/otelcol-cloudwatch/otlp"), aws.String("default")
	_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	require.NoError(t, err)
	_, err = client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	require.NoError(t, err)

	s.configs = append(s.configs, filepath.Join(root, "config", "layers", "otlp.yaml"))
	s.env = append(s.env, "AWS_REGION="+region)
	before := s.mark()
	collector := s.collect()
	await(t, "the host's metrics", func() bool { return s.aws.OTLP.Status().DataPoints > 0 })
	for path, body := range map[string]string{"traces": span, "logs": fmt.Sprintf(logRecord, time.Now().UnixNano())} {
		answer, err := s.client(s.dialer(from{}), nil).Post("http://127.0.0.1:4318/v1/"+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		assert.NoError(t, answer.Body.Close())
		assert.Equal(t, http.StatusOK, answer.StatusCode)
	}
	await(t, "a record and a span", func() bool { n := s.aws.OTLP.Status(); return n.LogRecords == 1 && n.Spans == 1 })
	collector.stop()
	before.onlyUsed(linkPrivate)
	assert.Empty(t, s.aws.Metrics.Status().Series, "nothing goes by EMF")
}
