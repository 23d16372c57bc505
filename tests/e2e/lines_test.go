package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// The groups of host.yaml.
const (
	logGroup    = "/otelcol-cloudwatch/host"
	metricGroup = "/otelcol-cloudwatch/metrics"
)

// lineBytes is the length of a test line, without its end.
const lineBytes = 200

// writer appends numbered lines to a log file.
type writer struct {
	t    *testing.T
	path string
	next int
}

func newWriter(t *testing.T, name string) *writer {
	return &writer{t: t, path: filepath.Join(t.TempDir(), name)}
}

// append adds n lines in one go, as a busy program does.
func (w *writer) append(n int) {
	w.t.Helper()
	file, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(w.t, err)
	buffered := bufio.NewWriterSize(file, 1<<20)
	for range n {
		line := fmt.Sprintf("line %08d of %s ", w.next, filepath.Base(w.path))
		_, err := buffered.WriteString(line + strings.Repeat("x", lineBytes-len(line)) + "\n")
		require.NoError(w.t, err)
		w.next++
	}
	require.NoError(w.t, buffered.Flush())
	require.NoError(w.t, file.Close())
}

// reader looks at what arrived, through the SDK.
type reader struct {
	t      *testing.T
	client *cloudwatchlogs.Client
	group  string
}

func newReader(t *testing.T, server *awslocal.Server) *reader {
	config := server.AWSConfig(context.Background())
	config.RetryMaxAttempts = 20 // on a machine under load, reading was seen to fail three times
	return &reader{t, cloudwatchlogs.NewFromConfig(config), logGroup}
}

// in is the same for another group.
func (r *reader) in(group string) *reader { return &reader{r.t, r.client, group} }

// streams are the log streams of the group by name, none where there is no group yet.
func (r *reader) streams() []string {
	r.t.Helper()
	var names []string
	pages := cloudwatchlogs.NewDescribeLogStreamsPaginator(r.client, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String(r.group)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if notFound := (*types.ResourceNotFoundException)(nil); errors.As(err, &notFound) {
			return nil
		}
		require.NoError(r.t, err)
		for _, s := range page.LogStreams {
			names = append(names, *s.LogStreamName)
		}
	}
	return names
}

// numbers are the numbers of the lines of one file that arrived, in CloudWatch's order. Rotated files
// have streams of their own; all whose name starts with the file's count.
func (r *reader) numbers(file string) []int {
	r.t.Helper()
	var numbers []int
	for _, stream := range r.streams() {
		if !strings.HasPrefix(filepath.Base(stream), file) {
			continue
		}
		for _, message := range r.messages(stream) {
			var number int
			var name string
			_, err := fmt.Sscanf(message, "line %d of %s ", &number, &name)
			require.NoError(r.t, err, "message %q", message)
			require.Equal(r.t, file, name)
			require.Len(r.t, message, lineBytes)
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// messages are all events of a stream, oldest first.
func (r *reader) messages(stream string) []string {
	r.t.Helper()
	var messages []string
	pages := cloudwatchlogs.NewGetLogEventsPaginator(r.client, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String(r.group), LogStreamName: aws.String(stream), StartFromHead: aws.Bool(true),
	}, func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		require.NoError(r.t, err)
		for _, e := range page.Events {
			messages = append(messages, *e.Message)
		}
	}
	return messages
}

// counted is how many events the server took in, EMF documents left out: cheaper than reading them.
func counted(server *awslocal.Server) int {
	n := 0
	for _, group := range server.Logs.Status(0).Groups {
		if group.Name == metricGroup {
			continue
		}
		for _, stream := range group.Streams {
			n += int(stream.Events)
		}
	}
	return n
}

// last is the number of the last line of a file that arrived, in CloudWatch's order, or -1.
func (r *reader) last(file string) int {
	r.t.Helper()
	numbers := r.numbers(file)
	if len(numbers) == 0 {
		return -1
	}
	return numbers[len(numbers)-1]
}

// requireExactly fails unless each line from 0 to n-1 arrived once, in order.
func requireExactly(t *testing.T, n int, numbers []int) {
	t.Helper()
	for i, number := range numbers {
		if number != i {
			t.Fatalf("event %d of %d is line %d; %s", i, len(numbers), number, compare(n, numbers))
		}
	}
	require.Len(t, numbers, n, compare(n, numbers))
}

// comparison is what arrived of n lines.
type comparison struct {
	lines, missing, repeated int
	first                    int // the first that is missing, or -1
}

func compare(n int, numbers []int) comparison {
	seen := make([]int, n)
	for _, number := range numbers {
		seen[number]++
	}
	c := comparison{lines: n, first: -1}
	for i, times := range seen {
		switch {
		case times > 1:
			c.repeated += times - 1
		case times == 0:
			c.missing++
			if c.first < 0 {
				c.first = i
			}
		}
	}
	return c
}

func (c comparison) String() string {
	return fmt.Sprintf("of %d lines %d are missing (the first is %d) and %d came again", c.lines, c.missing, c.first, c.repeated)
}
