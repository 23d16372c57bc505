package wire

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var someTime = time.Date(2023, 11, 14, 22, 13, 20, 123e6, time.UTC)

func TestTimeIsSecondsInJSON(t *testing.T) {
	b, err := json.Marshal(NewTime(someTime))
	require.NoError(t, err)
	assert.Equal(t, "1700000000.123", string(b))

	for text, want := range map[string]time.Time{
		`1700000000.123`:             someTime,
		`1.700000000123E9`:           someTime,
		`1700000000`:                 someTime.Truncate(time.Second),
		`"2023-11-14T22:13:20.123Z"`: someTime,
		`-1`:                         time.Unix(-1, 0).UTC(),
	} {
		var got Time
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		assert.Equal(t, want, got.Time, text)
	}
	var absent struct{ At *Time }
	require.NoError(t, json.Unmarshal([]byte(`{"At":null}`), &absent))
	assert.Nil(t, absent.At)
}

func TestTimeIsISO8601InText(t *testing.T) {
	b, err := Time{someTime}.MarshalText()
	require.NoError(t, err)
	assert.Equal(t, "2023-11-14T22:13:20.123Z", string(b))

	for text, want := range map[string]time.Time{
		"2023-11-14T22:13:20.123Z":      someTime,
		"2023-11-14T23:13:20.123+01:00": someTime,
		"2023-11-14T22:13:20":           someTime.Truncate(time.Second),
		"2023-11-14T22:13Z":             someTime.Truncate(time.Minute),
		"2023-11-14":                    time.Date(2023, 11, 14, 0, 0, 0, 0, time.UTC),
		"1700000000.123":                someTime,
	} {
		var got Time
		require.NoError(t, got.UnmarshalText([]byte(text)), text)
		assert.Equal(t, want, got.Time, text)
	}
}

func TestTimeOutOfRangeIsAnError(t *testing.T) {
	for _, text := range []string{"NaN", "Inf", "1e30", "-1e30", "tomorrow", ""} {
		var got Time
		require.Error(t, got.UnmarshalText([]byte(text)), text)
	}
}

func TestTimeIsTaggedInCBOR(t *testing.T) {
	b, err := cbor.Marshal(NewTime(someTime))
	require.NoError(t, err)
	assert.Equal(t, byte(0xc1), b[0], "tag 1")
	var got Time
	require.NoError(t, cbor.Unmarshal(b, &got))
	assert.Equal(t, someTime, got.Time)
}

func TestTimeInCBORMayBeAnyNumber(t *testing.T) {
	whole := someTime.Truncate(time.Second)
	for _, tc := range []struct {
		name    string
		content any
		want    time.Time
	}{
		{"double", 1700000000.123, someTime},
		{"single precision float", float32(1700000000), time.Unix(1700000000, 0).UTC()},
		{"integer", 1700000000, whole},
		{"negative integer", -1, time.Unix(-1, 0).UTC()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, err := cbor.Marshal(map[string]any{"At": cbor.Tag{Number: 1, Content: tc.content}})
			require.NoError(t, err)
			var got struct{ At *Time }
			require.NoError(t, CBOR.decode(b, &got))
			require.NotNil(t, got.At)
			assert.Equal(t, tc.want, got.At.Time)
		})
	}
}

func TestTimeInCBORMayBeNull(t *testing.T) {
	b, err := cbor.Marshal(map[string]any{"At": nil, "Then": nil})
	require.NoError(t, err)
	var got struct {
		At   *Time
		Then Time
	}
	require.NoError(t, CBOR.decode(b, &got))
	assert.Nil(t, got.At)
	assert.True(t, got.Then.IsZero())
}

func TestTimeInCBORNeedsItsTag(t *testing.T) {
	for _, content := range []any{1700000000, "2023", cbor.Tag{Number: 0, Content: "2023-11-14T22:13:20Z"}, cbor.Tag{Number: 1, Content: "x"}, cbor.Tag{Number: 1, Content: 1e30}} {
		b, err := cbor.Marshal(map[string]any{"At": content})
		require.NoError(t, err)
		var got struct{ At *Time }
		require.Error(t, CBOR.decode(b, &got), "%v", content)
	}
}
