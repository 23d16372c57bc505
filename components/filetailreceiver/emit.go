package filetailreceiver

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/tail"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/logtime"
)

// begin makes log records of a chunk, and returns what delivers them.
func (r *tailReceiver) begin(c *tail.Chunk) func(context.Context) error {
	logs := r.logs(c)
	if logs.LogRecordCount() == 0 {
		return nil
	}
	return func(ctx context.Context) error { return r.deliver(ctx, logs) }
}

// logs are a chunk's records. Their bodies share one text, so that a record costs no copy of its own.
func (r *tailReceiver) logs(c *tail.Chunk) plog.Logs {
	logs := plog.NewLogs()
	if len(c.Spans) == 0 {
		return logs
	}
	l := r.labels(c)
	of := logs.ResourceLogs().AppendEmpty()
	l.resource.CopyTo(of.Resource().Attributes())
	out := of.ScopeLogs().AppendEmpty().LogRecords()
	out.EnsureCapacity(len(c.Spans))

	first, last := c.Spans[0].From, c.Spans[len(c.Spans)-1].To
	shared := c.Encoding.UTF8() && (!c.Encoding.Replaces() || utf8.Valid(c.Raw[first:last]))
	text := ""
	if shared {
		text = string(c.Raw[first:last])
	}
	observed := pcommon.NewTimestampFromTime(c.Read)
	var batch *logtime.Batch
	if r.times != nil {
		batch = l.times.begin(r.times, c, !l.known, int(r.config.ChunkSize))
		l.known = true
	}
	left := 0
	for i, span := range c.Spans {
		body := ""
		if shared {
			body = text[span.From-first : span.To-first]
		} else {
			body = c.Encoding.Decode(c.Raw[span.From:span.To])
		}
		body = r.splitter.Clean(body)
		if !r.keeps(body) {
			left++
			continue
		}
		one := out.AppendEmpty()
		one.SetObservedTimestamp(observed)
		if batch != nil {
			from, end := batch.Add(body)
			if r.config.Timestamp.Trim && end > 0 {
				if trimmed := r.config.withoutTime(body[:from], body[end:]); trimmed != "" {
					body = trimmed
				}
			}
		}
		one.Body().SetStr(body)
		if l.record.Len() > 0 {
			l.record.CopyTo(one.Attributes())
		}
		if r.config.IncludeFileRecordNumber {
			one.Attributes().PutInt(recordNumber, c.Number+int64(i))
		}
		if r.config.IncludeFileRecordOffset {
			one.Attributes().PutInt(recordOffset, c.Offset+int64(span.From))
		}
	}
	if left > 0 {
		r.observer.filtered(left)
	}
	if batch != nil {
		batch.Times(func(i int, unixNano int64) { out.At(i).SetTimestamp(pcommon.Timestamp(unixNano)) })
		r.observer.timed(batch, c.Path, r.config.Timestamp)
	}
	return logs
}

// keeps tells whether the filters let a record through.
func (r *tailReceiver) keeps(body string) bool {
	for _, f := range r.filters {
		if f.expression.MatchString(body) != f.keeps {
			return false
		}
	}
	return true
}

// withoutTime is a record without its time, and without the blanks that it leaves at the record's begin or end, where they are
// not to be kept.
func (c *Config) withoutTime(before, after string) string {
	if before == "" && !c.PreserveLeading {
		after = strings.TrimLeft(after, blanks)
	}
	if after == "" && !c.PreserveTrailing {
		before = strings.TrimRight(before, blanks)
	}
	return before + after
}

// blanks are what stands between words.
const blanks = " \t"

// deliver hands records on until the pipeline has taken them, or refused them for good.
func (r *tailReceiver) deliver(ctx context.Context, logs plog.Logs) error {
	retry := r.config.Retry
	pauses := backoff.ExponentialBackOff{
		InitialInterval: retry.InitialInterval, MaxInterval: retry.MaxInterval, Multiplier: retry.Multiplier, RandomizationFactor: retry.RandomizationFactor,
	}
	began := time.Now()
	for {
		n := logs.LogRecordCount()
		ctx := r.report.StartLogsOp(ctx)
		err := r.next.ConsumeLogs(ctx, logs)
		r.report.EndLogsOp(ctx, "file_tail", n, err)
		if err == nil {
			r.observer.accepted()
			return nil
		}
		if rest, ok := errors.AsType[consumererror.Logs](err); ok {
			logs = rest.Data()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		over := retry.MaxElapsedTime > 0 && time.Since(began) > retry.MaxElapsedTime
		if consumererror.IsPermanent(err) || !retry.Enabled || over {
			r.observer.refused(logs.LogRecordCount(), err)
			return nil
		}
		r.observer.delayed(err)
		select {
		case <-time.After(pauses.NextBackOff()):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
