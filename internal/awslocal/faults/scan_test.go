package faults

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

func namesOf(body string) [2]string {
	n := names{call: &wire.Call{Service: wire.Logs, Protocol: wire.JSON11, Body: []byte(body)}}
	n.read()
	return [2]string{n.LogGroup, n.LogStream}
}

func TestNamesAreReadFromTheTopOfTheBodyOnly(t *testing.T) {
	for body, want := range map[string][2]string{
		`{"logGroupName":"g","logStreamName":"s"}`:                                                           {"g", "s"},
		" \n{ \"logStreamName\" :\t\"s\" , \"logGroupName\" : \"g\" } ":                                      {"g", "s"},
		`{"logEvents":[{"message":"\"logGroupName\":\"no\"","logGroupName":"no"}],"logGroupName":"g"}`:       {"g", ""},
		`{"entity":{"logGroupName":"no","x":["]","}"]},"limit":5,"ok":true,"none":null,"logStreamName":"s"}`: {"", "s"},
		`{"logEvents":[{"message":"\\"},{"message":"\\\""}],"logGroupName":"g"}`:                             {"g", ""},
		`{"log\u0047roupName":"\u0067\n\u00e9"}`:                                                             {"g\né", ""},
		`{"logGroupIdentifier":"arn:aws:logs:us-east-1:123456789012:log-group:/a/b:*","logStreamName":"s"}`:  {"/a/b", "s"},
		`{"logGroupIdentifier":"/a/b"}`:                                                                      {"/a/b", ""},
		`{"resourceArn":"arn:aws:logs:us-east-1:123456789012:log-group:g"}`:                                  {"g", ""},
		`{"logGroupName":["g"],"logStreamName":7}`:                                                           {"", ""},
		`{"logGroupName":"g`:   {"", ""},
		`{"logGroupName":"g",`: {"g", ""},
		`["logGroupName","g"]`: {"", ""},
		`{"logGroupName"`:      {"", ""},
		``:                     {"", ""},
		`{}`:                   {"", ""},
		`{"logGroupName":"` + strings.Repeat("g", 1<<20) + `"}`: {"", ""},
	} {
		assert.Equal(t, want, namesOf(body), "%.80s", body)
	}
}

// FuzzScan holds the scan against encoding/json.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":"\\\""}],"logGroupName":"g","c":-1.5e3}`, `{"a" : null ,"":{} }`, `{`, `{"a":]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := map[string]string{}
		scanMembers(body, func(name, value []byte) { got[string(name)] = string(value) })
		var want map[string]json.RawMessage
		if json.Unmarshal(body, &want) != nil || strings.ContainsRune(string(body), '\\') || strings.ContainsRune(string(body), 0xfffd) {
			return // invalid, or names that are decoded with replacements: enough that nothing panics
		}
		if want == nil { // null
			want = map[string]json.RawMessage{}
		}
		assert.Len(t, got, len(want))
		for name, value := range want {
			assert.Equal(t, string(value), got[name], name)
		}
	})
}

func BenchmarkNamesAfterOneMebibyteOfEvents(b *testing.B) {
	body := `{"logEvents":[` + strings.Repeat(`{"timestamp":1700000000000,"message":"{\"level\":\"info\",\"msg\":\"hello\"}"},`, 13000) +
		`{"timestamp":1,"message":"m"}],"logGroupName":"g","logStreamName":"s"}`
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if namesOf(body) != [2]string{"g", "s"} {
			b.Fatal("names not found")
		}
	}
}

func BenchmarkPickWithoutRules(b *testing.B) {
	s, c := New(1), &wire.Call{Service: wire.Logs, Operation: "PutLogEvents"}
	b.ReportAllocs()
	for b.Loop() {
		s.Pick(c)
	}
}
