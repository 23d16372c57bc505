package metrics

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ask is a valid GetMetricStatistics request over the hour before now, with other members.
func ask(kv ...any) m {
	in := m{"Namespace": "N", "MetricName": "n", "StartTime": sec(now.Add(-time.Hour)), "EndTime": sec(now), "Period": 60, "Statistics": []string{"Sum"}}
	for i := 0; i < len(kv); i += 2 {
		if kv[i+1] == nil {
			delete(in, kv[i].(string))
			continue
		}
		in[kv[i].(string)] = kv[i+1]
	}
	return in
}

func at(minutes float64, value any, kv ...any) m {
	d := with(append([]any{"Timestamp", sec(now.Add(time.Duration(minutes * float64(time.Minute)))), "Value", value}, kv...)...)
	d["MetricName"] = "n"
	return d
}

// sums is the sums of an answer by minutes before now.
func sums(out *statisticsOutput) map[float64]float64 {
	got := map[float64]float64{}
	for _, d := range out.Datapoints {
		got[d.Timestamp.Sub(now).Minutes()] = *d.Sum
	}
	return got
}

func TestStatisticsAreAggregatedByPeriod(t *testing.T) {
	s := newService(Config{})
	put(t, s, "N", at(-60, 1), at(-59.5, 2), at(-58, 4), at(-1, 8), at(0, 16), at(-61, 32))
	read := func(kv ...any) map[float64]float64 {
		return sums(answer[statisticsOutput](t, s, "GetMetricStatistics", ask(kv...)))
	}
	assert.Equal(t, map[float64]float64{-60: 3, -58: 4, -1: 8}, read(), "the start is inclusive, the end exclusive")
	assert.Equal(t, map[float64]float64{-60: 7, -5: 8}, read("Period", 300))
	assert.Equal(t, map[float64]float64{-60: 15}, read("Period", 3600))
	assert.Equal(t, map[float64]float64{-60: 3}, read("StartTime", sec(now.Add(-59*time.Minute-30*time.Second)), "EndTime", sec(now.Add(-59*time.Minute))), "the start is rounded down to the minute")
	assert.Empty(t, read("MetricName", "other"))
	assert.Empty(t, read("Dimensions", []m{{"Name": "d", "Value": "v"}}))
}

func TestAllStatisticsOfAPeriod(t *testing.T) {
	s := newService(Config{})
	put(t, s, "N", at(-1, nil, "Values", []any{1, 2, 3}, "Counts", []any{1, 1, 2}, "Unit", "Bytes"))
	out := answer[statisticsOutput](t, s, "GetMetricStatistics", ask("Statistics", statistics))
	assert.Equal(t, "n", out.Label)
	require.Len(t, out.Datapoints, 1)
	d := out.Datapoints[0]
	assert.Equal(t, []float64{4, 2.25, 9, 1, 3}, []float64{*d.SampleCount, *d.Average, *d.Sum, *d.Minimum, *d.Maximum})
	assert.Equal(t, "Bytes", d.Unit)
	assert.Nil(t, d.ExtendedStatistics)

	out = answer[statisticsOutput](t, s, "GetMetricStatistics", ask("Statistics", nil, "ExtendedStatistics", []string{"p50", "p99.9", "p0.0", "p100"}))
	assert.Equal(t, map[string]float64{"p50": 2, "p99.9": 3, "p0.0": 1, "p100": 3}, out.Datapoints[0].ExtendedStatistics)
	assert.Nil(t, out.Datapoints[0].Sum)
}

func TestPercentilesOfStatisticSetsAreMissing(t *testing.T) {
	s := newService(Config{})
	put(t, s, "N", at(-1, nil, "StatisticValues", statistics4(3, 6, 1, 3)))
	out := answer[statisticsOutput](t, s, "GetMetricStatistics", ask("Statistics", nil, "ExtendedStatistics", []string{"p50"}))
	assert.Empty(t, out.Datapoints)
}

func TestUnitsAreNeverMixed(t *testing.T) {
	s := newService(Config{})
	put(t, s, "N", at(-1, 1, "Unit", "Bytes"), at(-1, 2, "Unit", "Count"), at(-2, 4, "Unit", "Bytes"), at(-2, 8))
	out := answer[statisticsOutput](t, s, "GetMetricStatistics", ask("Period", 3600))
	got := map[string]float64{}
	for _, d := range out.Datapoints {
		got[d.Unit] += *d.Sum
	}
	assert.Len(t, out.Datapoints, 3)
	assert.Equal(t, map[string]float64{"Bytes": 5, "Count": 2, "None": 8}, got)
	assert.Equal(t, map[float64]float64{-60: 5}, sums(answer[statisticsOutput](t, s, "GetMetricStatistics", ask("Period", 3600, "Unit", "Bytes"))))
	assert.Empty(t, sums(answer[statisticsOutput](t, s, "GetMetricStatistics", ask("Unit", "Seconds"))))
}

func TestHighResolutionPointsAreKeptBySecond(t *testing.T) {
	s := newService(Config{})
	put(t, s, "N", at(-1, 1, "StorageResolution", 1), at(-0.9, 2, "StorageResolution", 1), at(-0.5, 4))
	second := ask("StartTime", sec(now.Add(-time.Minute)), "Period", 1)
	assert.Equal(t, map[float64]float64{-1: 1, -0.9: 2}, sums(answer[statisticsOutput](t, s, "GetMetricStatistics", second)))
	second["Period"] = 30
	assert.Equal(t, map[float64]float64{-1: 3}, sums(answer[statisticsOutput](t, s, "GetMetricStatistics", second)))
	second["Period"] = 60
	assert.Equal(t, map[float64]float64{-1: 7}, sums(answer[statisticsOutput](t, s, "GetMetricStatistics", second)))
}

func TestSecondsOlderThanThreeHoursAreGone(t *testing.T) {
	s := newService(Config{})
	put(t, s, "N", at(-190, 1, "StorageResolution", 1))
	in := ask("StartTime", sec(now.Add(-191*time.Minute)), "EndTime", sec(now.Add(-189*time.Minute)), "Period", 30)
	assert.Empty(t, sums(answer[statisticsOutput](t, s, "GetMetricStatistics", in)))
	in["Period"] = 60
	assert.Len(t, sums(answer[statisticsOutput](t, s, "GetMetricStatistics", in)), 1)
}

func TestWindowIsRoundedByAge(t *testing.T) {
	start := func(age time.Duration) time.Time { return now.Add(-age).Add(-27*time.Minute - 34*time.Second) }
	for _, tc := range []struct {
		name   string
		age    time.Duration
		period int64
		want   string
		empty  bool
	}{
		{"minutes", 0, 60, "11:32:00", false},
		{"10 s", 0, 10, "11:32:20", false},
		{"1 s", 0, 1, "11:32:26", false},
		{"1 s long ago", 3 * time.Hour, 1, "08:32:26", true},
		{"5 minutes after 15 days", 15 * day, 300, "11:30:00", false},
		{"minute after 15 days", 15 * day, 60, "11:30:00", true},
		{"hour after 63 days", 63 * day, 3600, "11:00:00", false},
		{"5 minutes after 63 days", 63 * day, 300, "11:00:00", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWindow(now, start(tc.age), now, tc.period)
			assert.Equal(t, tc.want, time.Unix(w.start, 0).UTC().Format(time.TimeOnly))
			assert.Equal(t, tc.empty, w.empty)
		})
	}
}

func TestInvalidGetMetricStatistics(t *testing.T) {
	eleven := make([]string, 11)
	for i := range eleven {
		eleven[i] = "p50"
	}
	const value, missing, combination = "InvalidParameterValue", "MissingParameter", "InvalidParameterCombination"
	for _, tc := range []struct {
		name, code, want string
		in               m
	}{
		{"no namespace", missing, "The parameter Namespace is required.", ask("Namespace", nil)},
		{"no name", missing, "The parameter MetricName is required.", ask("MetricName", nil)},
		{"no start", missing, "The parameter StartTime is required.", ask("StartTime", nil)},
		{"no end", missing, "The parameter EndTime is required.", ask("EndTime", nil)},
		{"no period", missing, "The parameter Period is required.", ask("Period", nil)},
		{"end at start", value, "The parameter StartTime must be less than the parameter EndTime.", ask("EndTime", sec(now.Add(-time.Hour)))},
		{"period of 15 s", value, "The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.", ask("Period", 15)},
		{"period of 90 s", value, "The parameter Period must be", ask("Period", 90)},
		{"period of 0", value, "The parameter Period must be", ask("Period", 0)},
		{"no statistics", combination, "Must specify either Statistics or ExtendedStatistics", ask("Statistics", nil)},
		{"both statistics", combination, "Must specify either Statistics or ExtendedStatistics", ask("ExtendedStatistics", []string{"p50"})},
		{"unknown statistic", value, "The parameter Statistics.member.1 must be a value in the set [ SampleCount, Average, Sum, Minimum, Maximum ].", ask("Statistics", []string{"sum"})},
		{"six statistics", value, "The collection Statistics must not have a size greater than 5.", ask("Statistics", append(statistics, "Sum"))},
		{"eleven percentiles", value, "The collection ExtendedStatistics must not have a size greater than 10.", ask("Statistics", nil, "ExtendedStatistics", eleven)},
		{"percentile above 100", value, "The value p100.1 for parameter ExtendedStatistics.member.1 is not supported.", ask("Statistics", nil, "ExtendedStatistics", []string{"p100.1"})},
		{"unknown unit", value, "The parameter Unit must be a value in the set", ask("Unit", "x")},
		{"1,441 points", combination, "You have requested up to 1441 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
			ask("StartTime", sec(now.Add(-1441*time.Minute)))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := call(newService(Config{}), "GetMetricStatistics", tc.in)
			requireError(t, err, tc.code, tc.want)
		})
	}
	_, err := call(newService(Config{}), "GetMetricStatistics", ask("StartTime", sec(now.Add(-1440*time.Minute)), "Statistics", nil, "ExtendedStatistics", eleven[:10]))
	require.NoError(t, err)
}
