package faults_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

func put(group, stream string) *wire.Call {
	body, _ := json.Marshal(map[string]any{
		"logEvents": []any{map[string]any{"message": `"logGroupName":"decoy"`}}, "logGroupName": group, "logStreamName": stream,
	})
	return &wire.Call{Service: wire.Logs, Operation: "PutLogEvents", Protocol: wire.JSON11, Body: body, Caller: wire.Caller{ARN: "arn:aws:iam::1:user/u"}}
}

func set(t *testing.T, texts ...string) *faults.Set {
	t.Helper()
	s := faults.New(1)
	for _, text := range texts {
		rule, err := faults.ParseRule(text)
		require.NoError(t, err)
		_, err = s.Add(rule)
		require.NoError(t, err)
	}
	return s
}

func TestEachKindHasItsPlan(t *testing.T) {
	code := func(text string, call *wire.Call) string {
		plan := set(t, text).Pick(call)
		require.NotNil(t, plan.Err, text)
		return plan.Err.Code
	}
	logs := put("g", "s")
	assert.Equal(t, "ThrottlingException", code("throttle", logs))
	assert.Equal(t, "Throttling", code("throttle", &wire.Call{Service: wire.Monitoring}))
	assert.Equal(t, "ThrottledException", code("throttle", &wire.Call{Service: wire.XRay}))
	assert.Equal(t, "ServiceUnavailableException", code("server_error", logs))
	assert.Equal(t, "InternalServerError", code("server_error", &wire.Call{Service: wire.SSM}))
	assert.Equal(t, "ExpiredTokenException", code("expired_credentials", logs))
	assert.Equal(t, "ExpiredToken", code("expired_credentials", &wire.Call{Service: wire.STS, Protocol: wire.Query}))
	assert.Equal(t, "AccessDeniedException", code("access_denied", logs))
	assert.Contains(t, set(t, "access_denied").Pick(logs).Err.Message, "arn:aws:iam::1:user/u is not authorized to perform: logs:PutLogEvents")

	assert.Equal(t, faults.Plan{Delay: 250 * time.Millisecond}, set(t, "latency,latency=250ms").Pick(logs))
	assert.Equal(t, faults.Plan{Stall: true}, set(t, "stall").Pick(logs))
	assert.Equal(t, faults.Plan{ResetBefore: true}, set(t, "reset_before").Pick(logs))
	assert.Equal(t, faults.Plan{ResetAfter: true}, set(t, "reset_after").Pick(logs))
	assert.Equal(t, faults.Plan{RejectFirst: 1}, set(t, "partial_rejection").Pick(logs))
	assert.Equal(t, faults.Plan{RejectFirst: 5}, set(t, "partial_rejection,reject=5").Pick(logs))
	assert.Zero(t, set(t, "partial_rejection").Pick(&wire.Call{Service: wire.Logs, Operation: "CreateLogGroup"}))
	assert.Zero(t, faults.New(1).Pick(logs))
}

func TestRulesCombine(t *testing.T) {
	plan := set(t, "latency,latency=1s", "latency,latency=2s", "throttle", "server_error").Pick(put("g", "s"))
	assert.Equal(t, 3*time.Second, plan.Delay)
	assert.Equal(t, "ThrottlingException", plan.Err.Code, "the first error counts")
}

func TestRuleMatchesByServiceOperationGroupAndStream(t *testing.T) {
	call := put("/app/web", "host-1")
	for text, want := range map[string]bool{
		"throttle,service=logs":                          true,
		"throttle,service=ssm":                           false,
		"throttle,operation=PutLogEvents":                true,
		"throttle,operation=Put*":                        true,
		"throttle,operation=CreateLogGroup":              false,
		"throttle,log_group=/app/web":                    true,
		"throttle,log_group=/app/*":                      true,
		"throttle,log_group=decoy":                       false,
		"throttle,log_stream=host-?":                     true,
		"throttle,log_group=/app/web,log_stream=host-2":  false,
		"throttle,log_group=/app/web,log_stream=host-1*": true,
	} {
		assert.Equal(t, want, set(t, text).Pick(call).Err != nil, text)
	}
}

func TestRuleAppliesBySkipTurnCountAndProbability(t *testing.T) {
	pattern := func(text string) string {
		s := set(t, text)
		var b strings.Builder
		for range 10 {
			if s.Pick(put("g", "s")).Err != nil {
				b.WriteByte('x')
			} else {
				b.WriteByte('.')
			}
		}
		return b.String()
	}
	assert.Equal(t, "xxxxxxxxxx", pattern("throttle"))
	assert.Equal(t, "..x..x..x.", pattern("throttle,every=3"))
	assert.Equal(t, "xx........", pattern("throttle,count=2"))
	assert.Equal(t, "....xxxxxx", pattern("throttle,skip=4"))
	assert.Equal(t, ".....x....", pattern("throttle,skip=4,every=2,count=1"))
	some := pattern("throttle,probability=0.5")
	assert.Equal(t, some, pattern("throttle,probability=0.5"), "a seed repeats itself")
	assert.Contains(t, some, "x")
	assert.Contains(t, some, ".")
}

func TestBadRulesAreRefusedByKeyAndValue(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "kind \"\" is not one of throttle, server_error",
		"explode":                          `"explode" is not one of`,
		"throttle,every":                   `"every" is not KEY=VALUE`,
		"throttle,every=x":                 `every "x" is not a number`,
		"throttle,every=-1":                "every -1 is negative",
		"throttle,count=-1":                "count -1 is negative",
		"throttle,skip=-1":                 "skip -1 is negative",
		"throttle,probability=2":           "probability 2 is not between 0 and 1",
		"throttle,probability=NaN":         "NaN",
		"throttle,latency=1s":              "belongs to a latency fault only",
		"throttle,reject=1":                "belongs to a partial_rejection only",
		"partial_rejection,reject=-1":      "reject -1",
		"latency":                          "latency 0s",
		"latency,latency=1h":               "latency 1h0m0s",
		"latency,latency=soon":             "soon",
		"throttle,service=lambda":          `service "lambda" is not one of logs`,
		"throttle,log_group=[":             `log_group "[" is not a pattern`,
		"throttle,operations=PutLogEvents": `"operations"`,
	} {
		_, err := faults.ParseRule(text)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestControlAPI(t *testing.T) {
	s := faults.New(1)
	call := func(method, path, body string) (int, string) {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	status, body := call(http.MethodPost, "/_control/faults", `{"kind":"latency","latency":"250ms","operation":"PutLogEvents"}`)
	assert.Equal(t, http.StatusCreated, status)
	assert.JSONEq(t, `{"id":"fault-1","kind":"latency","latency":"250ms","operation":"PutLogEvents"}`, body)
	s.Pick(put("g", "s"))
	_, body = call(http.MethodGet, "/_control/faults", "")
	assert.JSONEq(t, `[{"id":"fault-1","kind":"latency","latency":"250ms","operation":"PutLogEvents","matched":1,"applied":1}]`, body)

	status, body = call(http.MethodPost, "/_control/faults", `{"id":"fault-1","kind":"stall"}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, body, "already")
	status, body = call(http.MethodPost, "/_control/faults", `{"kind":"stall","colour":"red"}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, body, "colour")
	status, _ = call(http.MethodDelete, "/_control/faults/none", "")
	assert.Equal(t, http.StatusNotFound, status)
	status, _ = call(http.MethodPut, "/_control/faults", "")
	assert.Equal(t, http.StatusMethodNotAllowed, status)

	status, _ = call(http.MethodDelete, "/_control/faults/fault-1", "")
	assert.Equal(t, http.StatusNoContent, status)
	call(http.MethodPost, "/_control/faults", `{"kind":"stall"}`)
	status, _ = call(http.MethodDelete, "/_control/faults", "")
	assert.Equal(t, http.StatusNoContent, status)
	assert.Empty(t, s.List())
	assert.Zero(t, s.Pick(put("g", "s")))
}

func FuzzParseRule(f *testing.F) {
	f.Add("throttle,operation=PutLogEvents,every=3")
	f.Add("latency,latency=250ms,probability=0.1")
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := faults.ParseRule(text)
		if err != nil {
			return
		}
		s := faults.New(1)
		_, err = s.Add(rule)
		require.NoError(t, err, "what is parsed can be added")
		s.Pick(put("g", "s"))
	})
}
