package logtime

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parser(t testing.TB, o Options) *Parser {
	t.Helper()
	p, err := New(o)
	require.NoError(t, err)
	return p
}

// times reads records as one batch of a file.
func times(p *Parser, s *Sequence, e Evidence, records ...string) ([]string, *Batch) {
	b := p.Batch(s, e, len(records))
	for _, r := range records {
		b.Add(r)
	}
	got := make([]string, len(records))
	b.Times(func(i int, at int64) {
		if at != 0 {
			got[i] = time.Unix(0, at).UTC().Format("2006-01-02 15:04")
		}
	})
	return got, b
}

var clock24 = Options{Layout: "%H:%M", Offset: AtStart}

// TestTimesWithoutADate has files whose lines say what time it was, and not on which day.
func TestTimesWithoutADate(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse("2006-01-02 15:04", text)
		require.NoError(t, err)
		return when
	}
	for name, c := range map[string]struct {
		e             Evidence
		records, want []string
	}{
		"a backlog of yesterday": {
			Evidence{Read: at("2026-03-04 09:40")}, []string{"11:40 a", "23:40 b", "01:40 c", "08:40 d"},
			[]string{"2026-03-03 11:40", "2026-03-03 23:40", "2026-03-04 01:40", "2026-03-04 08:40"},
		},
		"a line of 23 hours ago": {Evidence{Read: at("2026-03-04 09:40")}, []string{"10:40 a"}, []string{"2026-03-03 10:40"}},
		"a file of a week ago": {
			Evidence{Read: at("2026-03-04 09:40"), Modified: at("2026-02-25 01:05")}, []string{"22:00 a", "\tat b", "01:00 c"},
			[]string{"2026-02-24 22:00", "2026-02-24 22:00", "2026-02-25 01:00"},
		},
		"three days and nights": {
			Evidence{Read: at("2026-03-04 09:40")}, []string{"08:00", "20:00", "08:30", "20:30", "08:15", "20:15", "08:00"},
			[]string{"2026-03-01 08:00", "2026-03-01 20:00", "2026-03-02 08:30", "2026-03-02 20:30", "2026-03-03 08:15", "2026-03-03 20:15", "2026-03-04 08:00"},
		},
		"threads that write over each other": {
			Evidence{Read: at("2026-03-04 00:10")}, []string{"23:59", "00:00", "23:59", "00:01"},
			[]string{"2026-03-03 23:59", "2026-03-04 00:00", "2026-03-03 23:59", "2026-03-04 00:01"},
		},
		"a file that is changed later than it is read, by a clock": {
			Evidence{Read: at("2026-03-04 09:40"), Modified: at("2026-03-05 09:40")}, []string{"09:00"}, []string{"2026-03-04 09:00"},
		},
		"a file that was written by another clock": {
			Evidence{Read: at("2026-03-04 09:40"), Modified: at("2026-03-04 09:20")}, []string{"09:30"}, []string{"2026-03-04 09:30"},
		},
		"midnight is now": {Evidence{Read: at("2026-03-04 00:00")}, []string{"23:59", "00:00", "00:03"}, []string{"2026-03-03 23:59", "2026-03-04 00:00", "2026-03-04 00:03"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, b := times(parser(t, clock24), new(Sequence), c.e, c.records...)
			assert.Equal(t, c.want, got)
			assert.Zero(t, b.Implausibles)
		})
	}
}

// TestBacklogOfDaysGoesOnWhereItsLinesWere has a file that is read in parts, two days after it was begun.
func TestBacklogOfDaysGoesOnWhereItsLinesWere(t *testing.T) {
	p, s := parser(t, clock24), new(Sequence)
	got, _ := times(p, s, Evidence{Read: now.Add(-48 * time.Hour)}, "11:00") // it was followed, and then nothing could be delivered
	assert.Equal(t, []string{"2026-03-02 11:00"}, got)
	got, _ = times(p, s, Evidence{Read: now, More: true}, "11:30", "23:00", "00:30")
	assert.Equal(t, []string{"2026-03-02 11:30", "2026-03-02 23:00", "2026-03-03 00:30"}, got)
	got, _ = times(p, s, Evidence{Read: now}, "10:00", "11:30")
	assert.Equal(t, []string{"2026-03-04 10:00", "2026-03-04 11:30"}, got, "its end was written now")

	s = new(Sequence)
	times(p, s, Evidence{Read: now.Add(-24 * time.Hour)}, "11:00")
	got, _ = times(p, s, Evidence{Read: now}, "11:59")
	assert.Equal(t, []string{"2026-03-04 11:59"}, got, "a job that writes once a day")
}

func TestWeekdays(t *testing.T) {
	p := parser(t, Options{Layout: "%a %H:%M", Offset: AtStart})
	got, _ := times(p, new(Sequence), Evidence{Read: now}, "Mon 10:00", "Fri 22:00", "Mon 08:00", "\tat x", "Wed 12:00") // now is a Wednesday
	assert.Equal(t, []string{"2026-02-23 10:00", "2026-02-27 22:00", "2026-03-02 08:00", "2026-03-02 08:00", "2026-03-04 12:00"}, got)
}

func TestDayInALocationWithDaylightSaving(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	p := parser(t, Options{Layout: "%H:%M", Offset: AtStart, Location: vienna})
	read := time.Date(2026, 10, 25, 6, 0, 0, 0, time.UTC) // 07:00, and there was a 02:30 twice
	got, _ := times(p, new(Sequence), Evidence{Read: read}, "23:30", "01:30", "03:30", "06:59")
	assert.Equal(t, []string{"2026-10-24 21:30", "2026-10-24 23:30", "2026-10-25 02:30", "2026-10-25 05:59"}, got)
}

// TestHourThatIsThereTwice is written as it is read, and read later.
func TestHourThatIsThereTwice(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	p := parser(t, Options{Layout: "%Y-%m-%d %H:%M", Offset: AtStart, Location: vienna})
	lines, want := []string{}, []string{}
	for at := time.Date(2026, 10, 24, 23, 30, 0, 0, time.UTC); at.Hour() != 2; at = at.Add(10 * time.Minute) {
		lines, want = append(lines, at.In(vienna).Format("2006-01-02 15:04")), append(want, at.Format("2006-01-02 15:04"))
	}
	s := new(Sequence)
	for i, line := range lines {
		read, err := time.Parse("2006-01-02 15:04", want[i])
		require.NoError(t, err)
		got, _ := times(p, s, Evidence{Read: read.Add(3 * time.Second)}, line)
		assert.Equal(t, want[i:i+1], got, "as it is written")
	}
	got, _ := times(p, new(Sequence), Evidence{Read: now.AddDate(0, 7, 24)}, lines...)
	assert.Equal(t, want, got, "later, by the order of the lines")
}

var dated = Options{Layout: "%Y-%m-%d %H:%M", Offset: AtStart}

func TestDatesInTheTextOfMessages(t *testing.T) {
	for name, c := range map[string]struct{ records, want []string }{
		"further on": {
			[]string{"2026-03-04 11:00 INFO", "ERROR select * from t where created > '2019-05-01 00:00'", "order by"},
			[]string{"2026-03-04 11:00", "2026-03-04 11:00", "2026-03-04 11:00"},
		},
		"rows of a table": {
			[]string{"2026-03-04 11:00 INFO", "2019-05-01 00:00 | a", "2019-05-01 00:01 | b", "2019-05-02 00:00 | c", "end", "2026-03-04 11:01 INFO"},
			[]string{"2026-03-04 11:00", "2026-03-04 11:00", "2026-03-04 11:00", "2026-03-04 11:00", "2026-03-04 11:00", "2026-03-04 11:01"},
		},
		"of the future": {
			[]string{"2026-03-04 11:00 INFO", "2030-01-01 00:00 it expires", "2026-03-04 23:00 maintenance"}, []string{"2026-03-04 11:00", "2026-03-04 11:00", "2026-03-04 11:00"},
		},
		"a first line, and others without times": {
			[]string{"2020-01-01 00:00 certificate", "plain", "plain"}, []string{"2020-01-01 00:00", "", ""},
		},
		"a log of last year": {
			[]string{"2025-03-04 11:00 INFO", "2025-03-04 12:00 ERROR", "\tat x", "2025-03-05 08:00 INFO", "2020-01-01 00:00 in a text", "\tat y"},
			[]string{"2025-03-04 11:00", "2025-03-04 12:00", "2025-03-04 12:00", "2025-03-05 08:00", "2020-01-01 00:00", "2025-03-05 08:00"},
		},
		"a log of last year with few lines": {
			[]string{"2025-03-04 11:00 a", "2025-05-04 12:00 b", "\tat x", "2025-09-01 12:00 c", "\tat y", "2026-03-04 11:00 d"},
			[]string{"2025-03-04 11:00", "2025-05-04 12:00", "2025-05-04 12:00", "2025-09-01 12:00", "2025-09-01 12:00", "2026-03-04 11:00"},
		},
		"a clock that was not set when the machine began": {
			[]string{"2026-03-03 11:00 a", "2000-01-01 00:00 boot", "2000-01-01 00:01 boot", "2026-03-04 11:00 b"},
			[]string{"2026-03-03 11:00", "2026-03-03 11:00", "2026-03-03 11:00", "2026-03-04 11:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := times(parser(t, dated), new(Sequence), Evidence{Read: now}, c.records...)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestFileOfLastYearIsBelieved(t *testing.T) {
	got, b := times(parser(t, dated), new(Sequence), Evidence{Read: now, Modified: now.AddDate(-1, 0, 0)}, "2025-03-04 11:00 ERROR", "\tat x")
	assert.Equal(t, []string{"2025-03-04 11:00", "2025-03-04 11:00"}, got)
	assert.Nil(t, b.Implausible)
}

// TestYearIsThatOfTheFile has a syslog of November that was rotated a year ago.
func TestYearIsThatOfTheFile(t *testing.T) {
	p := parser(t, Options{Layout: "%b %e %H:%M", Offset: AtStart})
	read := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	s, e := new(Sequence), Evidence{Read: read, Modified: time.Date(2025, 11, 20, 7, 0, 0, 0, time.UTC)}
	got, _ := times(p, s, e, "Nov 19 10:00 a", "Nov 20 07:00 b")
	assert.Equal(t, []string{"2025-11-19 10:00", "2025-11-20 07:00"}, got)
	got, _ = times(p, new(Sequence), Evidence{Read: read}, "Dec 31 23:59 a", "Jan  1 00:00 b", "Nov 28 12:30 c")
	assert.Equal(t, []string{"2025-12-31 23:59", "2026-01-01 00:00", "2026-11-28 12:30"}, got)
	got, _ = times(p, new(Sequence), Evidence{Read: read, Modified: read.AddDate(0, -2, 0)}, "Nov 28 11:59 a")
	assert.Equal(t, []string{"2026-11-28 11:59"}, got, "the file was written by another clock")
	s = new(Sequence)
	times(p, s, Evidence{Read: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}, "Apr  1 00:00 a")
	got, _ = times(p, s, Evidence{Read: read}, "Nov 28 11:00 b")
	assert.Equal(t, []string{"2026-11-28 11:00"}, got, "after months without a line")
}

// TestTimesDoNotStick has a program that stops writing times: its lines are not of the last one for ever.
func TestTimesDoNotStick(t *testing.T) {
	p, s := parser(t, dated), new(Sequence)
	times(p, s, Evidence{Read: now}, "2026-03-04 11:59 a")
	got, _ := times(p, s, Evidence{Read: now.Add(5 * time.Second)}, "\tat b")
	assert.Equal(t, []string{"2026-03-04 11:59"}, got, "the rest of a record")
	got, _ = times(p, s, Evidence{Read: now.Add(2 * time.Minute)}, "c", "2026-03-04 12:01 d", "e")
	assert.Equal(t, []string{"", "2026-03-04 12:01", "2026-03-04 12:01"}, got)

	s = new(Sequence)
	times(p, s, Evidence{Read: now, More: true}, "2026-03-04 11:59 a")
	got, _ = times(p, s, Evidence{Read: now.Add(time.Hour)}, "\tat b")
	assert.Equal(t, []string{"2026-03-04 11:59"}, got, "it was there already")
}

func TestWhatIsToldOfTimes(t *testing.T) {
	p := parser(t, dated)
	_, b := times(p, new(Sequence), Evidence{Read: now}, "1.2.3.4 - - 2026-03-04 11:00 GET", "plain")
	require.NotNil(t, b.Elsewhere)
	assert.Equal(t, 12, b.Elsewhere.Offset)
	assert.Equal(t, 2, b.Untimed)
	_, b = times(p, new(Sequence), Evidence{Read: now}, "valid since 2020-01-01 00:00", "plain")
	assert.Nil(t, b.Elsewhere, "it is a part of the text")
	s := new(Sequence)
	_, b = times(p, s, Evidence{Read: now}, strings.Split(strings.Repeat("x ", 9), " ")...)
	require.NotNil(t, b.Nowhere)
	_, b = times(p, s, Evidence{Read: now}, "y")
	assert.Nil(t, b.Nowhere, "once")
	_, b = times(p, new(Sequence), Evidence{Read: now}, "2026-03-04 11:00 a", "2019-03-04 11:00 b")
	require.NotNil(t, b.Implausible)
	assert.Equal(t, "2019-03-04 11:00 b", b.Implausible.Record)
	assert.True(t, b.Unused)
	assert.Equal(t, 1, b.Implausibles)
	_, b = times(parser(t, Options{Layout: "%F %T %Z", Offset: AtStart}), new(Sequence), Evidence{Read: now}, "2026-03-04 11:00:00 CET", "2026-03-04 11:00:00 CST")
	require.NotNil(t, b.Zone)
	assert.Equal(t, "CST", b.Zone.Zone)
}

// TestZoneOfWhatIsJustWritten has programs that write while their file is read, in a zone that the configuration does not have.
func TestZoneOfWhatIsJustWritten(t *testing.T) {
	for name, c := range map[string]struct {
		o      Options
		ahead  time.Duration
		layout string
		want   time.Duration
	}{
		"Tokyo, without a date": {clock24, 9 * time.Hour, "15:04", -15 * time.Hour},
		"Tokyo":                 {dated, 9 * time.Hour, "2006-01-02 15:04", 9 * time.Hour},
		"an hour":               {dated, time.Hour, "2006-01-02 15:04", time.Hour},
		"New York":              {dated, -5 * time.Hour, "2006-01-02 15:04", -5 * time.Hour},
		"none":                  {dated, 0, "2006-01-02 15:04", 0},
		"a slow writer":         {dated, -50 * time.Minute, "2006-01-02 15:04", 0},
	} {
		t.Run(name, func(t *testing.T) {
			p, s, told := parser(t, c.o), new(Sequence), 0
			for i := range 10 {
				read := now.Add(time.Duration(i) * time.Minute)
				_, b := times(p, s, Evidence{Read: read}, read.Add(c.ahead).Format(c.layout))
				if b.Shifted != nil {
					told++
					assert.Equal(t, c.want, b.Shift)
				}
			}
			assert.Equal(t, c.want != 0, told == 1)
		})
	}
	s := new(Sequence)
	for i := range 10 { // a backlog, which is read in parts
		_, b := times(parser(t, dated), s, Evidence{Read: now.Add(time.Duration(i) * time.Second), More: true}, "2026-03-04 07:00")
		assert.Nil(t, b.Shifted)
	}
}

func TestStartOfARecord(t *testing.T) {
	p := parser(t, dated)
	for prefix, ok := range map[string]bool{
		"": true, " ": true, "[": true, `"`: true, "<34>": true, "<34>1 ": true, "[1234] ": true, "1:M ": true, "ERROR ": true, "[error] [": true, "INFO: ": true,
		"(warn) ": true, "time=": true, `ts="`: true, "*": true, "I": true, "12: ": true, "[WARN] [12] [": true,
		"at ": false, "since ": false, "Error ": false, "log ": false, "host ": false, "1.2.3.4 - - [": false, "valid=": false, "12 ": false, "<34": false, "<3456>": false, "]": false,
		strings.Repeat("[", maxPrefix+1): false, "é": false, "-1": false,
	} {
		var f found
		assert.Equal(t, ok, p.find(prefix+"2026-03-04 11:00 x", &f), "%q", prefix)
		assert.True(t, !ok || f.from == len(prefix), "%q", prefix)
	}
	g := parser(t, Options{Layout: "%m%d %H:%M:%S.%f", Offset: AtStart})
	var f found
	require.True(t, g.find("I0304 11:00:00.123456   1 x.go:1] x", &f))
	assert.Equal(t, 1, f.from)
	for _, record := range []string{"", " ", "[", "<", "<34>", "E", "12", "12:", "1:M", "time="} {
		assert.False(t, p.find(record, &f), record)
	}
}

func TestSuspects(t *testing.T) {
	for text, at := range map[string]time.Time{
		"9:00 h ahead of this host's clock":            now.Add(9*time.Hour - 2*time.Second),
		"5:45 h ahead of this host's clock":            now.Add(5*time.Hour + 45*time.Minute - time.Minute),
		"10 hours ahead of this host's clock: a date":  now.Add(10*time.Hour + 7*time.Minute),
		"3 years ahead of this host's clock: a date":   now.AddDate(3, 1, 0),
		"seconds read as milliseconds":                 time.UnixMilli(now.Unix()),
		"milliseconds as nanoseconds":                  time.Unix(0, now.UnixMilli()),
		"a year old":                                   now.AddDate(-1, 0, 0).Add(9 * time.Hour),
		"30 days old: a log that is read late":         now.AddDate(0, 0, -30),
		"from the beginning of the epoch: a clock":     time.Unix(70, 0),
		"7 years old: a log that is read late, or a d": now.AddDate(-7, 0, 0),
	} {
		assert.Contains(t, Suspect(at, now), text)
	}
	assert.Empty(t, Suspect(now.Add(-time.Hour), now))
}

// TestOffsetsOfWallClocks compares with the time package around the changes of clocks.
func TestOffsetsOfWallClocks(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "Africa/Casablanca", "Pacific/Apia"} {
		location, err := time.LoadLocation(name)
		require.NoError(t, err)
		var c calendar
		for i := range int64(20_000) {
			unix := now.Unix() - i*29*60
			at := time.Unix(unix, 0).In(location)
			_, offset := at.Zone()
			early, late := c.instants(unix+int64(offset), location)
			require.True(t, early == unix || late == unix, "%s: %s", name, at)
			require.Equal(t, at.Format("2006-01-02 15:04:05"), time.Unix(early, 0).In(location).Format("2006-01-02 15:04:05"))
			require.Equal(t, at.Format("2006-01-02 15:04:05"), time.Unix(late, 0).In(location).Format("2006-01-02 15:04:05"))
		}
	}
}

func FuzzBatch(f *testing.F) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(f, err)
	f.Add("%H:%M", "10:00\n09:00\n<34>11:00 x", int64(0), int64(3600), true)
	f.Add("%b %e %H:%M:%S %Z", "Feb 29 10:00:00 CET\nMar 1 00:00:00 CST", int64(1e9), int64(0), false)
	f.Add("%a %d %H:%M", "Mon 31 10:00\n[Tue 1 10:00", int64(-1e9), int64(1e8), false)
	f.Fuzz(func(t *testing.T, layout, text string, read, modified int64, more bool) {
		p, err := New(Options{Layout: layout, Offset: AtStart, Location: vienna})
		if err != nil {
			return
		}
		const years = 100 * 365 * day24
		e := Evidence{Read: now.Add(time.Duration(read%years) * time.Second), More: more}
		if modified != 0 {
			e.Modified = e.Read.Add(-time.Duration(modified%years) * time.Second)
		}
		var s Sequence
		records := strings.Split(text, "\n")
		for range 2 {
			b := p.Batch(&s, e, 0)
			for _, r := range records {
				if from, to := b.Add(r); from < 0 || to < from || to > len(r) {
					t.Fatalf("%d to %d of %q", from, to, r)
				}
			}
			next := 0
			b.Times(func(i int, at int64) {
				if i != next || at < 0 {
					t.Fatalf("%d, not %d: %d", i, next, at)
				}
				next++
				if at != 0 && p.lacks != nothing && at > e.Read.Add(yearAhead).UnixNano() {
					t.Fatalf("%q is in the future: %s, read %s", records[i], time.Unix(0, at), e.Read)
				}
			})
			if next != len(records) {
				t.Fatalf("%d of %d", next, len(records))
			}
		}
	})
}

func BenchmarkBatch(b *testing.B) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(b, err)
	for name, c := range map[string]struct {
		o    Options
		line string
	}{
		"dated":     {Options{Layout: "%Y-%m-%d %H:%M:%S,%f", Location: vienna, Offset: AtStart}, "2026-03-04 11:04:05,678 ERROR [main] com.example.Service - it failed"},
		"searched":  {Options{Layout: "%Y-%m-%d %H:%M:%S,%f", Location: vienna, Offset: Anywhere}, "2026-03-04 11:04:05,678 ERROR [main] com.example.Service - it failed"},
		"no time":   {Options{Layout: "%Y-%m-%d %H:%M:%S,%f", Location: vienna, Offset: AtStart}, "\tat com.example.Service.call(Service.java:123)"},
		"syslog":    {Options{Layout: "%b %e %H:%M:%S", Location: vienna, Offset: AtStart}, "Mar  4 11:04:05 host app[12]: it failed"},
		"time only": {Options{Layout: "%H:%M:%S", Location: vienna, Offset: AtStart}, "11:04:05 it failed"},
	} {
		b.Run(name, func(b *testing.B) {
			p := parser(b, c.o)
			s := new(Sequence)
			batch := p.Batch(s, Evidence{Read: now}, 1000)
			for i := 0; b.Loop(); i++ {
				if i%1000 == 999 {
					batch.Times(func(int, int64) {})
					batch = p.Batch(s, Evidence{Read: now}, 1000)
				}
				batch.Add(c.line)
			}
		})
	}
}
