package message

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// oneRecord is a usual one.
func oneRecord() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host", "abc123")
	rl.Resource().Attributes().PutInt("node", 5)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("test-scope")
	sl.Scope().SetVersion("1.0.0")
	sl.Scope().Attributes().PutStr("scope-attr", "value")
	r := sl.LogRecords().AppendEmpty()
	r.Body().SetStr("hello <world>")
	r.SetSeverityNumber(5)
	r.SetSeverityText("debug")
	r.SetDroppedAttributesCount(4)
	r.SetFlags(1)
	r.SetTraceID([16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	r.SetSpanID([8]byte{1, 2, 3, 4, 5, 6, 7, 8})
	r.SetTimestamp(1609719139000000)
	r.Attributes().PutStr("key2", "attr2")
	r.Attributes().PutInt("key1", 1)
	return ld
}

func TestJSONIsTheRecordInOneObject(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `{"body":"hello \u003cworld\u003e","severity_number":5,"severity_text":"debug","dropped_attributes_count":4,"flags":1,`+
		`"trace_id":"0102030405060708090a0b0c0d0e0f10","span_id":"0102030405060708","attributes":{"key1":1,"key2":"attr2"},`+
		`"scope":{"name":"test-scope","version":"1.0.0","attributes":{"scope-attr":"value"}},"resource":{"host":"abc123","node":5}}`,
		string(encode(JSON, oneRecord())))
}

func TestAnEmptyRecordIsAnEmptyObject(t *testing.T) {
	t.Parallel()
	e, r := NewEncoder(JSON), plog.NewLogRecord()
	assert.Equal(t, `x{}`, string(e.Append([]byte("x"), r)))
	assert.Empty(t, NewEncoder(Raw).Append(nil, r))
	r.SetSeverityText("a")
	assert.Equal(t, `x{"severity_text":"a"}`, string(e.Append([]byte("x"), r)))
}

func TestNumbersThatJSONHasNotLoseNoRecord(t *testing.T) {
	t.Parallel()
	ld := oneRecord()
	r := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	require.NoError(t, r.Body().FromRaw([]any{floats[14], floats[15], floats[16]}))
	assert.Contains(t, string(encode(JSON, ld)), `"body":["NaN","Infinity","-Infinity"]`)
	assert.Equal(t, `["NaN","Infinity","-Infinity"]`, string(encode(Raw, ld)))
	assert.Contains(t, string(encode(OTLPJSON, ld)), `{"doubleValue":"-Infinity"}`)
	r.Body().SetDouble(floats[16])
	assert.Equal(t, `-Infinity`, string(encode(Raw, ld)))
}

func TestOfAKeyThatIsThereTwiceTheLastCounts(t *testing.T) {
	t.Parallel()
	ld, err := new(plog.JSONUnmarshaler).UnmarshalLogs([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[
		{"key":"b","value":{"intValue":"1"}},{"key":"a","value":{"intValue":"2"}},{"key":"b","value":{"intValue":"3"}},
		{"key":"a","value":{"kvlistValue":{"values":[{"key":"z","value":{}},{"key":"z","value":{"boolValue":true}}]}}}]}]}]}]}`))
	require.NoError(t, err)
	want, err := reference(ld)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(encode(JSON, ld)))
	assert.Equal(t, `{"attributes":{"a":{"z":true},"b":3}}`, string(want))
}

func TestRawIsTheBody(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body any
		want string
	}{
		{"a <b> & \"c\"\n\xff", "a <b> & \"c\"\n\xff"},
		{`{"_aws":{}}`, `{"_aws":{}}`},
		{nil, ""}, {true, "true"}, {-7, "-7"}, {1e21, "1e+21"}, {[]byte("abcd"), "YWJjZA=="}, {[]byte{}, ""},
		{map[string]any{"b": "<\u2028", "a": []any{nil, 1.5, []byte{}}}, `{"a":[null,1.5,null],"b":"<\u2028"}`},
	} {
		v := pcommon.NewValueEmpty()
		require.NoError(t, v.FromRaw(c.body))
		r := plog.NewLogRecord()
		v.CopyTo(r.Body())
		assert.Equal(t, c.want, string(NewEncoder(Raw).Append(nil, r)))
		assert.Equal(t, c.want, v.AsString())
	}
}

func TestOTLPIsWhatPdataMakesOfARecordAlone(t *testing.T) {
	t.Parallel()
	want, err := new(plog.JSONMarshaler).MarshalLogs(oneRecord())
	require.NoError(t, err)
	assert.Equal(t, string(want), string(encode(OTLPJSON, oneRecord())))
}

func TestRecordsShareTheirResourceAndScope(t *testing.T) {
	t.Parallel()
	for f := range Format(len(formats)) {
		e := NewEncoder(f)
		for _, name := range []string{"one", strings.Repeat("x", 2*maxShared), "three"} {
			ld := oneRecord()
			rl := ld.ResourceLogs().At(0)
			rl.Resource().Attributes().PutStr("name", name)
			sl := rl.ScopeLogs().At(0)
			sl.Scope().SetVersion(name)
			e.Resource(rl)
			e.Scope(sl)
			for range 2 {
				assert.Equal(t, string(encode(f, ld)), string(e.Append(nil, sl.LogRecords().At(0))))
			}
		}
	}
}

func TestNothingOfARecordIsKept(t *testing.T) {
	t.Parallel()
	e := NewEncoder(JSON)
	e.Append(nil, oneRecord().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
	for _, entry := range e.values.entries[:cap(e.values.entries)] {
		assert.Zero(t, entry)
	}
}

func TestFormatsAreNamed(t *testing.T) {
	t.Parallel()
	for f := range Format(len(formats)) {
		text, err := f.MarshalText()
		require.NoError(t, err)
		var back Format
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, f, back)
	}
	var f Format
	assert.EqualError(t, f.UnmarshalText([]byte("xml")), `"xml" is not a format of messages: use one of json, raw, otlp_json`)
}

// checkAll compares each format with its reference.
func checkAll(t *testing.T, ld plog.Logs) {
	t.Helper()
	want, err := reference(ld)
	require.NoError(t, err)
	require.Equal(t, string(want), string(encode(JSON, ld)))

	body := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body()
	raw := encode(Raw, ld)
	clean := pcommon.NewValueEmpty()
	require.NoError(t, clean.FromRaw(numbers(body.AsRaw())))
	require.Equal(t, clean.AsString(), string(raw))

	otlp := encode(OTLPJSON, ld)
	require.True(t, json.Valid(otlp), "%s", otlp)
	require.True(t, utf8.Valid(otlp))
	want, err = new(plog.JSONMarshaler).MarshalLogs(ld)
	require.NoError(t, err)
	if utf8.Valid(want) { // pdata leaves wrong bytes as they are
		require.Equal(t, string(want), string(otlp))
	}
}

func TestAnyRecordIsWrittenAsItsReference(t *testing.T) {
	t.Parallel()
	m := &maker{rand.New(rand.NewPCG(1, 2)), odd}
	for range 3000 {
		checkAll(t, m.logs())
	}
}

func FuzzRecordsAreWrittenAsTheirReference(f *testing.F) {
	f.Add(uint64(1), "key", "<\xff")
	f.Add(uint64(2), "日本語", "\u2028\"")
	f.Fuzz(func(t *testing.T, seed uint64, a, b string) {
		checkAll(t, (&maker{rand.New(rand.NewPCG(seed, 0)), []string{a, b, a + b, b + a}}).logs())
	})
}
