package metrics

import (
	"regexp"
	"slices"
	"strconv"
	"time"
)

// statistic is what is asked of a bucket: one of the five, or a percentile.
type statistic struct {
	name       string
	percentile float64
}

var statistics = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}

var percentilePattern = regexp.MustCompile(`^p([0-9]{1,3}(?:\.[0-9]{1,10})?)$`)

// parsePercentile reads pNN.
func parsePercentile(s string) (statistic, bool) {
	m := percentilePattern.FindStringSubmatch(s)
	if m == nil {
		return statistic{}, false
	}
	p, err := strconv.ParseFloat(m[1], 64)
	return statistic{s, p}, err == nil && p <= 100
}

func parseStatistic(s string) (statistic, bool) {
	if slices.Contains(statistics, s) {
		return statistic{name: s}, true
	}
	return parsePercentile(s)
}

func (s statistic) isPercentile() bool { return s.name[0] == 'p' }

// of is the statistic of a bucket; false where it is not available.
func (s statistic) of(b *bucket) (float64, bool) {
	switch s.name {
	case "SampleCount":
		return b.count, true
	case "Average":
		return b.sum / b.count, true
	case "Sum":
		return b.sum, true
	case "Minimum":
		return b.min, true
	case "Maximum":
		return b.max, true
	}
	return b.percentile(s.percentile)
}

// checkPeriod checks the granularity of a read, in seconds.
func checkPeriod(p *problems, name string, period int64) {
	switch period {
	case 1, 5, 10, 20, 30:
		return
	}
	if period < 1 || period%60 != 0 {
		p.add(invalidValue, "The parameter %s must be 1, 5, 10, 20, 30, or a multiple of 60.", name)
	}
}

const day = 24 * time.Hour

// window is a range of time divided into periods, in seconds since 1970.
type window struct {
	start, end, period int64 // end is exclusive
	empty              bool  // CloudWatch no longer keeps points that fine
}

// newWindow rounds the start down as the API reference says: to the minute, for older times to five
// minutes or the hour, for periods below a minute to the period.
func newWindow(now, start, end time.Time, period int64) window {
	w := window{start: start.Unix(), end: end.Unix(), period: period}
	if end.Nanosecond() > 0 {
		w.end++
	}
	grain, finest := int64(60), int64(1)
	switch age := now.Sub(start); {
	case age > 63*day:
		grain, finest = 3600, 3600
	case age > 15*day:
		grain, finest = 300, 300
	case age > 3*time.Hour:
		finest = 60
	}
	if period < 60 {
		grain = period
	}
	w.start -= mod(w.start, grain)
	w.empty = period%finest != 0
	return w
}

// points is the number of periods.
func (w window) points() int64 { return (w.end - w.start + w.period - 1) / w.period }

// read aggregates the points of a series by period, in the order of time. unit, if not negative,
// keeps points of that unit only; points of different units are never merged.
func (x *series) read(w window, unit int, percentiles bool) []bucket {
	if x == nil || w.empty {
		return nil
	}
	source := x.minutes
	if w.period < 60 {
		source = x.seconds
	}
	first, _ := slices.BinarySearchFunc(source, w.start, func(b bucket, at int64) int { return order(&b, at, 0) })
	var out []bucket
	for i := first; i < len(source) && source[i].at < w.end; i++ {
		b := &source[i]
		if unit >= 0 && int(b.unit) != unit {
			continue
		}
		at := w.start + (b.at-w.start)/w.period*w.period
		// The buckets of this period are at the end of out, one for each unit.
		j := len(out) - 1
		for j >= 0 && out[j].at == at && out[j].unit != b.unit {
			j--
		}
		if j < 0 || out[j].at != at {
			out = append(out, bucket{at: at, unit: b.unit})
			j = len(out) - 1
		}
		out[j].merge(b, percentiles)
	}
	return out
}

// readUnit is the unit argument of read for a request's unit.
func readUnit(unit string) int {
	if unit == "" {
		return -1
	}
	return int(unitIndex(unit))
}
