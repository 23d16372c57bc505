package page

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
)

func TestValuesAreWrittenAsPeopleSayThem(t *testing.T) {
	for _, tt := range []struct {
		value float64
		unit  string
		want  string
	}{
		{1288490189, "Bytes", "1.29 GB"}, {512, "Bytes", "512 B"}, {1.5, "Kilobytes", "1.5 kB"}, {2000, "Terabytes", "2 PB"},
		{-2048, "Bytes", "-2.05 kB"}, {999999, "Bytes", "1 MB"}, {8e6, "Bits/Second", "8 Mbit/s"}, {3, "Megabytes/Second", "3 MB/s"},
		{12.345, "Percent", ""}, {0, "Seconds", "0 s"}, {0.00025, "Seconds", "250 µs"}, {1840.25, "Milliseconds", "1.84 s"},
		{90, "Seconds", "90 s"}, {7200, "Seconds", "2 h"}, {864000, "Seconds", "10 d"}, {250, "Microseconds", "250 µs"},
		{7, "Count", ""}, {1234567, "Count", "1.23 M"}, {12, "Count/Second", "12/s"}, {7, "None", ""},
		{math.NaN(), "Bytes", ""}, {math.Inf(1), "Seconds", ""},
	} {
		assert.Equal(t, tt.want, human(tt.value, tt.unit), "%v %s", tt.value, tt.unit)
	}
	for _, unit := range emf.Units {
		assert.NotPanics(t, func() { human(1234.5, unit) }, unit)
	}
}

func TestPlainValuesHaveCommasAndFewDecimals(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 7: "7", 61.27391: "61.274", 1234567: "1,234,567", -1234.5: "-1,234.5", 100: "100", 1e-7: "1e-07", 1e20: "1e+20", 0.25: "0.25",
	} {
		assert.Equal(t, want, plain(value))
	}
	assert.Equal(t, "-9,223,372,036,854,775,808", count(math.MinInt64))
}

func TestTimesAreToldFromNow(t *testing.T) {
	now := time.Date(2026, 3, 4, 0, 0, 30, 0, time.UTC)
	for want, at := range map[string]time.Time{
		"–": {}, "now": now, "45 s ago": now.Add(-45 * time.Second), "119 s ago": now.Add(-119 * time.Second), "5 min ago": now.Add(-5 * time.Minute),
		"47 h ago": now.Add(-47 * time.Hour), "3 d ago": now.Add(-3 * 24 * time.Hour), "in 90 s": now.Add(90 * time.Second),
	} {
		assert.Equal(t, want, ago(at, now))
	}
	assert.Equal(t, "00:00:10.000", newMoment(now.Add(-20*time.Second), now).Text)
	assert.Equal(t, "2026-03-03 23:59:30.000", newMoment(now.Add(-time.Minute), now).Text, "another day's time has its date")
}

func TestLongTextIsCutBetweenCharacters(t *testing.T) {
	assert.Equal(t, strings.Repeat("é", maxText)+"…", clip(strings.Repeat("é", maxText+1)))
	assert.Equal(t, strings.Repeat("é", maxText), clip(strings.Repeat("é", maxText)))
}

func TestInvisibleCharactersAreReplacedAndLinesStay(t *testing.T) {
	assert.Equal(t, "a\n\tb\ufffd[0m\ufffdc\ufffd", strings.Map(visible, "a\n\tb\x1b[0m\u2066c\xff"))
}
