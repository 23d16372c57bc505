package files

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func write(t *testing.T, path string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte("text\n"), 0o600))
	return path
}

func paths(found []Found) (all []string) {
	for _, f := range found {
		all = append(all, f.Path)
	}
	return all
}

func TestPatternsFindEachFileOnce(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	a, b := write(t, filepath.Join(d, "a.log")), write(t, filepath.Join(d, "deep", "er", "b.log"))
	write(t, filepath.Join(d, "deep", "c.tmp"))
	write(t, filepath.Join(d, "not", "d.log"))
	require.NoError(t, os.Mkdir(filepath.Join(d, "folder.log"), 0o700))
	f := &Finder{
		Include: []string{filepath.Join(d, "**", "*.log"), filepath.Join(d, "*.log"), filepath.Join(d, "deep", "**")},
		Exclude: []string{filepath.Join(d, "not", "*"), filepath.Join(d, "**", "*.tmp")},
	}
	require.NoError(t, f.Validate())
	found, problems := f.Find(time.Now())
	assert.Empty(t, problems)
	assert.Equal(t, []string{a, b}, paths(found))
	assert.EqualValues(t, 5, found[0].Size)
	assert.NotEqual(t, found[0].ID, found[1].ID)
	opened, err := f.Open(a)
	require.NoError(t, err)
	assert.Equal(t, found[0].ID, opened.ID)
	assert.True(t, Linked(opened))
	require.NoError(t, opened.Close())
	assert.Equal(t, a, f.Folder(d)[found[0].ID])
}

func TestPatternsHaveSlashesOnEverySystem(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	a := write(t, filepath.Join(d, "app", "a.log"))
	zipped := write(t, filepath.Join(d, "app", "a.log.1.gz"))
	f := &Finder{Include: []string{filepath.ToSlash(d) + "/*/*.log*"}, Exclude: []string{"**/*.gz"}}
	require.NoError(t, f.Validate())
	found, problems := f.Find(time.Now())
	assert.Empty(t, problems)
	assert.Equal(t, []string{a}, paths(found))
	assert.True(t, f.Matches(a))
	assert.False(t, f.Matches(zipped))
}

func TestNamesThatAreNotWanted(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	a := write(t, filepath.Join(d, "agent", "a.log"))
	b := write(t, filepath.Join(d, "agent", "b.log"))
	write(t, filepath.Join(d, "agent", "agent.log"))
	write(t, filepath.Join(d, "agent", "a.log.1"))
	f := &Finder{
		Include:      []string{filepath.ToSlash(d) + "/**/*.log*"},
		ExcludeNames: []*regexp.Regexp{regexp.MustCompile(`agent.log*|profiler`), regexp.MustCompile(`\.\d$`)},
	}
	found, problems := f.Find(time.Now())
	assert.Empty(t, problems)
	assert.Equal(t, []string{a, b}, paths(found), "a folder's name does not count")
	assert.False(t, f.Matches(a+".1"))
}

func TestTheNewestOfEachPattern(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	now := time.Now()
	aged := func(name string, age time.Duration) string {
		path := write(t, filepath.Join(d, name))
		require.NoError(t, os.Chtimes(path, now, now.Add(-age)))
		return path
	}
	aged("a-1.log", 2*time.Hour)
	a2 := aged("a-2.log", time.Hour)
	b1 := aged("b-1.log", 3*time.Hour)
	aged("b-2.log", 5*time.Hour)
	f := &Finder{Include: []string{filepath.Join(d, "a-*"), filepath.Join(d, "b-*")}, NewestOnly: true}
	found, _ := f.Find(now)
	assert.Equal(t, []string{a2, b1}, paths(found))
	assert.Equal(t, []int{0, 1}, []int{found[0].Pattern, found[1].Pattern})
	f.OlderThan = 2 * time.Hour
	found, _ = f.Find(now)
	assert.Equal(t, []string{a2}, paths(found))
	a3 := aged("a-3.log", time.Hour)
	found, _ = f.Find(now)
	assert.Equal(t, []string{a2, a3}, paths(found), "written to in the same instant")
}

func TestPatternsThatAreNone(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, (&Finder{}).Validate(), "include has no pattern: name the files to read")
	require.ErrorContains(t, (&Finder{Include: []string{"[a"}}).Validate(), `include: "[a" is no pattern of paths`)
	require.ErrorContains(t, (&Finder{Include: []string{"a"}, Exclude: []string{""}}).Validate(), `exclude: "" is no pattern of paths`)
}

func TestEachPatternIsToldWhatALookAtAllOfItHasFound(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	for _, name := range []string{"a.log", "b.log", "c.gz"} {
		require.NoError(t, os.WriteFile(filepath.Join(d, name), []byte("x\n"), 0o600))
	}
	require.NoError(t, os.Chtimes(filepath.Join(d, "b.log"), time.Now(), time.Now().Add(-time.Hour)))
	var told []Pass
	f := &Finder{
		Include: []string{filepath.Join(d, "*"), filepath.Join(d, "nothing*")}, Exclude: []string{"**/*.gz"}, OlderThan: time.Minute,
		Passed: func(p Pass) { told = append(told, p) },
	}
	l := NewLooker(f)
	defer l.Close()
	for range 2 {
		l.Look(t.Context(), time.Now())
	}
	one, none := Pass{Pattern: 0, Files: 2, Old: 1, Excluded: 1}, Pass{Pattern: 1}
	require.Equal(t, []Pass{one, none, one, none}, told)
}

// TestWhatWasTheNewestBetweenTwoLooksIsFound has a log that is rotated faster than files are looked for.
func TestWhatWasTheNewestBetweenTwoLooksIsFound(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	start := time.Now().Add(-time.Hour)
	at := func(name string, minute int) string {
		path := write(t, filepath.Join(d, name))
		when := start.Add(time.Duration(minute) * time.Minute)
		require.NoError(t, os.Chtimes(path, when, when))
		return path
	}
	at("app-0", -9)
	one := at("app-1", 1)
	l := NewLooker(&Finder{Include: []string{filepath.Join(d, "*")}, NewestOnly: true})
	defer l.Close()
	look := func() []string { return paths(l.Look(t.Context(), time.Now()).Found) }
	assert.Equal(t, []string{one}, look())
	two, three := at("app-2", 2), at("app-3", 3)
	assert.Equal(t, []string{one, two, three}, look())
	assert.Equal(t, []string{three}, look())
	at("app-1", 4) // a late line
	assert.Equal(t, []string{one, three}, look())
	assert.Equal(t, []string{one}, look())

	later := NewLooker(&Finder{Include: []string{filepath.Join(d, "*")}, NewestOnly: true})
	defer later.Close()
	later.Since(0, start.Add(90*time.Second)) // of an earlier run
	assert.Equal(t, []string{one, two, three}, paths(later.Look(t.Context(), time.Now()).Found))
}
