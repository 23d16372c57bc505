package message

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDocumentsNameWhereTheyGo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, group, stream string }{
		{"version 1", `{"_aws":{"Timestamp":1,"LogGroupName":"G","CloudWatchMetrics":[]},"x":1}`, "G", ""},
		{"version 1 with a stream", `{"_aws":{"LogGroupName":"G","LogStreamName":"S"}}`, "G", "S"},
		{"version 0", `{"log_group_name":"G","CloudWatchMetrics":[]}`, "G", ""},
		{"version 0 with a stream", `{"log_group_name":"G","log_stream_name":"S"}`, "G", "S"},
		{"both", `{"log_group_name":"G0","log_stream_name":"S0","_aws":{"LogGroupName":"G1"}}`, "G1", ""},
		{"version 1 without a group", `{"log_group_name":"G0","log_stream_name":"S0","_aws":{"LogStreamName":"S1"}}`, "G0", "S0"},
		{"the last of two", `{"log_group_name":"A","log_group_name":"B"}`, "B", ""},
		{"spaces", " \r\n\t{ \"log_group_name\" : \"G\" }\n", "G", ""},
		{"escaped value", `{"log_group_name":"a\u002fb"}`, "a/b", ""},
		{"another letter case of upstream's", `{"_aws":{"logGroupName":"G"}}`, "G", ""},

		{"a stream alone", `{"log_stream_name":"S"}`, "", ""},
		{"no group", `{"_aws":{"CloudWatchMetrics":[]}}`, "", ""},
		{"an empty group", `{"_aws":{"LogGroupName":""}}`, "", ""},
		{"group beside _aws", `{"_aws":{},"LogGroupName":"G"}`, "", ""},
		{"within something else", `{"a":{"log_group_name":"G"}}`, "", ""},
		{"in a value", `{"a":"\"log_group_name\""}`, "", ""},
		{"text", `the "log_group_name" is`, "", ""},
		{"a list", `[{"log_group_name":"G"}]`, "", ""},
		{"null", `{"_aws":null,"log_group_name":null}`, "", ""},
		{"not a string", `{"log_group_name":5}`, "", ""},
		{"stream that is not a string", `{"log_group_name":"G","log_stream_name":5}`, "", ""},
		{"not an object", `{"_aws":"LogGroupName\"","log_group_name":"G"}`, "", ""},
		{"cut", `{"log_group_name":"G"`, "", ""},
		{"more behind", `{"log_group_name":"G"}x`, "", ""},
		{"empty", ``, "", ""},
		{"spaces only", ` `, "", ""},
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
	for _, text := range []string{"a line", `{"level":"info","message":"the group_name is here"}`, `{"_aws":{"CloudWatchMetrics":[]}}`} {
		message := []byte(text)
		assert.Zero(t, testing.AllocsPerRun(10, func() { Target(message) }), text)
	}
}

func FuzzTargetIsWhatParsingEverythingFinds(f *testing.F) {
	for _, text := range []string{`{"_aws":{"LogGroupName":"G","LogStreamName":"S"}}`, `{"log_group_name":"G","log_stream_name":"S"}`, `{"_aws":null}`, ` {`, `x`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		group, _, ok := Target(message)
		var document emf
		want := ""
		if json.Unmarshal(message, &document) == nil && mayName(message) {
			want = document.Group
			if document.AWS != nil && document.AWS.Group != "" {
				want = document.AWS.Group
			}
		}
		if group != want || ok != (group != "") {
			t.Fatalf("%q instead of %q, %v", group, want, ok)
		}
	})
}
