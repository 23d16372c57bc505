package logtime

import (
	"fmt"
	"math"
	"time"
)

const (
	// widest is how far from UTC zones are.
	widest = 14 * time.Hour
	// sloppy is how far from a whole quarter of an hour the difference of two zones may seem, for the time that lines wait.
	sloppy = 3 * time.Minute
)

// Suspect says why a time may be so far from now that CloudWatch does not take it, or "".
func Suspect(at, now time.Time) string {
	ahead := at.Sub(now)
	nearest := ahead.Round(15 * time.Minute)
	switch {
	case ahead > MaxAhead-sloppy && ahead <= widest+sloppy && (ahead-nearest).Abs() <= sloppy:
		return fmt.Sprintf("it is %s ahead of this host's clock, as if it were written in another time zone than it is read in: say which (timestamp::location of file_tail)", clock(nearest))
	case ahead > MaxAhead:
		return fmt.Sprintf("it is %s ahead of this host's clock: a date in the text of a message, or the clock of who wrote it", about(ahead))
	case ahead >= -MaxAge:
		return ""
	}
	for _, unit := range []struct {
		factor float64
		text   string
	}{
		{1e3, "seconds read as milliseconds"}, {1e6, "seconds read as microseconds, or milliseconds as nanoseconds"}, {1e9, "seconds read as nanoseconds"},
	} {
		if seconds := float64(at.UnixNano()) / 1e9 * unit.factor; math.Abs(seconds-float64(now.Unix())) < 10*365*day24 {
			return "it looks like an epoch in the wrong unit: " + unit.text
		}
	}
	switch year := at.UTC().Year(); {
	case year <= 1:
		return "its year is missing"
	case year <= 1970:
		return "it is from the beginning of the epoch: a clock that was not set, or a number that is no epoch"
	}
	if year := 365 * 24 * time.Hour; (-ahead).Abs() > year-36*time.Hour && -ahead < year+36*time.Hour {
		return fmt.Sprintf("it is a year old: a year that is missing in the text, or not up to date, or the zone or clock of who wrote it (%s)", about(-ahead))
	}
	return fmt.Sprintf("it is %s old: a log that is read late, or a date in the text of a message", about(-ahead))
}

// clock is a difference of zones.
func clock(d time.Duration) string {
	return fmt.Sprintf("%d:%02d h", int(d.Hours()), int(d.Minutes())%60)
}

// about is a long time.
func about(d time.Duration) string {
	switch h := int(d.Hours()); {
	case h >= 2*365*24:
		return fmt.Sprintf("%d years", h/(365*24))
	case h >= 48:
		return fmt.Sprintf("%d days", h/24)
	default:
		return fmt.Sprintf("%d hours", h)
	}
}
