package emf

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// document is a valid document with one directive; extra are more members of the root.
func document(directive, extra string) string {
	return `{"_aws":{"Timestamp":1700000000123,"CloudWatchMetrics":[` + directive + `]}` + extra + `}`
}

// one is a document with the metric m of the given definition and value.
func one(definition, value string) string {
	return document(`{"Namespace":"N","Dimensions":[["d"]],"Metrics":[{"Name":"m"`+definition+`}]}`, `,"d":"v","m":`+value)
}

func names(n int, format string) (list, members string) {
	var l, m []string
	for i := range n {
		name := fmt.Sprintf(format, i)
		l = append(l, fmt.Sprintf("%q", name))
		m = append(m, fmt.Sprintf(`%q:"v"`, name))
	}
	return strings.Join(l, ","), strings.Join(m, ",")
}

func TestDocumentIsReadWithItsMetricsForEachDimensionSet(t *testing.T) {
	doc, err := Parse(` {
	  "_aws": {"Timestamp": 1700000000123, "LogGroupName": "g", "LogStreamName": "s", "CloudWatchMetrics": [
	    {"Namespace": "App", "Dimensions": [["Zone","Host"],[],["Host","Zone"]], "Metrics": [
	      {"Name": "time", "Unit": "Milliseconds", "StorageResolution": 1}, {"Name": "n"}]},
	    {"Namespace": "Other", "Dimensions": [["Host"]], "Metrics": [{"Name": "n", "Unit": "Count"}]}]},
	  "Host": "h\u00e9", "Zone": "z", "time": [1, 2.5, -3e2], "n": 7, "rest": {"a": [true, null]}
	}
	`)
	require.NoError(t, err)
	host, zone := Dimension{"Host", "hé"}, Dimension{"Zone", "z"}
	times := Value{Values: []float64{1, 2.5, -300}}
	seven := Value{Values: []float64{7}}
	assert.Equal(t, Document{
		Timestamp: time.UnixMilli(1700000000123).UTC(), LogGroup: "g", LogStream: "s",
		Metrics: []Metric{
			{"App", "time", "Milliseconds", []Dimension{host, zone}, 1, times},
			{"App", "time", "Milliseconds", []Dimension{}, 1, times},
			{"App", "n", "None", []Dimension{host, zone}, 60, seven},
			{"App", "n", "None", []Dimension{}, 60, seven},
			{"Other", "n", "Count", []Dimension{host}, 60, seven},
		},
	}, doc)
}

func TestVersion0KeepsDirectivesAndTextTimeOnTheRoot(t *testing.T) {
	doc, err := Parse(`{"Version":"0","Timestamp":"1700000000123","log_group_name":"g","log_stream_name":"s",` +
		`"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["d"]],"Metrics":[{"Name":"m"}]}],"d":"v","m":1}`)
	require.NoError(t, err)
	assert.Equal(t, time.UnixMilli(1700000000123).UTC(), doc.Timestamp)
	assert.Equal(t, "g", doc.LogGroup)
	assert.Equal(t, "s", doc.LogStream)
	require.Len(t, doc.Metrics, 1)

	for name, message := range map[string]string{
		"no version":    `{"Timestamp":"1","CloudWatchMetrics":[]}`,
		"other version": `{"Version":"1","Timestamp":"1","CloudWatchMetrics":[]}`,
	} {
		_, err := Parse(message)
		require.ErrorIs(t, err, ErrNotEMF, name)
	}
	_, err = Parse(`{"Version":"0","Timestamp":"soon","CloudWatchMetrics":[]}`)
	require.EqualError(t, err, `Timestamp is "soon", want a whole number of milliseconds since 1970`)
}

func TestOrdinaryLogEventsAreNotEMF(t *testing.T) {
	for _, message := range []string{
		"", "plain text", `{"level":"info"}`, `["_aws"]`, `text about "_aws"`, `{"msg":"\"CloudWatchMetrics\" {"}`,
	} {
		_, err := Parse(message)
		require.ErrorIs(t, err, ErrNotEMF, message)
	}
}

func TestBrokenJSONIsASyntaxError(t *testing.T) {
	for name, message := range map[string]string{
		"cut off":         `{"_aws":{"Timestamp":1,"CloudWatchM`,
		"trailing text":   document("", "") + "x",
		"trailing object": document("", "") + "{}",
		"NaN":             one("", "NaN"),
		"Infinity":        one("", "-Infinity"),
		"single quotes":   `{"_aws":'x'}`,
	} {
		_, err := Parse(message)
		require.ErrorIs(t, err, ErrSyntax, name)
	}
}

func TestDocumentThatTheSchemaForbidsFailsAsAWhole(t *testing.T) {
	metric := `"Metrics":[{"Name":"m"}]`
	long := strings.Repeat("n", 1025)
	dims31, values31 := names(31, "d%d")
	metrics101 := `"Metrics":[` + strings.TrimPrefix(strings.Repeat(`,{"Name":"m"}`, 101), ",") + `]`
	for _, tc := range []struct{ name, message, want string }{
		{"_aws is no object", `{"_aws":1}`, `_aws is 1, want an object`},
		{"no directives", `{"_aws":{"Timestamp":1}}`, `_aws.CloudWatchMetrics is missing`},
		{"directives are no array", `{"_aws":{"Timestamp":1,"CloudWatchMetrics":{}}}`, `_aws.CloudWatchMetrics is {}, want an array`},
		{"no timestamp", `{"_aws":{"CloudWatchMetrics":[]}}`, `_aws.Timestamp is missing`},
		{"timestamp is text", `{"_aws":{"Timestamp":"1","CloudWatchMetrics":[]}}`, `_aws.Timestamp is "1", want a whole number of milliseconds since 1970`},
		{"timestamp has a fraction", `{"_aws":{"Timestamp":1.5,"CloudWatchMetrics":[]}}`, `_aws.Timestamp is 1.5, want a whole number of milliseconds since 1970`},
		{"timestamp is negative", `{"_aws":{"Timestamp":-1,"CloudWatchMetrics":[]}}`, `_aws.Timestamp is -1, want a whole number of milliseconds since 1970`},
		{"directive is no object", document(`7`, ""), `_aws.CloudWatchMetrics[0] is 7, want an object`},
		{"no namespace", document(`{"Dimensions":[[]],`+metric+`}`, ""), `_aws.CloudWatchMetrics[0].Namespace is missing`},
		{"empty namespace", document(`{"Namespace":"","Dimensions":[[]],`+metric+`}`, ""), `_aws.CloudWatchMetrics[0].Namespace is empty`},
		{"namespace too long", document(`{"Namespace":"`+long+`","Dimensions":[[]],`+metric+`}`, ""), `Namespace has 1025 characters, at most 1024 are allowed`},
		{"no dimensions", document(`{"Namespace":"N",`+metric+`}`, ""), `_aws.CloudWatchMetrics[0].Dimensions is missing`},
		{"no dimension set", document(`{"Namespace":"N","Dimensions":[],`+metric+`}`, ""), `Dimensions is empty, want at least one dimension set`},
		{"dimensions without sets", document(`{"Namespace":"N","Dimensions":["d"],`+metric+`}`, ""), `Dimensions[0] is "d", want an array of strings`},
		{"dimension is a number", document(`{"Namespace":"N","Dimensions":[[1]],`+metric+`}`, ""), `Dimensions[0][0] is 1, want a string`},
		{"dimension name too long", document(`{"Namespace":"N","Dimensions":[["`+long[:251]+`"]],`+metric+`}`, ""), `Dimensions[0][0] has 251 characters, at most 250 are allowed`},
		{"31 dimensions", document(`{"Namespace":"N","Dimensions":[[`+dims31+`]],`+metric+`}`, ","+values31), `Dimensions[0] has more than 30 dimensions`},
		{"no metrics", document(`{"Namespace":"N","Dimensions":[[]]}`, ""), `_aws.CloudWatchMetrics[0].Metrics is missing`},
		{"metric is no object", document(`{"Namespace":"N","Dimensions":[[]],"Metrics":["m"]}`, ""), `Metrics[0] is "m", want an object`},
		{"metric without a name", document(`{"Namespace":"N","Dimensions":[[]],"Metrics":[{}]}`, ""), `Metrics[0].Name is missing`},
		{"metric name too long", document(`{"Namespace":"N","Dimensions":[[]],"Metrics":[{"Name":"`+long+`"}]}`, ""), `Name has 1025 characters`},
		{"101 metrics", document(`{"Namespace":"N","Dimensions":[[]],`+metrics101+`}`, ""), `_aws.CloudWatchMetrics[0].Metrics has more than 100 metrics`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Parse(tc.message)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestLimitsAreInclusive(t *testing.T) {
	long := strings.Repeat("é", 1024)
	dims, values := names(30, "d%d")
	var defs []string
	for i := range 100 {
		defs = append(defs, fmt.Sprintf(`{"Name":"m%d"}`, i))
		values += fmt.Sprintf(`,"m%d":1`, i)
	}
	doc, err := Parse(document(`{"Namespace":"`+long+`","Dimensions":[[`+dims+`],["`+long[:500]+`"]],"Metrics":[`+strings.Join(defs, ",")+`]}`,
		`,"`+long[:500]+`":"`+long+`",`+values))
	require.NoError(t, err)
	assert.Empty(t, doc.Invalid)
	require.Len(t, doc.Metrics, 200)
	assert.Len(t, doc.Metrics[0].Dimensions, 30)

	doc, err = Parse(one("", "["+strings.Repeat("1,", 99)+"1]"))
	require.NoError(t, err)
	require.Empty(t, doc.Invalid)
	assert.Len(t, doc.Metrics[0].Values, 100)
}

func TestInvalidMetricIsReportedAndTheOthersStay(t *testing.T) {
	for _, tc := range []struct{ name, definition, value, want string }{
		{"text value", "", `"12"`, `"m" is "12", want a number or an array of numbers`},
		{"null value", "", `null`, `"m" is null, want a number or an array of numbers`},
		{"boolean value", "", `true`, `"m" is true, want a number or an array of numbers`},
		{"too large", "", `1e109`, `"m" is 1e109, beyond ±2^360`},
		{"beyond a double", "", `1e999`, `"m" is 1e999, want a number or an array of numbers`},
		{"empty array", "", `[]`, `"m" is an empty array`},
		{"text in the array", "", `[1,"2"]`, `"m" has an element that is "2", want a number or an array of numbers`},
		{"101 values", "", "[" + strings.Repeat("1,", 100) + "1]", `"m" has more than 100 values`},
		{"unknown unit", `,"Unit":"{packets}"`, `1`, `unit is "{packets}", which is not a CloudWatch unit`},
		{"unit is a number", `,"Unit":1`, `1`, `unit is 1, which is not a CloudWatch unit`},
		{"resolution of 30 s", `,"StorageResolution":30`, `1`, `StorageResolution is 30, want 1 or 60`},
		{"other object", "", `{"a":1}`, `"m" is {"a":1}, want a number, an array of numbers, {Max, Min, Count, Sum} or {Values, Counts}`},
		{"incomplete statistics", "", `{"Max":1,"Min":1,"Sum":1}`, `"m" has no Count beside its other statistics`},
		{"no samples", "", `{"Max":0,"Min":0,"Sum":0,"Count":0}`, `"m" has Count 0, want a number above 0`},
		{"min above max", "", `{"Max":1,"Min":2,"Sum":3,"Count":2}`, `"m" has Min 2 above Max 1`},
		{"text in statistics", "", `{"Max":"1","Min":2,"Sum":3,"Count":2}`, `"m" has Max that is "1", want a number`},
		{"counts of other length", "", `{"Values":[1,2],"Counts":[1]}`, `"m" has 2 Values but 1 Counts`},
		{"zero count", "", `{"Values":[1],"Counts":[0]}`, `"m" has Counts with 0, want numbers above 0`},
		{"101 distribution values", "", `{"Values":[` + strings.Repeat("1,", 100) + `1]}`, `"m" has Values that is invalid: it has more than 100 values`},
		{"values are no array", "", `{"Values":1}`, `"m" has Values 1, want an array of numbers`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			doc, err := Parse(document(
				`{"Namespace":"N","Dimensions":[["d"]],"Metrics":[{"Name":"m"`+tc.definition+`},{"Name":"good"}]}`,
				`,"d":"v","good":1,"m":`+tc.value))
			require.NoError(t, err)
			require.Len(t, doc.Metrics, 1)
			assert.Equal(t, "good", doc.Metrics[0].Name)
			require.Len(t, doc.Invalid, 1)
			assert.Equal(t, "N", doc.Invalid[0].Namespace)
			assert.Equal(t, "m", doc.Invalid[0].Metric)
			assert.Contains(t, doc.Invalid[0].Reason, tc.want)
		})
	}
	doc, err := Parse(document(`{"Namespace":"N","Dimensions":[[]],"Metrics":[{"Name":"gone"}]}`, ""))
	require.NoError(t, err)
	assert.Equal(t, []Invalid{{"N", "gone", `"gone" is not a member of the root`}}, doc.Invalid)
}

func TestInvalidDimensionSetIsReportedAndTheOthersStay(t *testing.T) {
	for _, tc := range []struct{ name, value, want string }{
		{"missing", ``, `dimension "x" is not a member of the root`},
		{"number", `,"x":1`, `dimension "x" is 1, want a string`},
		{"empty", `,"x":""`, `dimension "x" is empty`},
		{"1,025 characters", `,"x":"` + strings.Repeat("é", 1025) + `"`, `dimension "x" has 1025 characters, at most 1024 are allowed`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			doc, err := Parse(document(`{"Namespace":"N","Dimensions":[["d","x"],["d"]],"Metrics":[{"Name":"m"}]}`, `,"d":"v","m":1`+tc.value))
			require.NoError(t, err)
			require.Len(t, doc.Metrics, 1)
			assert.Equal(t, []Dimension{{"d", "v"}}, doc.Metrics[0].Dimensions)
			require.Len(t, doc.Invalid, 1)
			assert.Empty(t, doc.Invalid[0].Metric)
			assert.Contains(t, doc.Invalid[0].Reason, "_aws.CloudWatchMetrics[0].Dimensions[0]: "+tc.want)
		})
	}
}

func TestHistogramsOfTheCollectorAreRead(t *testing.T) {
	for _, tc := range []struct {
		name, value string
		want        Value
	}{
		{"statistic set", `{"Max":9,"Min":1,"Count":3,"Sum":12}`, Value{Statistics: &Statistics{9, 1, 12, 3}}},
		{"values and counts", `{"Values":[1,2],"Counts":[3,4]}`, Value{Values: []float64{1, 2}, Counts: []float64{3, 4}}},
		{"values alone", `{"Values":[1,2]}`, Value{Values: []float64{1, 2}}},
		{"exponential histogram", `{"Values":[1,2],"Counts":[3,4],"Max":2.5,"Min":0.5,"Count":7,"Sum":11}`,
			Value{[]float64{1, 2}, []float64{3, 4}, &Statistics{2.5, 0.5, 11, 7}}},
		{"exponential histogram without buckets", `{"Values":null,"Counts":null,"Max":2,"Min":2,"Count":1,"Sum":2}`,
			Value{Statistics: &Statistics{2, 2, 2, 1}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			doc, err := Parse(one("", tc.value))
			require.NoError(t, err)
			require.Empty(t, doc.Invalid)
			assert.Equal(t, tc.want, doc.Metrics[0].Value)
		})
	}
}

func TestEveryUnitOfCloudWatchIsValid(t *testing.T) {
	assert.Len(t, Units, 27)
	for _, u := range Units {
		doc, err := Parse(one(`,"Unit":"`+u+`"`, "1"))
		require.NoError(t, err)
		require.Len(t, doc.Metrics, 1, u)
		assert.Equal(t, u, doc.Metrics[0].Unit)
	}
	doc, err := Parse(one(`,"Unit":""`, "1"))
	require.NoError(t, err)
	assert.Equal(t, NoUnit, doc.Metrics[0].Unit)
}

func TestLastOfTwoEqualKeysCounts(t *testing.T) {
	doc, err := Parse(document(`{"Namespace":"N","Dimensions":[[]],"Metrics":[{"Name":"m"}]}`, `,"m":1,"m":2`))
	require.NoError(t, err)
	assert.Equal(t, []float64{2}, doc.Metrics[0].Values)
}

func TestLongRootIsSearchedLikeAShortOne(t *testing.T) {
	extra := ""
	for i := range 40 {
		extra += fmt.Sprintf(`,"k%d":{"n":[%d]}`, i, i)
	}
	doc, err := Parse(document(`{"Namespace":"N","Dimensions":[["d"]],"Metrics":[{"Name":"m"},{"Name":"gone"}]}`, extra+`,"d":"v","m":2`))
	require.NoError(t, err)
	require.Len(t, doc.Metrics, 1)
	require.Len(t, doc.Invalid, 1)
}

func TestEscapedKeysMatchTheirNames(t *testing.T) {
	doc, err := Parse(document(`{"Namespace":"N","Dimensions":[["a\"b"]],"Metrics":[{"Name":"\u006d"}]}`, `,"a\u0022b":"x\ny","m":1`))
	require.NoError(t, err)
	require.Len(t, doc.Metrics, 1)
	assert.Equal(t, []Dimension{{`a"b`, "x\ny"}}, doc.Metrics[0].Dimensions)
	assert.Equal(t, "m", doc.Metrics[0].Name)
}

func TestDeepNestingIsAnErrorAndNotACrash(t *testing.T) {
	_, err := Parse(`{"_aws":` + strings.Repeat("[", 100_000))
	require.ErrorIs(t, err, ErrSyntax)
}

var samples = []string{
	``, `{}`, `{"_aws":{}}`,
	one("", "1"), one(`,"Unit":"Count","StorageResolution":1`, `[1,2.5e3,-0.1]`),
	one("", `{"Values":[1,2],"Counts":[3,4],"Max":2.5,"Min":0.5,"Count":7,"Sum":11}`),
	document(`{"Namespace":"N","Dimensions":[["d","x"],[]],"Metrics":[{"Name":"m"}]}`, `,"d":"\u00e9\ud83d","m":null`),
	`{"Version":"0","Timestamp":"1","CloudWatchMetrics":[{"Namespace":"N","Dimensions":[[]],"Metrics":[]}]}`,
	`{"_aws":[1,2,{"a":"\u12g4"}],"b":01}`,
}

// FuzzParse looks for crashes, and for texts on whose syntax encoding/json is of another opinion.
func FuzzParse(f *testing.F) {
	for _, s := range samples {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, message string) {
		doc, err := Parse(message)
		if err == nil && !json.Valid([]byte(message)) {
			t.Fatalf("accepted what is not JSON: %q", message)
		}
		for _, m := range doc.Metrics {
			if m.Namespace == "" || m.Name == "" || !ValidUnit(m.Unit) || len(m.Values) == 0 && m.Statistics == nil {
				t.Fatalf("incomplete metric %+v", m)
			}
		}

		s := scanner{text: message}
		_, err = s.value()
		valid := err == nil && s.next() == 0 && s.at == len(message)
		if valid != json.Valid([]byte(message)) && s.depth < maxDepth {
			t.Fatalf("valid is %v for %q (%v)", valid, message, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, message := range map[string]string{
		"one metric": one(`,"Unit":"Count"`, "1"),
		"log event":  `{"level":"info","msg":"` + strings.Repeat("x", 300) + `"}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Parse(message)
			}
		})
	}
}
