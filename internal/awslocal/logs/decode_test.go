package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// decoded is a PutLogEvents request in a form that can be compared.
type decoded struct {
	Group, Stream *string
	Listed        bool
	Events        []decodedEvent
	Entity        *entity
}

type decodedEvent struct {
	Time    int64
	Message *string
}

func decodeBatch(body []byte) (decoded, error) {
	var b batch
	if err := b.decode(&wire.Call{Protocol: wire.JSON11, Body: body}); err != nil {
		return decoded{}, err
	}
	d := decoded{Group: b.group, Stream: b.stream, Listed: b.listed, Entity: b.entity}
	for _, e := range b.events {
		shown := decodedEvent{Time: e.time}
		if e.size != noMessage {
			message := string(b.text[e.off : e.off+e.size])
			shown.Message = &message
		}
		d.Events = append(d.Events, shown)
	}
	return d, nil
}

// expected is what encoding/json makes of a request. It goes through the tokens, because a struct
// would take keys in any case and merge members that are there twice.
func expected(body []byte) (decoded, error) {
	if len(body) == 0 {
		return decoded{}, nil
	}
	if !json.Valid(body) {
		return decoded{}, errors.New("syntax")
	}
	r := tokens{json.NewDecoder(bytes.NewReader(body))}
	r.UseNumber()
	var d decoded
	err := r.object(func(key string) error {
		switch key {
		case "logGroupName":
			return r.value(&d.Group)
		case "logStreamName":
			return r.value(&d.Stream)
		case "sequenceToken":
			var ignored *string
			return r.value(&ignored)
		case "logEvents":
			d.Events, d.Listed = nil, false
			return r.list(&d.Listed, func() error {
				e := decodedEvent{Time: noTime}
				err := r.object(func(key string) error {
					switch key {
					case "timestamp":
						var n *int64
						err := r.value(&n)
						if e.Time = noTime; n != nil {
							e.Time = *n
						}
						return err
					case "message":
						return r.value(&e.Message)
					}
					return r.value(new(any))
				})
				d.Events = append(d.Events, e)
				return err
			})
		case "entity":
			d.Entity = nil
			e := &entity{}
			null := true
			err := r.objectOrNull(&null, func(key string) error {
				switch key {
				case "keyAttributes":
					e.KeyAttributes = nil
					return r.value(&e.KeyAttributes)
				case "attributes":
					e.Attributes = nil
					return r.value(&e.Attributes)
				}
				return r.value(new(any))
			})
			if !null {
				d.Entity = e
			}
			return err
		}
		return r.value(new(any))
	})
	return d, err
}

type tokens struct{ *json.Decoder }

// value decodes the next value into a pointer that is nil before.
func (r tokens) value(v any) error { return r.Decode(v) }

func (r tokens) object(member func(key string) error) error {
	return r.objectOrNull(new(bool), member)
}

func (r tokens) objectOrNull(null *bool, member func(key string) error) error {
	token, err := r.Token()
	if err != nil || token == nil {
		return err
	}
	if token != json.Delim('{') {
		return errors.New("type")
	}
	*null = false
	for r.More() {
		key, err := r.Token()
		if err != nil {
			return err
		}
		if err := member(key.(string)); err != nil {
			return err
		}
	}
	_, err = r.Token()
	return err
}

func (r tokens) list(listed *bool, element func() error) error {
	token, err := r.Token()
	if err != nil || token == nil {
		return err
	}
	if token != json.Delim('[') {
		return errors.New("type")
	}
	*listed = true
	for r.More() {
		if err := element(); err != nil {
			return err
		}
	}
	_, err = r.Token()
	return err
}

var bodies = []string{
	``, `null`, `{}`, ` { } `, `[]`, `"x"`, `1`, `{`, `{"a"`, `{"a":}`, `{"a":1,}`, `{,}`, `{} x`,
	`{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1700000000000,"message":"hello"}]}`,
	`{"logEvents":[{"message":"m","timestamp":1},{"timestamp":2,"message":"n"}],"logStreamName":"s","logGroupName":"g"}`,
	"{\n\t\"logGroupName\" : \"g\" ,\r\n \"logEvents\" : [ { \"timestamp\" : 1 , \"message\" : \"m\" } , { } ] }",
	`{"logGroupName":null,"logStreamName":null,"logEvents":null,"sequenceToken":null,"entity":null}`,
	`{"logEvents":[null,{"timestamp":null,"message":null}]}`,
	`{"logEvents":[{"timestamp":1,"message":"a","message":"b","timestamp":2}]}`,
	`{"logEvents":[{"timestamp":1,"message":"a"}],"logEvents":[{"timestamp":2,"message":"b"}]}`,
	`{"logEvents":[{"timestamp":1,"message":"a"}],"logEvents":null}`,
	`{"unknown":{"a":[1,2.5e-3,{"b":true,"c":false,"d":null,"e":"\n"}]},"logEvents":[{"x":[[]],"timestamp":1,"message":"m"}]}`,
	`{"logEvents":[{"message":"\"\\\/\b\f\n\r\té😀"}]}`,
	`{"logEvents":[{"message":"\ud83d\ude00 \ud83d \ude00 \ud83dx \ud83d\ud83d\ude00 \ud83dA \uD83D\uDE00"}]}`,
	"{\"logEvents\":[{\"message\":\"ä€😀 \xff \xc3 \xed\xa0\x80 end\"}]}",
	"{\"logEvents\":[{\"message\":\"control \x01\"}]}", "{\"logEvents\":[{\"message\":\"new\nline\"}]}",
	`{"logEvents":[{"message":"\x"}]}`, `{"logEvents":[{"message":"\u12"}]}`, `{"logEvents":[{"message":"\u12g4"}]}`,
	`{"logEvents":[{"message":"open`, `{"logEvents":[{"message":"open\`, `{"logEvents":[{"message":"open\u00`,
	`{"logEvents":[{"timestamp":-1}]}`, `{"logEvents":[{"timestamp":-0}]}`, `{"logEvents":[{"timestamp":01}]}`,
	`{"logEvents":[{"timestamp":1.5}]}`, `{"logEvents":[{"timestamp":1e3}]}`, `{"logEvents":[{"timestamp":"1"}]}`,
	`{"logEvents":[{"timestamp":9223372036854775807}]}`, `{"logEvents":[{"timestamp":9223372036854775808}]}`,
	`{"logEvents":[{"timestamp":-9223372036854775808}]}`, `{"logEvents":[{"timestamp":-9223372036854775809}]}`,
	`{"logEvents":[{"timestamp":99999999999999999999999999}]}`, `{"logEvents":[{"timestamp":-}]}`, `{"logEvents":[{"timestamp":123456789012345678}]}`,
	`{"logEvents":{}}`, `{"logEvents":[1]}`, `{"logEvents":[{"message":1}]}`, `{"logGroupName":[]}`, `{"logEvents":[{"message":"a"},]}`,
	`{"log\u0047roupName":"escaped key","logEvents":[{"m\u0065ssage":"m"}]}`,
	`{"LOGGROUPNAME":"other case","logevents":[]}`,
	`{"entity":{"keyAttributes":{"Type":"Service","Name":"n"},"attributes":{"a":null},"more":1}}`,
	`{"entity":{"keyAttributes":null,"attributes":{}}}`, `{"entity":[]}`, `{"entity":{"keyAttributes":{"Type":1}}}`,
	`{"x":1.}`, `{"x":.5}`, `{"x":1e}`, `{"x":-01}`, `{"x":0.10E+5}`, `{"x":tru}`, `{"x":nul}`, `{"x":falsey}`,
}

func sameAsReference(t *testing.T, body []byte) {
	t.Helper()
	want, wantErr := expected(body)
	got, err := decodeBatch(body)
	if wantErr != nil {
		require.Error(t, err, "%q", body)
		var e *wire.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "SerializationException", e.Code)
		return
	}
	require.NoError(t, err, "%q", body)
	if !reflect.DeepEqual(want, got) {
		require.Equal(t, want, got, "%q", body)
	}
}

func TestDecoderReadsAsEncodingJSONDoes(t *testing.T) {
	for _, body := range bodies {
		sameAsReference(t, []byte(body))
	}
	deep := func(n int) []byte {
		return []byte(`{"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`)
	}
	sameAsReference(t, deep(maxDepth-1))
	sameAsReference(t, deep(maxDepth))
}

// Every length and place of a special byte, because strings are read eight bytes at a time.
func TestDecoderSeesEveryByteOfAString(t *testing.T) {
	for length := range 20 {
		for at := range length + 1 {
			for _, special := range []string{`\"`, `\u00e4`, "ä", "\xff", "\x1f", "~", "\x7f", `\`} {
				message := strings.Repeat("x", at) + special + strings.Repeat("y", length-at)
				sameAsReference(t, []byte(`{"logEvents":[{"message":"`+message+`"}]}`))
			}
		}
	}
}

func TestWrongTypesAreWordedLikeAWS(t *testing.T) {
	for body, want := range map[string]string{
		`{"logEvents":[{"timestamp":"1"}]}`: "STRING_VALUE can not be converted to a Long",
		`{"logEvents":[{"message":1}]}`:     "NUMBER_VALUE can not be converted to a String",
		`{"logEvents":{}}`:                  "START_OBJECT can not be converted to a List",
		`[]`:                                "START_ARRAY can not be converted to a Structure",
	} {
		_, err := decodeBatch([]byte(body))
		assert.ErrorContains(t, err, want)
	}
}

func TestMissingMembersDoNotLookLikeValues(t *testing.T) {
	got, err := decodeBatch([]byte(`{"logEvents":[{}]}`))
	require.NoError(t, err)
	assert.Equal(t, []decodedEvent{{Time: math.MinInt64}}, got.Events)
}

func FuzzDecodePutLogEvents(f *testing.F) {
	for _, body := range bodies {
		f.Add([]byte(body))
	}
	f.Fuzz(sameAsReference)
}

func FuzzParsePattern(f *testing.F) {
	for _, pattern := range []string{`a -b ?c "d e"`, `{ $.a = "b*" && ($.c[0].d >= 1.5 || $.e NOT EXISTS) }`, `%a+%`, `{$["a"] IS NULL}`} {
		f.Add(pattern, `{"a":"bc","c":[{"d":2}]}`)
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		matches, err := parsePattern(pattern)
		if err != nil {
			var e *wire.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "InvalidParameterException", e.Code)
			return
		}
		if matches != nil {
			matches(message)
		}
	})
}

func TestDecoderKeepsNoMoreEventsThanItTakesToRefuseThem(t *testing.T) {
	var b batch
	body := `{"logEvents":[` + strings.Repeat("{},", 50_000) + `{}]}`
	require.NoError(t, b.decode(&wire.Call{Protocol: wire.JSON11, Body: []byte(body)}))
	assert.Len(t, b.events, maxBatchEvents+1)
}
