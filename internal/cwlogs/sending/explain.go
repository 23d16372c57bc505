package sending

import (
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsclock"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/logtime"
)

// timely are the reasons that lie in an event's time, with what somebody can do about them.
var timely = map[cwlogs.Reason]string{
	cwlogs.Early:           "CloudWatch takes events of the last 14 days; too_old: clamp sends older ones with the oldest time that it takes",
	cwlogs.ClampedOld:      "CloudWatch takes events of the last 14 days; too_old: drop leaves older ones out",
	cwlogs.Late:            "CloudWatch takes events up to 2 hours ahead; too_new: clamp sends others with the newest time that it takes",
	cwlogs.ClampedNew:      "CloudWatch takes events up to 2 hours ahead; too_new: drop leaves others out",
	cwlogs.RejectedOld:     "set this host's clock: by it the event is not too old",
	cwlogs.RejectedNew:     "set this host's clock: by it the event is not too new",
	cwlogs.RejectedExpired: "the event is older than the retention of its log group: keep events for longer there, or leave old logs out",
}

// explain shows an event that was dropped or changed for its time, why that may be so, and what to do.
func explain(reason cwlogs.Reason, sample *cwlogs.Event, now time.Time) []zap.Field {
	remedy, ok := timely[reason]
	if !ok || sample == nil {
		return nil
	}
	at := time.UnixMilli(sample.Timestamp).UTC()
	fields := []zap.Field{zap.String("time", at.Format(time.RFC3339Nano)), zap.String("sample", clip(string(sample.Message[:min(len(sample.Message), 1024)])))}
	cause := logtime.Suspect(at, now)
	if offset := awsclock.Offset(); reason == cwlogs.RejectedOld || reason == cwlogs.RejectedNew {
		if cause = "this host's clock is not CloudWatch's"; offset != 0 {
			cause += ", which is " + offset.Round(time.Second).String() + " ahead of it"
		}
	}
	if cause != "" {
		fields = append(fields, zap.String("cause", cause))
	}
	return append(fields, zap.String("remedy", remedy))
}
