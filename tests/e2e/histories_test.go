package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
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

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/logwriter"
)

var (
	histories = flag.Int("histories", 60, "how many log files have a random history in TestHistoriesOfLogFiles")
	firstSeed = flag.Uint64("first-seed", 0, "the seed of the first history; 0: of the clock, or 1 where CI is set")
)

// hostile is what befalls the service meanwhile.
func hostile() []faults.Rule {
	return []faults.Rule{
		{Kind: faults.Throttle, Operation: putLogEvents, Probability: 0.05}, {Kind: faults.ServerError, Operation: putLogEvents, Probability: 0.05},
		{Kind: faults.ResetBefore, Operation: putLogEvents, Probability: 0.05}, {Kind: faults.ResetAfter, Operation: putLogEvents, Every: 40},
		{Kind: faults.ExpiredCredentials, Operation: putLogEvents, Probability: 0.02},
		{Kind: faults.Latency, Operation: putLogEvents, Probability: 0.2, Latency: faults.Duration(50 * time.Millisecond)},
	}
}

// TestHistoriesOfLogFiles has files that are written to, rotated, copied, truncated and removed at random, each by a
// seed of its own, while the collector is killed at random and the service fails: no line may be lost, none may come
// again but what was in flight, and what was not rotated is in order.
func TestHistoriesOfLogFiles(t *testing.T) {
	t.Parallel()
	const kills = 5
	seed := *firstSeed
	if seed == 0 {
		if seed = 1; os.Getenv("CI") == "" {
			seed = uint64(time.Now().UnixNano())
		}
	}
	server := awslocal.Serve(t, awslocal.Options{Faults: hostile(), IgnoreQuotas: true})
	root := t.TempDir()
	setup := newSetup(t, server, filepath.Join(root, "*", "*.log*"))
	setup.configs = append(setup.configs, fastRetries, impatient, "yaml:receivers::file_tail::force_flush_period: 0s") // a line may wait long for its end

	var all []*history
	for n := range *histories {
		all = append(all, newHistory(t, server, root, seed+uint64(n)))
	}
	collector := setup.startHealthy()
	var ends []time.Time // of the collector's runs
	var writers sync.WaitGroup
	var busy atomic.Int64
	for _, h := range all {
		busy.Add(1)
		writers.Go(func() {
			defer busy.Add(-1)
			h.err = h.run()
		})
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for range kills {
		time.Sleep(time.Duration(r.IntN(2000)) * time.Millisecond) // any moment
		collector.kill()
		ends = append(ends, time.Now())
		collector = setup.startHealthy()
	}
	writers.Wait()
	for _, h := range all {
		require.NoError(t, h.err, h)
		await(t, fmt.Sprintf("all lines of %v", h), func() bool { return h.missing() == nil })
	}
	collector.stop()

	repeated, copied := int64(0), int64(0)
	for _, h := range all {
		h.check(ends)
		repeated += h.repeated
		copied += h.copied
	}
	unanswered := int64(0)
	for _, rule := range server.Faults.List() {
		assert.Positive(t, rule.Applied, "%s never happened", rule.Kind)
		if rule.Kind == faults.ResetAfter {
			unanswered = int64(rule.Applied)
		}
	}
	bound := kills*(mostInFlight+4*50_000) + unanswered*mostInFlight + copied
	assert.LessOrEqual(t, repeated, bound, "bytes that came again, after %d kills, %d lost answers and %d copied bytes", kills, unanswered, copied)
	t.Logf("%d histories from seed %d, %d kills, %d lost answers: %d bytes came again", len(all), seed, kills, unanswered, repeated)
}

// history is what happens to one service's log files.
type history struct {
	t      *testing.T
	client *cloudwatchlogs.Client
	*logwriter.Service
	seed    uint64
	r       *rand.Rand
	rotates bool

	done     []string
	err      error
	copied   int64 // bytes
	repeated int64 // bytes
}

func newHistory(t *testing.T, server *awslocal.Server, root string, seed uint64) *history {
	folder := filepath.Join(root, fmt.Sprint(seed))
	require.NoError(t, os.Mkdir(folder, 0o700))
	r := rand.New(rand.NewPCG(seed, seed))
	return &history{
		t: t, client: cloudwatchlogs.NewFromConfig(server.AWSConfig(context.Background())), seed: seed, r: r, rotates: r.IntN(4) > 0,
		Service: logwriter.New(folder, fmt.Sprintf("app%d.log", seed), r.IntN(2) == 0),
	}
}

func (h *history) String() string {
	return fmt.Sprintf("seed %d (%s)", h.seed, strings.Join(h.done, ", "))
}

// run writes and rotates.
func (h *history) run() error {
	for range 15 + h.r.IntN(25) {
		op := h.r.IntN(11)
		if !h.rotates {
			op %= 6
		}
		h.done = append(h.done, fmt.Sprint(op, " at ", h.Next))
		var err error
		switch op {
		case 0, 1, 2:
			err = h.Write(1+h.r.IntN(50), h.r.IntN(4) == 0)
		case 3:
			err = h.Write(200+h.r.IntN(2000), false)
		case 4, 5:
			time.Sleep(time.Duration(h.r.IntN(300)) * time.Millisecond)
		case 6, 7:
			err = h.Rotate(h.r.IntN(4))
		case 8:
			var copied int64
			copied, err = h.CopyTruncate()
			h.copied += copied
		case 9:
			if err = h.arrived(); err == nil {
				err = h.Remove()
			}
		case 10:
			if err = h.arrived(); err == nil {
				err = h.Truncate()
			}
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(h.Whole(), h.Close())
}

// arrived waits until nothing would be lost with the file.
func (h *history) arrived() error {
	if err := h.Whole(); err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); h.missing() != nil; time.Sleep(glance) {
		if time.Now().After(deadline) {
			return fmt.Errorf("of %d lines did not arrive: %v", h.Next, h.missing())
		}
	}
	return nil
}

// missing are the first numbers that did not arrive.
func (h *history) missing() (missing []int) {
	arrived := make([]bool, h.Next+1)
	for _, e := range h.events() {
		arrived[e.number] = true
	}
	for n := 1; n <= h.Next && len(missing) < 10; n++ {
		if !arrived[n] {
			missing = append(missing, n)
		}
	}
	return missing
}

// event is a line that arrived.
type event struct {
	number int
	at     time.Time
}

// events are the lines that arrived, in CloudWatch's order. A rotated file has a stream of its own where it was found
// when nothing had the name that it had before.
func (h *history) events() (all []event) {
	host, err := os.Hostname()
	require.NoError(h.t, err)
	streams, err := h.client.DescribeLogStreams(context.Background(), &cloudwatchlogs.DescribeLogStreamsInput{
		LogGroupName: aws.String(logGroup), LogStreamNamePrefix: aws.String(host + h.Path()),
	})
	if notFound := (*types.ResourceNotFoundException)(nil); errors.As(err, &notFound) {
		return nil
	}
	if !assert.NoError(h.t, err) {
		return nil
	}
	for _, s := range streams.LogStreams {
		all = append(all, h.eventsOf(s.LogStreamName)...)
	}
	return all
}

func (h *history) eventsOf(stream *string) (all []event) {
	pages := cloudwatchlogs.NewGetLogEventsPaginator(h.client, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String(logGroup), LogStreamName: stream, StartFromHead: aws.Bool(true),
	}, func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if !assert.NoError(h.t, err) {
			return nil
		}
		for _, e := range page.Events {
			name, number, err := logwriter.Parse(*e.Message)
			if assert.NoError(h.t, err) && assert.Equal(h.t, h.Name, name) && assert.LessOrEqual(h.t, number, h.Next) {
				all = append(all, event{number, time.UnixMilli(*e.Timestamp)})
			}
		}
	}
	return all
}

// check tells what came again, and holds what was not rotated to the order in which it was written, in each run of the
// collector.
func (h *history) check(ends []time.Time) {
	h.t.Helper()
	seen := map[int]bool{}
	run, last := -1, 0
	for _, e := range h.events() {
		if seen[e.number] {
			h.repeated += int64(len(fmt.Sprintf("%s %d end\n", h.Name, e.number)))
			continue
		}
		seen[e.number] = true
		now, _ := slices.BinarySearchFunc(ends, e.at, func(end, at time.Time) int { return end.Compare(at) })
		if now != run {
			run, last = now, 0
		}
		if !h.rotates {
			assert.Greater(h.t, e.number, last, "out of order in run %d: %v", run, h)
		}
		last = e.number
	}
}
