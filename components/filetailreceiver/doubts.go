package filetailreceiver

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/logtime"
)

// doubts remembers which doubts about times were told: each is told once, as all lines of a log give rise to the same.
type doubts struct {
	implausible, unused, elsewhere, nowhere, zone, shifted atomic.Bool
}

// timed counts what the times of a chunk's records were, and tells what somebody may have to change.
func (o *observer) timed(b *logtime.Batch, path string, t *Timestamp) {
	ctx := context.Background()
	if b.Untimed > 0 {
		o.telemetry.FileTailUntimedRecords.Add(ctx, int64(b.Untimed))
	}
	if b.Implausibles > 0 {
		o.telemetry.FileTailImplausibleTimes.Add(ctx, int64(b.Implausibles))
	}
	tell := func(once *atomic.Bool, d *logtime.Doubt, text, remedy string, more ...zap.Field) {
		if d == nil || once.Swap(true) {
			return
		}
		fields := append([]zap.Field{zap.String("file", path), zap.String("record", sample(d.Record)), zap.String("layout", t.Layout)}, more...)
		o.logger.Warn(text+". This is told once", append(fields, zap.String("remedy", remedy))...)
	}
	if d := b.Implausible; d != nil {
		when := []zap.Field{zap.String("time", d.At.UTC().Format(time.RFC3339Nano))}
		if cause := logtime.Suspect(d.At, b.Read()); cause != "" {
			when = append(when, zap.String("cause", cause))
		}
		if b.Unused {
			tell(&o.doubts.unused, d, "A record begins with a time that is far from those of the records before it, so that it is taken for a part of the text", where(t, d.Record), when...)
		} else {
			tell(&o.doubts.implausible, d, "A record has a time that is far from now: CloudWatch would not take it. Records without a time that follow it have that of reading", where(t, d.Record), when...)
		}
	}
	tell(&o.doubts.elsewhere, b.Elsewhere, "A record does not begin with a time, and has one further on, which is not used: such records have the time of reading",
		"set timestamp::pattern, or timestamp::field for JSON, to say where it stands; timestamp::search takes the first one anywhere", offset(b.Elsewhere))
	if d := b.Nowhere; d != nil {
		tell(&o.doubts.nowhere, d, "No record of a file has had a time where the configuration says: they have the time of reading", where(t, d.Record))
	}
	tell(&o.doubts.shifted, b.Shifted, "Records that were just written have times that are off by whole hours or half ones, as those of another zone are",
		"set timestamp::location to the zone of those who write the log", zap.String("off", b.Shift.String()))
	if d := b.Zone; d != nil {
		tell(&o.doubts.zone, d, "A record has the name of a zone that is not known, or is that of several zones, so that its time is taken to be in timestamp::location",
			"set timestamp::location to the zone of those who write the log, such as America/Chicago or Asia/Shanghai for CST: its own names are known then", zap.String("zone", d.Zone))
	}
}

// where is what to set so that the time of a record is found where it stands.
func where(t *Timestamp, record string) string {
	switch {
	case t.Field != "":
		return "look whether timestamp::field names the right field, and timestamp::layout and layout_type fit its value"
	case strings.HasPrefix(record, "{"):
		return "the record looks like JSON: set timestamp::field to the name of the field that has the time"
	case t.Pattern != "":
		return "look whether timestamp::pattern finds the time and nothing else, and timestamp::layout fits it"
	}
	return "look whether timestamp::layout fits; timestamp::pattern, offset or field say where the time stands"
}

func offset(d *logtime.Doubt) zap.Field {
	if d == nil {
		return zap.Skip()
	}
	return zap.Int("byte", d.Offset)
}

// sample is the beginning of a record, for the log.
func sample(record string) string {
	const most = 160
	if len(record) > most {
		return strings.ToValidUTF8(record[:most], "") + "…"
	}
	return strings.ToValidUTF8(record, "\uFFFD")
}
