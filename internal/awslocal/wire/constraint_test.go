package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConstraintsAreWordedLikeAWS(t *testing.T) {
	tests := []struct {
		name  string
		check func(*Constraints)
		want  string
	}{
		{"one", func(c *Constraints) { c.Required("name") },
			"1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"},
		{"two", func(c *Constraints) { c.Length("name", "", 0, 1, 5); c.Range("maxResults", 11, 1, 10) },
			"2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
				"Value '11' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 10"},
		{"list", func(c *Constraints) { c.Length("names", []string{"a", "b"}, 2, 0, 1) },
			"1 validation error detected: Value '[a, b]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 1"},
		{"secret", func(c *Constraints) { c.AddSecret("value", "Member must not be empty") },
			"1 validation error detected: Value at 'value' failed to satisfy constraint: Member must not be empty"},
		{"too small a number", func(c *Constraints) { c.Range("durationSeconds", 899, 900, 43200) },
			"1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Constraints
			tt.check(&c)
			var e *Error
			require.ErrorAs(t, c.Err("ValidationException"), &e)
			assert.Equal(t, "ValidationException", e.Code)
			assert.Equal(t, tt.want, e.Message)
		})
	}
}

func TestKeptConstraintsAreNoError(t *testing.T) {
	var c Constraints
	c.Length("name", "abc", 3, 3, 3)
	c.Range("maxResults", 10, 10, 10)
	assert.NoError(t, c.Err("ValidationException"))
}

func TestLongValuesAreShortenedInMessages(t *testing.T) {
	var c Constraints
	c.Length("name", strings.Repeat("ä", 5000), 5000, 1, 10)
	assert.Less(t, len(c.Err("ValidationException").Error()), 1000)
}
