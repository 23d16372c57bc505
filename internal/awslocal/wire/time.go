package wire

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Time is a timestamp member: epoch seconds in the JSON protocols (fractions allowed), tag 1 in
// CBOR, and ISO 8601 in the query protocol. APIs that count milliseconds in a plain integer, as
// CloudWatch Logs does, use int64 instead.
type Time struct{ time.Time }

// NewTime is t as a member, in UTC.
func NewTime(t time.Time) *Time { return &Time{t.UTC()} }

func fromSeconds(s float64) (Time, error) {
	if math.IsNaN(s) || math.Abs(s) > 253402300799 { // 9999-12-31T23:59:59Z
		return Time{}, fmt.Errorf("timestamp %v is out of range", s)
	}
	return Time{time.UnixMilli(int64(math.Round(s * 1000))).UTC()}, nil
}

func (t Time) seconds() float64 { return float64(t.UnixMilli()) / 1000 }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, t.seconds(), 'f', -1, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler: a number of seconds, or an ISO 8601 string.
func (t *Time) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "null" {
		return nil
	}
	return t.UnmarshalText([]byte(s))
}

// MarshalText implements encoding.TextMarshaler: ISO 8601 in UTC.
func (t Time) MarshalText() ([]byte, error) {
	return []byte(t.UTC().Format("2006-01-02T15:04:05.999Z07:00")), nil
}

// UnmarshalText implements encoding.TextUnmarshaler: ISO 8601, or a number of seconds.
func (t *Time) UnmarshalText(b []byte) error {
	s := string(b)
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		v, err := fromSeconds(f)
		*t = v
		return err
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if v, err := time.Parse(layout, s); err == nil {
			*t = Time{v.UTC()}
			return nil
		}
	}
	return fmt.Errorf("%q is not a timestamp", s)
}

// MarshalCBOR implements cbor.Marshaler.
func (t Time) MarshalCBOR() ([]byte, error) {
	return cbor.Marshal(cbor.Tag{Number: 1, Content: t.seconds()})
}

// UnmarshalCBOR implements cbor.Unmarshaler: tag 1 over a number. Null leaves the time as it is.
func (t *Time) UnmarshalCBOR(b []byte) error {
	const null = 0xf6
	if len(b) == 1 && b[0] == null {
		return nil
	}
	var raw cbor.RawTag
	if err := cbor.Unmarshal(b, &raw); err != nil {
		return err
	}
	if raw.Number != 1 {
		return fmt.Errorf("timestamp has CBOR tag %d, want 1", raw.Number)
	}
	var f float64 // takes whole numbers as well
	if err := cbor.Unmarshal(raw.Content, &f); err != nil {
		return err
	}
	v, err := fromSeconds(f)
	*t = v
	return err
}
