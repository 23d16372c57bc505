package filetailreceiver

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/metadatatest"
)

func TestRestartGoesOn(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	log := filepath.Join(d, "app.log")
	h := withStorage(t, t.TempDir())
	text := `{include: ["` + log + `"], start_at: beginning, storage: state_storage, ` + quick + `}`
	appendTo(t, log, "1\n2\n")
	r := start(t, h, new(sink), text)
	r.await(t, "1", "2")
	r.stop(t)
	appendTo(t, log, "3\n")
	r = start(t, h, r.sink, text)
	r.await(t, "1", "2", "3")
	r.stop(t)
	require.NoError(t, r.Shutdown(t.Context()), "twice is no error")
}

func TestStorageThatIsNone(t *testing.T) {
	t.Parallel()
	c, err := load(t, `{include: [/nothing], storage: state_storage}`)
	require.NoError(t, err)
	r, err := newReceiver(settings(), c, new(sink))
	require.NoError(t, err)
	require.EqualError(t, r.Start(t.Context(), new(host)), "storage: state_storage is no storage extension of this collector: add it to service.extensions")
	require.NoError(t, r.Shutdown(t.Context()))
}

// TestFileLogsOffsetsAreTakenOver moves from the real file_log.
func TestFileLogsOffsetsAreTakenOver(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	log := filepath.Join(d, "app.log")
	h := withStorage(t, t.TempDir())
	appendTo(t, log, "1\n2\n")

	f := filelogreceiver.NewFactory()
	c := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"include": []string{filepath.Join(d, "*")}, "start_at": "beginning", "storage": "state_storage", "poll_interval": "10ms",
	}).Unmarshal(c))
	before := new(sink)
	set := receivertest.NewNopSettings(f.Type())
	set.ID = component.NewID(f.Type())
	old, err := f.CreateLogs(t.Context(), set, c, before)
	require.NoError(t, err)
	require.NoError(t, old.Start(t.Context(), h))
	require.Eventually(t, func() bool { return len(before.bodies()) == 2 }, within, tick)
	require.NoError(t, old.Shutdown(t.Context()))

	appendTo(t, log, "3\n")
	appendTo(t, filepath.Join(d, "new.log"), "new\n") // it came while nobody looked: start_at does not apply
	r := start(t, h, new(sink), `{include: ["`+filepath.Join(d, "*")+`"], start_at: end, storage: state_storage, `+quick+`}`)
	require.Eventually(t, func() bool { return len(r.bodies()) == 2 }, within, tick)
	assert.ElementsMatch(t, []string{"3", "new"}, r.bodies())
	assert.Equal(t, 1, r.logs.FilterMessage("Files go on where file_log stopped").Len())
	r.stop(t)
	appendTo(t, log, "4\n")
	r = start(t, h, new(sink), `{include: ["`+filepath.Join(d, "*")+`"], start_at: end, storage: state_storage, `+quick+`}`)
	r.await(t, "4")
	assert.Zero(t, r.logs.FilterMessage("Files go on where file_log stopped").Len(), "once")
}

// TestPipelineThatTakesNothingForNow is offered the same again, and what it took in part is not.
func TestPipelineThatTakesNothingForNow(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "app.log")
	appendTo(t, log, "1\n2\n3\n")
	s := new(sink)
	times := 0
	s.take = func(ld plog.Logs) error {
		if times++; times > 3 {
			return nil
		}
		if times == 2 { // one is taken
			records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
			rest := plog.NewLogs()
			ld.CopyTo(rest)
			taken := plog.NewLogs()
			ld.CopyTo(taken)
			first := true
			taken.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(plog.LogRecord) bool { was := first; first = false; return !was })
			first = true
			rest.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(plog.LogRecord) bool { was := first; first = false; return was })
			assert.Equal(t, 3, records.Len())
			s.logs = append(s.logs, taken)
			return consumererror.NewLogs(errors.New("in part"), rest)
		}
		return errors.New("not now")
	}
	h := new(host)
	r := start(t, h, s, `{include: ["`+log+`"], start_at: beginning, `+quick+`}`)
	r.await(t, "1", "2", "3")
	require.Eventually(t, func() bool { return len(h.reported()) == 2 }, within, tick)
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, h.reported())
	assert.Equal(t, 1, r.logs.FilterMessageSnippet("takes no records for now").Len())
}

func TestWhatIsRefusedForGoodIsCounted(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "app.log")
	appendTo(t, log, "1\n2\n")
	for _, why := range []string{"permanent", "no retry", "too long"} {
		s := new(sink)
		refusal := errors.New("never")
		text := quick
		switch why {
		case "permanent":
			refusal = consumererror.NewPermanent(refusal)
		case "no retry":
			text = `poll_interval: 5ms, retry_on_failure: {enabled: false}`
		case "too long":
			text = `poll_interval: 5ms, retry_on_failure: {initial_interval: 1ms, max_interval: 1ms, max_elapsed_time: 20ms}`
		}
		s.take = func(plog.Logs) error { return refusal }
		h := withStorage(t, t.TempDir())
		r := start(t, h, s, `{include: ["`+log+`"], start_at: beginning, storage: state_storage, `+text+`}`)
		require.Eventually(t, func() bool { return r.logs.FilterMessageSnippet("refused records for good").Len() == 1 }, within, tick, why)
		metadatatest.AssertEqualFileTailRefusedRecords(t, r.telemetry, []metricdata.DataPoint[int64]{{Value: 2}},
			metricdatatest.IgnoreTimestamp())
		r.stop(t)
	}
}

// TestShutdownEndsThoughNobodyTakes keeps what was not delivered for the next start.
func TestShutdownEndsThoughNobodyTakes(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "app.log")
	appendTo(t, log, "1\n2\n")
	h := withStorage(t, t.TempDir())
	text := `{include: ["` + log + `"], start_at: beginning, storage: state_storage, drain_timeout: 100ms, ` + quick + `}`
	s := new(sink)
	s.take = func(plog.Logs) error { return errors.New("not now") }
	r := start(t, h, s, text)
	require.Eventually(t, func() bool { return len(h.reported()) == 1 }, within, tick)
	began := time.Now()
	r.stop(t)
	assert.Less(t, time.Since(began), within)
	r = start(t, h, new(sink), text)
	r.await(t, "1", "2")
}

func TestTelemetryTellsHowThingsStand(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	for _, name := range []string{"a.log", "b.log"} {
		appendTo(t, filepath.Join(d, name), "keep 1\ndrop 2\n")
	}
	r := start(t, new(host), new(sink), `{include: ["`+d+`/*"], start_at: beginning, filters: [{type: exclude, expression: ^drop}], `+quick+`}`)
	require.Eventually(t, func() bool { return len(r.bodies()) == 2 }, within, tick)
	ignore := metricdatatest.IgnoreTimestamp()
	require.Eventually(t, func() bool {
		m, err := r.telemetry.GetMetric("otelcol_file_tail_acknowledged")
		return err == nil && m.Data.(metricdata.Sum[int64]).DataPoints[0].Value == 28
	}, within, tick)
	one := func(n int64) []metricdata.DataPoint[int64] { return []metricdata.DataPoint[int64]{{Value: n}} }
	metadatatest.AssertEqualFileTailRead(t, r.telemetry, one(28), ignore)
	metadatatest.AssertEqualFileTailRecords(t, r.telemetry, one(4), ignore)
	metadatatest.AssertEqualFileTailFilteredRecords(t, r.telemetry, one(2), ignore)
	metadatatest.AssertEqualFileTailFiles(t, r.telemetry, one(2), ignore)
	metadatatest.AssertEqualFileTailOpenFiles(t, r.telemetry, one(2), ignore)
	metadatatest.AssertEqualFileTailLag(t, r.telemetry, one(0), ignore)
	metadatatest.AssertEqualFileTailUnreadableFiles(t, r.telemetry, one(0), ignore)
}
