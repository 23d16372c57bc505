package ssm

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDeletedParameterIsGone(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "v")
	s.must("DeleteParameter", object{"Name": "p"})
	s.fails("ParameterNotFound", "GetParameter", object{"Name": "p"})
	s.fails("ParameterNotFound", "DeleteParameter", object{"Name": "p"})
	assert.EqualValues(t, 1, s.put("p", "again")["Version"])
}

func TestDeleteParametersTellsWhichItKnew(t *testing.T) {
	s := newStore(t, Config{})
	s.put("a", "v")
	s.put("b", "v")
	out := s.must("DeleteParameters", object{"Names": []string{"a", "none", "b"}})
	assert.Equal(t, []any{"a", "b"}, out["DeletedParameters"])
	assert.Equal(t, []any{"none"}, out["InvalidParameters"])
	s.fails("ValidationException", "DeleteParameters", object{"Names": numbered("p%d", 11)})
}
