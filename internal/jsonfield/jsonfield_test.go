package jsonfield

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func path(t testing.TB, field string) Path {
	t.Helper()
	p, err := Parse(field)
	require.NoError(t, err)
	return p
}

// written is a value at random as JSON text, with names that are hard to tell apart.
func written(r *rand.Rand, depth int) string {
	text := func() string {
		return []string{`"a"`, `"b"`, `"a.b"`, `"\u0061"`, `"x\"a\":1"`, `"\\"`, `"{[\"a\":"`, `""`, `"é"`, `"\ud83d\ude80"`}[r.IntN(10)]
	}
	blank := func() string { return []string{"", "", " ", "\n\t"}[r.IntN(4)] }
	kind := r.IntN(8)
	if depth == 0 {
		kind = 1
	}
	switch {
	case kind < 3 && depth < 5:
		parts := []string{}
		for range r.IntN(5) {
			parts = append(parts, blank()+text()+blank()+":"+blank()+written(r, depth+1)+blank())
		}
		return "{" + strings.Join(parts, ",") + "}"
	case kind == 3 && depth < 5:
		parts := []string{}
		for range r.IntN(4) {
			parts = append(parts, written(r, depth+1))
		}
		return "[" + strings.Join(parts, blank()+",") + "]"
	case kind == 4:
		return text()
	case kind == 5:
		return []string{"null", "true", "false"}[r.IntN(3)]
	}
	return fmt.Sprint(r.IntN(1_000_000))
}

// TestFieldsAreThoseOfTheJSONPackage compares with what encoding/json has in a map, for which the last field of a name counts too.
func TestFieldsAreThoseOfTheJSONPackage(t *testing.T) {
	p, q := path(t, "a"), path(t, "b.a")
	found := 0
	for seed := range uint64(50_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		text := written(r, 0)
		var all map[string]any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		require.NoError(t, d.Decode(&all), text)
		check := func(p Path, value any) {
			from, to, ok := p.Find(text)
			switch want := value.(type) {
			case json.Number:
				require.True(t, ok, "seed %d: %s", seed, text)
				require.Equal(t, want.String(), text[from:to])
			case string:
				require.True(t, ok, "seed %d: %s", seed, text)
				got, ok := Text(text[from:to])
				require.True(t, ok, text)
				require.Equal(t, want, got)
			default:
				require.False(t, ok, "seed %d: %s", seed, text)
				return
			}
			found++
		}
		check(p, all["a"])
		within, _ := all["b"].(map[string]any)
		check(q, within["a"])
		cut := text[:r.IntN(len(text)+1)]
		p.Find(cut)
	}
	assert.Greater(t, found, 1000)
}

// TestFieldOfAHostileRecord has so many fields of that name that looking for the last of them from each one would take hours.
func TestFieldOfAHostileRecord(t *testing.T) {
	p := path(t, "time")
	for _, record := range []string{
		"{" + strings.Repeat(`"tim\u0065":1,`, 300_000) + `"time":1772622000,"x":"time"}`,
		"{" + strings.Repeat(`"time":1,"a":2,`, 300_000) + `"time":1772622000}`,
		`{"x":"` + strings.Repeat(`\\`, 2_000_000) + `","time":1772622000}`,
		`{"x":` + strings.Repeat(`[`, 900) + strings.Repeat(`"\"",`, 500_000) + `1` + strings.Repeat(`]`, 900) + `,"time":1772622000}`,
	} {
		from, to, ok := p.Find(record)
		require.True(t, ok)
		require.Equal(t, "1772622000", record[from:to])
	}
}

func FuzzField(f *testing.F) {
	f.Add(`{"a":{"b":"2026-03-04 11:00"}}`)
	f.Add(`{"a":[{"b":1}],"a":{"b":1.5e9}}`)
	p := path(f, "a.b")
	f.Fuzz(func(t *testing.T, text string) {
		from, to, ok := p.Find(text)
		if !ok {
			return
		}
		if from < 0 || to <= from || to > len(text) {
			t.Fatalf("%d to %d of %d", from, to, len(text))
		}
		value, ok := Text(text[from:to])
		if ok {
			Scaled(value, 9)
		}
	})
}

func TestNumbersAreExact(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1_000_000_000, "1.5": 1_500_000_000, "0.05": 50_000_000, "1795428000.123456789": 1_795_428_000_123_456_789, "1.5e1": 15_000_000_000,
		"15E-1": 1_500_000_000, "1e-10": 0, "0.0000000019": 1, "007": 7_000_000_000, "-1": -1, "": -1, ".": -1, "1.": -1, ".1": -1, "1e": -1, "1x": -1, "1e99999": -1,
		"9223372036.854775807": 1<<63 - 1, "9223372036.854775808": -1, "1e10": -1,
	} {
		got, ok := Scaled(text, 9)
		assert.Equal(t, want >= 0, ok, text)
		assert.True(t, !ok || got == want, "%s: %d", text, got)
	}
}
