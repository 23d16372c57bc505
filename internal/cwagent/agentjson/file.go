package agentjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// File is one configuration of the agent.
type File struct {
	// Name is its path, or ssm:NAME, for errors. Files are merged in the order of their names.
	Name string
	// Text is JSON.
	Text []byte
}

// decode is a file's JSON. The error says where the mistake is.
func (f File) decode() (map[string]any, error) {
	if bytes.HasPrefix(f.Text, []byte("\xef\xbb\xbf")) {
		return nil, fmt.Errorf("%s: begins with a byte order mark, which the agent does not take: save it as UTF-8 without one", f.Name)
	}
	d := json.NewDecoder(bytes.NewReader(f.Text))
	d.UseNumber()
	var value any
	err := d.Decode(&value)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			return nil, fmt.Errorf("%s: %s: something follows the configuration: one file has one JSON object", f.Name, f.place(d.InputOffset()))
		}
	}
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: is empty: it should be a JSON object such as {\"metrics\": {…}}", f.Name)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%s: %s: ends too soon: a bracket or a quotation mark is not closed", f.Name, f.place(int64(len(f.Text))))
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("%s: %s: %w: JSON has neither comments nor a comma before a closing bracket", f.Name, f.place(syntax.Offset), err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: is %s and should be a JSON object such as {\"metrics\": {…}}", f.Name, Describe(value))
	}
	return object, nil
}

// place is the line and the column of an offset.
func (f File) place(offset int64) string {
	before := f.Text[:min(max(offset-1, 0), int64(len(f.Text)))]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Sprintf("line %d, column %d", line, len(before)-bytes.LastIndexByte(before, '\n'))
}

// Describe says what a value is, for errors: a text "x", the number 7, a list, an object.
func Describe(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case string:
		if len(value) > 60 {
			value = value[:60] + "…"
		}
		return fmt.Sprintf("%q", value)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprint(value)
}

// Equal compares decoded values; numbers by what they are, so that 1 and 1.0 are the same, as in the agent.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			if other, there := b[key]; !there || !Equal(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Equal)
	case json.Number:
		b, ok := b.(json.Number)
		if !ok {
			return false
		}
		x, errX := a.Float64()
		y, errY := b.Float64()
		return a == b || errX == nil && errY == nil && x == y
	}
	return a == b
}

// text is a value as JSON, shortened.
func text(value any) string {
	out, err := json.Marshal(value)
	if err != nil {
		return Describe(value)
	}
	if len(out) > 80 {
		return string(out[:80]) + "…"
	}
	return string(out)
}
