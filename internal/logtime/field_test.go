package logtime

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTimesInFields(t *testing.T) {
	strings19, milli, second := Options{Layout: "%Y-%m-%dT%H:%M:%S.%f%z"}, Options{Layout: "ms", Type: Epoch}, Options{Layout: "s", Type: Epoch}
	for _, c := range []struct {
		field  string
		o      Options
		record string
		want   string
	}{
		{"time", strings19, `{"time":"2026-03-04T11:00:00.5Z","m":1}`, "2026-03-04T11:00:00.5Z"},
		{"time", strings19, ` { "a" : [ {"time":"x"} , "}" , null ] , "time" : "2026-03-04T11:00:00.5+01:00" } `, "2026-03-04T10:00:00.5Z"},
		{"time", strings19, `{"a":{"time":"2020-01-01T00:00:00.0Z"},"time":"2026-03-04T11:00:00.5Z"}`, "2026-03-04T11:00:00.5Z"},
		{"time", strings19, `{"m":"\"time\":\"2020-01-01T00:00:00.0Z\"","time":"2026-03-04T11:00:00.5Z"}`, "2026-03-04T11:00:00.5Z"},
		{"time", strings19, `{"time":"2020-01-01T00:00:00.0Z","time":"2026-03-04T11:00:00.5Z"}`, "2026-03-04T11:00:00.5Z"},
		{"time", strings19, `{"time":"2020-01-01T00:00:00.0Z","tim\u0065":"2026-03-04T11:00:00.5Z"}`, "2026-03-04T11:00:00.5Z"},
		{"time", strings19, `{"time":"2026-03-04T11:00:00.5Z","m":"cut o`, "2026-03-04T11:00:00.5Z"},
		{"time", strings19, `{"m":"a\\","time":"2026-03-04T11:00:00.5Z"}`, "2026-03-04T11:00:00.5Z"},
		{"time", Options{Layout: "%d/%b/%Y:%T %z"}, `{"time":"04\/Mar\/2026:11:00:00 +0000"}`, "2026-03-04T11:00:00Z"},
		{"a.b", milli, `{"a":{"c":[1,2,{"b":3}],"b":1772622000123},"b":1}`, "2026-03-04T11:00:00.123Z"},
		{"a.b", milli, `{"a":1,"a":{"b":1772622000123}}`, "2026-03-04T11:00:00.123Z"},
		{"a.b", milli, `{"a.b":1772622000123}`, "2026-03-04T11:00:00.123Z"},
		{"a.b.c", milli, `{"a":{"b":{"c":"1772622000123"}}}`, "2026-03-04T11:00:00.123Z"},
		{"ts", second, `{"ts":1772622000}`, "2026-03-04T11:00:00Z"},
		{"ts", second, `{"ts":1772622000.25}`, "2026-03-04T11:00:00.25Z"},
		{"ts", second, `{"ts":1.77262200025e9}`, "2026-03-04T11:00:00.25Z"},
		{"ts", second, `{"ts":1.77262200025E+09,"x":{}}`, "2026-03-04T11:00:00.25Z"},
		{"ts", milli, `{"ts":1772622000123.456}`, "2026-03-04T11:00:00.123456Z"},
		{"ts", Options{Layout: "us", Type: Epoch}, `{"ts":1772622000123456}`, "2026-03-04T11:00:00.123456Z"},
		{"ts", Options{Layout: "ns", Type: Epoch}, `{"ts":1772622000123456789}`, "2026-03-04T11:00:00.123456789Z"},
		{"ts", Options{Layout: "s.ms", Type: Epoch}, `{"ts":1772622000.123}`, "2026-03-04T11:00:00.123Z"},
		{"ts", Options{Layout: "%Y%m%d%H%M%S"}, `{"ts":20260304110000}`, "2026-03-04T11:00:00Z"},
		{"ts", Options{Layout: "%s"}, `{"ts":1772622000.5}`, "2026-03-04T11:00:00.5Z"},
		{"", strings19, ``, ""},
		{"time", strings19, `x {"time":"2026-03-04T11:00:00.5Z"}`, ""},
		{"time", strings19, `[{"time":"2026-03-04T11:00:00.5Z"}]`, ""},
		{"time", strings19, `{"time":null}`, ""},
		{"time", strings19, `{"time":{"time":"2026-03-04T11:00:00.5Z"}}`, ""},
		{"time", strings19, `{"time":["2026-03-04T11:00:00.5Z"]}`, ""},
		{"time", strings19, `{"time":"2026-03-04T11:00:00.5Z","time":null}`, ""},
		{"time", strings19, `{"time":"2026-03-04T11:00:00.5`, ""},
		{"time", strings19, `{"time":""}`, ""},
		{"time", strings19, `{"time":"\u00"}`, ""},
		{"a.b", milli, `{"a":{"b":1772622000123},"a":2}`, ""},
		{"a.b", milli, `{"a":{"c":1},"b":1772622000123}`, ""},
		{"ts", milli, `{"ts":-1772622000123}`, ""},
		{"ts", milli, `{"ts":1e400}`, ""},
		{"ts", milli, `{"ts":9223372036854775807}`, ""},
		{"ts", milli, `{"ts":.5}`, ""},
		{"ts", milli, `{"ts":5.}`, ""},
		{"ts", milli, `{"ts":1772622000123`, ""},
		{"ts", milli, `{"ts":true}`, ""},
		{"ts", milli, `{"ts":` + strings.Repeat("[", 2000) + `1`, ""},
		{"ts", milli, `{"ts":}`, ""},
		{"ts", milli, `{`, ""},
		{"ts", milli, ``, ""},
	} {
		if c.field == "" {
			continue
		}
		c.o.Field = c.field
		p := parser(t, c.o)
		at, from, to, ok := p.Parse(c.record, now)
		got := ""
		if ok {
			got = time.Unix(0, at).UTC().Format(time.RFC3339Nano)
			assert.True(t, from >= 0 && from < to && to <= len(c.record))
		}
		assert.Equal(t, c.want, got, "%s of %s", c.field, c.record)
	}
}

func BenchmarkField(b *testing.B) {
	const record = `{"level":"info","logger":"com.example.Service","time":1772622000123,"message":"a request was answered","request":{"method":"GET","path":"/a/b","status":200,"took":0.123},"user":"someone","trace":"0af7651916cd43dd8448eb211c80319c"}`
	const late = `{"level":"info","logger":"com.example.Service","message":"a \"request\" was answered","request":{"method":"GET","path":"/a/b","status":200,"took":0.123},"user":"someone","trace":"0af7651916cd43dd8448eb211c80319c","time":1772622000123}`
	for name, o := range map[string]Options{
		"field":   {Layout: "ms", Type: Epoch, Field: "time"},
		"pattern": {Layout: "ms", Type: Epoch, Pattern: `"time":\s*(\d+)`},
	} {
		p := parser(b, o)
		for where, text := range map[string]string{"early": record, "late": late} {
			b.Run(name+"/"+where, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, _, _, ok := p.Parse(text, now); !ok {
						b.Fatal()
					}
				}
			})
		}
	}
}
