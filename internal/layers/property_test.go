package layers

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// shipped are the configurations of this repository.
func shipped(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, pattern := range []string{"*.yaml", "*/*.yaml"} {
		paths, err := filepath.Glob(filepath.Join("..", "..", "config", pattern))
		require.NoError(t, err)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			files[path] = text
		}
	}
	require.Greater(t, len(files), 10)
	return files
}

func TestOneLayerIsWhatTheCollectorReads(t *testing.T) {
	t.Parallel()
	texts := shipped(t)
	texts["scalars"] = []byte(`
strings: ["", "007", '1', yes, no, on, 0700x, "${env:A}", $$x, 1.2.3, 12:30:45, 0o17x, "a\nb", ünïcødé]
ints: [0, 1, -1, 0700, 0o700, 0x1F, 0b11, 1_000, 9223372036854775807, -9223372036854775808, 18446744073709551615, 18446744073709551616]
floats: [1.0, 1e3, -.5, 6.02e23, .inf, -.inf, 0.1, 100000000000000000000000]
bools: [true, True, FALSE]
nulls: [null, ~, Null]
times: [2001-12-14t21:59:43.10-05:00, 2002-12-14]
tagged: [!!str 1, !!float 1, !!binary aGk=, !custom x]
block: |
  two
   lines
folded: >-
  one
  line
nested: {1: a, true: b, deeper: {2: c, "x::y": d}, list: [{3: e}, [{4: f}]]}
empty: {}
none: []
nothing:
`)
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			merged, err := MergePart([]Layer{{Name: name, Text: text}})
			require.NoError(t, err)
			want := decode(t, string(text))
			if name != "scalars" { // the collector itself splits keys below keys that are no strings
				assert.Equal(t, want, merged.Map())
			}
			assert.Equal(t, want, confmap.NewFromStringMap(merged.Map()).ToStringMap())
			_, err = confmap.NewRetrieved(merged.Map())
			assert.NoError(t, err)
		})
	}
}

func TestRecipesMergeOverTheHostConfiguration(t *testing.T) {
	t.Parallel()
	texts := shipped(t)
	base := filepath.Join("..", "..", "config", "host.yaml")
	for path, text := range texts {
		if filepath.Dir(path) == filepath.Dir(base) {
			_, err := Merge([]Layer{{Name: path, Text: text}})
			assert.NoError(t, err)
			continue
		}
		merged, err := Merge([]Layer{{Name: base, Text: texts[base]}, {Name: path, Text: text}})
		require.NoError(t, err)
		assert.Subset(t, merged.Map()["service"].(map[string]any)["extensions"], []any{"state_storage", "healthcheckv2"})
	}
}

func FuzzMerge(f *testing.F) {
	for _, seed := range [][2]string{
		{whole, "exporters::awsemf: null"},
		{"a: &x {b: 1}\nc: {<<: *x}", "c: [1]"},
		{"service: {extensions: [a, b]}", "service: {extensions: [b, 'c ']}"},
		{"a: ~\nb:\n", "a:\nb: 1"},
		{"a::b: 1\na: {c: {1: 2}}", "{a: {b: ${x}}}"},
		{"a: !!binary aGk=\n--- \nb", "- x"},
		{"extensions: {a: }\nservice: {extensions: [a]}", "extensions: {a: ~}"},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a)+len(b) > 1<<14 {
			return
		}
		low, high := Layer{Name: "low", Text: a}, Layer{Name: "high", Text: b}
		alone, err := MergePart([]Layer{low})
		if err == nil {
			// A layer alone is what the collector makes of it. Where keys have its delimiter in them, it makes
			// one thing or another of keys that meet.
			if r, err := confmap.NewRetrievedFromYAML(a); assert.NoError(t, err) && !bytes.Contains(a, []byte("::")) && !bytes.ContainsAny(a, `\\`) {
				conf, err := r.AsConf()
				require.NoError(t, err)
				same := fmt.Sprintf("%#v", conf.ToStringMap()) == fmt.Sprintf("%#v", confmap.NewFromStringMap(alone.Map()).ToStringMap())
				assert.True(t, same, "%q: want %#v, got %#v", a, conf.ToStringMap(), confmap.NewFromStringMap(alone.Map()).ToStringMap())
			}
			// A layer over itself changes nothing.
			twice, err := MergePart([]Layer{low, low})
			require.NoError(t, err)
			assert.Empty(t, Diff(alone, twice))
			assert.Equal(t, fmt.Sprintf("%#v", alone.Map()), fmt.Sprintf("%#v", twice.Map()))
		}
		merged, err := Merge([]Layer{low, high})
		if err != nil {
			return
		}
		require.NoError(t, Explain(discard{}, merged, nil))
		merged.Entries(nil)
		merged.Locate(string(b))
		DiffText(string(a), string(b))
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkMergeThreeLayers(b *testing.B) {
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "host.yaml"))
	require.NoError(b, err)
	layers := []Layer{{Name: "a", Text: text}, {Name: "b", Text: text}, {Name: "c", Text: text}}
	b.ReportAllocs()
	b.SetBytes(int64(3 * len(text)))
	for b.Loop() {
		merged, err := Merge(layers)
		if err != nil {
			b.Fatal(err)
		}
		merged.Map()
	}
}
