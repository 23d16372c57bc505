package wire

import (
	"fmt"
	"net/http"
	"strings"
)

// maxShownValue bounds how much of an offending value a message repeats.
const maxShownValue = 256

// Constraints gathers the violations of a service model's constraints (required, min, max, pattern,
// enum) and words them as the AWS front ends do, all of them in one message.
type Constraints struct {
	found []string
}

// Required notes a member that is missing.
func (c *Constraints) Required(member string) {
	c.found = append(c.found, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", member))
}

// Add notes a member's value that breaks a rule, such as "Member must have length less than or equal
// to 10".
func (c *Constraints) Add(member string, value any, rule string) {
	if list, ok := value.([]string); ok {
		value = "[" + strings.Join(list, ", ") + "]"
	}
	shown := []rune(fmt.Sprint(value))
	if len(shown) > maxShownValue {
		shown = append(shown[:maxShownValue], '…')
	}
	c.found = append(c.found, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: %s", string(shown), member, rule))
}

// AddSecret is Add for a member whose value the model marks as sensitive.
func (c *Constraints) AddSecret(member, rule string) {
	c.found = append(c.found, fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", member, rule))
}

// Length checks the number of characters of a string, or of elements of a list.
func (c *Constraints) Length(member string, value any, length, minimum, maximum int) {
	switch {
	case length < minimum:
		c.Add(member, value, fmt.Sprintf("Member must have length greater than or equal to %d", minimum))
	case length > maximum:
		c.Add(member, value, fmt.Sprintf("Member must have length less than or equal to %d", maximum))
	}
}

// Range checks a number.
func (c *Constraints) Range(member string, value, minimum, maximum int64) {
	switch {
	case value < minimum:
		c.Add(member, value, fmt.Sprintf("Member must have value greater than or equal to %d", minimum))
	case value > maximum:
		c.Add(member, value, fmt.Sprintf("Member must have value less than or equal to %d", maximum))
	}
}

// Err is nil, or the error with every violation. Its code is ValidationException in the JSON
// services and ValidationError in the query services.
func (c *Constraints) Err(code string) error {
	if len(c.found) == 0 {
		return nil
	}
	noun := "errors"
	if len(c.found) == 1 {
		noun = "error"
	}
	return &Error{Code: code, Status: http.StatusBadRequest,
		Message: fmt.Sprintf("%d validation %s detected: %s", len(c.found), noun, strings.Join(c.found, "; "))}
}
