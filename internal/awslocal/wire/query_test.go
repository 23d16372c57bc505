package wire

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type inner struct {
	Name  string   `json:"Name"`
	Value *float64 `json:"Value,omitempty"`
}

type input struct {
	Text     string            `json:"Text"`
	Number   int64             `json:"Number"`
	Maybe    *int32            `json:"Maybe"`
	Flag     *bool             `json:"Flag"`
	At       *Time             `json:"At"`
	Values   []float64         `json:"Values"`
	Inner    *inner            `json:"Inner"`
	List     []inner           `json:"List"`
	Map      map[string]string `json:"Map"`
	Skipped  string            `json:"-"`
	Untagged string
}

func query(t *testing.T, body string) input {
	t.Helper()
	var in input
	require.NoError(t, Query.decode([]byte(body), &in))
	return in
}

func ptr[T any](v T) *T { return &v }

func TestQueryMembersAreDecodedByKind(t *testing.T) {
	in := query(t, "Action=A&Version=2010-08-01&Text=a%26b&Number=-7&Maybe=3&Flag=true&At=2026-01-02T03%3A04%3A05.678Z"+
		"&Inner.Name=n&Inner.Value=1e3&Skipped=x&Untagged=x")
	assert.Equal(t, input{
		Text: "a&b", Number: -7, Maybe: ptr(int32(3)), Flag: ptr(true),
		At:    &Time{time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)},
		Inner: &inner{"n", ptr(1000.0)},
	}, in)
}

func TestQueryListsAreOrderedByIndex(t *testing.T) {
	in := query(t, "Values.member.10=10&Values.member.2=2&Values.member.1=1&List.member.2.Name=b&List.member.1.Name=a&List.member.1.Value=5")
	assert.Equal(t, []float64{1, 2, 10}, in.Values)
	assert.Equal(t, []inner{{"a", ptr(5.0)}, {"b", nil}}, in.List)
}

func TestQueryFlattenedListIsAccepted(t *testing.T) {
	assert.Equal(t, []float64{1, 2}, query(t, "Values.1=1&Values.2=2").Values)
}

func TestQueryEmptyListIsNotAbsent(t *testing.T) {
	in := query(t, "Values=&List=&Map=")
	assert.Equal(t, []float64{}, in.Values)
	assert.Equal(t, []inner{}, in.List)
	assert.Equal(t, map[string]string{}, in.Map)
	assert.Nil(t, query(t, "Text=x").Values)
}

func TestQueryMapsAreEntries(t *testing.T) {
	in := query(t, "Map.entry.1.key=k&Map.entry.1.value=v&Map.entry.2.key=l&Map.entry.2.value=w")
	assert.Equal(t, map[string]string{"k": "v", "l": "w"}, in.Map)
}

func TestMalformedQueryNamesTheMember(t *testing.T) {
	var many strings.Builder
	for i := range maxQueryList + 1 {
		fmt.Fprintf(&many, "&Values.member.%d=1", i+1)
	}
	for _, tc := range []struct{ name, body, want string }{
		{"number", "Number=x", "Number: "},
		{"whole number", "Maybe=1.5", "Maybe: "},
		{"number too large for its kind", "Number=9223372036854775808", "Number: "},
		{"boolean", "Flag=maybe", "Flag: "},
		{"time", "At=yesterday", `At: "yesterday" is not a timestamp`},
		{"member of a member", "List.member.1.Value=x", "List.member.1.Value: "},
		{"index", "Values.member.x=1", `Values.x: "x" is not an index`},
		{"index 0", "Values.member.0=1", `"0" is not an index`},
		{"negative index", "Values.member.-1=1", `"-1" is not an index`},
		{"map without a value", "Map.entry.1.key=k", "Map.entry.1 needs a key and a value"},
		{"too long", many.String()[1:], "Values has more than 10000 members"},
		{"too deep", strings.Repeat("a.", 40) + "=1", "a name has more than 32 parts"},
		{"escape", "Text=%zz", "invalid URL escape"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &Call{Protocol: Query, Body: []byte(tc.body)}
			var in input
			err := c.Decode(&in)
			var e *Error
			require.True(t, errors.As(err, &e), "%v", err)
			assert.Equal(t, "SerializationException", e.Code)
			assert.Contains(t, e.Message, tc.want)
		})
	}
}

func TestQueryIndexWithLeadingZeroIsNoCrash(t *testing.T) {
	assert.Equal(t, []float64{1, 2}, query(t, "Values.member.01=1&Values.member.2=2").Values)
}

func TestQueryValueWhereAStructIsExpectedIsIgnored(t *testing.T) {
	assert.Equal(t, &inner{}, query(t, "Inner=x").Inner)
}

func encodeQueryCall(v any, err error) string {
	r := Encode(&Call{Service: Monitoring, Operation: "Op", Protocol: Query, RequestID: "id"}, v, err)
	return string(r.Body)
}

func TestQueryAnswerIsEscapedXML(t *testing.T) {
	type output struct {
		Label  *string            `json:"Label,omitempty"`
		Points []inner            `json:"Points"`
		Stats  map[string]float64 `json:"Stats,omitempty"`
		Times  []Time             `json:"Times"`
		Flag   bool               `json:"Flag"`
		Count  int64              `json:"Count,omitempty"`
		Absent *inner             `json:"Absent"`
	}
	got := encodeQueryCall(&output{
		Label: ptr(`<a & "b">`), Points: []inner{{"x", ptr(1.5)}, {"y", nil}},
		Stats: map[string]float64{"p99": 2, "p50": 1}, Times: []Time{*NewTime(time.Unix(1700000000, 0))},
	}, nil)
	assert.Equal(t, `<OpResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><OpResult>`+
		`<Label>&lt;a &amp; &#34;b&#34;&gt;</Label>`+
		`<Points><member><Name>x</Name><Value>1.5</Value></member><member><Name>y</Name></member></Points>`+
		`<Stats><entry><key>p50</key><value>1</value></entry><entry><key>p99</key><value>2</value></entry></Stats>`+
		`<Times><member>2023-11-14T22:13:20Z</member></Times><Flag>false</Flag>`+
		`</OpResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></OpResponse>`, got)
}

func TestQueryAnswerWithoutOutputHasNoResult(t *testing.T) {
	assert.Equal(t, `<OpResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">`+
		`<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></OpResponse>`, encodeQueryCall(nil, nil))
}

func TestQueryErrorHasTheQueryCode(t *testing.T) {
	assert.Equal(t, `<ErrorResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><Error><Type>Sender</Type>`+
		`<Code>InvalidParameterValue</Code><Message>a &lt; b</Message></Error><RequestId>id</RequestId></ErrorResponse>`,
		encodeQueryCall(nil, &Error{Code: "InvalidParameterValueException", QueryCode: "InvalidParameterValue", Message: "a < b"}))
	assert.Contains(t, encodeQueryCall(nil, errors.New("lost")), "<Type>Receiver</Type><Code>InternalFailure</Code><Message>lost</Message>")
}

func FuzzDecodeQuery(f *testing.F) {
	f.Add("Text=a&Values.member.1=1&List.member.2.Name=x&Map.entry.1.key=k&Map.entry.1.value=v")
	f.Add("Values.member.01=1&Values=&Inner=&At=1")
	f.Fuzz(func(_ *testing.T, body string) {
		var in input
		_ = Query.decode([]byte(body), &in)
	})
}

func TestRequestMayHaveMoreThan10000Names(t *testing.T) {
	form := url.Values{}
	for i := range maxQueryList {
		form.Set(fmt.Sprintf("Values.member.%d", i+1), fmt.Sprint(i))
		form.Set(fmt.Sprintf("List.member.%d.Name", i+1), "n")
	}
	in := query(t, form.Encode())
	require.Len(t, in.Values, maxQueryList)
	assert.InDelta(t, 9999, in.Values[9999], 0)
	assert.Len(t, in.List, maxQueryList)
}

func TestFirstOfTwoEqualNamesCounts(t *testing.T) {
	assert.Equal(t, "a", query(t, "Text=a&&Text=b").Text)
}

func TestQueryReadsSpecialFloats(t *testing.T) {
	got := query(t, "Values.member.1=NaN&Values.member.2=Infinity&Values.member.3=-Infinity").Values
	require.Len(t, got, 3)
	assert.True(t, math.IsNaN(got[0]))
	assert.True(t, math.IsInf(got[1], 1))
	assert.True(t, math.IsInf(got[2], -1))
}
