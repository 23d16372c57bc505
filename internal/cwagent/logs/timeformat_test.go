package logs

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/logtime"
)

// agentReads is how the agent finds the time of a line, written from what its translator and its tailer are known to do: a regular
// expression finds the text, a fraction of a second becomes a point and three digits, and Go's time package reads it by a layout, with the
// other spelling of the month if the first does not fit.
func agentReads(t *testing.T, format string, zone *time.Location, line string, now time.Time) (time.Time, bool) {
	t.Helper()
	expressions := map[string]string{
		"%B": `\w{3,9}`, "%b": `\w{3}`, "%-m": `\s{0,1}\d{1,2}`, "%m": `\s{0,1}\d{1,2}`, "%A": `\w{6,9}`, "%a": `\w{3}`, "%-d": `\s{0,1}\d{1,2}`, "%d": `\s{0,1}\d{1,2}`,
		"%H": `\d{2}`, "%-I": `\d{1,2}`, "%I": `\d{2}`, "%-M": `\d{1,2}`, "%M": `\d{2}`, "%-S": `\d{1,2}`, "%S": `\d{2}`, "%Y": `\d{4}`, "%y": `\d{2}`,
		"%p": `\w{2}`, "%Z": `\w{3}`, "%z": `[\+-]\d{4}`, "%f": `(\d{1,9})`,
	}
	layouts := map[string]string{
		"%B": "January", "%b": "Jan", "%-m": "1", "%m": "01", "%A": "Monday", "%a": "Mon", "%-d": "_2", "%d": "_2", "%H": "15", "%-I": "3", "%I": "03",
		"%-M": "4", "%M": "04", "%-S": "5", "%S": "05", "%Y": "2006", "%y": "06", "%p": "PM", "%Z": "MST", "%z": "-0700", "%f": ".000",
	}
	replaced := func(text string, by map[string]string) string {
		for from, to := range by {
			text = strings.ReplaceAll(text, from, to)
		}
		return text
	}
	expression := format
	for _, special := range []string{"^", ".", "*", "?", "|", "[", "]", "(", ")", "{", "}", "$"} {
		expression = strings.ReplaceAll(expression, special, `\`+special)
	}
	expression = "(" + strings.TrimPrefix(replaced(expression, expressions), `\s{0,1}`) + ")"
	at := regexp.MustCompile(expression).FindStringSubmatchIndex(line)
	if at == nil {
		return time.Time{}, false
	}
	text := line[at[2]:at[3]]
	if len(at) > 5 {
		from, to := at[4]-at[2], at[5]-at[2]
		text = text[:from] + "." + (text[from:to] + "000")[:3] + text[to:]
	}
	spellings := []string{format}
	if strings.Contains(format, "%m") {
		spellings = append(spellings, strings.ReplaceAll(format, "%m", "%-m"))
	} else if strings.Contains(format, "%-m") {
		spellings = append(spellings, strings.ReplaceAll(format, "%-m", "%m"))
	}
	for _, spelling := range spellings {
		got, err := time.ParseInLocation(replaced(spelling, layouts), text, zone)
		if err != nil {
			continue
		}
		if got.Year() == 0 {
			if got = got.AddDate(now.Year(), 0, 0); got.Sub(now) > 30*24*time.Hour {
				got = got.AddDate(-1, 0, 0)
			}
		}
		return got, true
	}
	return time.Time{}, false
}

// applicationWrites is a time as a program writes it that has this format.
func applicationWrites(r *rand.Rand, format string, at time.Time) string {
	number := func(n int, short bool) string {
		switch {
		case n > 9 || short:
			return fmt.Sprint(n)
		case r.IntN(4) == 0: // as ctime(3) has it
			return fmt.Sprintf("%2d", n)
		}
		return fmt.Sprintf("%02d", n)
	}
	hour12 := (at.Hour()+11)%12 + 1
	fraction := fmt.Sprintf("%09d", at.Nanosecond())[:1+r.IntN(9)]
	return strings.NewReplacer(
		"%B", at.Format("January"), "%b", at.Format("Jan"), "%A", at.Format("Monday"), "%a", at.Format("Mon"),
		"%-m", number(int(at.Month()), true), "%m", at.Format("01"), "%-d", number(at.Day(), r.IntN(2) == 0), "%d", number(at.Day(), false),
		"%H", at.Format("15"), "%-I", fmt.Sprint(hour12), "%I", fmt.Sprintf("%02d", hour12), "%-M", fmt.Sprint(at.Minute()), "%M", at.Format("04"),
		"%-S", fmt.Sprint(at.Second()), "%S", at.Format("05"), "%Y", at.Format("2006"), "%y", at.Format("06"), "%p", at.Format("PM"),
		"%Z", at.Format("MST"), "%z", at.Format("-0700"), "%f", fraction,
	).Replace(format)
}

// TestTimesAreThoseThatTheAgentReads has formats of the agent's and times at random: a line that a program writes has the time for
// file_tail that it has for the agent.
func TestTimesAreThoseThatTheAgentReads(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	dates := []string{"%Y-%m-%d", "%d/%b/%Y", "%b %d", "%b %-d", "%b %-d %Y", "%m/%d/%Y", "%-m/%-d/%Y", "%y%m%d", "%d %B %Y", "%A, %d %b %y", "%a %b %d %Y", "%Y/%m/%d", "%d.%m.%Y", "%-d.%-m.%Y", "%m-%d", "%-d-%-m"}
	times := []string{"%H:%M:%S", "%H:%M:%S,%f", "%H:%M:%S.%f", "%H:%M:%S:%f", "%I:%M:%S %p", "%-I:%M:%S.%f %p", "%-I:%-M:%-S %p", "%H:%M", "%H%M%S"}
	zones := []string{"", "", " %z", " %Z", "%z"}
	between := []string{" ", "T", ":", " - ", "] [", "|"}
	before := []string{"", "[", "host app[12]: ", "<13>", "at Foo.java:1:2 ", "id=7-1 ", "x (3/4) ", "größer "}
	read, all := 0, 0
	for seed := range uint64(6000) {
		r := rand.New(rand.NewPCG(seed, 9))
		of := func(list []string) string { return list[r.IntN(len(list))] }
		format := of(dates) + of(between) + of(times) + of(zones)
		if r.IntN(3) == 0 {
			format = of(times) + of(between) + of(dates)
		}
		zone := []*time.Location{time.UTC, vienna}[r.IntN(2)]
		now := time.Date(2020+r.IntN(10), time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), 0, 0, zone)
		at := now.Add(-time.Duration(r.Int64N(int64(20 * 24 * time.Hour))))
		// The agent takes three letters of CEST, and without a year it takes the names of zones for those of the year 0.
		if name, _ := at.Zone(); strings.Contains(format, "%Z") && (name != "CET" || !strings.Contains(strings.ToLower(format), "%y")) {
			zone, at = time.UTC, at.UTC()
		}
		line := of(before) + applicationWrites(r, format, at) + " message 10:20:30 2001-02-03"
		all++
		want, ok := agentReads(t, format, zone, line, now)
		if !ok {
			continue // what the agent does not read, file_tail may
		}
		read++
		f := parseFormat(format)
		o := logtime.Options{Layout: f.layout, Location: zone, Offset: logtime.Anywhere}
		if f.pattern {
			o.Pattern = "(" + f.regexp + ")"
		}
		p, err := logtime.New(o)
		require.NoError(t, err, format)
		got, from, to, ok := p.Parse(line, now)
		require.True(t, ok, "seed %d: %q by %q (%q)", seed, line, format, f.layout)
		require.Equal(t, want.UnixMilli(), time.Unix(0, got).UnixMilli(), "seed %d: %q of %q by %q: %s instead of %s", seed, line[from:to], line, format, time.Unix(0, got).In(zone), want)
		assert.Regexp(t, anchored(f.regexp), line, "a record begins with it")
	}
	assert.Greater(t, read*10, all*8, "the agent reads most of what programs write")
}

// TestTimesThatLookLikeMuchElseAreLookedForAsTheAgentDoes has numbers before the time that would do, too.
func TestTimesThatLookLikeMuchElseAreLookedForAsTheAgentDoes(t *testing.T) {
	t.Parallel()
	f := parseFormat("%H:%M:%S")
	require.True(t, f.pattern)
	p, err := logtime.New(logtime.Options{Layout: f.layout, Pattern: "(" + f.regexp + ")", Offset: logtime.Anywhere})
	require.NoError(t, err)
	const line = "at Foo.java:1:2:3 12:34:56 x"
	_, from, to, ok := p.Parse(line, time.Now())
	require.True(t, ok)
	assert.Equal(t, "12:34:56", line[from:to])
}

func TestPatternsOfTheAgent(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"/var/log/app.log":      "/var/log/app.log",
		"/var/log/*.log":        "/var/log/*.log",
		"/var/log/**.log":       "/var/log/**/*.log",
		"/var/log/**":           "/var/log/**",
		"/var/**/x.log":         "/var/*/**/x.log",
		"/var/log/a**.log":      "/var/log/{a*.log,a*/**/*.log}",
		"/var/{a}/x.log":        `/var/\{a\}/x.log`,
		"/var/${HOME}/x{1}.log": `/var/${HOME}/x\{1\}.log`,
		`/var/a\b`:              `/var/a\\b`,
	} {
		assert.Equal(t, want, pattern("linux", agent), agent)
	}
	assert.Equal(t, "C:/a/**/*.log", pattern("windows", `C:\a\**.log`))
}

func TestRecordsBeginAtTheBeginOfALine(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		`^\d+`: `^\d+`, `\d+ `: `^.*?(?:\d+ )`, `^a|b`: `^.*?(?:^a|b)`, `^a|^b`: `^a|^b`, `(^a)`: `(^a)`, `(?i)^x`: `(?i)^x`,
	} {
		assert.Equal(t, want, anchored(pattern))
	}
}
