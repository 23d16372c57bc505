package sending

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/delivery"
)

// TestEventsOfAnotherTimeAreShownWithTheLikelyCause has one event that is too old, and two too new ones.
func TestEventsOfAnotherTimeAreShownWithTheLikelyCause(t *testing.T) {
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	core, logs := zapobserver.New(zap.WarnLevel)
	set := settings(newTelemetry(t), "x")
	set.Logger = zap.New(core)
	w := start(t, server, set, ``, cwlogs.Policy{})
	now := time.Now()
	tokyo := now.Add(9 * time.Hour).UnixMilli()
	require.NoError(t, w.Begin(w.Next(), []delivery.Part{{Target: cwlogs.Target{Group: "/g", Stream: "s"}, Events: []cwlogs.Event{
		{Timestamp: now.AddDate(0, 0, -30).UnixMilli(), Message: []byte("old")},
		{Timestamp: tokyo, Message: []byte("new" + strings.Repeat("x", 100_000))}, {Timestamp: tokyo, Message: []byte("newer")},
	}}}).Wait(t.Context()))
	got := map[any]map[string]any{}
	for _, line := range logs.FilterMessage("Log events were dropped").All() {
		got[line.ContextMap()["reason"]] = line.ContextMap()
	}
	require.Len(t, got, 2)
	early, late := got["too_old"], got["too_new"]
	assert.Equal(t, "old", early["sample"])
	assert.Contains(t, early["cause"], "30 days old: a log that is read late")
	assert.Contains(t, early["remedy"], "too_old: clamp")
	assert.EqualValues(t, 2, late["events"])
	assert.Contains(t, late["sample"], "newxx")
	assert.Less(t, len(late["sample"].(string)), 200)
	assert.Equal(t, time.UnixMilli(tokyo).UTC().Format(time.RFC3339Nano), late["time"])
	assert.Contains(t, late["cause"], "9:00 h ahead of this host's clock, as if it were written in another time zone")
}

func TestEventsThatTheServiceRejectsForTheirTimeAreExplained(t *testing.T) {
	sample := &cwlogs.Event{Timestamp: time.Now().UnixMilli(), Message: []byte("x")}
	for reason, want := range map[cwlogs.Reason]string{
		cwlogs.RejectedOld: "set this host's clock", cwlogs.RejectedNew: "set this host's clock", cwlogs.RejectedExpired: "the retention of its log group",
	} {
		fields := explain(reason, sample, time.Now())
		require.NotEmpty(t, fields)
		assert.Contains(t, fields[len(fields)-1].String, want)
	}
	assert.Empty(t, explain(cwlogs.Early, nil, time.Now()))
	assert.Empty(t, explain(cwlogs.Truncated, sample, time.Now()))
}
