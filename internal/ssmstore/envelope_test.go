package ssmstore

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unpack is what a reader does, without a store.
func unpack(t *testing.T, p packed) []byte {
	t.Helper()
	e, is, err := parseEnvelope(p.value)
	require.NoError(t, err)
	if !is {
		return []byte(p.value)
	}
	payload := e.Data
	if e.Chunks > 0 {
		require.Len(t, p.parts, e.Chunks)
		payload = strings.Join(p.parts, "")
	}
	text, err := e.open(payload)
	require.NoError(t, err)
	return text
}

func noise(t testing.TB, n int) []byte {
	b := make([]byte, n)
	_, err := rand.Read(b)
	require.NoError(t, err)
	return b
}

func TestTextIsStoredInTheSimplestWayThatHolds(t *testing.T) {
	t.Parallel()
	const plain, inline, chunked = "plain", "inline", "chunked"
	for name, c := range map[string]struct {
		text  []byte
		limit int
		want  string
	}{
		"short":                     {[]byte("a: b\r\n\tc: ü\n"), MaxStandard, plain},
		"exactly at the limit":      {bytes.Repeat([]byte("a"), MaxStandard), MaxStandard, plain},
		"one more, compressible":    {bytes.Repeat([]byte("a"), MaxStandard+1), MaxStandard, inline},
		"one more, advanced":        {bytes.Repeat([]byte("a"), MaxStandard+1), MaxAdvanced, plain},
		"empty":                     {nil, MaxStandard, inline},
		"double braces":             {[]byte("body: '{{ x }}'"), MaxStandard, inline},
		"not UTF-8":                 {[]byte{0xff, 'a'}, MaxStandard, inline},
		"a control character":       {[]byte("a\x00b"), MaxStandard, inline},
		"looks packed":              {[]byte(` {"otelcol-cloudwatch": 1}`), MaxStandard, inline},
		"random, larger than fits":  {noise(t, 3500), MaxStandard, chunked},
		"200 KB that do not shrink": {noise(t, 200_000), MaxStandard, chunked},
		"200 KB of a configuration": {bytes.Repeat([]byte("receivers: {}\n"), 15_000), MaxStandard, inline},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := pack(c.text, c.limit)
			require.NoError(t, err)
			assert.LessOrEqual(t, len(p.value), c.limit)
			for _, part := range p.parts {
				assert.LessOrEqual(t, len(part), MaxStandard)
			}
			got := plain
			if looksPacked(p.value) {
				got = inline
			}
			if len(p.parts) > 0 {
				got = chunked
			}
			assert.Equal(t, c.want, got)
			assert.NotContains(t, p.value, "{{")
			assert.True(t, bytes.Equal(c.text, unpack(t, p)))
		})
	}
}

func TestTextThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	_, err := pack(make([]byte, MaxText+1), MaxStandard)
	assert.ErrorContains(t, err, "at most 16777216")
	_, err = pack(noise(t, 4<<20), MaxStandard)
	assert.ErrorContains(t, err, "split it into layers")
}

func TestWhatOnlyLooksPackedIsNeverTakenForText(t *testing.T) {
	t.Parallel()
	good, err := pack([]byte("x: '{{'"), MaxStandard)
	require.NoError(t, err)
	change := func(key string, value any) string {
		m := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(good.value), &m))
		delete(m, marker)
		m[key] = value
		if key == marker {
			return strings.Replace(good.value, formatVersion, value.(string), 1)
		}
		rest, err := json.Marshal(m)
		require.NoError(t, err)
		return markerStart + `"` + formatVersion + `",` + string(rest)[1:]
	}
	for name, value := range map[string]string{
		"cut off":       good.value[:len(good.value)-2],
		"more behind":   good.value + "\nreceivers: {}",
		"not JSON":      markerStart + " [a: b",
		"YAML":          markerStart + " true}\n# x: 1",
		"other format":  change(marker, "configuration/2"),
		"other field":   change("colour", "red"),
		"encoding":      change("encoding", "zstd"),
		"sum":           change("sha256", "00"),
		"length":        change("bytes", -1),
		"bomb":          change("bytes", MaxText+1),
		"chunks":        change("chunks", maxChunks+1),
		"path in a set": change("set", "../../other/x"),
		"both":          change("chunks", 3),
	} {
		_, is, err := parseEnvelope(value)
		assert.True(t, is, name)
		assert.Error(t, err, name)
	}
}

func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	text := bytes.Repeat([]byte("0123456789"), 1000)
	p, err := pack(text, MaxStandard)
	require.NoError(t, err)
	e, _, err := parseEnvelope(p.value)
	require.NoError(t, err)
	for name, change := range map[string]func(*envelope){
		"longer":         func(e *envelope) { e.Bytes-- },
		"shorter":        func(e *envelope) { e.Bytes++ },
		"other text":     func(e *envelope) { e.SHA256 = strings.Repeat("0", 64) },
		"cut":            func(e *envelope) { e.Data = e.Data[:len(e.Data)-8] },
		"no base64":      func(e *envelope) { e.Data = "!" },
		"no gzip":        func(e *envelope) { e.Data = "AAAA" },
		"other encoding": func(e *envelope) { e.Encoding = encodingBase64 },
	} {
		damaged := e
		change(&damaged)
		_, err := damaged.open(damaged.Data)
		assert.Error(t, err, name)
	}
}

func FuzzEnvelope(f *testing.F) {
	p, err := pack([]byte("x: '{{'"), MaxStandard)
	require.NoError(f, err)
	f.Add(p.value)
	f.Add(`{"otelcol-cloudwatch":"configuration/1","bytes":1,"chunks":2,"set":"0123456789ab"}`)
	f.Add("receivers: {}")
	f.Fuzz(func(t *testing.T, text string) {
		if e, is, err := parseEnvelope(text); is && err == nil {
			_, _ = e.open(e.Data)
		}
		p, err := pack([]byte(text), MaxStandard)
		require.NoError(t, err)
		require.Equal(t, text, string(unpack(t, p)))
	})
}
