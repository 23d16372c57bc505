package metrics

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

func numbers(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = i + 1
	}
	return list
}

func dims(n int) []m {
	list := make([]m, n)
	for i := range list {
		list[i] = m{"Name": fmt.Sprintf("d%02d", i), "Value": "v"}
	}
	return list
}

// with is a valid datum with other members.
func with(kv ...any) m {
	d := m{"MetricName": "n", "Value": 1}
	for i := 0; i < len(kv); i += 2 {
		if kv[i+1] == nil {
			delete(d, kv[i].(string))
			continue
		}
		d[kv[i].(string)] = kv[i+1]
	}
	return d
}

func many(n int) []m {
	list := make([]m, n)
	for i := range list {
		list[i] = with("MetricName", fmt.Sprintf("n%d", i))
	}
	return list
}

func statistics4(count, sum, least, most any) m {
	return m{"SampleCount": count, "Sum": sum, "Minimum": least, "Maximum": most}
}

func TestPutMetricDataAcceptsWhatIsAtTheLimit(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   m
	}{
		{"1,000 metrics", m{"MetricData": many(1000)}},
		{"1,000 metrics with and without entity", m{"MetricData": many(500), "EntityMetricData": []m{{"MetricData": many(500)}}}},
		{"150 values", m{"MetricData": []m{with("Value", nil, "Values", numbers(150), "Counts", numbers(150))}}},
		{"30 dimensions", m{"MetricData": []m{with("Dimensions", dims(30))}}},
		{"names of 255 characters", m{"Namespace": strings.Repeat("n", 255), "MetricData": []m{with("MetricName", strings.Repeat("n", 255),
			"Dimensions", []m{{"Name": strings.Repeat("n", 255), "Value": strings.Repeat("v", 1024)}})}}},
		{"two weeks ago", m{"MetricData": []m{with("Timestamp", sec(now.Add(-14*24*time.Hour)))}}},
		{"in two hours", m{"MetricData": []m{with("Timestamp", sec(now.Add(2*time.Hour)))}}},
		{"largest value", m{"MetricData": []m{with("Value", math.Pow(2, 360)), with("Value", -math.Pow(2, 360))}}},
		{"resolution of a second", m{"MetricData": []m{with("StorageResolution", 1)}}},
		{"resolution of a minute", m{"MetricData": []m{with("StorageResolution", 60)}}},
		{"statistics of one value", m{"MetricData": []m{with("Value", nil, "StatisticValues", statistics4(1, 2, 2, 2))}}},
		{"values with statistics, as the CloudWatch agent sends them", m{"MetricData": []m{with("Value", nil,
			"Values", []any{1, 2}, "Counts", []any{3, 4}, "StatisticValues", statistics4(7, 11, 0.5, 2.5))}}},
		{"empty lists", m{"MetricData": []m{with("Values", []any{}, "Counts", []any{}, "Dimensions", []m{})}}},
		{"colon inside", m{"Namespace": "a:b", "MetricData": []m{with("MetricName", ":n", "Dimensions", []m{{"Name": "a:", "Value": ":v"}})}}},
		{"bad entity without strict validation", m{"EntityMetricData": []m{{"Entity": m{"KeyAttributes": m{"Other": "x"}}, "MetricData": many(1)}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.in["Namespace"] == nil {
				tc.in["Namespace"] = "N"
			}
			_, err := call(newService(Config{}), "PutMetricData", tc.in)
			require.NoError(t, err)
		})
	}
}

func TestPutMetricDataRejectsWhatIsOverTheLimit(t *testing.T) {
	const value, missing, combination = "InvalidParameterValue", "MissingParameter", "InvalidParameterCombination"
	at := "MetricData.member.1"
	one := func(kv ...any) m { return m{"Namespace": "N", "MetricData": []m{with(kv...)}} }
	for _, tc := range []struct {
		name, code, message string
		in                  m
	}{
		{"no namespace", missing, "The parameter Namespace is required.", m{"MetricData": many(1)}},
		{"namespace of 256 characters", value, "The parameter Namespace must be shorter than 256 characters.", m{"Namespace": strings.Repeat("n", 256), "MetricData": many(1)}},
		{"namespace of AWS", value, "The value AWS/ for parameter Namespace is invalid.", m{"Namespace": "AWS/EC2", "MetricData": many(1)}},
		{"namespace with a colon first", value, "The parameter Namespace must not start with a colon.", m{"Namespace": ":N", "MetricData": many(1)}},
		{"namespace that is not ASCII", value, "The parameter Namespace must contain only ASCII characters", m{"Namespace": "é", "MetricData": many(1)}},
		{"no data", missing, "The parameter MetricData is required.", m{"Namespace": "N"}},
		{"1,001 metrics", value, "The collection MetricData must not have a size greater than 1000.", m{"Namespace": "N", "MetricData": many(1001)}},
		{"1,001 metrics with and without entity", value, "size greater than 1000", m{"Namespace": "N", "MetricData": many(501), "EntityMetricData": []m{{"MetricData": many(500)}}}},
		{"151 values", value, "The collection " + at + ".Values must not have a size greater than 150.", one("Value", nil, "Values", numbers(151))},
		{"counts of other length", value, "The parameters " + at + ".Values and " + at + ".Counts must be of the same size.", one("Value", nil, "Values", numbers(2), "Counts", numbers(1))},
		{"counts alone", missing, "The parameter " + at + ".Values is required.", one("Value", nil, "Counts", numbers(1))},
		{"count of zero", value, "The value 0 for parameter " + at + ".Counts.member.1 is invalid.", one("Value", nil, "Values", numbers(1), "Counts", []any{0})},
		{"no value", missing, "At least one of the parameters " + at + ".Value", one("Value", nil)},
		{"value and values", combination, "The parameters " + at + ".Value and " + at + ".Values are mutually exclusive and you have specified both.", one("Values", numbers(1))},
		{"value and statistics", combination, "The parameters " + at + ".Value and " + at + ".StatisticValues are mutually exclusive and you have specified both.", one("StatisticValues", statistics4(1, 1, 1, 1))},
		{"NaN", value, "The value NaN for parameter " + at + ".Value is invalid.", one("Value", "NaN")},
		{"infinite", value, "The value Infinity for parameter " + at + ".Value is invalid.", one("Value", "Infinity")},
		{"negative infinite in values", value, "The value -Infinity for parameter " + at + ".Values.member.2 is invalid.", one("Value", nil, "Values", []any{1, "-Infinity"})},
		{"too large", value, "for parameter " + at + ".Value is invalid.", one("Value", math.Nextafter(math.Pow(2, 360), math.Inf(1)))},
		{"NaN in statistics", value, "The value NaN for parameter " + at + ".StatisticValues.Sum is invalid.", one("Value", nil, "StatisticValues", statistics4(1, "NaN", 1, 1))},
		{"incomplete statistics", missing, "The parameter " + at + ".StatisticValues.Maximum is required.", one("Value", nil, "StatisticValues", m{"SampleCount": 1, "Sum": 1, "Minimum": 0})},
		{"no samples", value, at + ".StatisticValues.SampleCount must be greater than 0.", one("Value", nil, "StatisticValues", statistics4(0, 0, 0, 0))},
		{"minimum above maximum", value, "The parameter " + at + ".StatisticValues.Maximum must be greater than " + at + ".StatisticValues.Minimum.", one("Value", nil, "StatisticValues", statistics4(2, 3, 2, 1))},
		{"31 dimensions", value, "The collection " + at + ".Dimensions must not have a size greater than 30.", one("Dimensions", dims(31))},
		{"dimension twice", value, "must not contain duplicate dimension names: d00", one("Dimensions", append(dims(1), dims(1)...))},
		{"dimension without a value", missing, "The parameter " + at + ".Dimensions.member.1.Value is required.", one("Dimensions", []m{{"Name": "d"}})},
		{"dimension name of 256 characters", value, at + ".Dimensions.member.1.Name must be shorter than 256 characters.", one("Dimensions", []m{{"Name": strings.Repeat("n", 256), "Value": "v"}})},
		{"dimension value of 1,025 characters", value, at + ".Dimensions.member.1.Value must be shorter than 1025 characters.", one("Dimensions", []m{{"Name": "d", "Value": strings.Repeat("v", 1025)}})},
		{"dimension name with a colon first", value, "Name must not start with a colon.", one("Dimensions", []m{{"Name": ":d", "Value": "v"}})},
		{"dimension value of space", value, "Value must contain at least one non-whitespace character.", one("Dimensions", []m{{"Name": "d", "Value": "  "}})},
		{"dimension value with a control character", value, "Value must contain only ASCII characters, without control characters.", one("Dimensions", []m{{"Name": "d", "Value": "a\nb"}})},
		{"no metric name", missing, "The parameter " + at + ".MetricName is required.", one("MetricName", nil)},
		{"metric name of 256 characters", value, at + ".MetricName must be shorter than 256 characters.", one("MetricName", strings.Repeat("n", 256))},
		{"more than two weeks ago", value, "The parameter " + at + ".Timestamp must specify a time within the past two weeks.", one("Timestamp", sec(now.Add(-14*24*time.Hour-time.Millisecond)))},
		{"in more than two hours", value, "The parameter " + at + ".Timestamp must specify a time no more than two hours in the future.", one("Timestamp", sec(now.Add(2*time.Hour+time.Millisecond)))},
		{"unknown unit", value, "The parameter " + at + ".Unit must be a value in the set [ Seconds, Microseconds, Milliseconds, Bytes,", one("Unit", "seconds")},
		{"resolution of 30 s", value, "The value 30 for parameter " + at + ".StorageResolution is invalid.", one("StorageResolution", 30)},
		{"bad entity with strict validation", value, "Entity is invalid: KeyAttributes must have 2 to 4 members", m{"Namespace": "N", "StrictEntityValidation": true,
			"EntityMetricData": []m{{"Entity": m{"KeyAttributes": m{"Type": "Service"}}, "MetricData": many(1)}}}},
		{"datum of an entity", value, "The value NaN for parameter EntityMetricData.member.1.MetricData.member.2.Value is invalid.", m{"Namespace": "N",
			"EntityMetricData": []m{{"MetricData": []m{with(), with("Value", "NaN")}}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newService(Config{})
			_, err := call(s, "PutMetricData", tc.in)
			requireError(t, err, tc.code, tc.message)
			assert.Empty(t, s.Status().Series, "nothing of a rejected request is kept")
		})
	}
}

func TestRequestAboveOneMebibyteIsTooLarge(t *testing.T) {
	s := newService(Config{})
	body := fmt.Sprintf(`{"Namespace":"N","MetricData":[{"MetricName":"n","Value":1}],"x":"%s"}`, strings.Repeat("x", MaxRequestBytes))
	for excess, status := range map[int]int{0: 0, 1: http.StatusRequestEntityTooLarge} {
		cut := body[:len(body)-2-(len(body)-MaxRequestBytes)+excess] + `"}`
		require.Len(t, cut, MaxRequestBytes+excess)
		_, err := s.Operations()["PutMetricData"](&wire.Call{Protocol: wire.JSON10, Now: now, Body: []byte(cut)})
		if status == 0 {
			require.NoError(t, err)
			continue
		}
		var e *wire.Error
		require.True(t, errors.As(err, &e))
		assert.Equal(t, "RequestEntityTooLarge", e.Code)
		assert.Equal(t, status, e.Status)
		assert.Equal(t, "Request size 1048577 exceeded 1048576 bytes", e.Message)
	}
}

func TestAllFindingsOfAKindAreListed(t *testing.T) {
	_, err := call(newService(Config{}), "PutMetricData", m{"Namespace": "N", "MetricData": []m{with("Unit", "x"), with("MetricName", nil), with("Value", "NaN")}})
	var e *wire.Error
	require.True(t, errors.As(err, &e))
	lines := strings.Split(e.Message, "\n")
	require.Len(t, lines, 2)
	assert.Contains(t, lines[0], "MetricData.member.1.Unit")
	assert.Contains(t, lines[1], "MetricData.member.3.Value")
}

func TestEveryProtocolPutsAndReads(t *testing.T) {
	for name, p := range map[string]wire.Protocol{"CBOR": wire.CBOR, "JSON": wire.JSON10, "query": wire.Query} {
		t.Run(name, func(t *testing.T) {
			s := newService(Config{})
			var stamp, start, end any = sec(now), sec(now.Add(-time.Minute)), sec(now.Add(time.Minute))
			switch p {
			case wire.CBOR:
				stamp, start, end = cbor.Tag{Number: 1, Content: now.Unix()}, cbor.Tag{Number: 1, Content: start}, cbor.Tag{Number: 1, Content: end}
			case wire.Query:
				stamp, start, end = now, now.Add(-time.Minute), now.Add(time.Minute)
			}
			do := func(operation string, in m) wire.Result {
				c := &wire.Call{Service: wire.Monitoring, Operation: operation, Protocol: p, Now: now, Body: encodeBody(t, p, in)}
				out, err := s.Operations()[operation](c)
				return wire.Encode(c, out, err)
			}
			datum := m{
				"MetricName": "n", "Values": []any{1, 2.5}, "Counts": []any{1, 1}, "Unit": "Count", "StorageResolution": 1, "Timestamp": stamp,
				"Dimensions": []m{{"Name": "b", "Value": "<&>"}, {"Name": "a", "Value": "1"}},
			}
			r := do("PutMetricData", m{"Namespace": "N/x", "MetricData": []m{datum}})
			require.Equal(t, http.StatusOK, r.Status, string(r.Body))
			require.Len(t, s.Status().Series, 1)
			assert.Equal(t, 1, s.Status().Series[0].StorageResolution)

			r = do("GetMetricStatistics", m{
				"Namespace": "N/x", "MetricName": "n", "Dimensions": []m{{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "<&>"}},
				"StartTime": start, "EndTime": end, "Period": 60, "Statistics": []any{"Sum", "SampleCount"},
			})
			require.Equal(t, http.StatusOK, r.Status, string(r.Body))
			var got map[string]any
			switch p {
			case wire.Query:
				assert.Contains(t, string(r.Body), "<Label>n</Label><Datapoints><member><Timestamp>2026-03-04T12:00:00Z</Timestamp>"+
					"<SampleCount>2</SampleCount><Sum>3.5</Sum><Unit>Count</Unit></member></Datapoints>")
			case wire.CBOR:
				require.NoError(t, cbor.Unmarshal(r.Body, &got))
			default:
				require.NoError(t, json.Unmarshal(r.Body, &got))
			}
			if got != nil {
				point := got["Datapoints"].([]any)[0]
				assert.Contains(t, fmt.Sprint(point), "Sum:3.5")
			}

			r = do("PutMetricData", m{"Namespace": "N", "MetricData": []m{{"MetricName": "n", "Value": math.Pow(2, 400)}}})
			assert.Equal(t, http.StatusBadRequest, r.Status)
			assert.Equal(t, "InvalidParameterValue;Sender", r.Header.Get("X-Amzn-Query-Error"))
			r = do("ListMetrics", m{"Dimensions": []m{{"Name": "b", "Value": "<&>"}}})
			assert.Equal(t, http.StatusOK, r.Status)
			assert.NotEmpty(t, r.Body)
			if p == wire.Query {
				assert.Contains(t, string(r.Body), "<member><Name>b</Name><Value>&lt;&amp;&gt;</Value></member>")
			}
		})
	}
}

func TestCBORSpecialNumbersAreRejected(t *testing.T) {
	s := newService(Config{})
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		body := encodeBody(t, wire.CBOR, m{"Namespace": "N", "MetricData": []m{with("Value", v)}})
		_, err := s.Operations()["PutMetricData"](&wire.Call{Protocol: wire.CBOR, Now: now, Body: body})
		requireError(t, err, "InvalidParameterValue", "for parameter MetricData.member.1.Value is invalid.")
	}
}

func BenchmarkPutMetricData(b *testing.B) {
	s := newService(Config{})
	data := many(20)
	for i := range data {
		data[i]["Dimensions"] = dims(4)
	}
	c := &wire.Call{Protocol: wire.CBOR, Now: now, Body: encodeBody(b, wire.CBOR, m{"Namespace": "N", "MetricData": data})}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.putMetricData(c); err != nil {
			b.Fatal(err)
		}
	}
}
