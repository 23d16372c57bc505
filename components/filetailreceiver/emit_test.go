package filetailreceiver

import (
	"bytes"
	gz "compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/metadatatest"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/tail"
)

// read has a receiver read a text, until n records are there.
func read(t *testing.T, text string, n int, config string) (*running, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.log")
	appendTo(t, path, text)
	r := start(t, new(host), new(sink), `{include: ["`+path+`"], start_at: beginning, `+quick+config+`}`)
	require.Eventually(t, func() bool { return len(r.lines()) >= n }, within, tick)
	require.Len(t, r.lines(), n)
	return r, path
}

func TestFiltersKeepAndLeaveOut(t *testing.T) {
	t.Parallel()
	text := "ERROR a\nINFO b\nERROR health\nWARN c\nlast ERROR\n"
	r, _ := read(t, text, 2, `, filters: [{type: include, expression: ERROR}, {type: exclude, expression: health$}]`)
	assert.Equal(t, []string{"ERROR a", "last ERROR"}, r.bodies())
	metadatatest.AssertEqualFileTailFilteredRecords(t, r.telemetry, []metricdata.DataPoint[int64]{{Value: 3}}, metricdatatest.IgnoreTimestamp())
}

// TestEverythingIsFiltered has nothing to deliver, and gets on all the same.
func TestEverythingIsFiltered(t *testing.T) {
	t.Parallel()
	r, path := read(t, strings.Repeat("no\n", 1000)+"yes\n", 1, `, filters: [{type: include, expression: "^yes"}], chunk_size: 4096, max_in_flight: 128KiB`)
	appendTo(t, path, strings.Repeat("no\n", 200000)+"yes\n")
	require.Eventually(t, func() bool { return len(r.bodies()) == 2 }, within, tick)
}

// TestTimesOfRecords has layouts and places. The times are of yesterday, as others would be doubted.
func TestTimesOfRecords(t *testing.T) {
	t.Parallel()
	day := time.Now().UTC().AddDate(0, 0, -1).Truncate(24 * time.Hour)
	date, apache := day.Format("2006-01-02"), day.Format("02/Jan/2006")
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	at := func(clock string) pcommon.Timestamp {
		when, err := time.Parse("2006-01-02T15:04:05.999999999", date+"T"+clock)
		require.NoError(t, err)
		return pcommon.NewTimestampFromTime(when)
	}
	epoch := strconv.FormatInt(day.Unix()+36000, 10)
	for name, c := range map[string]struct {
		text, config string
		times        []pcommon.Timestamp
		bodies       []string
	}{
		"strptime, UTC": {
			date + " 10:00:00,250 a\nno time\n" + date + " 10:00:01,000 b\n", `timestamp: {layout: "%Y-%m-%d %H:%M:%S,%L", location: UTC}`,
			[]pcommon.Timestamp{at("10:00:00.25"), at("10:00:00.25"), at("10:00:01")},
			[]string{date + " 10:00:00,250 a", "no time", date + " 10:00:01,000 b"},
		},
		"a place, trimmed": {
			"[1] " + apache + ":10:00:00 +0100 a\n", `timestamp: {layout: "%d/%b/%Y:%H:%M:%S %z", offset: 4, trim: true}`,
			[]pcommon.Timestamp{at("09:00:00")}, []string{"[1]  a"},
		},
		"a pattern and Go's layout": {
			`{"n":1,"ts":"` + date + `T10:00:00.5Z"}` + "\n", `timestamp: {layout: "2006-01-02T15:04:05.999999999Z07:00", layout_type: gotime, pattern: '"ts":"([^"]+)"'}`,
			[]pcommon.Timestamp{at("10:00:00.5")}, []string{`{"n":1,"ts":"` + date + `T10:00:00.5Z"}`},
		},
		"a field": {
			`{"time":"2020-01-01T00:00:00Z","log":{"m":"\"time\":1","time":"` + date + `T10:00:00Z"}}` + "\n", `timestamp: {layout: "%Y-%m-%dT%H:%M:%S%z", field: log.time}`,
			[]pcommon.Timestamp{at("10:00:00")}, []string{`{"time":"2020-01-01T00:00:00Z","log":{"m":"\"time\":1","time":"` + date + `T10:00:00Z"}}`},
		},
		"a field, an epoch": {
			`{"ts":` + epoch + `.25}` + "\n", `timestamp: {layout: s, layout_type: epoch, field: ts}`,
			[]pcommon.Timestamp{at("10:00:00.25")}, []string{`{"ts":` + epoch + `.25}`},
		},
		"an epoch": {
			epoch + ".25 a\n", `timestamp: {layout: s.ms, layout_type: epoch}`,
			[]pcommon.Timestamp{at("10:00:00.25")}, []string{epoch + ".25 a"},
		},
		"a zone by name": {
			time.Unix(day.Unix()+36000, 0).In(vienna).Format("2006-01-02 15:04:05") + " a\n", `timestamp: {layout: "%Y-%m-%d %H:%M:%S", location: Europe/Vienna}`,
			[]pcommon.Timestamp{at("10:00:00")}, []string{time.Unix(day.Unix()+36000, 0).In(vienna).Format("2006-01-02 15:04:05") + " a"},
		},
		"at the begin, trimmed": {
			date + " 10:00:00 a\n", `timestamp: {layout: "%Y-%m-%d %H:%M:%S", location: UTC, trim: true}`,
			[]pcommon.Timestamp{at("10:00:00")}, []string{"a"},
		},
		"at the begin, trimmed, with its blank kept": {
			date + " 10:00:00 a\n", `timestamp: {layout: "%Y-%m-%d %H:%M:%S", location: UTC, trim: true}, preserve_leading_whitespaces: true`,
			[]pcommon.Timestamp{at("10:00:00")}, []string{" a"},
		},
		"at the end, trimmed": {
			"a " + date + " 10:00:00\n", `timestamp: {layout: "%Y-%m-%d %H:%M:%S", location: UTC, search: true, trim: true}`,
			[]pcommon.Timestamp{at("10:00:00")}, []string{"a"},
		},
		"nothing but a time": {
			date + " 10:00:00\n", `timestamp: {layout: "%Y-%m-%d %H:%M:%S", location: UTC, trim: true}`,
			[]pcommon.Timestamp{at("10:00:00")}, []string{date + " 10:00:00"},
		},
		"anywhere": {
			"1.2.3.4 - - " + date + " 10:00:00 a\n", `timestamp: {layout: "%Y-%m-%d %H:%M:%S", location: UTC, search: true, trim: true}`,
			[]pcommon.Timestamp{at("10:00:00")}, []string{"1.2.3.4 - -  a"},
		},
		"a date in a text": {
			date + " 10:00:00 a\nselect '2019-01-01 00:00:00'\n2019-01-01 00:00:00 | row\n", `timestamp: {layout: "%Y-%m-%d %H:%M:%S", location: UTC, trim: true}`,
			[]pcommon.Timestamp{at("10:00:00"), at("10:00:00"), at("10:00:00")}, []string{"a", "select '2019-01-01 00:00:00'", "2019-01-01 00:00:00 | row"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := read(t, c.text, len(c.times), ", "+c.config)
			var times []pcommon.Timestamp
			for _, l := range r.lines() {
				times = append(times, l.at)
			}
			assert.Equal(t, c.times, times)
			assert.Equal(t, c.bodies, r.bodies())
		})
	}
}

func TestRecordsWithoutATimeAreCounted(t *testing.T) {
	t.Parallel()
	today := time.Now().UTC().Format("2006-01-02")
	r, _ := read(t, "a\n"+today+" b\nc\n2019-07-01 d\n", 4, `, timestamp: {layout: "%Y-%m-%d", location: UTC}`)
	metadatatest.AssertEqualFileTailUntimedRecords(t, r.telemetry, []metricdata.DataPoint[int64]{{Value: 2}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualFileTailImplausibleTimes(t, r.telemetry, []metricdata.DataPoint[int64]{{Value: 1}}, metricdatatest.IgnoreTimestamp())
	assert.Zero(t, r.lines()[0].at, "the exporter takes the time of reading")
}

// TestDoubtsAboutTimesAreToldOnce names the file, the record and the remedy, and a record no further than its beginning.
func TestDoubtsAboutTimesAreToldOnce(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Format("2006-01-02 15:04:05")
	r, path := read(t, strings.Repeat("1.2.3.4 "+now+" "+strings.Repeat("x", 500)+"\n", 3), 3, `, timestamp: {layout: "%Y-%m-%d %H:%M:%S", location: UTC}`)
	require.Eventually(t, func() bool { return r.logs.FilterMessageSnippet("further on").Len() > 0 }, within, tick)
	appendTo(t, path, "1.2.3.4 "+now+" x\n"+now+" a\n2019-01-01 00:00:00 b\n2019-01-01 00:00:00 c\n")
	require.Eventually(t, func() bool { return len(r.lines()) == 7 }, within, tick)
	require.Eventually(t, func() bool { return r.logs.FilterMessageSnippet("a part of the text").Len() > 0 }, within, tick)
	all := r.logs.FilterLevelExact(zap.WarnLevel)
	require.Equal(t, 2, all.Len())
	first, second := all.All()[0].ContextMap(), all.All()[1].ContextMap()
	assert.Equal(t, path, first["file"])
	assert.EqualValues(t, 8, first["byte"])
	assert.Less(t, len(first["record"].(string)), 200)
	assert.Contains(t, first["remedy"], "timestamp::pattern")
	assert.Equal(t, "2019-01-01 00:00:00 b", second["record"])
	assert.Contains(t, second["cause"], "years old")
}

// TestFileOfTheDayBefore has times without dates, in a file that was last written to at one of them.
func TestFileOfTheDayBefore(t *testing.T) {
	t.Parallel()
	if os.PathSeparator == '\\' {
		t.Skip("Windows sets the time of a file when it is closed")
	}
	path := filepath.Join(t.TempDir(), "app.log")
	appendTo(t, path, "22:00:00 a\n\tat b\n01:00:00 c\n")
	modified := time.Now().UTC().AddDate(0, 0, -5).Truncate(24 * time.Hour).Add(time.Hour + time.Second)
	require.NoError(t, os.Chtimes(path, modified, modified))
	r := start(t, new(host), new(sink), `{include: ["`+path+`"], start_at: beginning, `+quick+`, timestamp: {layout: "%H:%M:%S", location: UTC}}`)
	require.Eventually(t, func() bool { return len(r.lines()) == 3 }, within, tick)
	for i, ago := range []time.Duration{3*time.Hour + time.Second, 3*time.Hour + time.Second, time.Second} {
		assert.Equal(t, pcommon.NewTimestampFromTime(modified.Add(-ago)), r.lines()[i].at)
	}
	later := time.Now().UTC().Add(-2 * time.Second)
	appendTo(t, path, later.Format("15:04:05")+" d\n")
	require.Eventually(t, func() bool { return len(r.lines()) == 4 }, within, tick)
	assert.Equal(t, pcommon.NewTimestampFromTime(later.Truncate(time.Second)), r.lines()[3].at, "it has grown since")
}

// TestArchiveOfTheDayBefore has the same in a compressed file, whose size says nothing of what is in it.
func TestArchiveOfTheDayBefore(t *testing.T) {
	t.Parallel()
	if os.PathSeparator == '\\' {
		t.Skip("Windows sets the time of a file when it is closed")
	}
	path := filepath.Join(t.TempDir(), "app.log.gz")
	var text bytes.Buffer
	z := gz.NewWriter(&text)
	_, err := z.Write([]byte(strings.Repeat("22:00:00 a\n", 1000) + "01:00:00 c\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	appendTo(t, path, text.String())
	modified := time.Now().UTC().AddDate(0, 0, -5).Truncate(24 * time.Hour).Add(time.Hour + time.Second)
	require.NoError(t, os.Chtimes(path, modified, modified))
	r := start(t, new(host), new(sink), `{include: ["`+path+`"], start_at: beginning, compression: auto, `+quick+`, timestamp: {layout: "%H:%M:%S", location: UTC}}`)
	require.Eventually(t, func() bool { return len(r.lines()) == 1001 }, within, tick)
	assert.Equal(t, pcommon.NewTimestampFromTime(modified.Add(-3*time.Hour-time.Second)), r.lines()[0].at)
	assert.Equal(t, pcommon.NewTimestampFromTime(modified.Add(-time.Second)), r.lines()[1000].at)
}

func TestWhatIsKnownOfAFile(t *testing.T) {
	t.Parallel()
	r, path := read(t, "\xEF\xBB\xBFa\nbb\nccc\n", 3, `, attributes: {team: x}, resource: {service.name: y}, include_file_path: true,
		include_file_name_resolved: true, include_file_path_resolved: true, include_file_record_number: true, include_file_record_offset: true`)
	resolved, err := filepath.EvalSymlinks(path)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"service.name": "y"}, r.lines()[0].origin)
	for i, offset := range []int64{3, 5, 8} {
		assert.Equal(t, map[string]any{
			"team": "x", "log.file.name": "app.log", "log.file.path": path, "log.file.name_resolved": "app.log", "log.file.path_resolved": resolved,
			"log.file.record_number": int64(i + 1), "log.file.record_offset": offset,
		}, r.lines()[i].attributes)
	}
}

func TestFileAttributesOfTheResource(t *testing.T) {
	t.Parallel()
	r, path := read(t, "a\n", 1, `, file_attributes: resource, attributes: {team: x}, include_file_name: false, include_file_path: true`)
	assert.Equal(t, map[string]any{"team": "x"}, r.lines()[0].attributes)
	assert.Equal(t, map[string]any{"log.file.path": path}, r.lines()[0].origin)
}

func TestOwnerOfAFile(t *testing.T) {
	t.Parallel()
	if os.PathSeparator == '\\' {
		t.Skip("Windows has no such owners")
	}
	r, path := read(t, "a\n", 1, `, include_file_owner_name: true, include_file_owner_group_name: true, include_file_permissions: true`)
	got := r.lines()[0].attributes
	assert.NotEmpty(t, got["log.file.owner.name"], path)
	assert.NotEmpty(t, got["log.file.owner.group.name"])
	assert.Equal(t, "0600", got["log.file.permissions"])
}

// TestTextThatIsNotUTF8 has encodings, and bytes that are none.
func TestTextThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, config string
		want         []string
	}{
		"utf-16 with a mark":    {"\xFE\xFF\x00a\x00\n\x00\xE9\x00\n", `encoding: utf-16`, []string{"a", "é"}},
		"utf-16le, lines":       {"a\x00\r\x00\n\x00\x0A\x0A\n\x00", `encoding: utf-16le`, []string{"a", "\u0A0A"}},
		"latin 1":               {"caf\xE9\n", `encoding: iso-8859-1`, []string{"café"}},
		"shift_jis":             {"\x93\xFA\x96{\n", `encoding: shift_jis`, []string{"日本"}},
		"bad bytes, one by one": {"a\xff\xfeb\ngood\n", `encoding: utf-8`, []string{"a\uFFFD\uFFFDb", "good"}},
		"bad bytes, as are":     {"a\xff\xfeb\n", `encoding: utf-8-raw`, []string{"a\xff\xfeb"}},
		"multi-line in utf-16":  {"1\x00 \x00a\x00\n\x00 \x00b\x00\n\x002\x00 \x00c\x00\n\x00", `encoding: utf-16le, multiline: {line_start_pattern: '^\d'}`, []string{"1 a\n b", "2 c"}},
		"multi-line":            {"1 a\n\tat b\n2 c\n", `multiline: {line_start_pattern: '^\d'}`, []string{"1 a\n\tat b", "2 c"}},
		"an end":                {"a\nEND\nb\nEND\n", `multiline: {line_end_pattern: '^END$'}`, []string{"a\nEND", "b\nEND"}},
		"blanks":                {"  a  \n", `preserve_leading_whitespaces: true`, []string{"  a"}},
		"utf-16 by its mark":    {"\xFF\xFEa\x00\n\x00\xE9\x00\n\x00", ``, []string{"a", "é"}},
		"marks of utf-8":        {"\xEF\xBB\xBFa\n\xEF\xBB\xBFb\n", ``, []string{"a", "b"}},
		"CR LF, multi-line":     {"1 a\r\n\tat b\r\n2 c\r\n", `multiline: {line_start_pattern: '^\d'}`, []string{"1 a\n\tat b", "2 c"}},
		"CR":                    {"a\rb\r\nc\r", `line_ending: cr`, []string{"a", "b", "c"}},
		"CR, multi-line":        {"1 a\r b\r2 c\r", `line_ending: cr, multiline: {line_start_pattern: '^\d'}`, []string{"1 a\n b", "2 c"}},
		"CSV":                   {"name,size\na,1\nname,size\n", `header: {lines: 1}`, []string{"a,1", "name,size"}},
		"W3C":                   {"#Version: 1.0\n#Fields: date\na\n#Fields: time\nb\n", `header: {pattern: '^#'}`, []string{"a", "b"}},
		"a header, multi-line":  {"#Fields\n1 a\n b\n#Fields\n c\n2 d\n", `header: {pattern: '^#'}, multiline: {line_start_pattern: '^\d'}`, []string{"1 a\n b", "c", "2 d"}},
		"a hole":                {strings.Repeat("\x00", 100) + "a\nb" + strings.Repeat("\x00", 600) + "c\n", ``, []string{"a", "b", "c"}},
		"lines, too long":       {"1 aaaaaaaa\n bbbbbbbb\n cccccc\n2 d\n", `max_log_size: 20, preserve_leading_whitespaces: true, multiline: {line_start_pattern: '^\d'}`, []string{"1 aaaaaaaa\n bbbbbbbb", " cccccc", "2 d"}},
		"latin 1, grown":        {strings.Repeat("\xE9", 20) + "\n", `max_log_size: 17, encoding: iso-8859-1`, []string{"éééééééé", "éééééééé", "éééé"}},
		"shift_jis, too long":   {"a" + strings.Repeat("\x93\xFA", 6) + "\n", `max_log_size: 16, encoding: shift_jis`, []string{"a日日日日日", "日"}},
		"too long":              {strings.Repeat("x", 40) + "\n", `max_log_size: 16, max_log_size_behavior: truncate`, []string{strings.Repeat("x", 16)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := read(t, c.text, len(c.want), ", "+c.config)
			assert.Equal(t, c.want, r.bodies())
		})
	}
}

// What a file has that its user should know of is told once of it, with the remedy, and counted.
func TestWhatIsLeftOutIsToldOnceWithTheRemedy(t *testing.T) {
	t.Parallel()
	core, logs := zapobserver.New(zap.WarnLevel)
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.WithoutCancel(t.Context()))) })
	set := metadatatest.NewSettings(telemetry)
	set.Logger = zap.New(core)
	o, err := newObserver(set)
	require.NoError(t, err)
	for range 3 {
		o.Unusual("/a", tail.Unusual{NULs: 5000})
		o.Unusual("/b", tail.Unusual{LeftOut: source.Gzip})
		o.Unusual("/c", tail.Unusual{LeftOut: source.Zstd})
		o.Unusual("/d", tail.Unusual{Damage: errors.New("gzip: invalid checksum")})
		o.Unusual("/e", tail.Unusual{Encoding: "utf-16le"})
		o.Unusual("/f", tail.Unusual{CutOff: 7})
	}
	var told []string
	for _, l := range logs.All() {
		told = append(told, l.ContextMap()["path"].(string))
	}
	assert.Equal(t, []string{"/a", "/b", "/c", "/d", "/e"}, told)
	assert.Contains(t, logs.All()[1].Message, "set compression: auto")
	assert.Contains(t, logs.All()[4].Message, "set encoding")
	for range 3 * mostTold {
		o.Unusual(strings.Repeat("x", logs.Len()), tail.Unusual{Encoding: "utf-16le"})
	}
	assert.LessOrEqual(t, logs.Len(), 4+mostTold+1)
	metadatatest.AssertEqualFileTailNulBytes(t, telemetry, []metricdata.DataPoint[int64]{{Value: 15_000}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualFileTailLeftOutFiles(t, telemetry, []metricdata.DataPoint[int64]{{Value: 6}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualFileTailDamagedArchives(t, telemetry, []metricdata.DataPoint[int64]{{Value: 3}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualFileTailCutOff(t, telemetry, []metricdata.DataPoint[int64]{{Value: 21}}, metricdatatest.IgnoreTimestamp())
}
