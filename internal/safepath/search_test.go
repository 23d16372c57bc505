package safepath

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func write(t *testing.T, path string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte("text\n"), 0o600))
	return path
}

func fitting(t *testing.T, pattern string) (found []string) {
	t.Helper()
	_, _, err := new(Rules).NewSearch(pattern).Next(t.Context(), Budget{}, func(m Match) { found = append(found, m.Path) })
	require.NoError(t, err)
	slices.Sort(found)
	return found
}

// TestASearchFindsWhatThePatternsLibraryFinds, where there are no links.
func TestASearchFindsWhatThePatternsLibraryFinds(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	for _, name := range []string{
		"a.log", "b.txt", ".hidden.log", "x/a.log", "x/y/a.log", "x/y/z/a.log", "x/y/z/b.log.1", "p1/c/0.log", "p2/c/1.log", "p2/d/1.log",
		"odd[1]/a.log", "{brace}/a.log", "sp ace/ü.log", "a**b/a.log",
	} {
		write(t, filepath.Join(d, filepath.FromSlash(name)))
	}
	for _, pattern := range []string{
		"*.log", "*", "**", "**/*", "**/*.log", "**/a.log", "x/**", "x/**/a.log", "x/*/a.log", "*/*/*.log", "p?/c/*.log", "{p1,p2}/*/*.log",
		"{x/y,p1/c}/*.log", "{x,p2}/{y/a,d/1}.log", "**/y/**/*.log*", "**/z/b.log.[0-9]", "x/y/z/a.log", "nothing/*", "no.log", `odd\[1\]/*`, `\{brace\}/*.log`,
		"a**b/*.log", "**/**/a.log", ".*", "./x/../x/*.log", "x/./*/a.log",
	} {
		whole := filepath.ToSlash(d) + "/" + pattern
		want, err := doublestar.FilepathGlob(whole, doublestar.WithFilesOnly())
		require.NoError(t, err)
		slices.Sort(want)
		want = slices.Compact(want)
		assert.Equal(t, want, fitting(t, whole), pattern)
	}
}

// TestASearchInPartsFindsAll looks at a few names at once.
func TestASearchInPartsFindsAll(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	want := map[string]bool{}
	for i := range 40 {
		want[write(t, filepath.Join(d, fmt.Sprintf("d%d", i%7), fmt.Sprintf("%d.log", i)))] = true
	}
	s := new(Rules).NewSearch(filepath.Join(d, "**", "*.log"))
	for range 2 { // it begins again
		parts, found := 0, map[string]bool{}
		for done := false; !done; parts++ {
			var left int
			var err error
			done, left, err = s.Next(t.Context(), Budget{Entries: 1}, func(m Match) { found[m.Path] = true })
			require.NoError(t, err)
			assert.False(t, done && left > 0)
		}
		assert.Greater(t, parts, 7)
		assert.Equal(t, want, found)
	}
}

func FuzzAPatternOnlyFindsWhatMatches(f *testing.F) {
	d := f.TempDir()
	for _, name := range []string{"a", "b/c", "b/d/e.log"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(d, name)), 0o700); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d, name), nil, 0o600); err != nil {
			f.Fatal(err)
		}
	}
	for _, seed := range []string{"**", "{a,b/*}", "b/**/e.*", "[ab]", "{b/{c,d/*}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		whole := filepath.ToSlash(d) + "/" + pattern
		if !doublestar.ValidatePathPattern(whole) {
			return
		}
		_, _, err := new(Rules).NewSearch(whole).Next(t.Context(), Budget{Entries: 1000}, func(m Match) {
			if m.Err == nil && filepath.IsAbs(m.Path) && len(m.Path) > len(d) {
				ok, err := doublestar.PathMatch(filepath.Clean(whole), m.Path)
				if err == nil && !ok {
					t.Errorf("%q found %q", whole, m.Path)
				}
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
}
