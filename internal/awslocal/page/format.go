package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxText is how much of a message or value is shown, in characters.
const maxText = 300

// clip shortens text to maxText characters.
func clip(text string) string {
	n := 0
	for at := range text {
		if n == maxText {
			return text[:at] + "…"
		}
		n++
	}
	return text
}

// visible replaces characters that would change how the rest is read: control characters, and those
// that turn the direction of writing.
func visible(r rune) rune {
	if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
		return unicode.ReplacementChar
	}
	return r
}

// plural writes a number of things.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// count writes a whole number with commas between thousands.
func count(n int64) string { return group(strconv.FormatInt(n, 10)) }

// group puts commas between the thousands of a decimal number.
func group(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	whole, fraction, found := strings.Cut(digits, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if found {
		whole += "." + fraction
	}
	return sign + whole
}

// plain writes a value with up to three decimals, or in scientific form where that hides it.
func plain(v float64) string {
	if abs := math.Abs(v); v != 0 && (abs < 0.001 || abs >= 1e15) || math.IsNaN(v) {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	text := strconv.FormatFloat(v, 'f', 3, 64)
	return group(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
}

// short writes a value with three significant digits, as far as they are after the point.
func short(v float64) string {
	decimals := 2
	switch abs := math.Abs(v); {
	case abs >= 100:
		decimals = 0
	case abs >= 10:
		decimals = 1
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals > 0 {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return group(text)
}

// factors are CloudWatch's prefixes, and the sizes of its units of time in seconds.
var (
	factors = map[string]float64{"Kilo": 1e3, "Mega": 1e6, "Giga": 1e9, "Tera": 1e12}
	seconds = map[string]float64{"Microseconds": 1e-6, "Milliseconds": 1e-3, "Seconds": 1}
)

// human writes a value of one of CloudWatch's units the way people say it: 1.29 GB, 250 ms.
// It is empty where that says no more than the value itself.
func human(v float64, unit string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	if unit == "Percent" { // as good as it gets
		return ""
	}
	if f, ok := seconds[unit]; ok {
		return duration(v * f)
	}
	base, perSecond := strings.CutSuffix(unit, "/Second")
	for prefix, f := range factors {
		if rest, ok := strings.CutPrefix(base, prefix); ok {
			base, v = strings.ToUpper(rest[:1])+rest[1:], v*f
			break
		}
	}
	text := ""
	switch base {
	case "Bytes":
		text = scaled(v, "B")
	case "Bits":
		text = scaled(v, "bit")
	default:
		if math.Abs(v) < 1e4 && !perSecond {
			return ""
		}
		text = strings.TrimSpace(scaled(v, ""))
	}
	if perSecond {
		text += "/s"
	}
	return text
}

// scaled writes a value with a decimal prefix.
func scaled(v float64, unit string) string {
	prefixes := []string{"", "k", "M", "G", "T", "P", "E"}
	at := 0
	for math.Abs(v) >= 999.5 && at < len(prefixes)-1 {
		v /= 1000
		at++
	}
	return short(v) + " " + prefixes[at] + unit
}

// bytesText writes a number of bytes.
func bytesText(n int64) string { return scaled(float64(n), "B") }

// duration writes a number of seconds in the unit that suits it.
func duration(s float64) string {
	abs := math.Abs(s)
	switch {
	case s == 0:
		return "0 s"
	case abs < 1e-3:
		return short(s*1e6) + " µs"
	case abs < 1:
		return short(s*1e3) + " ms"
	case abs < 120:
		return short(s) + " s"
	case abs < 2*3600:
		return short(s/60) + " min"
	case abs < 2*86400:
		return short(s/3600) + " h"
	}
	return short(s/86400) + " d"
}

// ago writes how long before now a time was. It is a dash for no time.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	whole := func(d time.Duration) string {
		switch {
		case d < 2*time.Minute:
			return fmt.Sprintf("%d s", d/time.Second)
		case d < 2*time.Hour:
			return fmt.Sprintf("%d min", d/time.Minute)
		case d < 48*time.Hour:
			return fmt.Sprintf("%d h", d/time.Hour)
		}
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	}
	d := now.Sub(t)
	switch {
	case d.Abs() < time.Second:
		return "now"
	case d < 0:
		return "in " + whole(-d)
	}
	return whole(d) + " ago"
}

// moment is a time as it is shown, in UTC, and as the element <time> wants it. Today's has no date.
type moment struct{ Text, Machine, Ago string }

func newMoment(t, now time.Time) moment {
	if t.IsZero() {
		return moment{Text: "–", Ago: "–"}
	}
	t, now = t.UTC(), now.UTC()
	layout := "2006-01-02 15:04:05.000"
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		layout = "15:04:05.000"
	}
	return moment{t.Format(layout), t.Format(time.RFC3339Nano), ago(t, now)}
}
