package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// metricQuery asks for the sums of the metric n of a host by minute.
func metricQuery(id, host string, kv ...any) m {
	q := m{"Id": id, "MetricStat": m{"Metric": m{"Namespace": "N", "MetricName": "n", "Dimensions": []m{{"Name": "host", "Value": host}}}, "Period": 60, "Stat": "Sum"}}
	for i := 0; i < len(kv); i += 2 {
		q[kv[i].(string)] = kv[i+1]
	}
	return q
}

func expression(id, text string, kv ...any) m {
	q := m{"Id": id, "Expression": text}
	for i := 0; i < len(kv); i += 2 {
		q[kv[i].(string)] = kv[i+1]
	}
	return q
}

func data(queries ...m) m {
	return m{"StartTime": sec(now.Add(-time.Hour)), "EndTime": sec(now), "ScanBy": "TimestampAscending", "MetricDataQueries": queries}
}

// filledService has the metric n of two hosts: a is 1, 2, 3 and b is 10, –, 30, 40.
func filledService(t *testing.T) *Service {
	s := newService(Config{})
	host := func(name string) []m { return []m{{"Name": "host", "Value": name}} }
	for i, v := range []float64{1, 2, 3} {
		put(t, s, "N", at(float64(i-10), v, "Dimensions", host("a")))
	}
	for i, v := range []float64{10, 0, 30, 40} {
		if v > 0 {
			put(t, s, "N", at(float64(i-10), v, "Dimensions", host("b")))
		}
	}
	return s
}

// show is the values of a result by the minute before now.
func show(r dataResult) string {
	var parts []string
	for i, at := range r.Timestamps {
		parts = append(parts, fmt.Sprintf("%v:%v", at.Sub(now).Minutes(), r.Values[i]))
	}
	return strings.Join(parts, " ")
}

func TestMetricQueriesReturnTheirValues(t *testing.T) {
	s := filledService(t)
	in := data(metricQuery("a", "a"), metricQuery("b", "b", "Label", "of b"), metricQuery("hidden", "a", "ReturnData", false), metricQuery("none", "x"))
	out := answer[dataOutput](t, s, "GetMetricData", in)
	require.Len(t, out.MetricDataResults, 3)
	assert.Equal(t, "-10:1 -9:2 -8:3", show(out.MetricDataResults[0]))
	assert.Equal(t, "n", out.MetricDataResults[0].Label)
	assert.Equal(t, "-10:10 -8:30 -7:40", show(out.MetricDataResults[1]))
	assert.Equal(t, "of b", out.MetricDataResults[1].Label)
	assert.Equal(t, dataResult{ID: "none", Label: "n", Timestamps: out.MetricDataResults[2].Timestamps, Values: []float64{}, StatusCode: "Complete"}, out.MetricDataResults[2])
	assert.Empty(t, out.NextToken)

	delete(in, "ScanBy")
	out = answer[dataOutput](t, s, "GetMetricData", in)
	assert.Equal(t, "-8:3 -9:2 -10:1", show(out.MetricDataResults[0]), "the newest first by default")
}

func TestEveryStatisticOfAMetricQuery(t *testing.T) {
	s := newService(Config{})
	put(t, s, "N", at(-3, nil, "Values", []any{1, 2, 6}, "Dimensions", []m{{"Name": "host", "Value": "a"}}))
	for stat, want := range map[string]string{"Sum": "9", "Average": "3", "Minimum": "1", "Maximum": "6", "SampleCount": "3", "p50": "2", "p99": "6"} {
		q := metricQuery("a", "a")
		q["MetricStat"].(m)["Stat"] = stat
		out := answer[dataOutput](t, s, "GetMetricData", data(q))
		assert.Equal(t, "-3:"+want, show(out.MetricDataResults[0]), stat)
	}
}

func TestExpressionsAreEvaluated(t *testing.T) {
	s := filledService(t)
	for _, tc := range []struct{ text, want string }{
		{"a + b", "-10:11 -8:33"},
		{"b / a", "-10:10 -8:10"},
		{"a * 100", "-10:100 -9:200 -8:300"},
		{"1 - a", "-10:0 -9:-1 -8:-2"},
		{"-a * 2 + 1", "-10:-1 -9:-3 -8:-5"},
		{"(a + 1) * -2", "-10:-4 -9:-6 -8:-8"},
		{"a - 2 - 1", "-10:-2 -9:-1 -8:0"},
		{"1 / (a - 2)", "-10:-1 -8:1"},
		{"a / PERIOD(a)", "-10:0.016666666666666666 -9:0.03333333333333333 -8:0.05"},
		{"SUM(METRICS())", "-10:11 -9:2 -8:33 -7:40"},
		{"sum([a, b])", "-10:11 -9:2 -8:33 -7:40"},
		{"AVG([a,b])", "-10:5.5 -9:2 -8:16.5 -7:40"},
		{`MAX(METRICS("b"))`, "-10:10 -8:30 -7:40"},
		{"MIN(METRICS())", "-10:1 -9:2 -8:3 -7:40"},
		{"a - AVG(a)", "-10:-1 -9:0 -8:1"},
		{"a / SUM(a) * MAX(b)", "-10:6.666666666666666 -9:13.333333333333332 -8:20"},
		{"other * 2", "-10:4 -9:8 -8:12"},
		{`SUM(SEARCH('{N,host} MetricName="n"', 'Sum', 60))`, "-10:11 -9:2 -8:33 -7:40"},
	} {
		t.Run(tc.text, func(t *testing.T) {
			out := answer[dataOutput](t, s, "GetMetricData", data(
				expression("e", tc.text), metricQuery("a", "a", "ReturnData", false), metricQuery("b", "b", "ReturnData", false),
				expression("other", "a * 2", "ReturnData", false)))
			require.Len(t, out.MetricDataResults, 1)
			assert.Equal(t, tc.want, show(out.MetricDataResults[0]))
			assert.Equal(t, "e", out.MetricDataResults[0].Label)
		})
	}
}

func TestListsOfTimeSeriesGiveOneResultEach(t *testing.T) {
	s := filledService(t)
	put(t, s, "N", m{"MetricName": "n", "Value": 1}, m{"MetricName": "k", "Value": 1, "Dimensions": []m{{"Name": "host", "Value": "a"}}})
	for text, want := range map[string][]string{
		`SEARCH('{N,host} MetricName="n"', 'Sum', 60)`:             {"n a", "n b"},
		`SEARCH('{"N",host} MetricName=n host="b"', "Average")`:    {"n b"},
		`SEARCH('{N,host}', 'Sum', 60) * 2`:                        {"k a", "n a", "n b"},
		`SEARCH('{N} MetricName="n"', 'Sum', 60)`:                  {"n"},
		`SEARCH('{Other,host} MetricName="n"', 'Sum', 60)`:         {},
		`SEARCH('{N,host} MetricName="n" host="x"', 'Sum', 60)/10`: {},
	} {
		out := answer[dataOutput](t, s, "GetMetricData", data(expression("e", text)))
		labels := []string{}
		for _, r := range out.MetricDataResults {
			assert.Equal(t, "e", r.ID)
			labels = append(labels, r.Label)
		}
		assert.Equal(t, want, labels, text)
	}
}

func TestUnsupportedAndWrongExpressionsAreRefused(t *testing.T) {
	s := filledService(t)
	for text, want := range map[string]string{
		"a +":                                 "unexpected end of the expression",
		"a ? b":                               "unexpected '?' at position 3",
		"(a":                                  "unexpected end",
		"x":                                   `unknown identifier "x"`,
		"1 + 2":                               "the expression is a scalar, and must be a time series",
		"SUM(a)":                              "the expression is a scalar",
		"e":                                   "it depends on itself",
		"ANOMALY_DETECTION_BAND(a)":           "the function ANOMALY_DETECTION_BAND is not supported by cloudwatch-local",
		"SELECT AVG(n) FROM N":                "Metrics Insights queries are not supported by cloudwatch-local",
		"METRICS() + METRICS()":               "not supported by cloudwatch-local",
		"PERIOD(METRICS('zz'))":               "PERIOD needs one time series",
		"SUM(1)":                              "SUM needs a time series",
		"[1]":                                 "a list may have time series only",
		"1.2.3 * a":                           `"1.2.3" is not a number`,
		`SEARCH('{N,host} free', 'Sum')`:      `conditions only in cloudwatch-local, not "free"`,
		`SEARCH('n', 'Sum')`:                  "SEARCH needs {Namespace",
		`SEARCH('{N}', 'Median')`:             `"Median" is not a statistic`,
		`SEARCH('{N}', 'Sum', 7)`:             "must be 1, 5, 10",
		`SEARCH('{N}`:                         "a quote is not closed",
		strings.Repeat("(", 150):              "it is too deeply nested",
		strings.Repeat("-", 150) + "a":        "it is too deeply nested",
		"SUM(" + strings.Repeat("[", 1) + "]": "unexpected ']'",
	} {
		_, err := call(s, "GetMetricData", data(expression("e", text), metricQuery("a", "a"), metricQuery("b", "b")))
		requireError(t, err, "ValidationError", want)
		assert.Contains(t, err.Error(), "Error in expression 'e'")
	}
}

func TestGetMetricDataPages(t *testing.T) {
	s := filledService(t)
	for most := 1; most <= 7; most++ {
		in := data(metricQuery("e0", "x"), metricQuery("a", "a"), metricQuery("e1", "x"), metricQuery("b", "b"), metricQuery("e2", "x"))
		in["MaxDatapoints"] = most
		got := map[string][]float64{}
		status := map[string]string{}
		for {
			out := answer[dataOutput](t, s, "GetMetricData", in)
			points := 0
			for _, r := range out.MetricDataResults {
				got[r.ID] = append(got[r.ID], r.Values...)
				points += len(r.Values)
				assert.NotEqual(t, "Complete", status[r.ID], "%s came again", r.ID)
				status[r.ID] = r.StatusCode
			}
			assert.LessOrEqual(t, points, most)
			if out.NextToken == "" {
				break
			}
			in["NextToken"] = out.NextToken
		}
		assert.Equal(t, map[string][]float64{"e0": nil, "a": {1, 2, 3}, "e1": nil, "b": {10, 30, 40}, "e2": nil}, got, "MaxDatapoints %d", most)
		for id, st := range status {
			assert.Equal(t, "Complete", st, id)
		}
	}
}

func TestNextTokenBelongsToItsRequest(t *testing.T) {
	s := filledService(t)
	in := data(metricQuery("a", "a"))
	in["MaxDatapoints"] = 1
	token := answer[dataOutput](t, s, "GetMetricData", in).NextToken
	require.NotEmpty(t, token)
	other := data(metricQuery("b", "b"))
	for _, bad := range []string{token, "x", "????", "MCAw"} {
		other["NextToken"] = bad
		_, err := call(s, "GetMetricData", other)
		requireError(t, err, "InvalidNextToken", "NextToken is invalid.")
	}
}

func TestInvalidGetMetricData(t *testing.T) {
	q := func(kv ...any) m { return metricQuery("a", "a", kv...) }
	stat := func(key string, v any) m {
		x := q()
		x["MetricStat"].(m)[key] = v
		return x
	}
	req := func(key string, v any) m {
		x := data(q())
		x[key] = v
		return x
	}
	queries := make([]m, 501)
	for i := range queries {
		queries[i] = metricQuery(fmt.Sprint("q", i), "a")
	}
	for _, tc := range []struct {
		name, want string
		in         m
	}{
		{"no queries", "The parameter MetricDataQueries is required.", data()},
		{"501 queries", "The collection MetricDataQueries must not have a size greater than 500.", data(queries...)},
		{"no start", "The parameter StartTime is required.", req("StartTime", nil)},
		{"end before start", "The parameter StartTime must be less than the parameter EndTime.", req("EndTime", sec(now.Add(-2*time.Hour)))},
		{"order", "The parameter ScanBy must be a value in the set", req("ScanBy", "x")},
		{"no points", "The parameter MaxDatapoints must be between 1 and 100800.", req("MaxDatapoints", 0)},
		{"100,801 points", "The parameter MaxDatapoints must be between 1 and 100800.", req("MaxDatapoints", 100_801)},
		{"no id", "The parameter MetricDataQueries.member.1.Id is required.", data(q("Id", ""))},
		{"id", "The value A for parameter MetricDataQueries.member.1.Id is not matching the expected pattern", data(q("Id", "A"))},
		{"id twice", "The values for parameter id in MetricDataQueries are not unique.", data(q(), q())},
		{"neither metric nor expression", "The parameter MetricDataQueries.member.1.MetricStat is required.", data(m{"Id": "a"})},
		{"both", "are mutually exclusive and you have specified both.", data(q("Expression", "b"))},
		{"empty expression", "Expression must have 1 to 2048 characters.", data(expression("a", ""))},
		{"long expression", "Expression must have 1 to 2048 characters.", data(expression("a", strings.Repeat("a", 2049)))},
		{"no metric", "The parameter MetricDataQueries.member.1.MetricStat.Metric is required.", data(stat("Metric", nil))},
		{"no namespace", "The parameter MetricDataQueries.member.1.MetricStat.Metric.Namespace is required.", data(stat("Metric", m{"MetricName": "n"}))},
		{"no period", "The parameter MetricDataQueries.member.1.MetricStat.Period is required.", data(stat("Period", nil))},
		{"period", "The parameter MetricDataQueries.member.1.MetricStat.Period must be 1, 5,", data(stat("Period", 45))},
		{"no statistic", "The parameter MetricDataQueries.member.1.MetricStat.Stat is required.", data(stat("Stat", ""))},
		{"statistic", "The value tm99 for parameter MetricDataQueries.member.1.MetricStat.Stat is not supported.", data(stat("Stat", "tm99"))},
		{"unit", "The parameter MetricDataQueries.member.1.MetricStat.Unit must be a value in the set", data(stat("Unit", "x"))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := call(newService(Config{}), "GetMetricData", tc.in)
			requireError(t, err, "ValidationError", tc.want)
		})
	}
	_, err := call(newService(Config{}), "GetMetricData", data(queries[:500]...))
	require.NoError(t, err)
}

func FuzzExpression(f *testing.F) {
	for _, text := range []string{"a+b/2", "SUM(METRICS())", "PERIOD(a)", `SEARCH('{N,host} MetricName="n"','Sum',60)*a`, "[a,b]-1", "-(a)"} {
		f.Add(text)
	}
	s := newService(Config{})
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = call(s, "GetMetricData", data(expression("e", text), metricQuery("a", "a"), metricQuery("b", "b")))
	})
}
