package message

import (
	"fmt"
	"strings"
)

// Format is how a record is written.
type Format uint8

// The formats; doc.go describes them. The zero value is JSON, awscloudwatchlogs' default.
const (
	JSON Format = iota
	Raw
	OTLPJSON
)

var formats = []string{JSON: "json", Raw: "raw", OTLPJSON: "otlp_json"}

// String is the format's name in a configuration.
func (f Format) String() string {
	if int(f) < len(formats) {
		return formats[f]
	}
	return fmt.Sprintf("Format(%d)", uint8(f))
}

// MarshalText implements encoding.TextMarshaler.
func (f Format) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. Its error lists the formats.
func (f *Format) UnmarshalText(text []byte) error {
	for i, name := range formats {
		if string(text) == name {
			*f = Format(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not a format of messages: use one of %s", text, strings.Join(formats, ", "))
}
