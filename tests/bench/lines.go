//go:build linux

package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// lineSize is what a line has without its end, in bytes.
const lineSize = 200

// distinct is how many lines there are before the first comes again: 20 MB, far beyond what gzip looks back.
const distinct = 100_000

var words = strings.Fields(`order payment customer session cache timeout connection retry upstream shard replica
	index commit offset partition consumer lag checkout invoice refund token refresh expired granted denied queue
	worker batch flush latency budget exceeded circuit open closed half probe healthy degraded region zone`)

// lines are n lines as services write them: of a web server, of slog, JSON, and of Java. They are always the same.
func lines(n int) []string {
	r := rand.New(rand.NewPCG(7, 7))
	word := func() string { return words[r.IntN(len(words))] }
	all := make([]string, n)
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for i := range all {
		at = at.Add(time.Duration(r.IntN(5000)) * time.Microsecond)
		var b strings.Builder
		end := ""
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, `10.%d.%d.%d - - [%s] "GET /api/v2/%s/%d?%s=%x HTTP/1.1" %d %d "-" "Mozilla/5.0 (X11; Linux x86_64)" `, r.IntN(256), r.IntN(256), r.IntN(256), at.Format("02/Jan/2006:15:04:05 -0700"), word(), r.IntN(1e6), word(), r.Uint32(), 200+r.IntN(4)*100, r.IntN(1e5))
		case 1:
			fmt.Fprintf(&b, `time=%s level=INFO msg="%s %s %s" trace_id=%016x%016x duration=%dms %s=%d note="`, at.Format(time.RFC3339Nano), word(), word(), word(), r.Uint64(), r.Uint64(), r.IntN(5000), word(), r.IntN(1e6))
			end = `"`
		case 2:
			fmt.Fprintf(&b, `{"ts":"%s","level":"warn","logger":"%s.%s","request":"%08x","user":%d,"msg":"`, at.Format(time.RFC3339Nano), word(), word(), r.Uint32(), r.IntN(1e7))
			end = `"}`
		case 3:
			fmt.Fprintf(&b, "%s ERROR [http-nio-8080-exec-%d] com.example.%s.%sService\t- %s %d: ", at.Format("2006-01-02 15:04:05.000"), r.IntN(200), word(), word(), word(), r.IntN(1e6))
		}
		for b.Len() < lineSize {
			b.WriteString(word())
			b.WriteByte(' ')
		}
		all[i] = b.String()[:lineSize-len(end)] + end
	}
	return all
}

// parsed is a plog.Logs as a receiver and an operator make it.
func parsed(texts []string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host.name", "ip-10-0-3-17.ec2.internal")
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	rl.Resource().Attributes().PutStr("cloud.region", "us-east-1")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	records.EnsureCapacity(len(texts))
	from := time.Now().Add(-time.Second)
	for i, text := range texts {
		record := records.AppendEmpty()
		at := pcommon.NewTimestampFromTime(from.Add(time.Duration(i) * 100 * time.Microsecond))
		record.SetTimestamp(at)
		record.SetObservedTimestamp(at)
		record.SetSeverityNumber(plog.SeverityNumberInfo)
		record.SetSeverityText("INFO")
		record.Body().SetStr(text)
		record.Attributes().PutStr("log.file.name", "app.log")
		record.Attributes().PutInt("thread", int64(i%64))
	}
	return ld
}

// tailed is a plog.Logs as file_log makes it: without a time of its own.
func tailed(texts []string, service string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("ServiceName", service)
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	records.EnsureCapacity(len(texts))
	at := pcommon.NewTimestampFromTime(time.Now())
	for _, text := range texts {
		record := records.AppendEmpty()
		record.SetObservedTimestamp(at)
		record.Body().SetStr(text)
		record.Attributes().PutStr("log.file.name", "app.log")
	}
	return ld
}

// file writes n lines.
func file(path string, n int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	texts := lines(min(n, distinct))
	for i := range n {
		_, _ = w.WriteString(texts[i%len(texts)]) // Flush tells
		_ = w.WriteByte('\n')
	}
	if err := w.Flush(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
