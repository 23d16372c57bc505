package ssm

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLabelMovesBetweenVersions(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "one")
	s.put("p", "two")
	s.must("LabelParameterVersion", object{"Name": "p", "ParameterVersion": 1, "Labels": []string{"prod", "old"}})
	assert.EqualValues(t, 2, s.must("LabelParameterVersion", object{"Name": "p", "Labels": []string{"prod"}})["ParameterVersion"])
	assert.Equal(t, "two", s.get("p:prod")["Value"])
	assert.Equal(t, "one", s.get("p:old")["Value"])
	assert.Equal(t, []string{"old=1", "prod=2"}, s.Status().Parameters[0].Labels)
}

func TestInvalidLabelsAreListed(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "v")
	bad := []string{"1st", "awsome", "SSM-x", "with space", "a/b"}
	out := s.must("LabelParameterVersion", object{"Name": "p", "Labels": append([]string{"good_1.-"}, bad...)})
	assert.Equal(t, []any{"1st", "awsome", "SSM-x", "with space", "a/b"}, out["InvalidLabels"])
	assert.Equal(t, "v", s.get("p:good_1.-")["Value"])
}

func TestVersionHasAtMostTenLabels(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "v")
	s.must("LabelParameterVersion", object{"Name": "p", "Labels": numbered("l%d", 10)})
	s.must("LabelParameterVersion", object{"Name": "p", "Labels": []string{"l3"}})
	s.fails("ParameterVersionLabelLimitExceeded", "LabelParameterVersion", object{"Name": "p", "Labels": []string{"l10"}})
	s.fails("ValidationException", "LabelParameterVersion", object{"Name": "p", "Labels": numbered("l%d", 11)})
	s.fails("ValidationException", "LabelParameterVersion", object{"Name": "p", "Labels": []string{}})
}

func TestLabelLength(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "v")
	s.must("LabelParameterVersion", object{"Name": "p", "Labels": []string{strings.Repeat("l", 100)}})
	s.fails("ValidationException", "LabelParameterVersion", object{"Name": "p", "Labels": []string{strings.Repeat("l", 101)}})
}

func TestLabelNeedsParameterAndVersion(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "v")
	s.fails("ParameterNotFound", "LabelParameterVersion", object{"Name": "q", "Labels": []string{"l"}})
	s.fails("ParameterVersionNotFound", "LabelParameterVersion", object{"Name": "p", "ParameterVersion": 2, "Labels": []string{"l"}})
	s.fails("ValidationException", "UnlabelParameterVersion", object{"Name": "p", "Labels": []string{"l"}})
	s.fails("ParameterVersionNotFound", "UnlabelParameterVersion", object{"Name": "p", "ParameterVersion": 2, "Labels": []string{"l"}})
}

func TestUnlabelTellsWhatItRemoved(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "v")
	s.must("LabelParameterVersion", object{"Name": "p", "Labels": []string{"a", "b"}})
	out := s.must("UnlabelParameterVersion", object{"Name": "p", "ParameterVersion": 1, "Labels": []string{"a", "c"}})
	assert.Equal(t, []any{"a"}, out["RemovedLabels"])
	assert.Equal(t, []any{"c"}, out["InvalidLabels"])
	s.fails("ParameterVersionNotFound", "GetParameter", object{"Name": "p:a"})
	assert.Equal(t, "v", s.get("p:b")["Value"])
}
