package message

// AppendString appends text as a JSON string, with U+FFFD for each byte that is not UTF-8.
func AppendString(dst []byte, text string) []byte { return appendString(dst, text, plain) }

// AppendFloat appends a finite number as encoding/json has it.
func AppendFloat(dst []byte, f float64) []byte { return appendFloat(dst, f, plain) }
