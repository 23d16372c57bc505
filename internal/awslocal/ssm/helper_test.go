package ssm

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

const callerARN = "arn:aws:iam::123456789012:user/local"

// object is a request or an answer, as JSON has it.
type object = map[string]any

// store is a Parameter Store with a clock that the test sets.
type store struct {
	*Service
	t   *testing.T
	now time.Time
}

func newStore(t *testing.T, c Config) *store {
	t.Helper()
	c.Region, c.Account = "us-east-1", "123456789012"
	return &store{New(c), t, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (s *store) call(operation string, in object) (object, error) {
	s.t.Helper()
	body, err := json.Marshal(in)
	require.NoError(s.t, err)
	handler := s.Operations()[operation]
	require.NotNil(s.t, handler, operation)
	out, err := handler(&wire.Call{
		Service: wire.SSM, Operation: operation, Protocol: wire.JSON11, Now: s.now,
		Caller: wire.Caller{ARN: callerARN}, Body: body,
	})
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(out)
	require.NoError(s.t, err)
	var answer object
	require.NoError(s.t, json.Unmarshal(encoded, &answer))
	return answer, nil
}

func (s *store) must(operation string, in object) object {
	s.t.Helper()
	out, err := s.call(operation, in)
	require.NoError(s.t, err)
	return out
}

// fails calls and returns the message of the error, whose code must be the given one.
func (s *store) fails(code, operation string, in object) string {
	s.t.Helper()
	_, err := s.call(operation, in)
	var e *wire.Error
	require.ErrorAs(s.t, err, &e)
	assert.Equal(s.t, code, e.Code, e.Message)
	return e.Message
}

func (s *store) put(name, value string) object {
	s.t.Helper()
	return s.must("PutParameter", object{"Name": name, "Value": value, "Type": "String", "Overwrite": true})
}

func (s *store) get(name string) object {
	s.t.Helper()
	return s.must("GetParameter", object{"Name": name})["Parameter"].(object)
}

// names are the names of the parameters of an answer.
func names(out object) []string {
	got := []string{}
	for _, p := range out["Parameters"].([]any) {
		got = append(got, p.(object)["Name"].(string))
	}
	return got
}

// walk follows the tokens and returns the names of every page.
func (s *store) walk(operation string, in object) [][]string {
	s.t.Helper()
	var pages [][]string
	for range 1000 {
		out := s.must(operation, in)
		pages = append(pages, names(out))
		token, ok := out["NextToken"]
		if !ok {
			return pages
		}
		in["NextToken"] = token
	}
	require.Fail(s.t, "the walk does not end")
	return nil
}

func numbered(format string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(format, i)
	}
	return out
}
