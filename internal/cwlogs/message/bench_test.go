package message

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"
)

// line is 200 bytes of an access log.
var line = (`192.0.2.17 - - [02/Jan/2026:03:04:05 +0000] "GET /shop/articles/1234567?ref=mail HTTP/1.1" 200 5123 ` + strings.Repeat("Mozilla/5.0 ", 20))[:200]

// lines is a file's line as a receiver gives it: three attributes of the record, three of the resource.
func lines() (plog.ResourceLogs, plog.ScopeLogs, plog.LogRecord) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	_ = rl.Resource().Attributes().FromRaw(map[string]any{"service.name": "shop", "host.name": "web-1", "cloud.region": "eu-central-1"})
	sl := rl.ScopeLogs().AppendEmpty()
	r := sl.LogRecords().AppendEmpty()
	r.Body().SetStr(line)
	r.Attributes().PutStr("log.file.name", "access.log")
	r.Attributes().PutInt("http.status_code", 200)
	r.Attributes().PutStr("client", "192.0.2.17")
	return rl, sl, r
}

func TestRecordsCostNoAllocation(t *testing.T) {
	rl, sl, r := lines()
	for f := range Format(len(formats)) {
		e := NewEncoder(f)
		e.Resource(rl)
		e.Scope(sl)
		buffer := e.Append(nil, r)
		assert.Zero(t, testing.AllocsPerRun(100, func() { buffer = e.Append(buffer[:0], r) }), f)
		assert.Zero(t, testing.AllocsPerRun(100, func() { e.Resource(rl); e.Scope(sl) }), f)
	}
}

func BenchmarkAppend(b *testing.B) {
	rl, sl, r := lines()
	for f := range Format(len(formats)) {
		b.Run(f.String(), func(b *testing.B) {
			e := NewEncoder(f)
			e.Resource(rl)
			e.Scope(sl)
			var buffer []byte
			b.ReportAllocs()
			b.SetBytes(int64(len(e.Append(nil, r))))
			for b.Loop() {
				buffer = e.Append(buffer[:0], r)
			}
		})
	}
}

// BenchmarkReference is the way by maps and encoding/json.
func BenchmarkReference(b *testing.B) {
	rl, sl, r := lines()
	resource := rl.Resource().Attributes().AsRaw()
	_ = sl
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(logged{Body: r.Body().AsRaw(), Attributes: r.Attributes().AsRaw(), Resource: resource}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTarget(b *testing.B) {
	for name, text := range map[string]string{
		"line":    line,
		"json":    `{"level":"info","ts":"2026-01-02T03:04:05Z","message":"` + strings.Repeat("something happened ", 20) + `","user":"a_b_c"}`,
		"emf":     `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["a"]],"Metrics":[{"Name":"m"}]}]},"a":"b","m":1}`,
		"emf_log": `{"_aws":{"Timestamp":1,"LogGroupName":"G","LogStreamName":"S","CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["a"]],"Metrics":[{"Name":"m"}]}]},"a":"b","m":1}`,
	} {
		b.Run(name, func(b *testing.B) {
			message := []byte(text)
			b.ReportAllocs()
			b.SetBytes(int64(len(message)))
			for b.Loop() {
				Target(message)
			}
		})
	}
}
