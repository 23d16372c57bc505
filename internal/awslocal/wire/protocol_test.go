package wire

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIdentifyNamesServiceOperationAndProtocol(t *testing.T) {
	header := func(kv ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(kv); i += 2 {
			h.Set(kv[i], kv[i+1])
		}
		return h
	}
	form := "application/x-www-form-urlencoded"
	for _, tc := range []struct {
		name, method, path, body string
		header                   http.Header
		service, operation       string
		protocol                 Protocol
	}{
		{"JSON 1.1", "POST", "/", "{}", header("X-Amz-Target", "Logs_20140328.PutLogEvents", "Content-Type", "application/x-amz-json-1.1"), Logs, "PutLogEvents", JSON11},
		{"JSON 1.0", "POST", "/", "{}", header("X-Amz-Target", "GraniteServiceVersion20100801.ListMetrics", "Content-Type", "application/x-amz-json-1.0"), Monitoring, "ListMetrics", JSON10},
		{"CBOR", "POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData", "", header("Smithy-Protocol", "rpc-v2-cbor"), Monitoring, "PutMetricData", CBOR},
		{"query", "POST", "/", "Action=PutMetricData&Version=2010-08-01", header("Content-Type", form+"; charset=utf-8"), Monitoring, "PutMetricData", Query},
		{"query of STS", "POST", "/", "Version=2011-06-15&Action=GetCallerIdentity", header("Content-Type", form), STS, "GetCallerIdentity", Query},
		{"REST JSON", "POST", "/TraceSegments", "{}", header(), XRay, "PutTraceSegments", RESTJSON},
		{"unknown target", "POST", "/", "{}", header("X-Amz-Target", "DynamoDB_20120810.GetItem"), "", "", 0},
		{"unknown CBOR service", "POST", "/service/Other/operation/X", "", header(), "", "", 0},
		{"unknown version", "POST", "/", "Action=X&Version=2000-01-01", header("Content-Type", form), "", "", 0},
		{"malformed form", "POST", "/", "Action=%zz", header("Content-Type", form), "", "", 0},
		{"GET", "GET", "/", "", header(), "", "", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), tc.method, tc.path, strings.NewReader(tc.body))
			r.Header = tc.header
			body, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			service, operation, protocol, ok := Identify(r, body)
			assert.Equal(t, tc.protocol != 0, ok)
			if ok {
				assert.Equal(t, []any{tc.service, tc.operation, tc.protocol}, []any{service, operation, protocol})
			}
		})
	}
}

func TestCBORNumbersAreInterchangeable(t *testing.T) {
	type numbers struct {
		Doubles []float64 `json:"Doubles"`
		Double  *float64  `json:"Double"`
		Integer *int32    `json:"Integer"`
	}
	b, err := cbor.Marshal(map[string]any{
		"Doubles": []any{1, -2, float32(0.5), 2.25, uint64(1) << 60},
		"Double":  7, "Integer": 60,
	})
	require.NoError(t, err)
	var got numbers
	require.NoError(t, (&Call{Protocol: CBOR, Body: b}).Decode(&got))
	assert.Equal(t, []float64{1, -2, 0.5, 2.25, 1 << 60}, got.Doubles)
	assert.Equal(t, ptr(7.0), got.Double)
	assert.Equal(t, ptr(int32(60)), got.Integer)
}

func TestCBORIndefiniteLengthsAreRead(t *testing.T) {
	// {_ "Text": "ab", "Values": [_ 1, 2.0]}
	body := []byte("\xbf\x64Text\x62ab\x66Values\x9f\x01\xfb\x40\x00\x00\x00\x00\x00\x00\x00\xff\xff")
	var in input
	require.NoError(t, CBOR.decode(body, &in))
	assert.Equal(t, "ab", in.Text)
	assert.Equal(t, []float64{1, 2}, in.Values)
}

func TestMalformedBodyIsASerializationException(t *testing.T) {
	for p, body := range map[Protocol]string{CBOR: "\xa1", JSON10: "{", JSON11: `{"Number":"x"}`, RESTJSON: "[]"} {
		var in input
		err := (&Call{Protocol: p, Body: []byte(body)}).Decode(&in)
		var e *Error
		require.True(t, errors.As(err, &e))
		assert.Equal(t, "SerializationException", e.Code)
	}
	for _, p := range []Protocol{CBOR, JSON10, JSON11, RESTJSON, Query} {
		var in input
		require.NoError(t, (&Call{Protocol: p}).Decode(&in), "an empty body is an empty input")
	}
}

func TestAnswerIsEncodedInTheCallsProtocol(t *testing.T) {
	out := &inner{Name: "n", Value: ptr(2.0)}
	for _, tc := range []struct {
		p           Protocol
		contentType string
	}{{JSON10, "application/x-amz-json-1.0"}, {JSON11, "application/x-amz-json-1.1"}, {RESTJSON, "application/json"}} {
		r := Encode(&Call{Protocol: tc.p, RequestID: "id"}, out, nil)
		assert.Equal(t, tc.contentType, r.Header.Get("Content-Type"))
		assert.Equal(t, "id", r.Header.Get("X-Amzn-Requestid"))
		assert.JSONEq(t, `{"Name":"n","Value":2}`, string(r.Body))
	}
	r := Encode(&Call{Protocol: CBOR}, out, nil)
	assert.Equal(t, "application/cbor", r.Header.Get("Content-Type"))
	assert.Equal(t, "rpc-v2-cbor", r.Header.Get("Smithy-Protocol"))
	var got map[string]any
	require.NoError(t, cbor.Unmarshal(r.Body, &got))
	assert.Equal(t, map[string]any{"Name": "n", "Value": 2.0}, got)
}

func TestAnswerWithoutOutput(t *testing.T) {
	assert.Empty(t, Encode(&Call{Protocol: JSON11}, nil, nil).Body)
	assert.Equal(t, "{}", string(Encode(&Call{Protocol: RESTJSON}, nil, nil).Body))
	assert.Equal(t, []byte{0xa0}, Encode(&Call{Protocol: CBOR}, nil, nil).Body)
}

func TestErrorOfAnAWSQueryCompatibleServiceNamesBothCodes(t *testing.T) {
	e := &Error{Code: "InvalidParameterValueException", QueryCode: "InvalidParameterValue", Message: "bad", Fields: map[string]any{"extra": "x"}}
	for _, p := range []Protocol{JSON10, CBOR} {
		r := Encode(&Call{Service: Monitoring, Protocol: p}, nil, e)
		assert.Equal(t, http.StatusBadRequest, r.Status)
		assert.Equal(t, "InvalidParameterValue;Sender", r.Header.Get("X-Amzn-Query-Error"))
		var got map[string]any
		if p == CBOR {
			assert.Equal(t, "rpc-v2-cbor", r.Header.Get("Smithy-Protocol"), "SDKs take an answer without it for something else")
			require.NoError(t, cbor.Unmarshal(r.Body, &got))
		} else {
			require.NoError(t, json.Unmarshal(r.Body, &got))
		}
		assert.Equal(t, map[string]any{"__type": "InvalidParameterValueException", "message": "bad", "extra": "x"}, got)
	}
	r := Encode(&Call{Protocol: JSON10}, nil, &Error{Code: "InternalServiceFault", QueryCode: "InternalServiceError", Status: 500})
	assert.Equal(t, "InternalServiceError;Receiver", r.Header.Get("X-Amzn-Query-Error"))
	assert.Empty(t, Encode(&Call{Protocol: JSON11}, nil, Errorf("X", "y")).Header.Get("X-Amzn-Query-Error"))
}

func TestOutputThatCannotBeEncodedIsAnInternalFailure(t *testing.T) {
	for _, p := range []Protocol{JSON11, CBOR} {
		r := Encode(&Call{Protocol: p}, &struct {
			C chan int `json:"C"`
		}{make(chan int)}, nil)
		assert.Equal(t, http.StatusInternalServerError, r.Status)
	}
}
