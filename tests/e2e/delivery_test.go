package e2e

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
)

// trouble is what happens to the service while lines are written.
type trouble struct {
	rules []faults.Rule
	// repeats says that an answer may be lost, which is the only reason for a line to come twice.
	repeats bool
	// during is called now and then.
	during func(t *testing.T, server *awslocal.Server)
	// heals ends the trouble before the last line is awaited.
	heals bool
}

const putLogEvents = "PutLogEvents"

var troubles = map[string]trouble{
	"throttling":          {rules: []faults.Rule{{Kind: faults.Throttle, Operation: putLogEvents, Probability: 0.2}}},
	"server errors":       {rules: []faults.Rule{{Kind: faults.ServerError, Operation: putLogEvents, Probability: 0.1}}},
	"resets before":       {rules: []faults.Rule{{Kind: faults.ResetBefore, Operation: putLogEvents, Probability: 0.2}}},
	"resets after":        {rules: []faults.Rule{{Kind: faults.ResetAfter, Operation: putLogEvents, Probability: 0.2}}, repeats: true},
	"stalls":              {rules: []faults.Rule{{Kind: faults.Stall, Operation: putLogEvents, Probability: 0.1}}},
	"expired credentials": {rules: []faults.Rule{{Kind: faults.ExpiredCredentials, Operation: putLogEvents, Probability: 0.2}}},
	"denied for a time": {heals: true, rules: []faults.Rule{
		{Kind: faults.AccessDenied, Operation: "CreateLogStream"}, {Kind: faults.AccessDenied, Operation: "CreateLogGroup"},
	}},
	"all at once": {repeats: true, rules: []faults.Rule{
		{Kind: faults.Throttle, Operation: putLogEvents, Probability: 0.1}, {Kind: faults.ServerError, Operation: putLogEvents, Probability: 0.1},
		{Kind: faults.ResetBefore, Operation: putLogEvents, Probability: 0.1}, {Kind: faults.ResetAfter, Operation: putLogEvents, Every: 11},
		{Kind: faults.ExpiredCredentials, Operation: putLogEvents, Probability: 0.1}, {Kind: faults.ServerError, Operation: "CreateLogGroup", Count: 1},
		{Kind: faults.Latency, Operation: putLogEvents, Probability: 0.3, Latency: faults.Duration(50 * time.Millisecond)},
	}},
}

// impatient is a layer for services that do not answer, and small batches, so that there are many.
const impatient = `yaml:{exporters: {cloudwatch_logs: {request_timeout_seconds: 1}}, receivers: {file_tail: {poll_interval: 20ms, flush_interval: 20ms, chunk_size: 50000, max_in_flight: 200000}}}`

// mostInFlight is that of impatient, in bytes.
const mostInFlight = 200_000

// smallBatches is a layer that does so over throughQueue.
const smallBatches = `yaml:{exporters: {cloudwatch_logs: {request_timeout_seconds: 1, sending_queue: {batch: {flush_timeout: 20ms, min_size: 50000}}}}}`

// ways are how lines come to the exporter, as layers.
var ways = map[string][]string{"files": {impatient}, "queue": {throughQueue("268435456"), smallBatches}}

// TestEveryLineArrivesOnceWhateverFails has three files that are written to all the time.
func TestEveryLineArrivesOnceWhateverFails(t *testing.T) {
	t.Parallel()
	inAllTroubles(t, func(t *testing.T, trouble trouble, layers []string) {
		server, files, collector, setup := inTrouble(t, trouble, layers)
		for range 15 {
			writeAll(t, server, trouble, files)
		}
		if !trouble.heals { // what is as rare as its probability says may need more lines
			await(t, "each kind of trouble", func() bool {
				if !slices.ContainsFunc(server.Faults.List(), func(rule faults.State) bool { return rule.Applied == 0 }) {
					return true
				}
				writeAll(t, server, trouble, files)
				return false
			})
		}
		settle(t, server, trouble, files)
		unanswered := setup.metric("cloudwatch_logs_unanswered_requests", ofLogs)
		collector.stop()
		reader := newReader(t, server)
		for _, w := range files {
			numbers := reader.numbers(filepath.Base(w.path))
			if !trouble.repeats {
				requireExactly(t, w.next, numbers)
				continue
			}
			got := compare(w.next, numbers)
			assert.Zero(t, got.missing, got)
			assert.Positive(t, unanswered, "it is counted")
		}
	})
}

// TestKillAtAnyMomentLosesNothing kills the collector in each of the troubles.
func TestKillAtAnyMomentLosesNothing(t *testing.T) {
	t.Parallel()
	const kills = 3
	inAllTroubles(t, func(t *testing.T, trouble trouble, layers []string) {
		server, files, collector, setup := inTrouble(t, trouble, layers)
		for range kills {
			for range 3 {
				writeAll(t, server, trouble, files)
			}
			time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond) // any moment
			collector.kill()
			collector = setup.startHealthy()
		}
		settle(t, server, trouble, files)
		collector.stop()
		reader := newReader(t, server)
		repeated := 0
		for _, w := range files {
			got := compare(w.next, reader.numbers(filepath.Base(w.path)))
			assert.Zero(t, got.missing, got)
			repeated += got.repeated
		}
		if layers[0] == impatient && !trouble.repeats {
			info, err := os.Stat(files[0].path)
			require.NoError(t, err)
			lineBytes := int(info.Size()) / files[0].next
			assert.LessOrEqual(t, repeated*lineBytes, kills*(2*mostInFlight+100_000), "what was in flight may come again")
		}
	})
}

// inAllTroubles runs a test in each trouble, with lines that come in each way.
func inAllTroubles(t *testing.T, test func(t *testing.T, trouble trouble, layers []string)) {
	for name, trouble := range troubles {
		for way, layers := range ways {
			t.Run(name+" from "+way, func(t *testing.T) {
				t.Parallel()
				test(t, trouble, layers)
			})
		}
	}
}

// TestKillWithTheQueueInMemoryLosesNothing has a receiver that waits for the result, so that its offsets follow
// CloudWatch's answers.
func TestKillWithTheQueueInMemoryLosesNothing(t *testing.T) {
	t.Parallel()
	server, files, collector, setup := inTrouble(t, troubles["throttling"], []string{throughQueue("1000000")})
	collector.stop()
	setup.configs = append(setup.configs, "yaml:exporters::cloudwatch_logs::sending_queue: {storage: null, wait_for_result: true, batch: {flush_timeout: 1ms}}")
	for range 3 {
		collector = setup.startHealthy()
		for range 3 {
			writeAll(t, server, troubles["throttling"], files)
		}
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond) // any moment
		collector.kill()
	}
	collector = setup.startHealthy()
	settle(t, server, troubles["throttling"], files)
	collector.stop()
	for _, w := range files {
		got := compare(w.next, newReader(t, server).numbers(filepath.Base(w.path)))
		assert.Zero(t, got.missing, got)
	}
}

func inTrouble(t *testing.T, trouble trouble, layers []string) (*awslocal.Server, []*writer, *collector, *setup) {
	t.Helper()
	server := awslocal.Serve(t, awslocal.Options{Faults: trouble.rules})
	var files []*writer
	var paths []string
	for _, name := range []string{"a.log", "b.log", "c.log"} {
		w := newWriter(t, name)
		files = append(files, w)
		paths = append(paths, w.path)
	}
	setup := newSetup(t, server, paths...)
	setup.configs = append(append(setup.configs, fastRetries), layers...)
	return server, files, setup.startHealthy(), setup
}

func writeAll(t *testing.T, server *awslocal.Server, trouble trouble, files []*writer) {
	t.Helper()
	for _, w := range files {
		w.append(500)
	}
	time.Sleep(50 * time.Millisecond) // for the reader's polls, not for what is expected
	if trouble.during != nil {
		trouble.during(t, server)
	}
}

// settle ends the trouble, if it heals, and waits for the last lines.
func settle(t *testing.T, server *awslocal.Server, trouble trouble, files []*writer) {
	t.Helper()
	if trouble.heals {
		server.Faults.Clear()
	}
	reader := newReader(t, server)
	for _, w := range files {
		await(t, "all lines of "+w.path, func() bool { return compare(w.next, reader.numbers(filepath.Base(w.path))).missing == 0 })
	}
}

// TestGroupThatIsDeletedComesBack deletes it between two lines, with what it had.
func TestGroupThatIsDeletedComesBack(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	client := cloudwatchlogs.NewFromConfig(server.AWSConfig(t.Context()))
	w := newWriter(t, "app.log")
	collector := newSetup(t, server, w.path).startHealthy()
	for range 3 {
		w.append(100)
		await(t, "the lines of this round", func() bool { return counted(server) >= 100 })
		_, err := client.DeleteLogGroup(t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(logGroup)})
		require.NoError(t, err)
	}
	w.append(100)
	await(t, "the last lines", func() bool { return counted(server) >= 100 })
	collector.stop()
	numbers := newReader(t, server).numbers("app.log")
	require.Len(t, numbers, 100, "what was answered before is gone with its group, and nothing else")
	assert.Equal(t, 300, numbers[0])
}

// TestPartialRejectionCostsWhatWasRejected lets the service reject the first two events of some requests.
func TestPartialRejectionCostsWhatWasRejected(t *testing.T) {
	t.Parallel()
	const rejected = 2
	server := awslocal.Serve(t, awslocal.Options{Faults: []faults.Rule{{Kind: faults.PartialRejection, Operation: putLogEvents, LogGroup: logGroup, Every: 3, Reject: rejected}}})
	w := newWriter(t, "app.log")
	setup := newSetup(t, server, w.path)
	setup.configs = append(setup.configs, impatient)
	collector := setup.startHealthy()
	for range 20 {
		w.append(500)
		time.Sleep(50 * time.Millisecond)
	}
	reader := newReader(t, server)
	await(t, "the last line", func() bool { return reader.last("app.log") == w.next-1 })
	lost := setup.metric("cloudwatch_logs_dropped_events", ofLogs)
	collector.stop()
	got := compare(w.next, reader.numbers("app.log"))
	assert.Zero(t, got.repeated, got)
	assert.EqualValues(t, rejected*server.Faults.List()[0].Applied, got.missing)
	assert.Equal(t, got.missing, lost, "it is counted")
}

// TestFullDiskLosesNothing fills the disk that offsets are written to.
func TestFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	disk := t.TempDir()
	mount(t, disk, "2m")
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	setup := newSetup(t, server, w.path)
	setup.env["OTELCOL_CLOUDWATCH_STATE_DIR"] = filepath.Join(disk, "state")
	setup.configs = append(setup.configs, fastRetries)
	collector := setup.startHealthy()
	w.append(1000)
	await(t, "the lines before", func() bool { return counted(server) >= w.next })
	junk := filepath.Join(disk, "junk")
	require.ErrorIs(t, os.WriteFile(junk, make([]byte, 2<<20), 0o600), syscall.ENOSPC)
	w.append(30_000)
	await(t, "all lines", func() bool { return counted(server) >= w.next })
	require.NoError(t, os.Remove(junk))
	w.append(1000)
	await(t, "the lines after", func() bool { return counted(server) >= w.next })
	collector.stop()
	requireExactly(t, w.next, newReader(t, server).numbers("app.log"))
}
