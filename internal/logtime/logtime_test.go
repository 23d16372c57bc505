package logtime

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func TestLinesOfTheField(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		o          Options
		line, want string
		text       string // of the time
	}{
		"log4j":                     {Options{Layout: "%Y-%m-%d %H:%M:%S,%f"}, "2026-01-02 03:04:05,678 INFO x", "2026-01-02T03:04:05.678Z", "2026-01-02 03:04:05,678"},
		"zone of its own":           {Options{Layout: "%Y-%m-%dT%H:%M:%S%z"}, "x 2026-01-02T03:04:05+01:00 y", "2026-01-02T02:04:05Z", "2026-01-02T03:04:05+01:00"},
		"Z":                         {Options{Layout: "%FT%T.%f%z"}, "2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456789Z", ""},
		"apache":                    {Options{Layout: "%d/%b/%Y:%H:%M:%S %z", Offset: 0, Pattern: `\[([^\]]+)\]`}, `1.2.3.4 - - [02/Jan/2026:03:04:05 -0700] "GET /"`, "2026-01-02T10:04:05Z", "02/Jan/2026:03:04:05 -0700"},
		"syslog":                    {Options{Layout: "%b %e %H:%M:%S"}, "Mar  3 23:59:59 host sshd[1]: x", "2026-03-03T23:59:59Z", "Mar  3 23:59:59"},
		"syslog, last year":         {Options{Layout: "%b %d %H:%M:%S"}, "Dec 31 23:59:59 host", "2025-12-31T23:59:59Z", "Dec 31 23:59:59"},
		"in a location":             {Options{Layout: "%Y-%m-%d %H:%M:%S", Location: vienna}, "2026-07-01 12:00:00", "2026-07-01T10:00:00Z", ""},
		"winter":                    {Options{Layout: "%Y-%m-%d %H:%M:%S", Location: vienna}, "2026-01-01 12:00:00", "2026-01-01T11:00:00Z", ""},
		"windows":                   {Options{Layout: "%m/%d/%Y %I:%M:%S %p"}, "1/2/2026 12:04:05 AM error", "2026-01-02T00:04:05Z", "1/2/2026 12:04:05 AM"},
		"afternoon":                 {Options{Layout: "%-m/%-d/%Y %-I:%M:%S %p"}, "1/2/2026 3:04:05 pm", "2026-01-02T15:04:05Z", ""},
		"two digits":                {Options{Layout: "%y%m%d %H:%M:%S"}, "260102 03:04:05 mysqld", "2026-01-02T03:04:05Z", "260102 03:04:05"},
		"day of the year":           {Options{Layout: "%Y-%j %H:%M"}, "2026-032 03:04", "2026-02-01T03:04:00Z", ""},
		"time alone":                {Options{Layout: "%H:%M:%S"}, "11:59:59 x", "2026-03-04T11:59:59Z", "11:59:59"},
		"of yesterday":              {Options{Layout: "%H:%M:%S"}, "23:59:59 x", "2026-03-03T23:59:59Z", ""},
		"clocks differ":             {Options{Layout: "%H:%M:%S"}, "12:04:59 x", "2026-03-04T12:04:59Z", ""},
		"250 days ago":              {Options{Layout: "%b %d %H:%M:%S"}, "Jun 27 10:00:00 host", "2025-06-27T10:00:00Z", ""},
		"364 days ago":              {Options{Layout: "%b %d %H:%M:%S"}, "Mar  4 14:00:00 host", "2025-03-04T14:00:00Z", ""},
		"leap day":                  {Options{Layout: "%b %d %H:%M:%S"}, "Feb 29 14:00:00 host", "2024-02-29T14:00:00Z", ""},
		"day of the month":          {Options{Layout: "%d %H:%M"}, "31 10:00 x", "2026-01-31T10:00:00Z", ""},
		"weekday":                   {Options{Layout: "%a %H:%M"}, "Fri 22:00 x", "2026-02-27T22:00:00Z", ""},
		"weekday of today":          {Options{Layout: "%A %H:%M"}, "Wednesday 11:00 x", "2026-03-04T11:00:00Z", ""},
		"Sept":                      {Options{Layout: "%d-%b-%Y %H:%M"}, "27-Sept-2025 10:00 x", "2025-09-27T10:00:00Z", "27-Sept-2025 10:00"},
		"September":                 {Options{Layout: "%d %b %Y"}, "27 September 2025 x", "2025-09-27T00:00:00Z", "27 September 2025"},
		"CET":                       {Options{Layout: "%F %T %Z"}, "2026-01-02 03:04:05 CET x", "2026-01-02T02:04:05Z", "2026-01-02 03:04:05 CET"},
		"PDT":                       {Options{Layout: "%F %T %Z"}, "2026-07-02 03:04:05 PDT x", "2026-07-02T10:04:05Z", ""},
		"small":                     {Options{Layout: "%F %T %Z"}, "2026-07-02 03:04:05 cest x", "2026-07-02T01:04:05Z", ""},
		"number for a name":         {Options{Layout: "%F %T %Z"}, "2026-01-02 03:04:05 +0545 x", "2026-01-01T21:19:05Z", ""},
		"GMT and a number":          {Options{Layout: "%F %T %Z"}, "2026-01-02 03:04:05 GMT+1:00 x", "2026-01-02T02:04:05Z", "2026-01-02 03:04:05 GMT+1:00"},
		"UTC and a text":            {Options{Layout: "%F %T %Z"}, "2026-01-02 03:04:05 UTC-12345 x", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05 UTC"},
		"a zone of its own country": {Options{Layout: "%F %T %Z", Location: shanghai}, "2026-01-02 03:04:05 CST x", "2026-01-01T19:04:05Z", ""},
		"time of day, zone":         {Options{Layout: "%H:%M:%S %Z"}, "13:30:00 CET x", "2026-03-03T12:30:00Z", ""},
		"composed":                  {Options{Layout: "%c"}, "Wed Mar  4 11:00:00 2026", "2026-03-04T11:00:00Z", ""},
		"zone's name":               {Options{Layout: "%d %B %Y %H:%M:%S %Z"}, "4 March 2026 11:00:00 UTC", "2026-03-04T11:00:00Z", ""},
		"epoch":                     {Options{Layout: "s", Type: Epoch}, "ts 1767323045 x", "2026-01-02T03:04:05Z", "1767323045"},
		"epoch in ms":               {Options{Layout: "ms", Type: Epoch, Pattern: `"ts":(\d+)`}, `{"a":1,"ts":1767323045678}`, "2026-01-02T03:04:05.678Z", "1767323045678"},
		"epoch, fraction":           {Options{Layout: "s.ms", Type: Epoch}, "1767323045.5 x", "2026-01-02T03:04:05.5Z", "1767323045.5"},
		"go":                        {Options{Layout: "2006-01-02 15:04:05.000", Type: GoTime}, "2026-01-02 03:04:05.678 x", "2026-01-02T03:04:05.678Z", "2026-01-02 03:04:05.678"},
		"go, RFC 1123":              {Options{Layout: time.RFC1123Z, Type: GoTime}, "Fri, 02 Jan 2026 03:04:05 -0700", "2026-01-02T10:04:05Z", ""},
		"go, ANSI C":                {Options{Layout: time.ANSIC, Type: GoTime}, "Fri Jan  2 03:04:05 2026", "2026-01-02T03:04:05Z", ""},
		"go, RFC 3339":              {Options{Layout: time.RFC3339Nano, Type: GoTime}, "2026-01-02T03:04:05.6Z", "2026-01-02T03:04:05.6Z", ""},
		"go, kitchen":               {Options{Layout: time.Kitchen, Type: GoTime}, "3:04AM", "2026-03-04T03:04:00Z", ""},
		"a place":                   {Options{Layout: "%H:%M:%S", Offset: 4}, "11: 09:30:00", "2026-03-04T09:30:00Z", "09:30:00"},
		"leap second":               {Options{Layout: "%F %T"}, "2016-12-31 23:59:60", "2016-12-31T23:59:59Z", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.o.Offset == 0 && name != "apache" {
				c.o.Offset = Anywhere
			}
			p, err := New(c.o)
			require.NoError(t, err)
			got, from, to, ok := p.Parse(c.line, now)
			require.True(t, ok)
			assert.Equal(t, c.want, time.Unix(0, got).UTC().Format(time.RFC3339Nano))
			if c.text != "" {
				assert.Equal(t, c.text, c.line[from:to])
			}
			assert.Regexp(t, "^(?:"+p.Regexp()+")$", c.line[from:to])
			assert.Zero(t, testing.AllocsPerRun(10, func() {
				if c.o.Pattern == "" {
					p.Parse(c.line, now)
				}
			}))
		})
	}
}

func TestWhatIsNoTime(t *testing.T) {
	p, err := New(Options{Layout: "%Y-%m-%d %H:%M:%S", Offset: Anywhere})
	require.NoError(t, err)
	for _, line := range []string{"", "x", "2026-13-01 00:00:00", "2026-02-30 00:00:00", "2026-01-02 24:00:00", "2026-01-02 10:60:00", "2026-01-02", "12026-01-02", "1600-01-02 10:00:00"} {
		_, _, _, ok := p.Parse(line, now)
		assert.False(t, ok, line)
	}
	_, _, _, ok := p.Parse(string(make([]byte, reach))+"2026-01-02 10:00:00", now)
	assert.False(t, ok, "beyond what is searched")
}

func TestLayoutsThatAreNone(t *testing.T) {
	for want, o := range map[string]Options{
		"layout is missing":             {},
		"has %Q at 3":                   {Layout: "%Y-%Q"},
		"ends within a directive":       {Layout: "%Y-%"},
		"nothing of a time":             {Layout: "abc"},
		"no unit of an epoch":           {Layout: "min", Type: Epoch},
		"neither strptime nor gotime":   {Layout: "%Y", Type: "java"},
		"no regular expression":         {Layout: "%Y", Pattern: "("},
		"no element of Go's layouts":    {Layout: "2026-01-02", Type: GoTime},
		"offset: -3 is below 0":         {Layout: "%Y", Offset: -3},
		"has an empty name":             {Layout: "%Y", Field: "a..b"},
		"remove one of them":            {Layout: "%Y", Field: "a", Pattern: "b"},
		`"7" at 0, which is no element`: {Layout: "7", Type: GoTime},
	} {
		_, err := New(o)
		assert.ErrorContains(t, err, want)
	}
}

// What Go writes with a layout is read again.
func TestRoundTrip(t *testing.T) {
	for _, layout := range []string{time.RFC3339Nano, time.RFC1123Z, "02/Jan/2006:15:04:05 -0700", "2006-01-02 15:04:05.000000 -07:00", "Jan _2 2006 03:04:05 PM Z0700"} {
		p, err := New(Options{Layout: layout, Type: GoTime, Offset: Anywhere})
		require.NoError(t, err)
		for i := range int64(2000) {
			want := time.Unix(i*1_234_567+1_000_000_000, i*1000).In(time.FixedZone("", int(i%25-12)*1800))
			text := want.Format(layout)
			again, err := time.Parse(layout, text)
			require.NoError(t, err)
			got, from, to, ok := p.Parse("x "+text+" y", now)
			require.True(t, ok, text)
			require.Equal(t, again.UnixNano(), got, text)
			require.Equal(t, text, ("x " + text + " y")[from:to])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("%Y-%m-%d %H:%M:%S,%f", "2026-01-02 03:04:05,678")
	f.Add("%b %e %T %z", "Jan  2 03:04:05 +0100 x")
	f.Add("%s", "1767323045")
	f.Fuzz(func(t *testing.T, layout, line string) {
		p, err := New(Options{Layout: layout, Offset: Anywhere})
		if err != nil {
			return
		}
		_, from, to, ok := p.Parse(line, now)
		if !ok {
			return
		}
		if from < 0 || to < from || to > len(line) {
			t.Fatalf("%d to %d of %d", from, to, len(line))
		}
		if !regexp.MustCompile("^(?:" + p.Regexp() + ")$").MatchString(line[from:to]) {
			t.Fatalf("%q does not match %q", line[from:to], p.Regexp())
		}
	})
}

func BenchmarkParse(b *testing.B) {
	p, err := New(Options{Layout: "%Y-%m-%d %H:%M:%S,%f", Offset: Anywhere})
	require.NoError(b, err)
	for b.Loop() {
		p.Parse("2026-01-02 03:04:05,678 ERROR [main] com.example.Service - it failed", now)
	}
}
