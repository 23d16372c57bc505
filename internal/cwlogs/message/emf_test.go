package message

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
)

// document is a valid one of version 1 with further members of _aws, and of the root.
func document(meta, root string) string {
	return `{"_aws":{"Timestamp":1700000000123,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["d"]],"Metrics":[{"Name":"m"}]}]` + meta + `},"m":1,"d":"x"` + root + `}`
}

// version0 is a valid one of version 0.
func version0(root string) string {
	return `{"Version":"0","Timestamp":"1700000000123","CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["d"]],"Metrics":[{"Name":"m"}]}],"m":1,"d":"x"` + root + `}`
}

func TestOnlyAValidDocumentNamesATarget(t *testing.T) {
	t.Parallel()
	const named = `,"LogGroupName":"G","LogStreamName":"S"`
	valid := document(named, "")
	for _, c := range []struct{ name, text, group, stream string }{
		{"version 1", document(`,"LogGroupName":"G"`, ""), "G", ""},
		{"version 1 with a stream", valid, "G", "S"},
		{"version 0", version0(`,"log_group_name":"G"`), "G", ""},
		{"version 0 with a stream", version0(`,"log_group_name":"G","log_stream_name":"S"`), "G", "S"},
		{"the form of the other version does not count", document("", `,"log_group_name":"G0"`), "", ""},
		{"the last of two", document(`,"LogGroupName":"A","LogGroupName":"B"`, ""), "B", ""},
		{"spaces", " \r\n\t" + strings.ReplaceAll(valid, ":", " : ") + "\n", "G", "S"},
		{"escapes", document(`,"LogGroupN\u0061me":"a\u002fb"`, ""), "a/b", ""},
		{"values", strings.Replace(valid, `"m":1`, `"m":[1,2]`, 1), "G", "S"},
		{"statistics", strings.Replace(valid, `"m":1`, `"m":{"Max":1,"Min":1,"Count":1,"Sum":1}`, 1), "G", "S"},
		{"a stream that is no text", document(`,"LogGroupName":"G","LogStreamName":5`, ""), "G", ""},

		{"a group beside a message", `{"log_group_name":"G","log_stream_name":"S","message":"CloudWatchMetrics"}`, "", ""},
		{"a group and no metrics", `{"_aws":{"Timestamp":1,"LogGroupName":"G","CloudWatchMetrics":[]},"m":1}`, "", ""},
		{"metrics that are no list", `{"_aws":{"Timestamp":1,"LogGroupName":"G","CloudWatchMetrics":{}},"m":1}`, "", ""},
		{"no time", strings.Replace(valid, `"Timestamp":1700000000123,`, "", 1), "", ""},
		{"a time that is none", strings.Replace(valid, "1700000000123", `"now"`, 1), "", ""},
		{"a fraction as time", strings.Replace(valid, "1700000000123", `1.5`, 1), "", ""},
		{"null as time", strings.Replace(valid, "1700000000123", `null`, 1), "", ""},
		{"no namespace", strings.Replace(valid, `"Namespace":"N",`, "", 1), "", ""},
		{"an empty namespace", strings.Replace(valid, `"N"`, `""`, 1), "", ""},
		{"a namespace that is no text", strings.Replace(valid, `"N"`, `5`, 1), "", ""},
		{"no dimensions", strings.Replace(valid, `"Dimensions":[["d"]],`, "", 1), "", ""},
		{"dimensions that are no sets", strings.Replace(valid, `[["d"]]`, `["d"]`, 1), "", ""},
		{"no set of dimensions", strings.Replace(valid, `[["d"]]`, `[]`, 1), "", ""},
		{"31 dimensions", strings.Replace(valid, `[["d"]]`, `[["d"`+strings.Repeat(`,"d"`, 30)+`]]`, 1), "", ""},
		{"no list of metrics", strings.Replace(valid, `,"Metrics":[{"Name":"m"}]`, "", 1), "", ""},
		{"101 metrics", strings.Replace(valid, `{"Name":"m"}`, `{"Name":"m"}`+strings.Repeat(`,{"Name":"m"}`, 100), 1), "", ""},
		{"a metric without a name", strings.Replace(valid, `{"Name":"m"}`, `{}`, 1), "", ""},
		{"a key in another letter case", strings.Replace(valid, `"Name":`, `"name":`, 1), "", ""},
		{"_aws in another letter case", strings.Replace(valid, `_aws`, `_AWS`, 1), "", ""},
		{"a metric that is not there", strings.Replace(valid, `"m":1`, `"n":1`, 1), "", ""},
		{"a metric that is text", strings.Replace(valid, `"m":1`, `"m":"1"`, 1), "", ""},
		{"version 0 without its version", strings.Replace(version0(`,"log_group_name":"G"`), `"Version":"0",`, "", 1), "", ""},
		{"no group", document(`,"LogStreamName":"S"`, ""), "", ""},
		{"an empty group", document(`,"LogGroupName":""`, ""), "", ""},
		{"a group that is no text", document(`,"LogGroupName":5`, ""), "", ""},
		{"a group beside _aws", document("", `,"LogGroupName":"G"`), "", ""},
		{"within something else", `{"a":` + valid + `}`, "", ""},
		{"a list", `[` + valid + `]`, "", ""},
		{"text before it", `x ` + valid, "", ""},
		{"text behind it", valid + `x`, "", ""},
		{"cut", valid[:len(valid)-1], "", ""},
		{"null", `{"_aws":null,"CloudWatchMetrics":null}`, "", ""},
		{"empty", ``, "", ""},
		{"spaces alone", ` `, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			group, stream, ok := Target([]byte(c.text))
			assert.Equal(t, c.group, group)
			assert.Equal(t, c.stream, stream)
			assert.Equal(t, c.group != "", ok)
		})
	}
}

func TestOrdinaryLinesAreNotParsed(t *testing.T) {
	for _, text := range []string{"a line", `{"level":"info","log_group_name":"G"}`, `{"_aws":{"LogGroupName":"G"}}`} {
		message := []byte(text)
		assert.Zero(t, testing.AllocsPerRun(10, func() { Target(message) }), text)
	}
}

// What names a target is a document of which the emulated service makes a metric.
func FuzzWhatNamesATargetHasMetrics(f *testing.F) {
	for _, text := range []string{document(`,"LogGroupName":"G"`, ""), version0(`,"log_group_name":"G"`), `{"_aws":null}`, ` {`, `x`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		group, _, ok := Target(message)
		if ok != (group != "") {
			t.Fatalf("%q, %v", group, ok)
		}
		inert, changed := AppendWithoutMetrics(nil, message)
		if len(inert) != len(message) || changed == (string(inert) == string(message)) {
			t.Fatalf("%q, %v", inert, changed)
		}
		if json.Valid(message) != json.Valid(inert) {
			t.Fatalf("%q", inert)
		}
		if d, err := emf.Parse(string(inert)); err == nil && len(d.Metrics) > 0 {
			t.Fatalf("%q has metrics", inert)
		}
	})
}

func TestAMessageWithoutMetricsIsNoDocument(t *testing.T) {
	t.Parallel()
	valid := document("", "")
	for i, text := range []string{
		valid, version0(""), strings.ReplaceAll(valid, ":", "\t:\n"),
		strings.Replace(valid, "CloudWatch", `\u0043loud\u0057atch`, 1), strings.Replace(valid, "Metrics\"", `Metric\u0073"`, 1),
		`an odd quote " before it ` + valid, valid + valid,
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			got, changed := AppendWithoutMetrics([]byte("before "), []byte(text))
			got = got[len("before "):]
			assert.True(t, changed)
			assert.Len(t, got, len(text))
			assert.Equal(t, json.Valid([]byte(text)), json.Valid(got))
			_, _, named := Target(got)
			assert.False(t, named)
			d, err := emf.Parse(string(got))
			assert.True(t, err != nil || len(d.Metrics) == 0)
		})
	}
	for _, text := range []string{"a line", `{"text":"CloudWatchMetrics"}`, `{"a":"\u0043"}`, `CloudWatchMetrics: none`, ""} {
		got, changed := AppendWithoutMetrics(nil, []byte(text))
		assert.False(t, changed, text)
		assert.Equal(t, text, string(got))
	}
}
